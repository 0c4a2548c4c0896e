import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePlan, type PlanInput } from '../../../src/migration/plan/plan.ts';
import { noEffects } from '../../../src/migration/runner.ts';
import type { Effects, MigrationFacts, MigrationFile, PlanScope } from '../../../src/migration/types.ts';
import { factsOf, file, record, sum } from '../records.ts';

const files = ['001-a', '002-b', '003-c'].map((name) => file(name));
const plan = (over: Partial<PlanInput> & { about?: Record<string, Partial<MigrationFacts>> } = {}) =>
  makePlan({
    files,
    records: [],
    scope: {},
    database: 'shop',
    target: 'staging',
    facts: factsOf(over.files ?? files, over.about),
    ...over,
  });
const names = (scope: PlanScope, about?: Record<string, Partial<MigrationFacts>>) =>
  plan({ scope, about }).pending.map((migration) => migration.name);
const rules = (over: Parameters<typeof plan>[0]) =>
  plan(over).findings.map(({ rule, severity, place }) => [rule, severity, place.name]);

describe('what is pending', () => {
  test('is what is not applied, by file name', () => {
    const records = [
      record('001-a', 1),
      record('002-b', 2, { state: 'failed' }),
      record('003-c', 3, { state: 'rolled-back' }),
    ];
    expect(plan({ records, files: [...files].reverse() }).pending).toEqual([
      {
        name: '002-b',
        fileName: '002-b.ts',
        phase: 'before-deploy',
        checksum: sum('002-b'),
        transaction: false,
        journal: true,
        reversible: true,
        run: { journal: 'images', transaction: false, batches: true, resumable: true, undoable: true, notes: [] },
      },
      expect.objectContaining({ name: '003-c' }),
    ]);
  });

  test('runs before-deploy first, as a release does', () => {
    const about = { '001-a': { phase: 'after-deploy' }, '003-c': { phase: 'after-deploy' } } as const;
    expect(names({}, about)).toEqual(['002-b', '001-a', '003-c']);
    expect(names({ phase: 'before-deploy' }, about)).toEqual(['002-b']);
    expect(names({ phase: 'after-deploy' }, about)).toEqual(['001-a', '003-c']);
  });

  test('is cut by --to, which includes, and by --name, which picks one; with or without the extension', () => {
    expect(names({ to: '002-b' })).toEqual(['001-a', '002-b']);
    expect(names({ to: '002-b.ts' })).toEqual(['001-a', '002-b']);
    expect(names({ name: '002-b' })).toEqual(['002-b']);
    expect(plan({ records: [record('002-b', 1)], scope: { name: '002-b' } }).pending).toEqual([]);
  });

  test('an unknown name is an error that names the nearest', () => {
    const dated = ['20260901090000-expand-city', '20260902090000-backfill'].map((name) => file(name));
    const failing = (scope: PlanScope) => {
      try {
        plan({ files: dated, scope });
      } catch (error) {
        return error;
      }
    };
    expect(failing({ to: 'expand-city' })).toMatchObject({
      code: 'MIGRATION_UNKNOWN',
      exitCode: 2,
      hint: 'Type --to 20260901090000-expand-city',
    });
    expect(failing({ name: '20260902090000-backfil1' })).toMatchObject({
      hint: 'Type --name 20260902090000-backfill',
    });
    expect(failing({ name: '2026' })).toMatchObject({
      hint: 'Name one of 20260901090000-expand-city, 20260902090000-backfill.',
    });
    expect(failing({ name: 'zzz' })).toMatchObject({ hint: expect.stringContaining('mongo-release status') });
    expect(failing({ name: 'a', to: 'b' })).toMatchObject({ code: 'USAGE' });
  });
});

describe('findings', () => {
  test('none for a history that is in order', () => {
    expect(rules({ records: [record('001-a', 1), record('002-b', 2)] })).toEqual([]);
  });

  test('an applied file that was edited, but not one that was never applied', () => {
    const records = [
      record('001-a', 1, { checksum: sum('before') }),
      record('002-b', 2, { state: 'rolled-back', checksum: sum('before') }),
    ];
    expect(rules({ records })).toEqual([['history-edited-file', 'error', '001-a']]);
    const [finding] = plan({ records }).findings;
    expect(finding).toMatchObject({
      place: { name: '001-a', file: '/project/migrations/001-a.ts' },
      next: expect.stringContaining('mongo-release baseline 001-a'),
    });
  });

  test('a record without a file, unless it was rolled back', () => {
    expect(rules({ records: [record('000-gone', 1), record('000-undone', 2, { state: 'rolled-back' })] })).toEqual([
      ['history-missing-file', 'error', '000-gone'],
    ]);
  });

  test('but no record of what failed without a trace: its file may be renamed or thrown away', () => {
    const failed = (effects: Effects) => record('000-gone', 1, { state: 'failed', effects });
    expect(rules({ records: [failed(noEffects)] })).toEqual([]);
    expect(rules({ records: [failed({ ...noEffects, modified: 1 })] })).toEqual([
      ['history-missing-file', 'error', '000-gone'],
      ['history-failed', 'warning', '000-gone'],
    ]);
  });

  test('a file that is older than the newest applied one; only a warning for whoever names it', () => {
    const records = [record('002-b', 1)];
    expect(rules({ records })).toEqual([['history-out-of-order', 'error', '001-a']]);
    expect(rules({ records, scope: { name: '001-a' } })).toEqual([['history-out-of-order', 'warning', '001-a']]);
    expect(rules({ records, scope: { name: '003-c' } })).toEqual([['plan-skips-pending', 'warning', '003-c']]);
  });

  test('an after-deploy migration is not out of order while a release deploys', () => {
    const about = { '001-a': { phase: 'after-deploy' } } as const;
    const records = [record('002-b', 1), record('003-c', 2)];
    expect(rules({ records, about })).toEqual([]);
    const passed = [record('002-b', 1, { phase: 'after-deploy' }), record('003-c', 2)];
    expect(rules({ records: passed, about })).toEqual([['history-out-of-order', 'error', '001-a']]);
  });

  test('after-deploy alone, while older before-deploy migrations are pending', () => {
    const about = { '002-b': { phase: 'after-deploy' } } as const;
    expect(rules({ about, scope: { phase: 'after-deploy' } })).toEqual([['plan-skips-pending', 'error', '002-b']]);
    expect(rules({ about, scope: { phase: 'after-deploy' }, records: [record('001-a', 1)] })).toEqual([]);
    expect(rules({ about })).toEqual([['plan-phase-order', 'warning', '002-b']]);
  });

  test.each(['failed', 'interrupted', 'running'] as const)('a record that is %s', (state) => {
    expect(rules({ records: [record('001-a', 1, { state })] })).toEqual([[`history-${state}`, 'warning', '001-a']]);
  });

  test('a pending migration with neither a way back nor a reason', () => {
    const about = { '001-a': { hasDown: false }, '002-b': { hasDown: false, irreversible: 'texts go' } };
    expect(rules({ about })).toEqual([['no-way-back', 'warning', '001-a']]);
    expect(plan({ about }).pending.map((migration) => migration.reversible)).toEqual([false, false, true]);
  });
});

describe('the digest', () => {
  const migrations = fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z0-9]{1,6}$/),
      content: fc.string(),
      phase: fc.constantFrom('before-deploy' as const, 'after-deploy' as const),
      transaction: fc.boolean(),
      applied: fc.boolean(),
    }),
    { selector: (one) => one.name, minLength: 1, maxLength: 8 },
  );
  type Migration = typeof migrations extends fc.Arbitrary<(infer T)[]> ? T : never;
  const digest = (all: readonly Migration[], database = 'shop') => {
    const listed: MigrationFile[] = all.map(({ name, content }) => file(name, content));
    const done = all.filter((one) => one.applied);
    return plan({
      files: listed,
      database,
      records: done.map(({ name, content, phase }, index) => record(name, index, { phase, checksum: sum(content) })),
      facts: factsOf(
        listed,
        Object.fromEntries(all.map(({ name, phase, transaction }) => [name, { phase, transaction }])),
      ),
    }).digest;
  };

  test('does not depend on the order in which files and records are given', () => {
    fc.assert(
      fc.property(
        migrations.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(digest(shuffled)).toBe(digest(all));
        },
      ),
    );
  });

  test('changes with any name, content, phase or transaction that is pending, with the position, with the database', () => {
    fc.assert(
      fc.property(migrations, fc.nat(), (all, at) => {
        const index = at % all.length;
        const one = all[index]!;
        const changed = (over: Partial<Migration>) =>
          digest(all.map((other, place) => (place === index ? { ...other, ...over } : other))) !== digest(all);
        expect(changed({ content: `${one.content}.` })).toBe(true);
        expect(changed({ name: `${one.name}-longer` })).toBe(true);
        expect(changed({ applied: !one.applied })).toBe(true);
        expect(changed({ phase: one.phase === 'after-deploy' ? 'before-deploy' : 'after-deploy' })).toBe(!one.applied);
        expect(changed({ transaction: !one.transaction })).toBe(!one.applied);
        expect(digest(all.filter((other) => other !== one))).not.toBe(digest(all));
        expect(digest(all, 'shop2')).not.toBe(digest(all));
      }),
    );
  });

  test('of 10,000 files is less than two seconds of work', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => file(String(index).padStart(5, '0')));
    const done = many.slice(0, 9000).map((one, index) => record(one.name, index));
    const before = process.threadCpuUsage();
    expect(plan({ files: many, records: done }).pending).toHaveLength(1000);
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
