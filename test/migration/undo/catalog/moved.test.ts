import type { Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import type { LeftInCatalog } from '../../../../src/migration/undo/result.ts';
import { findCollection } from '../../../../src/mongo/catalog.ts';
import { own } from '../journalled.ts';
import { setting } from '../setting.ts';

interface Numbered extends Document {
  _id: number;
}

type Setting = Awaited<ReturnType<typeof setting>>;

const insert = (db: Db, name: string, _id = 1) => db.collection<Numbered>(name).insertOne({ _id });
const idsIn = async (db: Db, name: string) =>
  (await db.collection<Numbered>(name).find().toArray()).map(({ _id }) => _id);
const rename = ({ db, journal }: Setting, from: string, to: string) =>
  journal.catalog(from, 'rename-collection', () => db.renameCollection(from, to), { to });

async function renameOver({ db, journal }: Setting, from: string, to: string) {
  const tombstone = own.dropped((await findCollection(db, to))?.uuid ?? '');
  const replace = async () => {
    await db.renameCollection(to, tombstone);
    await db.renameCollection(from, to);
  };
  await journal.catalog(from, 'rename-collection', replace, { to, tombstone });
}

const byWhy = (left: readonly LeftInCatalog[] = []) => left.toSorted((a, b) => (a.why < b.why ? -1 : 1));

/** What a dry run says, and what a tolerant undo then does; a second one has nothing to do. */
async function undoneAsForetold(s: Setting) {
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  const result = await s.undo({ mode: 'tolerant' });
  const left = await leftInCatalog(s.db, own, s.journal.attempt);
  expect(byWhy(forecast?.left)).toEqual(byWhy(left));
  if (result.state !== 'undone') throw new Error(result.state);
  const reasons = {
    ...{ 'is gone': 'gone', 'was made anew': 'name-taken' },
    ...{ 'others inserted since stay': 'along', 'holds documents': 'holds' },
  };
  return result.left.map(({ namespace, why }) => [
    namespace.split('.')[1],
    Object.entries(reasons).find(([text]) => why.includes(text))?.[1],
  ]);
}

test('a renamed collection that a user renamed further keeps that name, and what it had replaced is back', async () => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  await renameOver(s, 'a', 'b');
  await s.db.renameCollection('b', 'theirs');
  expect(await undoneAsForetold(s)).toEqual([['a', 'gone']]);
  expect(await idsIn(s.db, 'theirs')).toEqual([1]);
  expect(await idsIn(s.db, 'b')).toEqual([2]);
});

test('a renamed collection whose old name users wrote to has it back with their documents, and so has what it had replaced', async () => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  await renameOver(s, 'a', 'b');
  await insert(s.db, 'a', 3);
  expect(await undoneAsForetold(s)).toEqual([['a', 'along']]);
  expect(await idsIn(s.db, 'a')).toEqual([1, 3]);
  expect(await idsIn(s.db, 'b')).toEqual([2]);
});

test('a renamed collection whose old name a user took for one with options stays, and so does what it had replaced', async () => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  await renameOver(s, 'a', 'b');
  await s.db.createCollection('a', { validator: { n: 1 } });
  expect(await undoneAsForetold(s)).toEqual([
    ['a', 'name-taken'],
    ['b', 'name-taken'],
  ]);
  expect(await idsIn(s.db, 'a')).toEqual([]);
  expect(await idsIn(s.db, 'b')).toEqual([1]);
});

test('a dropped collection that a user has brought back by hand under another name stays there', async () => {
  await using s = await setting(({ db }) => insert(db, 'a'));
  const tombstone = own.dropped((await findCollection(s.db, 'a'))?.uuid ?? '');
  await s.journal.drop('a');
  await s.db.renameCollection(tombstone, 'rescued');
  expect(await undoneAsForetold(s)).toEqual([['a', 'gone']]);
  expect(await idsIn(s.db, 'rescued')).toEqual([1]);
});

test('a collection that the migration made and a user renamed is theirs', async () => {
  await using s = await setting(async () => {});
  await s.journal.catalog('made', 'create-collection', () => s.db.createCollection('made'));
  await s.db.renameCollection('made', 'theirs');
  expect(await undoneAsForetold(s)).toEqual([['made', 'gone']]);
  expect(await findCollection(s.db, 'theirs')).toBeDefined();
});

test('options and indexes go back where a user has renamed their collection, and are told where it is gone', async () => {
  for (const gone of [false, true]) {
    await using s = await setting(({ db }) => insert(db, 'a'));
    const modify = () => s.db.command({ collMod: 'a', validator: { n: 1 }, validationLevel: 'moderate' });
    await s.journal.catalog('a', 'modify-collection', modify);
    if (gone) await s.db.dropCollection('a');
    else await s.db.renameCollection('a', 'theirs');
    expect(await undoneAsForetold(s)).toEqual(gone ? [['a', 'gone']] : []);
    const [theirs] = await s.db.listCollections({ name: 'theirs' }, { nameOnly: false }).toArray();
    if (!gone) expect(theirs?.options).not.toHaveProperty('validator.n');
  }
});

test('names that went round are nobody else’s doing', async () => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  await rename(s, 'a', 'x');
  await rename(s, 'b', 'a');
  await rename(s, 'x', 'b');
  await s.journal.drop('b');
  await s.journal.catalog('b', 'create-collection', () => s.db.createCollection('b'));
  await rename(s, 'b', 'c');
  await renameOver(s, 'a', 'c');
  expect(await undoneAsForetold(s)).toEqual([]);
  expect(await s.differences()).toEqual([]);
});

test.each([
  ['before its first step', false],
  ['half-way', true],
])('a rename over another collection that ended %s is in nobody’s way', async (_, begun) => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  const tombstone = own.dropped((await findCollection(s.db, 'b'))?.uuid ?? '');
  const change = async () => {
    if (begun) await s.db.renameCollection('b', tombstone);
  };
  await s.journal.catalog('a', 'rename-collection', change, { to: 'b', tombstone, intentOnly: true });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast?.left).toEqual([]);
  expect(await s.undo()).toMatchObject({ state: 'undone', left: [] });
  expect(await s.differences()).toEqual([]);
});

test('one that ended half-way, and whose new name users have made anew: what it had replaced is back with their documents', async () => {
  for (const mode of ['strict', 'tolerant'] as const) {
    await using s = await setting(async ({ db }) => {
      await insert(db, 'a', 1);
      await insert(db, 'b', 2);
    });
    await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 1 } }, { session }));
    const tombstone = own.dropped((await findCollection(s.db, 'b'))?.uuid ?? '');
    const change = async () => {
      await s.db.renameCollection('b', tombstone);
      await insert(s.db, 'b', 3);
    };
    await s.journal.catalog('a', 'rename-collection', change, { to: 'b', tombstone, intentOnly: true });
    if (mode === 'strict') {
      const conflict = { kind: 'aside', namespace: `${s.db.databaseName}.b`, why: 'meanwhile', writes: 0, carried: 1 };
      expect(await s.undo()).toMatchObject({ state: 'conflicts', entriesUndone: 0, conflicts: [conflict] });
      expect(await idsIn(s.db, 'b')).toEqual([3]);
      expect(await idsIn(s.db, tombstone)).toEqual([2]);
    } else {
      expect(await undoneAsForetold(s)).toEqual([['b', 'along']]);
      expect(await idsIn(s.db, 'b')).toEqual([2, 3]);
    }
  }
});

test('a renamed collection that a user renamed further, and whose new name they made anew, keeps that name', async () => {
  await using s = await setting(async ({ db }) => {
    await insert(db, 'a', 1);
    await insert(db, 'b', 2);
  });
  await renameOver(s, 'a', 'b');
  await s.db.renameCollection('b', 'theirs');
  await insert(s.db, 'b', 3);
  expect(await undoneAsForetold(s)).toEqual([
    ['a', 'gone'],
    ['b', 'along'],
  ]);
  expect(await idsIn(s.db, 'b')).toEqual([2, 3]);
});

test('a document that was changed before its collection was renamed, and after it, goes back as it is foretold', async () => {
  await using s = await setting(({ db }) => insert(db, 'a'));
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { first: 1 } }, { session }));
  await rename(s, 'a', 'b');
  await s.journal.write('b', (session) => s.db.collection('b').updateMany({}, { $set: { second: 2 } }, { session }));
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  const result = await s.undo({ mode: 'tolerant' });
  expect(result).toMatchObject({ state: 'undone', documents: 2, merged: 0, quarantined: 0 });
  expect(forecast).toMatchObject({ documents: 2, merged: 0, quarantined: 0 });
  expect(await s.undo()).toMatchObject({ state: 'undone' });
});

test('a collection that was dropped and made anew is back with what users put into the new one', async () => {
  await using s = await setting(async ({ db }) => insert(db, 'a', 1));
  await s.journal.drop('a');
  await s.journal.catalog('a', 'create-collection', () => s.db.createCollection('a', { validator: { n: 1 } }));
  await s.journal.write('a', (session) => s.db.collection<Numbered>('a').insertOne({ _id: 2, n: 1 }, { session }));
  await s.db.collection<Numbered>('a').insertOne({ _id: 3, n: 1 });
  expect(await undoneAsForetold(s)).toEqual([
    ['a', 'holds'],
    ['a', 'along'],
  ]);
  expect(await idsIn(s.db, 'a')).toEqual([1, 3]);
});

test('a collection that an earlier attempt made, and users filled, is not put aside for one that it took the name of', async () => {
  await using s = await setting(({ db }) => insert(db, 'o', 1));
  const { db, journal } = s;
  const first = journal.attempt;
  await journal.catalog('n', 'create-collection', () => db.createCollection('n'));
  await insert(db, 'n', 50);
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ state: 'undone', left: [{ why: expect.any(String) }] });
  journal.attempt = { ...first, number: 2 };
  journal.sequence = 0;
  await journal.write('n', (session) => db.collection<Numbered>('n').insertOne({ _id: 60 }, { session }));
  await renameOver(s, 'n', 'o');
  await db.createCollection('n', { validator: { n: 1 } });
  expect(await undoneAsForetold(s)).toEqual([
    ['n', 'name-taken'],
    ['o', 'name-taken'],
  ]);
  expect(await idsIn(db, 'o')).toEqual([50]);
});

test('documents of what makes way do not expire where they are kept', async () => {
  await using s = await setting(({ db }) => insert(db, 'a', 1));
  await s.journal.drop('a');
  await insert(s.db, 'a', 1);
  await s.db.collection<Numbered>('a').updateOne({ _id: 1 }, { $set: { user: true } });
  await s.db.collection('a').createIndex({ at: 1 }, { expireAfterSeconds: 3600 });
  const aside = own.dropped((await findCollection(s.db, 'a'))?.uuid ?? '');
  await undoneAsForetold(s);
  expect(await idsIn(s.db, aside)).toEqual([1]);
  expect((await s.db.collection(aside).indexes())[1]).toMatchObject({ expireAfterSeconds: 2_147_483_647 });
});
