import { expect, test } from 'vitest';
import type { ProofUsed, RehearsalResult } from '../../src/release/rehearsal/result.ts';
import type { Ended } from '../../src/release/result.ts';
import { describeAll } from '../../src/report/offending.ts';
import { oplogWarning } from '../../src/report/oplog.ts';
import { rehearsalBlocks } from '../../src/report/rehearsal.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { effects, rehearsal } from './sample.ts';

const rich: RehearsalResult = {
  ...rehearsal,
  migrations: [
    {
      name: '1-a',
      durationMs: 1200,
      effects: effects({ matched: 40_000, modified: 40_000, indexesCreated: ['users.email_1'] }),
      seen: {
        fields: {
          fields: [
            { collection: 'users', path: 'name', before: 'string', changes: 30 },
            { collection: 'users', path: 'tags[]', before: 'int', after: 'string', changes: 2 },
          ],
          changes: 1000,
          cut: true,
        },
        indexBuilds: [{ collection: 'users', indexes: ['email_1'], durationMs: 800 }],
        violations: [{ collection: 'users', documents: 3, more: false, ids: ['1', '2', '3'] }],
        journalBytes: 40_000,
        oplogBytes: 60_000,
      },
      onTarget: { durationMs: 1200, oplogBytes: 60_000, basis: 'the sandbox' },
    },
  ],
  oplog: { maxBytes: 100_000, reachMs: 3_600_000 },
  backup: { id: '20261001T120000000Z-aaaaaa', at: '2026-10-01T12:00:00.000Z' },
  need: { leastBytes: 1e9, diskBytes: 2e9, freeBytes: null, seconds: 90, basis: '900.0 MB of documents' },
};
const proof: ProofUsed = {
  ...{ id: '20261001T123005000Z-3f9a1c', level: 'full' },
  ...{ at: '2026-10-01T12:30:05.000Z', dataAt: '2026-10-01T12:30:00.000Z' },
};

test('the summary of a rehearsal says what changed, what to look at, and what to expect on the target', () => {
  const ended: Ended = {
    command: 'migrate',
    outcome: 'rehearsed',
    result: { releaseId: 'r', applied: [], rehearsal: rich, proof },
  };
  const summary = renderSummary(ended);
  expect(summary.slice(summary.indexOf('### Documents'))).toMatchInlineSnapshot(`
    "### Documents to look at

    - 3 documents of users do not fulfil its validator: 1, 2, 3.

    ### Changed fields, in 1,000 of 40,000 changes

    | Migration | Field | Before | After | Changes |
    | --- | --- | --- | --- | ---: |
    | \`1-a\` | \`users.name\` | string | – | 30 |
    | \`1-a\` | \`users.tags[]\` | int | string | 2 |

    ### To be expected on the target

    | Migration | Time | Journal | Oplog | Index builds in the sandbox |
    | --- | ---: | ---: | ---: | --- |
    | \`1-a\` | about 1.2 s | 40.0 kB | ⚠️&nbsp;60.0 kB (60.0% of 100.0 kB) | users: email_1 (800 ms) |

    ### Rehearsal

    - Level: full
    - Restored: 106,562 documents (12.3 MB) of backup 20261001T120000000Z-aaaaaa, as the data were at 2026-10-01 12:00:00 UTC
    - Server: 6.0.5, mongod on PATH
    - Oplog of the target: 100.0 kB, reaches back about 1 h 0 min
    - A full one needs: 1.0 GB to 2.0 GB of disk (free: unknown), about 1 min 30 s on an idle machine: 900.0 MB of documents
    - Took: 1 min 4 s

    ### What the rehearsal could not show

    - Search indexes are not part of a sandbox.

    Proof: 20261001T123005000Z-3f9a1c (full), passed 2026-10-01 12:30:05 UTC
    "
  `);
});

test('documents that a migration failed on are told, with how a hash is turned into one', () => {
  const told = describeAll([
    { kind: 'last-read', collection: 'users', id: '17' },
    {
      ...{ kind: 'duplicate-key', collection: 'users', fields: ['a', 'b'], found: 'present' },
      ...{ groups: [['1', 'with the hash deee7e9ff7f1']], more: true },
    },
    { kind: 'duplicate-key', collection: 'users', fields: ['a'], found: 'written', groups: [], more: false },
    {
      kind: 'duplicate-key',
      collection: 'users',
      fields: ['a'],
      found: 'made',
      groups: [],
      lacking: ['1', '2'],
      more: false,
    },
    {
      kind: 'duplicate-key',
      collection: 'users',
      fields: ['a'],
      found: 'written',
      groups: [],
      lacking: ['1'],
      more: false,
    },
  ]);
  expect(told).toEqual([
    'It had read the document 17 of users last.',
    'In users these documents have the same a, b: 1 and with the hash deee7e9ff7f1; and more.',
    'The key that is taken already is one of a in users.',
    'In users these documents would get no a, of which the index takes one: 1 and 2.',
    'The document 1 of users has no a either, and the index takes no second one.',
    expect.stringContaining('SHA-256'),
  ]);
});

test('what is written beyond the oplog of the sandbox is more than anybody saw, and a warning', () => {
  const [first] = rich.migrations;
  const onTarget = { durationMs: 1200, oplogBytes: 60_000, oplogMore: true, basis: 'the sandbox' };
  const oplog = { maxBytes: 1_000_000, reachMs: 3_600_000 };
  const blocks = rehearsalBlocks({ ...rich, oplog, migrations: [{ ...first!, onTarget }] }, false);
  const table = blocks.find(({ title }) => title === 'To be expected on the target');
  const cell = { mark: 'warning', text: 'more than 60.0 kB (of 1.0 MB)' };
  expect(table).toMatchObject({ rows: [expect.arrayContaining([cell])] });
  expect(oplogWarning('1-a', onTarget, oplog)).toContain('more than 60.0 kB to the oplog of the target');
  expect(oplogWarning('1-a', { ...onTarget, oplogMore: false }, oplog)).toBeUndefined();
});

test('a rehearsal that failed says what it failed at, and does not say that nothing was changed', () => {
  const failed = { name: '2-b', durationMs: 10, effects: effects({ modified: 1500 }) };
  const leadOf = (result: RehearsalResult) =>
    renderSummary({
      command: 'migrate',
      outcome: 'failed-clean',
      result: { releaseId: 'r', applied: [], rehearsal: result },
    });
  expect(leadOf({ ...rich, failed })).toContain(
    'in a sandbox: 1 migration, 40,000 documents changed, 1 index built, then 2-b failed. mongo-release itself',
  );
  expect(leadOf({ ...rich, migrations: [], failed })).toContain('in a sandbox: 2-b failed. mongo-release itself');
});
