import type { Db } from 'mongodb';
import { expect, test } from 'vitest';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { type Lab, lab } from '../gate/journal/catalog/lab.ts';
import { connected, own } from './journalled.ts';
import { setting } from './setting.ts';

const names = async (db: Db) => (await db.collection('a').indexes()).map(({ name }) => name).sort();

async function undo({ raw }: Lab, fence = 1) {
  await using connection = await connected(raw);
  return await undoAttempt(connection, own, { migration: '1-test', number: 1 }, { fence, mode: 'strict' });
}

/** Somebody else is faster than the migration's command, which stands in the journal already. */
async function withAnother(
  it: Lab,
  migrate: (db: Db) => Promise<unknown>,
  lost: boolean,
  other: object,
): Promise<void> {
  await using run = await it.run(lost ? { dies: { after: 'createIndexes', answerLost: true } } : {});
  let first = true;
  const transact = run.context.transactor.transact.bind(run.context.transactor);
  Object.assign(run.context.transactor, {
    transact: async (...args: Parameters<typeof transact>) => {
      const result = await transact(...args);
      if (first) await it.raw.db.command({ createIndexes: 'a', indexes: [other] });
      first = false;
      return result;
    },
  });
  await migrate(run.db as unknown as Db).catch(() => {});
}

test.each([
  ['done', false],
  ['left in the middle', true],
])('an index that somebody else built meanwhile stays, of a change that was %s', async (_, lost) => {
  await using it = await lab();
  await it.raw.db.collection('a').insertOne({ n: 1 });
  const other = { key: { pad: 1 }, name: 'of_others' };
  await withAnother(it, (db) => db.collection('a').createIndex({ n: 1 }), lost, other);
  expect(await names(it.raw.db)).toEqual(['_id_', 'n_1', 'of_others']);
  expect(await undo(it)).toMatchObject({ state: 'undone', conflictsTotal: 0 });
  expect(await names(it.raw.db)).toEqual(['_id_', 'of_others']);
});

test('an index of somebody else that has the name already stays', async () => {
  await using it = await lab();
  await it.raw.db.collection('a').insertOne({ n: 1 });
  await withAnother(it, (db) => db.collection('a').createIndex({ n: 1 }), false, { key: { pad: 1 }, name: 'n_1' });
  expect(await undo(it)).toMatchObject({ state: 'undone' });
  expect(await names(it.raw.db)).toEqual(['_id_', 'n_1']);
});

test('every way to ask for indexes is on record with the names and keys that the server knows', async () => {
  await using it = await lab();
  await it.raw.db.collection('a').insertOne({ n: 1 });
  await using run = await it.run();
  const a = run.db.collection('a');
  await a.createIndex('b');
  await a.createIndex(['c', 'd']);
  await a.createIndex(['e', -1]);
  await a.createIndex([
    ['f', 1],
    ['g', -1],
  ]);
  await a.createIndex([{ h: 1 }, { i: '2dsphere' }]);
  await a.createIndex(new Map([['j', 1]]), { name: 'named', unique: true, sparse: true });
  await a.createIndex({ '$**': 1 });
  await a.createIndex({ k: 'hashed' });
  await a.createIndex({ l: 'text', m: 1 });
  await a.createIndexes([{ key: { o: 1, p: -1 } }, { key: { q: 1 }, name: 'q' }]);
  await run.db.command({ createIndexes: 'a', indexes: [{ key: { r: 1 }, name: 'r' }] });
  expect(await names(it.raw.db)).toHaveLength(13);
  expect(await undo(it)).toMatchObject({ state: 'undone', catalogChanges: 12 });
  expect(await names(it.raw.db)).toEqual(['_id_']);
});

test('where the journal tells neither what was asked nor what came of it, nothing is dropped', async () => {
  await using s = await setting(({ db }) => db.collection('a').insertOne({ n: 1 }));
  const create = () => s.db.collection('a').createIndex({ n: 1 });
  await s.journal.catalog('a', 'create-indexes', create, { intentOnly: true });
  const conflicts = [{ kind: 'collection', namespace: `${s.db.databaseName}.a`, reason: 'changed' }];
  expect(await s.undo()).toMatchObject({ state: 'conflicts', conflicts, entriesUndone: 0 });
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ conflicts });
  expect(await names(s.db)).toEqual(['_id_', 'n_1']);
});

const createIndex = (db: Db) => db.collection('a').createIndex({ n: 1 });
const collections = async (db: Db) => (await db.listCollections({ name: 'a' }).toArray()).length;

test('a collection that came into being with its index goes with it, and stays with documents of others without it', async () => {
  for (const intentOnly of [false, true]) {
    for (const documents of [0, 1]) {
      await using s = await setting(async () => {});
      const asked = [{ name: 'n_1', key: '[["n","1"]]' }];
      await s.journal.catalog('a', 'create-indexes', () => createIndex(s.db), { intentOnly, asked });
      if (documents > 0) await s.db.collection('a').insertOne({ n: 1 });
      expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 1, conflictsTotal: 0 });
      expect(await collections(s.db)).toBe(documents);
      if (documents > 0) expect(await names(s.db)).toEqual(['_id_']);
    }
  }
});

test.each([
  ['create-indexes', 'an index of its own', (db: Db) => db.collection('a').createIndex({ other: 1 })],
  ['create-indexes', 'nothing', (db: Db) => db.createCollection('a')],
  ['create-indexes', 'options', (db: Db) => db.createCollection('a', { capped: true, size: 4096 })],
  ['drop-indexes', 'nothing', (db: Db) => db.createCollection('a')],
  ['modify-collection', 'nothing', (db: Db) => db.createCollection('a')],
] as const)('where a %s was only intended, an empty collection with %s of others stays', async (type, _, make) => {
  await using s = await setting(async () => {});
  const asked = type === 'create-indexes' ? [{ name: 'n_1', key: '[["n","1"]]' }] : undefined;
  await s.journal.catalog('a', type, async () => {}, { intentOnly: true, asked });
  await make(s.db);
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 0, conflictsTotal: 0 });
  expect(await collections(s.db)).toBe(1);
});
