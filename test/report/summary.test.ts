import { expect, test } from 'vitest';
import { ReleaseError } from '../../src/observe/error.ts';
import type { Ended } from '../../src/release/result.ts';
import { largestSummary, renderSummary } from '../../src/report/summary.ts';
import { effects, failedRelease, migrations, pendingPlan, released } from './sample.ts';

test('a release that went through', () => {
  expect(renderSummary(released)).toMatchInlineSnapshot(`
    "## ✅ Release applied · production / shop

    Applied: 2 migrations, 106,313 changes of documents, 2 indexes built. 2 of 2 probes passed. Backup 20261001T123005Z-3f9a holds 106,562 documents. It took 2 min 13 s.

    \`\`\`mermaid
    flowchart LR
      s0["✓ guards<br/>45 ms"]:::done
      s1["✓ plan<br/>310 ms"]:::done
      s2["✓ backup<br/>1.2 s"]:::done
      s3["✓ rehearsal<br/>1 min 4 s"]:::done
      s4["✓ apply<br/>1 min 2 s"]:::done
      s5["– deploy<br/>skipped"]:::skipped
      s6["✓ verify<br/>520 ms"]:::done
      s0 --> s1 --> s2 --> s3 --> s4 --> s5 --> s6
      classDef done fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a
      classDef skipped fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3
    \`\`\`

    - deploy: no deploy hook is configured

    ### Applied

    |  | Migration | Matched | Modified | Inserted | Deleted | Indexes | Also | Duration |
    | --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: |
    | ✅&nbsp;done | \`20260901-1200-city-location\` | 106,312 | 106,310 | 0 | 0 | \`+ cities.location_2dsphere\` |  | 1 min 1 s |
    | ✅&nbsp;done | \`20260902-0900-unique-country-code\` | 0 | 0 | 0 | 3 | \`+ countries.code_1\`<br>\`− countries.code\` | \`create places\`<br>\`collMod countries\` | 340 ms |

    ### Probes

    |  | Probe | Expected | Seen | Attempts | Duration |
    | --- | --- | --- | --- | ---: | ---: |
    | ✅&nbsp;passed | \`healthy\` | status 200 | status 200 | 1 | 41 ms |
    | ✅&nbsp;passed | \`no city without a place\` | none in cities | none | 2 | 479 ms |

    ### Findings

    |  | About | Finding | Next | Rule |
    | --- | --- | --- | --- | --- |
    | ⚠️&nbsp;warning | \`replica-lag\` | The guard replica-lag could not look: not authorized. | Grant the role clusterMonitor on admin. |  |

    ### Backup

    - Id: \`20261001T123005Z-3f9a\`
    - Of: \`production / shop\`
    - Holds: 106,562 documents, 12.3 MB
    - Archive: 2.3 MB (zstd, not encrypted)
    - Point in time: 2026-10-01 12:30:05 UTC (snapshot)
    - Location: \`/backups/20261001T123005Z-3f9a\`
    - Taken: 2026-10-01 12:30:06 UTC, in 1.2 s

    ### Rehearsal

    - Level: full
    - Ran: 2 migrations, 106,313 changes of documents, 2 indexes built
    - Restored: 106,562 documents (12.3 MB)
    - Server: 6.0.5, mongod on PATH
    - Took: 1 min 4 s

    ### What the rehearsal could not show

    - Search indexes are not part of a sandbox.

    ### Guards

    |  | Guard | Seen |
    | --- | --- | --- |
    | ✅&nbsp;passed | \`topology\` | replica set rs0 of 3 |
    | ❔&nbsp;unknown | \`replica-lag\` | not authorized |

    Plan digest: \`sha256:3b1c\` · Release: \`0199a1b2-0000-7000-8000-000000000001\`
    "
  `);
});

test('a release that failed on its way says how far it got and what to do', () => {
  const summary = renderSummary(failedRelease);
  expect(summary.slice(0, summary.indexOf('### Backup'))).toMatchInlineSnapshot(`
    "## ❌ Release failed; the target needs attention · production / shop

    Applied: 1 migration, 106,310 documents changed, 1 index built. Not begun: 1 migration. Backup 20261001T123005Z-3f9a holds 106,562 documents. It took 2 min 13 s.

    > **Migration bad&#124;name \`x\` &#60;b&#62; failed after 5 documents: server error 112.** \`FAILED_DIRTY\`
    >
    > ➡️ Look at the migration, then type mongo-release rollback --dry-run to see the way back.

    \`\`\`mermaid
    flowchart LR
      s0["✓ guards<br/>45 ms"]:::done
      s1["✓ plan<br/>310 ms"]:::done
      s2["✓ backup<br/>1.2 s"]:::done
      s3["✓ rehearsal<br/>1 min 4 s"]:::done
      s4["✗ apply<br/>12.0 s"]:::failed
      s5["– deploy<br/>skipped"]:::skipped
      s6["– verify<br/>skipped"]:::skipped
      s0 --> s1 --> s2 --> s3 --> s4 --> s5 --> s6
      classDef done fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a
      classDef failed fill:#ffebe9,stroke:#cf222e,color:#5c0d14
      classDef skipped fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3
    \`\`\`

    ### Applied

    |  | Migration | Matched | Modified | Inserted | Deleted | Indexes | Also | Duration |
    | --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: |
    | ✅&nbsp;done | \`20260901-1200-city-location\` | 106,312 | 106,310 | 0 | 0 | \`+ cities.location_2dsphere\` |  | 1 min 1 s |
    | ❌&nbsp;failed | \`\`bad\\|name \`x\` <b>\`\` | 12 | 5 | 0 | 0 |  | \`1 operation with an unknown result\` | 900 ms |

    ### Not begun

    - 20260903-drop-old_fields

    "
  `);
});

test('a plan with findings', () => {
  expect(renderSummary(pendingPlan)).toMatchInlineSnapshot(`
    "## ⛔ Plan: there are findings · production / shop

    2 migrations would be applied.

    > **There is 1 finding of severity error.** \`FINDINGS\`
    >
    > ➡️ See the findings.

    ### Findings

    |  | About | Finding | Next | Rule |
    | --- | --- | --- | --- | --- |
    | ❌&nbsp;error | \`migrations/20260801-a.ts:12\` | The file was changed after it had been applied. | Bring the file back, and put the change into a new migration. | \`history-edited-file\` |
    | ℹ️&nbsp;note | \`migrations/20260909-contract.ts\` | It has no way back. | Keep the backup. | \`irreversible\` |

    ### Pending

    | Migration | Phase | Runs | After a kill | Way back | Checksum |
    | --- | --- | --- | --- | --- | --- |
    | \`20260901-1200-city-location\` | before-deploy | in batches, with journal | ✅&nbsp;goes on | ✅&nbsp;undo | \`abcdef012345\` |
    | \`20260909-contract\` | after-deploy | in one transaction, with journal | ✅&nbsp;as it was | ✅&nbsp;undo | \`0123456789ab\` |

    Digest: \`sha256:3b1c\`
    "
  `);
});

test('a way back that stopped at a hook', () => {
  const rollback: Ended<'rollback'> = {
    command: 'rollback',
    outcome: 'failed-dirty',
    target: { name: 'production', database: 'shop', environment: 'production' },
    result: {
      strategy: 'restore',
      reverted: [],
      kept: [],
      conflicts: [],
      restore: { restored: [{ collection: 'cities', documents: 3 }], removed: [], kept: [] },
      loss: { writes: 2, since: '2026-11-21T10:00:00.000Z', collections: [{ collection: 'cities', writes: 2 }] },
      steps: [
        { name: 'stop-traffic', state: 'done', durationMs: 300 },
        { name: 'data', state: 'done', durationMs: 61_000 },
        { name: 'rollback-app', state: 'skipped', note: 'no hook' },
        { name: 'reconcile totals', state: 'failed', durationMs: 20, note: 'HOOK_FAILED' },
      ],
    },
  };
  expect(renderSummary(rollback)).toMatchInlineSnapshot(`
    "## ❌ Rollback failed; the target needs attention · production / shop

    Way back: restore. 1 collection restored with 3 documents. 2 writes of users since 2026-11-21 10:00:00 UTC went with it.

    ### Steps of the way back

    | Step | State | Took | Note |
    | --- | --- | ---: | --- |
    | \`stop-traffic\` | ✅&nbsp;done | 300 ms |  |
    | \`data\` | ✅&nbsp;done | 1 min 1 s |  |
    | \`rollback-app\` | ⚪&nbsp;skipped |  | no hook |
    | \`reconcile totals\` | ❌&nbsp;failed | 20 ms | HOOK_FAILED |

    ### Collections

    | Collection |  | Documents |
    | --- | --- | ---: |
    | \`cities\` | ✅&nbsp;restored | 3 |
    "
  `);
});

test('a way back through a backup', () => {
  const rollback: Ended<'rollback'> = {
    command: 'rollback',
    outcome: 'rolled-back',
    target: { name: 'production', database: 'shop', environment: 'production' },
    result: {
      strategy: 'restore',
      reverted: migrations.slice(0, 1),
      kept: ['added_since'],
      conflicts: [],
      restore: { restored: [{ collection: 'cities', documents: 106_312 }], removed: ['places'], kept: ['added_since'] },
    },
  };
  expect(renderSummary(rollback)).toMatchInlineSnapshot(`
    "## ↩️ Rolled back · production / shop

    Way back: restore. Taken back: 1 migration, 106,310 documents changed, 1 index built. 1 collection restored with 106,312 documents, 1 removed, 1 kept.

    ### Taken back

    |  | Migration | Matched | Modified | Inserted | Deleted | Indexes | Duration |
    | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |
    | ✅&nbsp;done | \`20260901-1200-city-location\` | 106,312 | 106,310 | 0 | 0 | \`+ cities.location_2dsphere\` | 1 min 1 s |

    ### Collections

    | Collection |  | Documents |
    | --- | --- | ---: |
    | \`cities\` | ✅&nbsp;restored | 106,312 |
    | \`places\` | ⚠️&nbsp;removed: not in the backup |  |
    | \`added_since\` | ⚪&nbsp;kept: not in the backup |  |

    ### Kept

    - added_since
    "
  `);
});

test('a failure before there was anything to say', () => {
  const error = new ReleaseError('URI_MISSING', 'No address of target a|b: SHOP_URI is not set.', {
    hint: 'Set SHOP_URI.',
  });
  expect(renderSummary({ command: 'migrate', outcome: 'blocked', error })).toMatchInlineSnapshot(`
    "## ⛔ Migration not started

    > **No address of target a&#124;b: SHOP_URI is not set.** \`URI_MISSING\`
    >
    > ➡️ Set SHOP_URI.
    "
  `);
});

test('never claims a number that nobody saw', () => {
  const ended: Ended<'migrate'> = {
    command: 'migrate',
    outcome: 'unknown',
    result: { releaseId: 'r', applied: [], failed: { name: 'lost', durationMs: 10 } },
  };
  expect(renderSummary(ended)).toContain('| ❌&nbsp;failed | `lost` | – | – | – | – |  | 10 ms |');
});

test('stays below what GitHub takes, keeps what matters, and says what was cut', () => {
  const many: Ended<'migrate'> = {
    command: 'migrate',
    outcome: 'applied',
    warnings: ['Something to know.'],
    result: {
      releaseId: 'r',
      applied: Array.from({ length: 20_000 }, (_, i) => ({
        name: `migration-${i}-ünïcode-${'x'.repeat(40)}`,
        durationMs: i,
        effects: effects({ indexesCreated: ['a_1', 'b_1'] }),
      })),
      remaining: ['later'],
    },
    error: new ReleaseError('FAILED_DIRTY', 'm'.repeat(2_000_000), { hint: 'Do this.' }),
  };
  const summary = renderSummary(many);
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(largestSummary);
  expect(Buffer.byteLength(summary)).toBeGreaterThan(largestSummary * 0.99);
  expect(summary).toContain('Do this.');
  expect(summary).toContain('Something to know.');
  expect(summary.trimEnd().split('\n').at(-1)).toMatch(
    /^> ✂️ This summary was cut, .* [\d,]+ lines of "Applied" are left out; left out as a whole: Not begun\./,
  );
  // Whole rows only.
  for (const line of summary.split('\n')) if (line.startsWith('| ✅&nbsp;')) expect(line).toMatch(/ms \|$|s \|$/);
});

test('every small limit is kept', () => {
  for (let largest = 500; largest < 6000; largest += 137)
    expect(Buffer.byteLength(renderSummary(released, largest))).toBeLessThanOrEqual(largest);
});

test('what a batch left out has a column where there is some, and is in the total', () => {
  const [first, second] = migrations;
  const some = { ...first, effects: effects({ ...first?.effects, quarantined: 1286 }) } as (typeof migrations)[number];
  const applied = { releaseId: 'r', applied: [some, second] as typeof migrations };
  const summary = renderSummary({ command: 'migrate', outcome: 'applied', result: applied });
  expect(summary).toContain('2 indexes built, 1,286 documents left out.');
  expect(summary).toContain('| Deleted | Left out | Indexes |');
  expect(summary).toContain('| 106,312 | 106,310 | 0 | 0 | 1,286 |');
  expect(summary).toContain('| 0 | 0 | 0 | 3 | 0 |');
  const none = renderSummary({ command: 'migrate', outcome: 'applied', result: { ...applied, applied: migrations } });
  expect(none).not.toContain('Left out');
});
