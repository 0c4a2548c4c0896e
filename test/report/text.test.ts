import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { ReleaseError } from '../../src/observe/error.ts';
import type { Ended } from '../../src/release/result.ts';
import { leavesOut, renderText } from '../../src/report/text.ts';
import { backup, failedRelease, pendingPlan, released } from './sample.ts';

/** Where all of it stands. */
const whole = 'summary.md';

test('a release that went through', () => {
  expect(renderText(released, { whole })).toMatchInlineSnapshot(`
    "
    ✓ Release applied · production / shop
      Applied: 2 migrations, 106,313 changes of documents, 2 indexes built. 2 of 2 probes passed. Backup 20261001T123005Z-3f9a holds 106,562 documents. It took 2 min 13 s.

      Steps
      ✓ guards     done         45 ms
      ✓ plan       done        310 ms
      ✓ backup     done         1.2 s
      ✓ rehearsal  done     1 min 4 s
      ✓ apply      done     1 min 2 s
      · deploy     skipped             no deploy hook is configured
      ✓ verify     done        520 ms

      Applied
              Migration                          Matched  Modified  Inserted  Deleted   Duration
      ✓ done  20260901-1200-city-location        106,312   106,310         0        0  1 min 1 s
              + cities.location_2dsphere
      ✓ done  20260902-0900-unique-country-code        0         0         0        3     340 ms
              + countries.code_1, − countries.code
              create places, collMod countries

      Probes
                Probe                    Expected        Seen        Attempts  Duration
      ✓ passed  healthy                  status 200      status 200         1     41 ms
      ✓ passed  no city without a place  none in cities  none               2    479 ms

      Findings
                 About        Rule
      ! warning  replica-lag
                 The guard replica-lag could not look: not authorized.
                 → Grant the role clusterMonitor on admin.

      Guards
                 Guard        Seen
      ✓ passed   topology     replica set rs0 of 3
      ? unknown  replica-lag  not authorized

      Plan digest  sha256:3b1c
      Release      0199a1b2-0000-7000-8000-000000000001
      Not shown    backup, rehearsal, what the rehearsal could not show (summary.md has all of it)
    "
  `);
});

test('a release that failed on its way says how far it got and what to do', () => {
  expect(renderText(failedRelease, { whole })).toMatchInlineSnapshot(`
    "
    ✗ Release failed; the target needs attention · production / shop
      Applied: 1 migration, 106,310 documents changed, 1 index built. Not begun: 1 migration. Backup 20261001T123005Z-3f9a holds 106,562 documents. It took 2 min 13 s.

      Steps
      ✓ guards     done         45 ms
      ✓ plan       done        310 ms
      ✓ backup     done         1.2 s
      ✓ rehearsal  done     1 min 4 s
      ✗ apply      failed      12.0 s
      · deploy     skipped
      · verify     skipped

      Applied
                Migration                    Matched  Modified  Inserted  Deleted   Duration
      ✓ done    20260901-1200-city-location  106,312   106,310         0        0  1 min 1 s
                + cities.location_2dsphere
      ✗ failed  bad|name \`x\` <b>                  12         5         0        0     900 ms
                1 operation with an unknown result

      Not begun
      - 20260903-drop-old_fields

      Release    0199a1b2-0000-7000-8000-000000000001
      Not shown  backup, rehearsed, rehearsal, what the rehearsal could not show (summary.md has all of it)

      Migration bad|name \`x\` <b> failed after 5 documents: server error 112. [FAILED_DIRTY]
      → Look at the migration, then type mongo-release rollback --dry-run to see the way back.
    "
  `);
});

test('what a terminal does not show of what was applied is named, each in a word or two', () => {
  const fields = {
    changes: 1,
    cut: false,
    fields: [{ collection: 'cities', path: 'slug', after: 'string', changes: 1 }],
  };
  const rehearsal = released.result?.rehearsal;
  if (rehearsal === undefined) throw new Error('The sample has one.');
  const migrations = rehearsal.migrations.map((one) => ({
    ...one,
    seen: { fields, indexBuilds: [], violations: [] },
  }));
  const ended = {
    ...released,
    result: { ...released.result, rehearsal: { ...rehearsal, migrations } },
  } as typeof released;
  expect(renderText(ended, { whole })).toMatch(
    /Not shown +backup, changed fields, rehearsal, what the rehearsal could not show \(/,
  );
});

test('where it stands nowhere else, all of it is shown', () => {
  for (const ended of [released, failedRelease]) {
    expect(leavesOut(ended)).toBe(true);
    expect(renderText(ended)).not.toContain('Not shown');
    expect(renderText(ended)).toContain('What the rehearsal could not show');
  }
  expect(leavesOut(pendingPlan)).toBe(false);
});

test('in a narrow terminal every line fits that can be broken, with and without colours, and nothing is lost', () => {
  for (const ended of [released, failedRelease, pendingPlan]) {
    const whole = renderText(ended);
    const narrow = renderText(ended, { width: 80 });
    expect(narrow.replaceAll(/\s+/g, ' ')).toBe(whole.replaceAll(/\s+/g, ' '));
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stripVTControlCharacters(renderText(ended, { width: 80, colour: true }))).toBe(narrow);
  }
});

test('findings are followed by their next step', () => {
  expect(renderText(pendingPlan)).toMatchInlineSnapshot(`
    "
    ✗ Plan: there are findings · production / shop
      2 migrations would be applied.

      Findings
               About                            Rule
      ✗ error  migrations/20260801-a.ts:12      history-edited-file
               The file was changed after it had been applied.
               → Bring the file back, and put the change into a new migration.
      › note   migrations/20260909-contract.ts  irreversible
               It has no way back.
               → Keep the backup.

      Pending
      Migration                    Phase          Runs                              After a kill  Way back  Checksum
      20260901-1200-city-location  before-deploy  in batches, with journal          ✓ goes on     ✓ undo    abcdef012345
      20260909-contract            after-deploy   in one transaction, with journal  ✓ as it was   ✓ undo    0123456789ab

      Digest  sha256:3b1c

      There is 1 finding of severity error. [FINDINGS]
      → See the findings.
    "
  `);
});

test.each([
  { journal: 'images', undoable: true, reversible: false, way: '✓ undo' },
  { journal: 'operations', undoable: false, reversible: true, way: '✓ down' },
  { journal: 'operations', undoable: false, reversible: false, way: '! only the backup' },
] as const)('the way back of a migration with journal $journal, reversible $reversible: $way', (one) => {
  const { journal, undoable, reversible, way } = one;
  const { result: about } = pendingPlan;
  if (about === undefined || about.pending === 'unknown') throw new Error('the sample has no plan');
  const pending = about.pending.map(({ run, ...rest }) => ({
    ...rest,
    reversible,
    run: { ...run, journal, undoable },
  }));
  const result = { ...about, pending };
  const rows = renderText({ ...pendingPlan, result }).match(/^ +20260909-contract .*$/m);
  expect(rows?.[0]).toContain(`  ${way}  `);
});

test('a status', () => {
  const status: Ended<'status'> = {
    command: 'status',
    outcome: 'nothing-to-do',
    target: { name: 'staging', database: 'shop', environment: 'staging' },
    result: {
      target: 'staging',
      database: 'shop',
      pending: 2,
      lease: { owner: 'runner-7 (pid 12)', fence: 4, expiresAt: new Date('2026-10-01T12:00:30Z') },
      migrations: [
        {
          name: 'a',
          state: 'applied',
          appliedAt: new Date('2026-10-01T12:00:00Z'),
          checksum: 'c1',
          note: 'edited-since-applied',
        },
        { name: 'b', state: 'interrupted', appliedAt: null, checksum: 'c2' },
        { name: 'c', state: 'pending', appliedAt: null, checksum: 'c2' },
      ],
    },
  };
  expect(renderText(status)).toMatchInlineSnapshot(`
    "
    › Status · staging / shop
      2 of 3 migrations are pending.

      Migrations
                     Migration  Applied                  Note
      ✓ applied      a          2026-10-01 12:00:00 UTC  ! the file was changed since
      ✗ interrupted  b
      · pending      c

      Lease  ! held by runner-7 (pid 12) (fence 4) until 2026-10-01 12:00:30 UTC
    "
  `);
});

test('the backups of a store', () => {
  expect(
    renderText({ command: 'inspect', outcome: 'nothing-to-do', result: { backups: [backup] } }),
  ).toMatchInlineSnapshot(`
    "
    › Backups
      The store holds 1 backup.

      Backups
      Backup                 Of                 Taken                    Documents  Archive  Encrypted  Consistency  Verified
      20261001T123005Z-3f9a  production / shop  2026-10-01 12:30:06 UTC    106,562   2.3 MB  no         snapshot     no
    "
  `);
});

test('what was verified, encrypted, and read at another time than the rest is in the list and in each backup', () => {
  const one = { ...backup, encrypted: true, outsideSnapshot: ['log'], verifiedAt: '2026-10-02T00:00:00.000Z' };
  const list = renderText({ command: 'inspect', outcome: 'nothing-to-do', result: { backups: [one] } });
  expect(renderText({ command: 'backup', outcome: 'applied', result: { ...one, compression: 'none' } })).toMatch(
    /2\.3 MB \(not compressed, encrypted\)$/m,
  );
  expect(list).toMatch(/yes +snapshot, except 1 capped +2026-10-02 00:00:00 UTC$/m);
  const single = renderText({
    command: 'inspect',
    outcome: 'nothing-to-do',
    result: { backup: one, verified: true },
  });
  expect(single).toMatch(
    /Archive +2\.3 MB \(zstd, encrypted\)\n +Point in time .*\(snapshot\)\n +Except capped +log$/m,
  );
});

test.each([
  ['ARCHIVE_DAMAGED', 'blocked', 'Inspection: the backup cannot be used'],
  ['STORE_FAILED', 'failed-clean', 'Inspection failed'],
  ['USAGE', 'blocked', 'Inspection not started'],
] as const)('an inspection that ends with %s is headed by what it was', (code, outcome, headline) => {
  const error = new ReleaseError(code, 'It is so.', { hint: 'Look.' });
  expect(renderText({ command: 'inspect', outcome, error }).split('\n')[1]).toMatch(new RegExp(`^\\S ${headline}$`));
});

test('a status that has seen a target which needs somebody is not one that was not started', () => {
  const error = new ReleaseError('FAILED_DIRTY', 'It is so.', { hint: 'Look.' });
  const result = { target: 't', database: 'd', migrations: [], pending: 0, lease: null, attention: true } as const;
  const headed = (ended: Ended) => renderText(ended).split('\n')[1];
  const ended = { command: 'status', outcome: 'blocked', error } as const;
  expect(headed({ ...ended, result })).toBe('✗ Status: the target needs attention');
  expect(headed(ended)).toMatch(/^\S Status not started$/);
});

test('of a file nothing is said that a file alone does not say', () => {
  const { id, location, createdAt } = backup;
  const about = { id, location, createdAt, documents: 0, bytes: 0, archiveBytes: 1, compression: 'zstd' };
  const file = { ...about, encrypted: false, engine: 'file', databases: [], serverVersion: '7.0.1' } as const;
  const ended = { command: 'inspect', outcome: 'nothing-to-do', result: { backup: file, verified: true } } as const;
  expect(renderText(ended)).toMatch(/Point in time +\? unknown: .*\n +File changed +2026-10-01 12:30:06 UTC$/m);
  expect(renderText({ ...ended, result: { ...ended.result, backup: { ...file, oplogEntries: 2 } } })).toMatch(
    /Point in time +! with 2 oplog entries to be applied$/m,
  );
});

test('colours change nothing but colours, and stay out when they are not asked for', () => {
  const plain = renderText(released);
  expect(stripVTControlCharacters(plain)).toBe(plain);
  const coloured = renderText(released, { colour: true });
  expect(coloured).not.toBe(plain);
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});

test('a name cannot paint over the terminal', () => {
  const text = renderText({
    command: 'verify',
    outcome: 'nothing-to-do',
    result: {
      probes: [{ name: 'a\u001b[2J\nb', state: 'passed', expected: 'x', seen: 'x', durationMs: 1, attempts: 1 }],
    },
  });
  expect(text).not.toContain('\u001b');
  expect(text).toContain('a\ufffd[2J b');
});
