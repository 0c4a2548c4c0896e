import { expect, test } from 'vitest';
import type { UndoneMigration } from '../../src/release/rollback/result.ts';
import { renderText } from '../../src/report/text.ts';
import { lossSentence, playbookTable, undoSentence, undoTable, wayBackFacts } from '../../src/report/way-back.ts';
import { effects } from './sample.ts';

const undone: UndoneMigration = {
  ...{ name: '1-x', changed: 3, documents: 3, inserted: 0, deleted: 1, merged: 0, deletedSince: 0, asBefore: 0 },
  ...{ quarantined: 0, downDocuments: 0, downCreated: 0 },
  ...{ catalogOperations: 1, conflicts: [], createdSince: [], left: [] },
};

test('people read under the numbers of an undo what it left of the catalog, and of which migration', () => {
  const why = 'shop.places: index by name was changed since by somebody else';
  const left = [{ namespace: 'shop.places', index: 'by name', why }];
  expect(undoTable('Undone', [{ ...undone, left }])).toContainEqual({
    ...{ kind: 'list', title: 'Of the catalog, left as it is' },
    items: [`${why} (1-x)`],
  });
  expect(undoTable('Undone', [undone])).toHaveLength(1);
});

test('a sum over several migrations does not pass for a number of documents', () => {
  const left = { ...undone, deletedSince: 7 };
  const alone = 'An undo would put 3 documents back, and leave as they are: 7 documents that they deleted since.';
  const nothing = { ...undone, name: '2-x', changed: 0, documents: 0 };
  expect(undoSentence([left, nothing])).toBe(alone);
  const both = alone.replace('put 3', 'put 6').replace(': 7', ': 14');
  const each = `${both} A document of several migrations counts once for each.`;
  expect(undoSentence([left, { ...left, name: '2-x' }])).toBe(each);

  const conflicts = [{ collection: 'towns', documents: 4 }];
  const about = { strategy: 'undo', reverted: [{ name: '1-x', durationMs: 1, effects: effects() }], kept: [] } as const;
  const told = (...undo: UndoneMigration[]) =>
    renderText({ command: 'rollback', outcome: 'rolled-back', result: { ...about, conflicts, undo } });
  expect(told({ ...undone, quarantined: 4 }, nothing)).toContain('4 documents left to the users, in quarantine.');
  expect(told({ ...undone, quarantined: 2 }, { ...nothing, quarantined: 2 })).toContain(
    '4 documents left to the users, in quarantine; one that several migrations left counts once for each.',
  );
});

test('the columns of an undo add up to what the migration changed, and those without any are left out', () => {
  const rare = {
    ...undone,
    changed: 14,
    merged: 1,
    deletedSince: 2,
    asBefore: 1,
    quarantined: 5,
    downDocuments: 7,
    downCreated: 4,
  };
  const shown = (one: UndoneMigration): Record<string, number> => {
    const [table] = undoTable('Undone', [one]);
    if (table?.kind !== 'table') return {};
    const [, ...counts] = table.rows[0]?.map((cell) => ('text' in cell ? Number(cell.text) : 0)) ?? [];
    return Object.fromEntries(counts.map((n, i) => [table.columns[i + 1]?.title, n]));
  };
  expect(shown(undone)).toEqual({ Changed: 3, 'Put back': 3, 'of which taken out': 1, 'Left to users': 0 });
  const { Changed, ...others } = shown(rare);
  const parts = Object.entries(others).filter(([title]) => !/^(of which|Beside)/.test(title));
  expect(parts.reduce((sum, [, n]) => sum + n, 0)).toBe(Changed);
  expect(others).toMatchObject({ 'Deleted by users': 2, 'As before already': 1, 'By downDocument': 3 });
});

test('people read why documents stay with users: by collection, with the names of the fields', () => {
  const conflicts = [
    { collection: 'places', reason: 'same-fields', documents: 1200, fields: ['mayor', 'city'] },
    { collection: 'places', reason: 'unique', documents: 2, fields: ['slug'], index: 'slug_1' },
    { collection: 'towns', reason: 'refused', documents: 1, code: 121 },
  ] as const;
  const [, table] = undoTable('Undone', [{ ...undone, quarantined: 1203, conflicts }]);
  const rows = table?.kind === 'table' ? table.rows.map((row) => Object.values({ ...row }).slice(1)) : [];
  expect(rows).toEqual([
    [
      { name: 'places' },
      { text: 'users and the migration wrote to the same fields' },
      { text: '1,200' },
      { names: ['mayor', 'city'] },
    ],
    [
      { name: 'places' },
      { text: 'another document has the unique value (index slug_1)' },
      { text: '2' },
      { names: ['slug'] },
    ],
    [{ name: 'towns' }, { text: 'the validator does not take what was there before' }, { text: '1' }, { names: [] }],
  ]);
});

test('a rollback that an older version has begun has nothing of that on record', () => {
  const { left: _, conflicts: __, changed: ___, ...older } = undone;
  expect(undoTable('Undone', [older as UndoneMigration])).toHaveLength(1);
});

test('what came out otherwise and is as good does not stand beside the claim that everything is as before', () => {
  const way = {
    state: 'equal',
    migrations: [],
    differences: [],
    notes: ['customers was added'],
    durationMs: 1,
  } as const;
  const [, [, cell] = []] = wayBackFacts({ undo: { ...way, notes: [] }, down: way });
  expect(cell).toMatchObject({
    text: expect.stringMatching(/everything is as before, or as good: customers was added$/),
  });
});

test('how long a way back takes is told without what shows in the sandbox that it leads back', () => {
  const migrations = [120, 153].map((durationMs, at) => ({ name: `${at}-x`, durationMs }));
  const way = { state: 'equal', migrations, differences: [], notes: [], durationMs: 11_100 } as const;
  expect(wayBackFacts({ undo: way })).toEqual([
    ['Undo', { mark: 'good', text: '2 migrations in 273 ms (rehearsed in 11.1 s), and everything is as before' }],
  ]);
});

test('what a restore lost does not hide that the last of it is kept', () => {
  const loss = { writes: 2, since: '2026-11-21T10:00:00.000Z', collections: [{ collection: 'a', writes: 2 }] };
  expect(lossSentence(loss)).toMatch(/^2 writes of users since .* went with it\.$/);
  const kept = [{ name: 'a', tombstone: '_mongo_release.dropped.1', writes: 1 }];
  expect(lossSentence({ ...loss, kept })).toMatch(/ went with it, but for the last of them, which are kept aside\.$/);
  // Of what came last nobody knows the number.
  expect(lossSentence({ ...loss, writes: 0, kept })).toMatch(/is kept aside\.$/);
});

test('the time of a step is that of its latest attempt, and says which that was', () => {
  const [table] = playbookTable([
    { name: 'stop-traffic', state: 'done', durationMs: 40 },
    { name: 'data', state: 'done', durationMs: 3100, attempt: 2 },
    { name: 'rollback-app', state: 'running', attempt: 3 },
  ]);
  const took = table?.kind === 'table' ? table.rows.map((row) => row[2]) : [];
  expect(took).toEqual([{ text: '40 ms' }, { text: 'attempt 2, 3.1 s' }, { text: 'attempt 3' }]);
});
