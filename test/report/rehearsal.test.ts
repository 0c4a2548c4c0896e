import { expect, test } from 'vitest';
import type { RehearsalResult } from '../../src/release/rehearsal/result.ts';
import type { Ended } from '../../src/release/result.ts';
import { rehearsalBlocks } from '../../src/report/rehearsal.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { effects, rehearsal } from './sample.ts';

const rich: RehearsalResult = {
  ...rehearsal,
  migrations: [
    {
      name: '1-a',
      durationMs: 1200,
      effects: effects({ matched: 30, modified: 30, indexesCreated: ['users.email_1'] }),
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
  need: { diskBytes: 2e9, freeBytes: null, seconds: 90, basis: '' },
  proof: {
    id: '20261001T123005000Z-3f9a1c',
    level: 'full',
    at: '2026-10-01T12:30:05.000Z',
    dataAt: '2026-10-01T12:30:00.000Z',
  },
};

test('the summary of a rehearsal says what changed, what to look at, and what to expect on the target', () => {
  const ended: Ended = {
    command: 'migrate',
    outcome: 'rehearsed',
    result: { releaseId: 'r', applied: [], rehearsal: rich },
  };
  const summary = renderSummary(ended);
  expect(summary.slice(summary.indexOf('### Documents'))).toMatchInlineSnapshot(`
    "### Documents to look at

    - 3 documents of users do not fulfil its validator: 1, 2, 3.

    ### Changed fields, in the first changes

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
    - Restored: 106,562 documents (12.3 MB)
    - Server: 6.0.5, mongod on PATH
    - A full one needs: 2.0 GB of disk (free: unknown), about 1 min 30 s
    - Took: 1 min 4 s
    - Proof: 20261001T123005000Z-3f9a1c (full), passed 2026-10-01 12:30:05 UTC

    ### What the rehearsal could not show

    - Search indexes are not part of a sandbox.
    "
  `);
});

test('documents that a migration failed on are listed', () => {
  const failed = {
    name: '1-a',
    durationMs: 1,
    offending: [
      { kind: 'last-read', collection: 'users', id: '17' },
      {
        kind: 'duplicate-key',
        collection: 'users',
        fields: ['a', 'b'],
        found: 'present',
        groups: [['1', '2']],
        more: true,
      },
      { kind: 'duplicate-key', collection: 'users', fields: ['a'], found: 'written', groups: [], more: false },
    ],
  } as const;
  const list = rehearsalBlocks({ ...rehearsal, failed }, false).find(({ title }) => title === 'Documents to look at');
  expect(list).toMatchObject({
    items: [
      'It had read the document 17 of users last.',
      'In users these documents have the same a, b: 1 and 2; and more.',
      'The key that is taken already is one of a in users.',
    ],
  });
});
