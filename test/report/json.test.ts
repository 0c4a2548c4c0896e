import { expect, test } from 'vitest';
import { ReleaseError } from '../../src/observe/error.ts';
import type { Ended } from '../../src/release/result.ts';
import { renderFailure, renderJson } from '../../src/report/json.ts';
import { failedRelease, released } from './sample.ts';

test('is one line with the schema version, the outcome and what the command has to say', () => {
  const status: Ended<'status'> = {
    command: 'status',
    outcome: 'nothing-to-do',
    target: { name: 'staging', database: 'shop', environment: 'staging' },
    result: {
      target: 'staging',
      database: 'shop',
      pending: 1,
      lease: null,
      migrations: [
        { name: 'a', state: 'applied', appliedAt: new Date('2026-10-01T12:00:00Z'), checksum: 'c1' },
        { name: 'b', state: 'pending', appliedAt: null, checksum: 'c2' },
      ],
    },
  };
  const text = renderJson(status);
  expect(text).not.toContain('\n');
  expect(JSON.parse(text)).toEqual({
    schemaVersion: 1,
    command: 'status',
    outcome: 'nothing-to-do',
    target: 'staging',
    database: 'shop',
    environment: 'staging',
    pending: 1,
    lease: null,
    migrations: [
      { name: 'a', state: 'applied', appliedAt: '2026-10-01T12:00:00.000Z', checksum: 'c1' },
      { name: 'b', state: 'pending', appliedAt: null, checksum: 'c2' },
    ],
  });
});

test('has all phases of a release under their names', () => {
  const document = JSON.parse(renderJson(released));
  expect(Object.keys(document)).toEqual(
    expect.arrayContaining(['releaseId', 'guards', 'plan', 'backup', 'rehearsal', 'migrate', 'verify', 'steps']),
  );
  expect(document.migrate.applied[0]).toMatchObject({ durationMs: 61_240, effects: { modified: 106_310 } });
  expect(document).not.toHaveProperty('error');
});

test('on failure says as much, and the error without its cause', () => {
  const error = new ReleaseError('FAILED_DIRTY', 'It failed.', { hint: 'Do this.', cause: new Error('MARKER') });
  const text = renderJson({ ...failedRelease, error });
  expect(text).not.toContain('MARKER');
  const document = JSON.parse(text);
  expect(document.error).toEqual({ code: 'FAILED_DIRTY', message: 'It failed.', hint: 'Do this.' });
  expect(document.migrate.applied).toHaveLength(1);
});

test.each([
  ['USAGE', 'blocked'],
  ['SERVER_UNREACHABLE', 'blocked'],
  ['FAILED_CLEAN', 'failed-clean'],
  ['FAILED_DIRTY', 'failed-dirty'],
  ['CANCELLED', 'cancelled'],
  ['UNEXPECTED', 'unknown'],
] as const)('a failure with nothing else to say: %s is %s', (code, outcome) => {
  const error = new ReleaseError(code, 'm', { hint: 'h' });
  expect(JSON.parse(renderFailure('plan', error))).toEqual({
    schemaVersion: 1,
    command: 'plan',
    outcome,
    error: { code, message: 'm', hint: 'h' },
  });
});
