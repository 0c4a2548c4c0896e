import { setTimeout as sleep } from 'node:timers/promises';
import { Db } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { findCollection } from '../../../../../src/mongo/catalog.ts';
import { freshDatabase } from '../../../../setup/mongo.ts';
import { lab } from './lab.ts';

test('a dropped collection is kept whole under a name that nobody sees', async () => {
  await using it = await lab();
  const c = it.raw.db.collection<{ _id: number }>('c');
  await c.insertMany([{ _id: 1 }, { _id: 2 }]);
  await c.createIndex({ a: 1 });
  await using run = await it.run();
  expect(await run.db.collection('c').drop()).toBe(true);
  const [tombstone] = await it.tombstones();
  expect(await it.raw.db.collection(tombstone!).countDocuments()).toBe(2);
  expect((await it.raw.db.collection(tombstone!).indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1']);
  expect(await run.db.listCollections().toArray()).toEqual([]);
  expect(await run.db.collections()).toEqual([]);
  const listed = await run.db.command({ listCollections: 1 });
  expect(listed.cursor.firstBatch).toEqual([]);
  expect(run.gate.effects().collectionsDropped).toEqual(['c']);
  const [entry] = await it.entries();
  expect(entry).toMatchObject({ state: 'done', images: true, catalog: { type: 'drop-collection', tombstone } });
  await run.db.dropDatabase();
  expect(await it.tombstones()).toEqual([tombstone]);
  await expect(run.db.collection(tombstone!).drop()).rejects.toMatchObject({ code: 'GATE_OWN_COLLECTION' });
});

test('nothing expires in a tombstone, and the entry knows the old expiry', async () => {
  await using it = await lab();
  const c = it.raw.db.collection('c');
  await c.insertOne({ at: new Date(0) });
  await it.raw.db.createCollection('clustered', {
    clusteredIndex: { key: { _id: 1 }, unique: true },
    expireAfterSeconds: 100_000,
  });
  await c.createIndex({ at: 1 }, { expireAfterSeconds: 100_000, name: 'ttl' });
  await using run = await it.run();
  await run.db.collection('c').drop();
  await run.db.collection('clustered').drop();
  const states = await Promise.all(
    (await it.tombstones()).map(async (name) => {
      const [info] = await it.raw.db.listCollections({ name }).toArray();
      const indexes = await it.raw.db.collection(name).indexes();
      const ttl = indexes.find((index) => index.name === 'ttl')?.expireAfterSeconds;
      return [ttl, (info as { options?: { expireAfterSeconds?: number } }).options?.expireAfterSeconds];
    }),
  );
  expect(states.sort()).toEqual(
    [
      [2_147_483_647, undefined],
      [undefined, undefined],
    ].sort(),
  );
  const [entry] = await it.entries();
  const { calculateObjectSize: _, ...bson } = await import('mongodb').then(({ BSON }) => BSON);
  const before = entry!.catalog!.before!.indexes.map((bytes) =>
    bson.deserialize((bytes as { buffer: Uint8Array }).buffer),
  );
  expect(before.find(({ name }) => name === 'ttl')).toMatchObject({ expireAfterSeconds: 100_000 });
});

test('a capped collection is renamed, a view is remembered, a time series is gone and said so', async () => {
  await using it = await lab();
  await it.raw.db.createCollection('cap', { capped: true, size: 4096 });
  await it.raw.db.createCollection('v', { viewOn: 'cap', pipeline: [{ $match: { a: 1 } }] });
  await it.raw.db.createCollection('ts', { timeseries: { timeField: 't' } });
  await using run = await it.run();
  await run.db.dropCollection('v');
  await run.db.dropCollection('cap');
  await run.db.dropCollection('ts');
  expect(await it.tombstones()).toHaveLength(1);
  expect(await it.entries()).toMatchObject([
    { images: true, catalog: { before: { type: 'view' } } },
    { images: true },
    { images: false, note: expect.stringContaining(`${it.raw.name}.ts was dropped for good`) },
  ]);
  expect(run.notes()).toEqual([`The collection ${it.raw.name}.ts was dropped for good.`]);
});

test('without images a drop is a drop, and said so', async () => {
  await using it = await lab();
  await it.raw.db.createCollection('c');
  await using run = await it.run({ images: false });
  expect(await run.db.collection('c').drop()).toBe(true);
  expect(await it.tombstones()).toEqual([]);
  expect(run.notes()).toHaveLength(1);
});

test('what a rename and $out replace waits in tombstones', async () => {
  await using it = await lab();
  const insert = (name: string, _id: number) => it.raw.db.collection<{ _id: number }>(name).insertOne({ _id });
  await Promise.all([insert('a', 1), insert('b', 2), insert('c', 3)]);
  await using run = await it.run();
  await run.db.collection('a').rename('b', { dropTarget: true });
  await run.db
    .collection('b')
    .aggregate([{ $out: 'c' }])
    .toArray();
  const kept = await Promise.all((await it.tombstones()).map((name) => it.raw.db.collection(name).findOne()));
  expect(kept.map((document) => Number(document?._id)).sort()).toEqual([2, 3]);
  expect(await it.raw.db.collection('c').find().toArray()).toEqual([{ _id: 1 }]);
  const [rename, out] = await it.entries();
  expect(rename).toMatchObject({ images: true, catalog: { type: 'rename-collection', replaced: {} } });
  expect(out).toMatchObject({ images: true, catalog: { type: 'replace-collection', to: { collection: 'c' } } });
  expect(run.gate.effects().collectionsDropped).toEqual(['b']);
});

test('what an application writes while the name is free for a moment is in what was put there', async () => {
  await using it = await lab();
  const b = it.raw.db.collection<{ _id: number }>('b');
  await it.raw.db.collection<{ _id: number }>('a').insertOne({ _id: -1 });
  await b.insertOne({ _id: -2 });
  await using run = await it.run();
  let [written, stop] = [0, false];
  const application = (async () => {
    for (; !stop; written += 1) await b.insertOne({ _id: written });
  })();
  await run.db.collection('a').rename('b', { dropTarget: true });
  stop = true;
  await application;
  const [{ catalog } = {}] = await it.entries();
  expect(catalog?.displaced ?? []).toEqual([]);
  const idsIn = async (name: string) => (await it.raw.db.collection(name).distinct('_id')) as unknown as number[];
  const [replaced, there] = await Promise.all([idsIn(catalog!.tombstone!), idsIn('b')]);
  expect(replaced).toContain(-2);
  expect(there).toContain(-1);
  expect(new Set([...replaced, ...there]).size).toBe(written + 2);
});

test.each([
  { what: 'another document has its id', capped: false },
  { what: 'the collection is capped', capped: true },
])('what cannot come into it is kept where it is, and told: $what', async ({ capped }) => {
  await using it = await lab();
  const { db } = it.raw;
  if (capped) await db.createCollection('a', { capped: true, size: 4096, max: 2 });
  const whole = [{ _id: 1 }, { _id: 2 }];
  await db.collection<{ _id: number }>('a').insertMany(whole);
  await db.collection('b').insertOne({});
  const send = Db.prototype.command;
  let made = false;
  using _spy = vi.spyOn(Db.prototype, 'command').mockImplementation(async function (this: Db, command, options) {
    if (command.renameCollection === `${it.raw.name}.a` && !made) {
      made = true;
      while ((await findCollection(db, 'b')) !== undefined) await sleep(1);
      await db.collection<{ _id: number; user: boolean }>('b').insertOne({ _id: capped ? 3 : 1, user: true });
    }
    return send.call(this, command, options);
  });
  await using run = await it.run();
  await run.db.collection('a').rename('b', { dropTarget: true });
  const [{ catalog } = {}] = await it.entries();
  const [kept] = catalog?.displaced ?? [];
  expect(await it.tombstones()).toEqual([catalog!.tombstone!, kept].sort());
  expect(run.notes()).toEqual([expect.stringContaining(`documents are in ${kept} alone`)]);
  expect(await db.collection('b').find().toArray()).toEqual(whole);
});

test('a collection that was replaced between look and drop is left alone', async () => {
  await using it = await lab();
  await it.raw.db.collection('c').insertOne({ old: true });
  await using run = await it.run();
  const { transactor } = run.context;
  const replaced = it.raw.db.collection('c');
  Object.assign(run.context, {
    transactor: {
      transact: async (...args: Parameters<typeof transactor.transact>) => {
        const result = await transactor.transact(...args);
        await replaced.drop();
        await replaced.insertOne({ byUser: true });
        return result;
      },
    },
  });
  await expect(run.db.collection('c').drop()).rejects.toMatchObject({ code: 'OPERATION_IN_DOUBT' });
  expect(await replaced.findOne()).toMatchObject({ byUser: true });
  await expect(run.db.collection('c').dropIndex('nope')).rejects.toMatchObject({ code: 'CATALOG_MOVED' });
});

test('a drop waits for an index build of others', async () => {
  await using it = await lab();
  await using other = await freshDatabase();
  const c = it.raw.db.collection('c');
  await c.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x'.repeat(200) })));
  await using run = await it.run();
  const build = other.client.db(it.raw.name).collection('c').createIndex({ text: 1, n: 1 });
  await sleep(5);
  expect(await run.db.collection('c').drop()).toBe(true);
  await build.catch(() => {});
  expect(await it.tombstones()).toHaveLength(1);
});
