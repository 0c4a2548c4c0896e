import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ClientSession, Collection, Db, GridFSBucket, MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { gated } from './gated.ts';

describe("the wrapped driver is the driver's own to user code", () => {
  test('its objects are instances of their classes, and lead to no unwrapped one', async () => {
    await using it = await gated();
    const { client, db, raw } = it;
    const collection = db.collection('c');
    const session = client.startSession();
    expect(client).toBeInstanceOf(MongoClient);
    expect(db).toBeInstanceOf(Db);
    expect(collection).toBeInstanceOf(Collection);
    expect(session).toBeInstanceOf(ClientSession);
    const inner = (value: object, ...keys: string[]) =>
      keys.reduce((at, key) => (at as Record<string, object>)[key] as object, value);
    for (const found of [
      inner(db, 'client'),
      inner(collection, 'client'),
      inner(collection, 'db', 'client'),
      inner(session, 'client'),
      inner(collection.find(), 'cursorClient'),
      inner(db.admin(), 's', 'db', 'client'),
      inner(collection.initializeOrderedBulkOp(), 'collection', 'client'),
      await client.connect(),
    ]) {
      expect(found === client).toBe(true);
    }
    expect(inner(collection, 's', 'db') === raw.db).toBe(false);
    expect((await db.createCollection('made')) instanceof Collection).toBe(true);
    await (await db.createCollection('other')).insertOne({});
    await (await db.collection('other').rename('renamed')).insertOne({});
    for (const one of await db.collections()) await one.insertOne({});
    expect(it.gate.effects()).toMatchObject({ inserted: 4 });
    await session.endSession();
  });

  test('client.db() is the target, whatever the address names', async () => {
    await using it = await gated();
    expect(it.client.db().databaseName).toBe(it.raw.name);
    expect(it.db.databaseName).toBe(it.raw.name);
    expect(it.client.options.appName).toBe(undefined);
  });

  test('closing the client is ignored and said', async () => {
    await using it = await gated();
    await it.client.close();
    await it.client.close(true);
    await it.db.collection('c').insertOne({});
    expect(it.warnings).toHaveLength(1);
  });

  test('GridFS, change streams and streams work', async () => {
    await using it = await gated();
    const bucket = new GridFSBucket(it.db);
    await pipeline(Readable.from([Buffer.alloc(300_000, 1)]), bucket.openUploadStream('file'));
    let bytes = 0;
    for await (const chunk of bucket.openDownloadStreamByName('file')) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(300_000);
    expect(it.gate.effects().byCollection).toMatchObject({ 'fs.files': { inserted: 1 }, 'fs.chunks': { inserted: 2 } });
    const changes = it.db.collection('c').watch();
    const next = changes.next();
    await it.db.collection('c').insertOne({ a: 1 });
    expect(await next).toMatchObject({ operationType: 'insert' });
    await changes.close();
  });

  test('a cursor keeps its chain, its order and its early end', async () => {
    await using it = await gated();
    await it.db.collection<{ _id: number }>('c').insertMany(Array.from({ length: 250 }, (_, n) => ({ _id: n })));
    const cursor = it.db
      .collection<{ _id: number }>('c')
      .find()
      .sort({ _id: -1 })
      .batchSize(100)
      .map(({ _id }) => _id);
    expect(await cursor.next()).toBe(249);
    const seen: number[] = [];
    for await (const id of cursor) {
      seen.push(id);
      if (seen.length === 150) break;
    }
    expect([seen[0], seen.at(-1), cursor.killed]).toEqual([248, 99, true]);
    expect(it.gate.cursorOpen()).toBe(false);
    expect((await it.db.collection('c').find().limit(5).toArray()).length).toBe(5);
  });
});

describe('our own collections', () => {
  test('are listed nowhere and written by nobody', async () => {
    await using it = await gated();
    await it.raw.db.collection('_mongo_release.history').insertOne({ keep: true });
    await it.raw.db.collection('c').insertOne({});
    const names = (list: { name?: string }[]) => list.map(({ name }) => name);
    expect(names(await it.db.listCollections().toArray())).toEqual(['c']);
    expect(
      names(await it.db.listCollections({ name: '_mongo_release.history' }, { nameOnly: true }).toArray()),
    ).toEqual([]);
    expect(names(await it.db.listCollections({ name: 'c', $nor: [{ type: 'view' }] }).toArray())).toEqual(['c']);
    expect((await it.db.collections()).map(({ collectionName }) => collectionName)).toEqual(['c']);
    const listed = await it.db.command({ listCollections: 1 });
    expect(names(listed.cursor.firstBatch)).toEqual(['c']);
    expect(names((await it.db.runCursorCommand({ listCollections: 1 }).toArray()) as [])).toEqual(['c']);
    const ours = it.db.collection('_mongo_release.history');
    for (const write of [
      () => ours.insertOne({}),
      () => ours.deleteMany({}),
      () => ours.drop(),
      () => ours.createIndex({ a: 1 }),
      () => ours.initializeOrderedBulkOp().insert({}).execute(),
      () => it.db.collection('c').rename('_mongo_release.history', { dropTarget: true }),
      () =>
        it.db
          .collection('c')
          .aggregate([{ $out: '_mongo_release.history' }])
          .toArray(),
      () =>
        it.db
          .collection('c')
          .aggregate([{ $merge: { into: '_mongo_release.lease' } }])
          .toArray(),
      () => it.db.command({ drop: '_mongo_release.history' }),
      () => it.db.command({ delete: '_mongo_release.history', deletes: [{ q: {}, limit: 0 }] }),
      () =>
        it.client
          .db('admin')
          .command({ renameCollection: `${it.raw.name}._mongo_release.history`, to: `${it.raw.name}.x` }),
      () => it.db.createCollection('_mongo_release.lease'),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'GATE_OWN_COLLECTION' });
    }
    expect(it.gate.effects().operations).toBe(0);
  });

  test('outlive dropDatabase, in each of its ways', async () => {
    await using it = await gated();
    await it.raw.db.collection('_mongo_release.history').insertOne({ keep: true });
    for (const drop of [() => it.db.dropDatabase(), () => it.db.command({ dropDatabase: 1 })]) {
      await it.raw.db.collection('c').insertOne({});
      await it.raw.db.createCollection('v', { viewOn: 'c', pipeline: [] });
      await drop();
      const left = await it.raw.db.listCollections({ name: { $not: /^system/ } }).toArray();
      expect(left.map(({ name }) => name)).toEqual(['_mongo_release.history']);
    }
    expect(it.gate.effects().collectionsDropped).toEqual(['v', 'c', 'v', 'c']);
  });
});
