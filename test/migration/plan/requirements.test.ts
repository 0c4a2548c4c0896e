import { expect, test } from 'vitest';
import { makePlan } from '../../../src/migration/plan/plan.ts';
import { requirementFindings } from '../../../src/migration/plan/requirements.ts';
import type { MigrationFacts } from '../../../src/migration/types.ts';
import { factsOf, file } from '../records.ts';

const files = [file('001-a')];

function rules(requires: MigrationFacts['requires'], serverVersion: string, featureCompatibility?: string) {
  const facts = factsOf(files, { '001-a': { requires } });
  const { pending } = makePlan({ files, facts, records: [], scope: {}, database: 'd', target: 't' });
  return requirementFindings(pending, facts, { serverVersion, featureCompatibility }).map((finding) => finding.rule);
}

test.each([
  ['6.0', '6.0.5'],
  ['6.0.5', '6.0.5'],
  ['6.0', '7.0.1'],
  ['5.0', '10.0.0'],
  ['6.0', '6.0.0-rc1'],
])('a server that needs %s runs on %s', (server, present) => {
  expect(rules({ server }, present)).toEqual([]);
});

test.each([
  ['7.0', '6.0.5'],
  ['6.0.6', '6.0.5'],
  ['10.0', '9.9.9'],
])('what needs %s is refused on %s', (server, present) => {
  expect(rules({ server }, present)).toEqual(['requirement-unmet']);
});

test('the feature compatibility version is compared too, and one that cannot be read is not a pass', () => {
  expect(rules({ featureCompatibility: '6.0' }, '7.0.0', '6.0')).toEqual([]);
  expect(rules({ featureCompatibility: '7.0' }, '7.0.0', '6.0')).toEqual(['requirement-unmet']);
  expect(rules({ featureCompatibility: '6.0' }, '7.0.0', undefined)).toEqual(['requirement-unknown']);
});
