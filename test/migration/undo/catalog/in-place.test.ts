import { type Db, Int32 } from 'mongodb';
import { expect, test } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import { undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { readCatalog } from '../../../../src/mongo/catalog.ts';
import { type Lab, lab } from '../../gate/journal/catalog/lab.ts';
import { connected, own } from '../journalled.ts';
import { setting } from '../setting.ts';

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
  expect(await undo(it)).toMatchObject({ state: 'undone', left: [] });
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
  const why = `${s.db.databaseName}.a was changed since by somebody else`;
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ left: [{ why }] });
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
      expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 1, left: [] });
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
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 0, left: [] });
  expect(await collections(s.db)).toBe(1);
});

/** What a dry run says, and what a tolerant undo then does. */
async function undoneAsForetold(s: Awaited<ReturnType<typeof setting>>) {
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  const result = await s.undo({ mode: 'tolerant' });
  expect(result).toMatchObject({ state: 'undone' });
  const left = await leftInCatalog(s.db, own, s.journal.attempt);
  expect(forecast?.left).toEqual(left);
  return left.map(({ namespace, index }) => [namespace.split('.')[1], ...(index === undefined ? [] : [index])]);
}

async function now(db: Db, name = 'a') {
  const [info] = await readCatalog(db, name);
  return {
    options: info?.options,
    indexes: new Map(info?.indexes.map(({ v: _, name: index, ...spec }) => [index, spec])),
  };
}

const withIndexes = async ({ db }: { db: Db }) => {
  await db.createCollection('a', { validator: { n: { $lt: 10 } } });
  await db.collection('a').createIndexes([
    { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 3600 },
    { key: { h: 1 }, name: 'h' },
    { key: { u: 1 }, name: 'u' },
  ]);
};
const modify = (s: { db: Db }, change: object) => s.db.command({ collMod: 'a', ...change });

test('an index that the migration never touched stays as its user made it, whatever else the migration changed', async () => {
  await using s = await setting(withIndexes);
  await s.journal.catalog('a', 'modify-collection', () => modify(s, { validator: { n: { $lt: 20 } } }));
  await s.journal.catalog('a', 'create-indexes', () => s.db.collection('a').createIndex({ z: 1 }), {
    asked: [{ name: 'z_1', key: '[["z","1"]]' }],
  });
  await s.journal.catalog('a', 'drop-indexes', () => s.db.collection('a').dropIndex('h'));
  await modify(s, { index: { name: 'ttl', expireAfterSeconds: 60 } });
  await s.db.collection('a').dropIndex('u');
  await s.db.collection('a').createIndex({ u: 1 }, { name: 'u', unique: true });
  await s.db.collection('a').createIndex({ theirs: 1 }, { name: 'theirs' });
  expect(await undoneAsForetold(s)).toEqual([]);
  const { options, indexes } = await now(s.db);
  expect(options).toMatchObject({ validator: { n: { $lt: new Int32(10) } } });
  expect([...indexes.keys()].sort()).toEqual(['_id_', 'h', 'theirs', 'ttl', 'u']);
  expect(indexes.get('ttl')).toMatchObject({ expireAfterSeconds: new Int32(60) });
  expect(indexes.get('u')).toMatchObject({ unique: true });
});

test('options that a user changed after the migration stay, the level of a validator with it', async () => {
  await using s = await setting(withIndexes);
  const change = { validator: { n: { $lt: 20 } }, validationLevel: 'moderate' };
  await s.journal.catalog('a', 'modify-collection', () => modify(s, change));
  await modify(s, { validator: { n: { $lt: 30 } } });
  expect(await undoneAsForetold(s)).toEqual([['a']]);
  const [left] = await leftInCatalog(s.db, own, s.journal.attempt);
  expect(left?.why).toBe(`${s.db.databaseName}.a: validator was changed since by somebody else`);
  expect((await now(s.db)).options).toMatchObject({
    validator: { n: { $lt: new Int32(30) } },
    validationLevel: 'moderate',
  });
});

test('an option that only a user changed stays beside one that goes back', async () => {
  await using s = await setting(withIndexes);
  await s.journal.catalog('a', 'modify-collection', () => modify(s, { validator: { n: { $lt: 20 } } }));
  await modify(s, { validationAction: 'warn' });
  expect(await undoneAsForetold(s)).toEqual([]);
  expect((await now(s.db)).options).toMatchObject({
    validator: { n: { $lt: new Int32(10) } },
    validationAction: 'warn',
  });
});

test.each([
  ['expires otherwise', (s: { db: Db }) => modify(s, { index: { name: 'ttl', expireAfterSeconds: 60 } })],
  ['is hidden', (s: { db: Db }) => modify(s, { index: { name: 'ttl', hidden: true } })],
  ['is gone', (s: { db: Db }) => s.db.collection('a').dropIndex('ttl')],
])('an index that the migration modified and that %s by its user stays so, and is told', async (_, change) => {
  await using s = await setting(withIndexes);
  const modifies = () => modify(s, { index: { name: 'ttl', expireAfterSeconds: 9 } });
  await s.journal.catalog('a', 'modify-collection', modifies);
  await change(s);
  const before = await now(s.db);
  expect(await undoneAsForetold(s)).toEqual([['a', 'ttl']]);
  expect(await now(s.db)).toEqual(before);
});

test('where a user made another index under the name of a dropped one, theirs stays and the old one is told', async () => {
  await using s = await setting(withIndexes);
  await s.journal.catalog('a', 'drop-indexes', () => s.db.collection('a').dropIndex('h'));
  await s.db.collection('a').createIndex({ z: 1 }, { name: 'h' });
  expect(await undoneAsForetold(s)).toEqual([['a', 'h']]);
  expect((await now(s.db)).indexes.get('h')).toMatchObject({ key: { z: new Int32(1) } });
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 0 });
});

test('an index of the migration that a user replaced by a unique one stays, and a strict undo does not begin', async () => {
  await using s = await setting(withIndexes);
  const asked = [{ name: 'n_1', key: '[["n","1"]]' }];
  await s.journal.catalog('a', 'create-indexes', () => createIndex(s.db), { asked });
  await s.db.collection('a').dropIndex('n_1');
  await s.db.collection('a').createIndex({ n: 1 }, { unique: true });
  const conflicts = [{ kind: 'index', namespace: `${s.db.databaseName}.a`, index: 'n_1' }];
  expect(await s.undo()).toMatchObject({ state: 'conflicts', conflicts, entriesUndone: 0 });
  expect(await undoneAsForetold(s)).toEqual([['a', 'n_1']]);
  expect((await now(s.db)).indexes.get('n_1')).toMatchObject({ unique: true });
});

test('what the migration changed several times itself is nobody else’s change', async () => {
  await using s = await setting(withIndexes);
  for (const n of [20, 30, 40]) {
    await s.journal.catalog('a', 'modify-collection', () => modify(s, { validator: { n: { $lt: n } } }));
  }
  const asked = [{ name: 'n_1', key: '[["n","1"]]' }];
  await s.journal.catalog('a', 'create-indexes', () => createIndex(s.db), { asked });
  const hide = (hidden: boolean) => modify(s, { index: { name: 'n_1', hidden } });
  await s.journal.catalog('a', 'modify-collection', () => hide(true));
  await s.journal.catalog('a', 'modify-collection', () => modify(s, { index: { name: 'n_1', expireAfterSeconds: 5 } }));
  await s.journal.drop('a');
  expect(await undoneAsForetold(s)).toEqual([]);
  expect(await s.differences()).toEqual([]);
});

test('a unique index that users are in the way of is not built, and that is told as long as the journal lasts', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').insertOne({ n: 1 });
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
  });
  await s.journal.catalog('a', 'drop-indexes', () => s.db.collection('a').dropIndex('n_1'));
  await s.db.collection('a').insertOne({ n: 1 });
  const why = `${s.db.databaseName}.a: index n_1 cannot be built as it was (11000)`;
  for (let time = 0; time < 2; time++)
    expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ state: 'undone', left: [{ why }] });
  expect(await leftInCatalog(s.db, own, s.journal.attempt)).toEqual([
    { namespace: `${s.db.databaseName}.a`, index: 'n_1', why },
  ]);
});

test('a view that a user replaced by a collection stays', async () => {
  await using s = await setting(({ db }) => db.createCollection('v', { viewOn: 'a', pipeline: [] }));
  const change = { collMod: 'v', viewOn: 'a', pipeline: [{ $match: { n: 1 } }] };
  await s.journal.catalog('v', 'modify-collection', () => s.db.command(change));
  await s.db.dropCollection('v');
  await s.db.createCollection('v');
  expect(await undoneAsForetold(s)).toEqual([['v']]);
});
