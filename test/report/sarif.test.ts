import { expect, test } from 'vitest';
import type { Finding } from '../../src/observe/finding.ts';
import { renderSarif } from '../../src/report/sarif.ts';

const findings: Finding[] = [
  {
    rule: 'history-edited-file',
    severity: 'error',
    place: { file: './migrations/a b.ts', line: 12, name: 'a b' },
    message: 'The file was changed.',
    next: 'Bring it back.',
  },
  { rule: 'replica-lag', severity: 'warning', place: { name: 'replica-lag' }, message: 'It lags.', next: 'Wait.' },
  {
    rule: 'history-edited-file',
    severity: 'note',
    place: { file: 'migrations\\c.ts' },
    message: 'Again.',
    next: 'Look.',
  },
];

const render = (some = findings, options = {}) => JSON.parse(renderSarif(some, { toolVersion: '1.2.3', ...options }));

test('gives each result its rule, level, message and place', () => {
  const { version, runs } = render();
  expect(version).toBe('2.1.0');
  expect(runs).toHaveLength(1);
  expect(runs[0].tool.driver).toMatchObject({ name: 'mongo-release', version: '1.2.3' });
  expect(runs[0].results.map((result: { level: string }) => result.level)).toEqual(['error', 'warning', 'note']);
  expect(runs[0].results[0]).toMatchObject({
    ruleId: 'history-edited-file',
    ruleIndex: 0,
    message: { text: 'The file was changed. Next: Bring it back.' },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: 'migrations/a%20b.ts' }, region: { startLine: 12 } },
        logicalLocations: [{ name: 'a b' }],
      },
    ],
  });
  expect(runs[0].results[2].locations[0].physicalLocation.artifactLocation.uri).toBe('migrations/c.ts');
});

test('places what is about no file at the configuration, since code scanning refuses a result without a file', () => {
  const place = (options?: object) => render(findings, options).runs[0].results[1].locations[0].physicalLocation;
  expect(place().artifactLocation.uri).toBe('mongo-release.yml');
  expect(place({ fallbackFile: 'ops/release.yml' }).artifactLocation.uri).toBe('ops/release.yml');
});

test('lists every rule once, with a help text', () => {
  const { rules } = render(findings, {
    rules: { 'replica-lag': { summary: 'A secondary lags.', help: 'Wait for **it**.' } },
  }).runs[0].tool.driver;
  expect(rules).toEqual([
    {
      id: 'history-edited-file',
      shortDescription: { text: 'history edited file' },
      help: { text: 'history edited file\n\n- Bring it back.\n- Look.' },
      defaultConfiguration: { level: 'error' },
    },
    {
      id: 'replica-lag',
      shortDescription: { text: 'A secondary lags.' },
      help: { text: 'Wait for **it**.', markdown: 'Wait for **it**.' },
      defaultConfiguration: { level: 'warning' },
    },
  ]);
});

test('a finding keeps its fingerprint when its line moves', () => {
  const moved = findings.map((one) => ({ ...one, place: { ...one.place, line: 99 } }));
  const prints = (some: Finding[]) =>
    render(some).runs[0].results.map((r: { partialFingerprints: object }) => r.partialFingerprints);
  expect(prints(moved)).toEqual(prints(findings));
});

test('no findings are a run without results, which closes the earlier ones', () => {
  expect(render([]).runs[0]).toMatchObject({ results: [], tool: { driver: { rules: [] } } });
});
