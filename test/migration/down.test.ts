import { describe, expect, test } from 'vitest';
import { type DownScope, selectDown } from '../../src/migration/down.ts';
import { noEffects } from '../../src/migration/runner.ts';
import type { HistoryRecord, MigrationFacts } from '../../src/migration/types.ts';
import { factsOf, file, record, sum } from './records.ts';

const files = ['a', 'b', 'c', 'd'].map((name) => file(name));
// Applied in the order c, a, b.
const applied = [record('a', 4), record('b', 6), record('c', 2)];
const none = noEffects;

const select = (
  scope: DownScope,
  records: readonly HistoryRecord[] = applied,
  about: Record<string, Partial<MigrationFacts>> = {},
  there = files,
) => selectDown({ records, files: there, facts: factsOf(there, about), scope });
const names = (...args: Parameters<typeof select>) => select(...args).map((step) => step.record._id);

describe('the way down', () => {
  test('goes by the time of application, the last first', () => {
    expect(names({ count: 1 })).toEqual(['b']);
    expect(names({ count: 2 })).toEqual(['b', 'a']);
    expect(names({ count: 99 })).toEqual(['b', 'a', 'c']);
    expect(names({ count: 1 }, [])).toEqual([]);
  });

  test('--to stops before the named one, which stays applied', () => {
    expect(names({ to: 'c' })).toEqual(['b', 'a']);
    expect(names({ to: 'a.ts' })).toEqual(['b']);
    expect(names({ to: 'b' })).toEqual([]);
  });

  test('--to wants a migration that is applied', () => {
    expect(() => select({ to: 'aa' })).toThrow(
      expect.objectContaining({ code: 'MIGRATION_UNKNOWN', hint: 'Type --to a' }),
    );
    expect(() => select({ to: 'd' }, [...applied, record('d', 7, { state: 'rolled-back' })])).toThrow(
      expect.objectContaining({ code: 'MIGRATION_NOT_APPLIED', exitCode: 2 }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN])('%s is no number of migrations', (count) => {
    expect(() => select({ count })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('begins with what was left half-way, but not with what failed before its first write', () => {
    const failed = (over: Partial<HistoryRecord>) => [...applied, record('d', 8, { state: 'failed', ...over })];
    expect(names({ count: 1 }, failed({ effects: { ...none, operations: 1, modified: 1 } }))).toEqual(['d']);
    expect(names({ count: 1 }, failed({ effects: { ...none, unknown: 1 } }))).toEqual(['d']);
    expect(names({ count: 1 }, failed({}))).toEqual(['d']);
    expect(names({ count: 1 }, failed({ effects: none }))).toEqual(['b']);
    expect(names({ count: 1 }, failed({ effects: none, direction: 'down' }))).toEqual(['d']);
    expect(names({ count: 1 }, failed({ state: 'interrupted', effects: none }))).toEqual(['b']);
    expect(names({ count: 1 }, failed({ state: 'interrupted', effects: none, direction: 'down' }))).toEqual(['d']);
    expect(names({ to: 'b' }, failed({}))).toEqual(['d']);
  });

  test('of a release is what that release applied or left half-way', () => {
    const of = (release: string) => ({ appliedIn: release, releaseId: release });
    const records = [
      record('a', 1, of('r-1')),
      record('b', 2, of('r-2')),
      record('c', 4, { ...of('r-3'), state: 'failed', direction: 'down', appliedAt: new Date(0), appliedIn: 'r-2' }),
      record('d', 5, { state: 'failed', releaseId: 'r-2' }),
    ];
    expect(names({ release: 'r-2' }, records)).toEqual(['d', 'c', 'b']);
    expect(names({ release: 'r-9' }, records)).toEqual([]);
    expect(() => select({ release: 'r-1' }, records)).toThrow(
      expect.objectContaining({
        ...{ code: 'DOWN_BLOCKED', message: expect.stringContaining('d, c, b') },
        hint: 'Take the later ones back first, with mongo-release rollback r-2.',
      }),
    );
    const restored = records.map((one) => ({ ...one, origin: { kind: 'restore' as const } }));
    expect(() => select({ release: 'r-1' }, restored)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('mongo-release down, which') }),
    );
  });

  test('says where a file is not the one that was applied', () => {
    const [step] = select({ count: 1 }, applied, {}, [file('a'), file('b', 'mended'), file('c')]);
    expect(step).toMatchObject({ edited: true, file: { name: 'b' } });
    expect(select({ count: 1 })[0]!.edited).toBe(false);
  });
});

describe('what cannot be undone stops the way down before its first step', () => {
  const refusal = (...args: Parameters<typeof select>) => {
    try {
      select(...args);
    } catch (error) {
      return error;
    }
  };

  test('irreversible, with its reason', () => {
    expect(refusal({ count: 2 }, applied, { a: { irreversible: 'the old texts are gone' } })).toMatchObject({
      code: 'IRREVERSIBLE',
      exitCode: 5,
      message: 'a is on the way down and cannot be undone: the old texts are gone. Nothing was run.',
      hint: expect.stringContaining('mongo-release restore BACKUP'),
    });
    expect(names({ count: 1 }, applied, { a: { irreversible: 'not on the way' } })).toEqual(['b']);
  });

  test('without a down', () => {
    expect(refusal({ count: 1 }, applied, { b: { hasDown: false } })).toMatchObject({
      code: 'IRREVERSIBLE',
      hint: expect.stringMatching(/^Write a down in b\.ts/),
    });
  });

  test('without a down, and yet half-way up: what the journal has is undone by it', () => {
    const journal = { attempt: 7, checksum: sum('d'), images: true, entries: 3 };
    const half = (over: Partial<typeof journal>) => [
      ...applied,
      record('d', 7, { state: 'interrupted', checksum: sum('before'), journal: { ...journal, ...over } }),
    ];
    const about = { d: { hasDown: false, irreversible: 'drops what is old' } };
    expect(select({ count: 1 }, half({}), about)).toMatchObject([{ record: { _id: 'd' }, edited: false }]);
    expect(refusal({ count: 1 }, half({ images: false }), about)).toMatchObject({ code: 'IRREVERSIBLE' });
  });

  test('but not one that was killed before its first write: its down would take away what it never made', () => {
    const journal = { attempt: 7, checksum: sum('d'), images: true, entries: 0 };
    const killed = (over: Partial<HistoryRecord>) => [
      ...applied,
      record('d', 7, { state: 'interrupted', journal, ...over }),
    ];
    expect(names({ count: 1 }, killed({}))).toEqual(['b']);
    expect(names({ count: 1 }, killed({ journal: { ...journal, images: false } }))).toEqual(['b']);
    // Of a commit that nobody answered the journal may have an entry by now.
    expect(names({ count: 1 }, killed({ effects: { ...none, unknown: 1 } }))).toEqual(['d']);
    expect(names({ count: 1 }, killed({ direction: 'down' }))).toEqual(['d']);
  });

  test('without its file', () => {
    expect(refusal({ count: 3 }, applied, {}, files.slice(0, 2))).toMatchObject({
      code: 'IRREVERSIBLE',
      message: expect.stringContaining('its file c.ts is missing'),
    });
  });
});
