import { expect, test } from 'vitest';
import type { MigrationStatus } from '../../src/release/status.ts';
import { statusBlocks, statusSentence } from '../../src/report/status.ts';

const row = (i: number, over: Partial<MigrationStatus> = {}): MigrationStatus => ({
  ...{ name: `m${String(i).padStart(5, '0')}`, state: 'applied', checksum: 'c' },
  appliedAt: new Date(Date.UTC(2026, 0, 1) + i * 1000),
  ...over,
});
const pending = (i: number) => row(i, { state: 'pending', appliedAt: null });
const of = (migrations: readonly MigrationStatus[]) => ({
  ...{ target: 't', database: 'd', migrations, lease: null },
  pending: migrations.filter(({ state }) => state === 'pending').length,
});

function shown(migrations: readonly MigrationStatus[]): { names: string[]; facts: Record<string, string> } {
  const blocks = statusBlocks(of(migrations));
  const names = blocks.flatMap((block) =>
    block.kind === 'table' ? block.rows.map(([, cell]) => (cell && 'name' in cell ? cell.name : '')) : [],
  );
  const facts = blocks.flatMap((block) => (block.kind === 'facts' ? block.facts : []));
  return { names, facts: Object.fromEntries(facts.map(([key, cell]) => [key, 'text' in cell ? cell.text : ''])) };
}

test.each([
  [[], 'There are no migrations.'],
  [[row(1)], 'The only migration is applied.'],
  [[pending(1)], 'The only migration is pending.'],
  [[row(1), row(2)], 'Both migrations are applied.'],
  [[pending(1), pending(2), pending(3)], 'All 3 migrations are pending.'],
  [[row(1), row(2), pending(3)], '1 of 3 migrations is pending.'],
  [[row(1), pending(2), pending(3)], '2 of 3 migrations are pending.'],
  [Array.from({ length: 1200 }, (_, i) => row(i)), 'All 1,200 migrations are applied.'],
] as const)('%#: %s', (migrations, sentence) => {
  expect(statusSentence(of(migrations))).toBe(sentence);
});

test('what was taken back and has no file is not said to be applied', () => {
  const back = row(2, { state: 'rolled-back', appliedAt: null, note: 'file-missing' });
  expect(statusSentence({ ...of([row(1), back]), pending: 0 })).toBe('The only migration is applied.');
  expect(statusSentence({ ...of([back]), pending: 0 })).toBe('There are no migrations.');
});

test('a time at which no migration ran says what it is of', () => {
  const [table] = statusBlocks(of([row(1), row(2, { origin: 'restore' })]));
  const cells = table?.kind === 'table' ? table.rows.map((cells) => cells[2]) : [];
  expect(cells).toEqual([{ text: '2026-01-01 00:00:01 UTC' }, { text: '2026-01-01 00:00:02 UTC, by a restore' }]);
});

test('forty migrations are shown, every one of them', () => {
  const { names, facts } = shown(Array.from({ length: 40 }, (_, i) => row(i)));
  expect(names).toHaveLength(40);
  expect(facts).not.toHaveProperty('Not shown');
});

test('of ten thousand the newest twenty, what is pending, and whatever needs a look, in their order', () => {
  const migrations = Array.from({ length: 10_000 }, (_, i) => (i < 9990 ? row(i) : pending(i)));
  migrations[5] = row(5, { state: 'interrupted', appliedAt: null });
  migrations[7] = row(7, { note: 'file-missing' });
  // Older by name, and applied last.
  migrations[9] = row(9, { appliedAt: new Date('2027-01-01') });
  const { names, facts } = shown(migrations);
  expect(names.slice(0, 4)).toEqual(['m00005', 'm00007', 'm00009', 'm09971']);
  expect(names.slice(-11)).toEqual(['m09989', ...migrations.slice(9990).map(({ name }) => name)]);
  expect(names).toHaveLength(2 + 20 + 10);
  expect(facts['Not shown']).toBe('9,968 applied; --json has all of them');
});

test('of ten thousand pending ones the first are shown, and the rest is counted', () => {
  const { names, facts } = shown(Array.from({ length: 10_000 }, (_, i) => pending(i)));
  expect([names.length, names[0]]).toEqual([50, 'm00000']);
  expect(facts['Not shown']).toBe('9,950 pending; --json has all of them');
});

test('what failed says of what, and on which way', () => {
  const error = { code: 'MIGRATION_FAILED', message: 'It failed.', direction: 'up' } as const;
  const [table] = statusBlocks(of([row(1), row(2, { state: 'failed', appliedAt: null, error })]));
  expect(table).toMatchObject({
    rows: [expect.anything(), expect.arrayContaining([{ mark: 'warning', text: 'on its way up: MIGRATION_FAILED' }])],
  });
});
