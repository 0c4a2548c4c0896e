import { type Db, type Document, MongoBulkWriteError, MongoClient, ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { ownNames } from '../../../../../src/mongo/own.ts';
import { journaled, Killed } from './journaled.ts';

const all = (db: Db) => db.collection<Document>('c').find().sort({ _id: 1 }).toArray();
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);

test('a list is one entry, committed with its effect and images', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany([
    { _id: 1 as never, n: 1 },
    { _id: 2 as never, n: 2 },
  ]);
  const { db, committed } = await it.run();
  const result = await db
    .collection<Document>('c')
    .bulkWrite([
      { insertOne: { document: { n: 3 } } },
      { updateOne: { filter: { _id: 1 as never }, update: { $inc: { n: 10 } } } },
      { updateMany: { filter: { n: { $gt: 1 } }, update: { $set: { seen: true } } } },
      { deleteOne: { filter: { n: 2 } } },
    ]);
  expect(result).toMatchObject({ insertedCount: 1, matchedCount: 4, modifiedCount: 4, deletedCount: 1 });
  expect(committed()).toBe(1);
  const [entry] = await it.entries();
  expect(entry).toMatchObject({ kind: 'write', state: 'done', method: 'bulkWrite', images: true });
  expect((await it.images(entry!)).length).toBe(3);
  expect((await all(it.raw.db)).map(({ n }) => n).sort()).toEqual([11, 3]);
});

test('a large list is cut, and is one entry and one answer all the same', async () => {
  await using it = await journaled();
  const { db, committed } = await it.run();
  const documents = numbers(2500).map((n) => ({ n }) as Document);
  const { insertedCount, insertedIds } = await db.collection<Document>('c').insertMany(documents);
  expect(insertedCount).toBe(2500);
  expect(Object.keys(insertedIds).length).toBe(2500);
  expect(documents.map(({ _id }) => String(_id))).toEqual(Object.values(insertedIds).map(String));
  // In the order of their ids, as the driver makes them.
  expect((await all(it.raw.db)).map(({ n }) => n)).toEqual(numbers(2500));
  expect(committed()).toBeGreaterThan(2);
  const entries = await it.entries();
  expect(entries.map(({ state }) => state)).toEqual(['done']);
  expect((await it.images(entries[0]!)).length).toBe(2500);
});

test('a list that was interrupted goes on where it was, under the same ids', async () => {
  await using it = await journaled();
  const migrate = async (db: Db) => {
    const documents = numbers(2500).map((n) => ({ n }) as Document);
    const { insertedIds } = await db.collection<Document>('c').insertMany(documents);
    return { documents, insertedIds };
  };
  await it.raw.db.createCollection('c');
  const first = await it.run();
  first.dieAfter(2);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const between = await it.entries();
  expect(between.map(({ state }) => state)).toEqual(['progress']);
  expect((await all(it.raw.db)).length).toBeLessThan(2500);
  const second = await it.run();
  const { documents, insertedIds } = await migrate(second.db);
  const found = await all(it.raw.db);
  expect(found.map(({ n }) => n)).toEqual(numbers(2500));
  expect(found.map(({ _id }) => String(_id))).toEqual(documents.map(({ _id }) => String(_id)));
  expect(Object.values(insertedIds).map(String)).toEqual(documents.map(({ _id }) => String(_id)));
  expect((await it.entries()).map(({ state }) => state)).toEqual(['done']);
});

test('a builder that was interrupted goes on, its counts and upserts included', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany(numbers(1500).map((_id) => ({ _id, n: 0 }) as Document));
  const migrate = async (db: Db) => {
    const bulk = db.collection<Document>('c').initializeOrderedBulkOp();
    for (const _id of numbers(1500)) bulk.find({ _id }).updateOne({ $inc: { n: 1 } });
    bulk
      .find({ _id: 9000 })
      .upsert()
      .updateOne({ $set: { n: 1 } });
    for (const n of numbers(300)) bulk.insert({ n: 10 + n });
    const result = await bulk.execute();
    await expect(bulk.execute()).rejects.toMatchObject({ name: 'MongoBatchReExecutionError' });
    return result;
  };
  const first = await it.run();
  first.dieAfter(1);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const second = await it.run();
  const result = await migrate(second.db);
  expect(result).toMatchObject({ matchedCount: 1500, modifiedCount: 1500, upsertedCount: 1, insertedCount: 300 });
  expect(result.upsertedIds).toEqual({ 1500: 9000 });
  expect(await c.countDocuments({ n: 1 })).toBe(1501);
  // What was done is answered from the journal, and nothing is done twice.
  const third = await it.run();
  expect(await migrate(third.db)).toMatchObject({ matchedCount: 1500, insertedCount: 300 });
  expect(third.committed()).toBe(0);
});

test('a builder whose ids are more than an entry holds is carried out, and not taken up again', async () => {
  let made = 0;
  const createPk = () => `${made++}`.padStart(9000, 'x');
  await using it = await journaled({ connect: (uri) => new MongoClient(uri, { pkFactory: { createPk } }).connect() });
  await it.raw.db.createCollection('c');
  const migrate = async (db: Db) => {
    const bulk = db.collection<Document>('c').initializeUnorderedBulkOp();
    for (const n of numbers(2000)) bulk.insert({ n });
    return bulk.execute();
  };
  const first = await it.run();
  first.dieAfter(1);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const second = await it.run();
  await expect(migrate(second.db)).rejects.toMatchObject({ code: 'REPLAY_DIVERGED' });
  await it.raw.db.collection(ownNames().journal).deleteMany({});
  await it.raw.db.collection('c').deleteMany({});
  const third = await it.run();
  expect(await migrate(third.db)).toMatchObject({ insertedCount: 2000 });
});

test('an unordered list goes on behind what is refused, in several runs as in one', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany([10, 700, 1200].map((_id) => ({ _id, old: true }) as Document));
  const migrate = (db: Db) =>
    db.collection<Document>('c').insertMany(
      numbers(1300).map((_id) => ({ _id }) as Document),
      { ordered: false },
    );
  const first = await it.run();
  first.dieAfter(2);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const second = await it.run();
  const error = (await migrate(second.db).catch((error) => error)) as MongoBulkWriteError;
  expect(error).toBeInstanceOf(MongoBulkWriteError);
  expect(error.insertedCount).toBe(1297);
  expect([error.writeErrors].flat().map(({ index, code }) => [index, code])).toEqual([
    [10, 11000],
    [700, 11000],
    [1200, 11000],
  ]);
  expect(await c.countDocuments()).toBe(1300);
  expect(await c.countDocuments({ old: true })).toBe(3);
  const third = await it.run();
  await expect(migrate(third.db)).rejects.toMatchObject({ code: 11000, insertedCount: 1297 });
});

test('a statement for more documents than a transaction holds is done in batches within its list', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany(numbers(7000).map((_id) => ({ _id, n: 0 }) as Document));
  const migrate = (db: Db) =>
    db
      .collection<Document>('c')
      .bulkWrite([
        { insertOne: { document: { _id: 9000 as never, n: 5 } } },
        { updateMany: { filter: {}, update: { $inc: { n: 1 } } } },
        { deleteMany: { filter: { n: 6 } } },
      ]);
  const first = await it.run();
  first.dieAfter(3);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const second = await it.run();
  expect(await migrate(second.db)).toMatchObject({ insertedCount: 1, modifiedCount: 7001, deletedCount: 1 });
  expect(await c.countDocuments({ n: 1 })).toBe(7000);
  const entries = await it.entries();
  expect(entries.map(({ state }) => state)).toEqual(['done']);
  // The one that was inserted, changed and deleted has an image for each of its transactions.
  expect((await it.images(entries[0]!)).length).toBeGreaterThanOrEqual(7001);
});

test('the ids that the server would give are known to the images', async () => {
  await using it = await journaled();
  const { db } = await it.run();
  const documents: Document[] = [{ n: 1 }, { n: 2 }];
  const { insertedIds } = await db.collection<Document>('c').insertMany(documents, { forceServerObjectId: true });
  expect(documents).toEqual([{ n: 1 }, { n: 2 }]);
  expect(Object.values(insertedIds)).toEqual([undefined, undefined]);
  expect((await all(it.raw.db)).every(({ _id }) => _id instanceof ObjectId)).toBe(true);
  const [entry] = await it.entries();
  expect((await it.images(entry!)).length).toBe(2);
});

test('unacknowledged writes are acknowledged: their outcome goes on record', async () => {
  await using it = await journaled();
  const { db } = await it.run();
  await db.collection<Document>('c').insertMany([{ n: 1 }], { writeConcern: { w: 0 } });
  await db.collection<Document>('c').bulkWrite([{ updateOne: { filter: { n: 1 }, update: { $set: { n: 2 } } } }], {
    writeConcern: { w: 0 },
  });
  expect((await all(it.raw.db)).map(({ n }) => n)).toEqual([2]);
  expect((await it.entries()).map(({ state }) => state)).toEqual(['done', 'done']);
});

test('options of lists and of their statements reach the server', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany([
    { _id: 1 as never, name: 'Ä', list: [1, 2], n: 1 },
    { _id: 2 as never, name: 'b', list: [3], n: 2 },
  ]);
  const { db } = await it.run();
  const result = await db.collection<Document>('c').bulkWrite(
    [
      {
        updateMany: {
          filter: { name: 'ä' },
          update: { $set: { found: true } },
          collation: { locale: 'de', strength: 1 },
        },
      },
      { updateOne: { filter: { n: 1 }, update: { $inc: { 'list.$[big]': 10 } }, arrayFilters: [{ big: { $gt: 1 } }] } },
      {
        updateOne: {
          filter: { $expr: { $eq: ['$n', '$$wanted'] } },
          update: [{ $set: { seen: '$$wanted' } }],
          hint: '_id_',
        },
      },
    ],
    { let: { wanted: 2 }, comment: 'why', bypassDocumentValidation: true },
  );
  expect(result.modifiedCount).toBe(3);
  expect(await all(it.raw.db)).toEqual([
    { _id: 1, name: 'Ä', list: [1, 12], n: 1, found: true },
    { _id: 2, name: 'b', list: [3], n: 2, seen: 2 },
  ]);
});

test('a raw findAndModify has the image of the one document it chose', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany([3, 1, 2].map((n) => ({ _id: n, n, kind: 'a' }) as Document));
  const { db } = await it.run();
  const reply = await db.command({
    findAndModify: 'c',
    query: { kind: 'a' },
    sort: { n: 1 },
    update: { $set: { kind: 'b' } },
    writeConcern: { w: 1 },
  });
  expect(reply.value).toEqual({ _id: 1, n: 1, kind: 'a' });
  const upsert = { findAndModify: 'c', query: { _id: 9 }, update: { $set: { n: 9 } }, upsert: true, new: true };
  expect((await db.command(upsert)).value).toEqual({ _id: 9, n: 9 });
  await expect(db.command({ findAndModify: 'c', query: {}, update: { $nonsense: 1 } })).rejects.toMatchObject({
    name: 'MongoServerError',
  });
  const entries = await it.entries();
  expect(entries.map(({ state }) => state)).toEqual(['done', 'done', 'refused']);
  expect((await it.images(entries[0]!)).length).toBe(1);
  expect((await it.images(entries[1]!)).map(({ before }) => before)).toEqual([undefined]);
});

test('what is wrong is said as the driver says it, and nothing is sent', async () => {
  await using it = await journaled();
  const { db } = await it.run();
  const plain = it.raw.db.collection<Document>('c');
  const through = db.collection<Document>('c');
  const calls: ((c: typeof plain) => Promise<unknown>)[] = [
    (c) => c.bulkWrite([]),
    (c) => c.insertMany([]),
    (c) => c.insertMany('text' as never),
    (c) => c.insertMany([null as never, undefined as never]),
    (c) => c.bulkWrite('text' as never),
    (c) => c.bulkWrite([{ nonsense: {} } as never]),
    (c) => c.bulkWrite([{ updateOne: { filter: {}, update: { n: 1 } } }]),
    (c) => c.bulkWrite([{ replaceOne: { filter: {}, replacement: { $set: { n: 1 } } as never } }]),
    (c) => c.initializeOrderedBulkOp().execute(),
  ];
  const said = async (run: () => Promise<unknown>) => {
    const error = (await run().catch((error) => error)) as Error;
    return [error.name, error.message];
  };
  for (const call of calls) {
    await plain.deleteMany({});
    const expected = await said(() => call(plain));
    await plain.deleteMany({});
    expect(await said(() => call(through))).toEqual(expected);
  }
  // The driver makes a document of null.
  expect((await it.entries()).filter(({ state }) => state !== 'refused').length).toBeLessThanOrEqual(1);
});

test('a document that changes between a builder and its execution is sent as it was, as the driver does', async () => {
  await using it = await journaled();
  const fill = async (db: Db, name: string) => {
    const bulk = db.collection<Document>(name).initializeUnorderedBulkOp();
    const row: Document = {};
    for (const n of [1, 2, 3]) {
      Object.assign(row, { _id: n, n });
      bulk.insert(row);
    }
    return (await bulk.execute()).insertedCount;
  };
  const { db } = await it.run();
  expect(await fill(db, 'c')).toBe(await fill(it.raw.db, 'plain'));
  expect(await all(it.raw.db)).toEqual(await it.raw.db.collection('plain').find().sort({ _id: 1 }).toArray());
});

test('a list that is answered from the journal gives its documents their ids again', async () => {
  await using it = await journaled();
  const migrate = async (db: Db) => {
    const c = db.collection<Document>('c');
    const [many, model, built]: Document[] = [{ n: 1 }, { n: 2 }, { n: 3 }];
    await c.insertMany([many!]);
    await c.bulkWrite([{ deleteOne: { filter: { n: 9 } } }, { insertOne: { document: model! } }]);
    await c.initializeOrderedBulkOp().insert(built!).execute();
    return [many, model, built].map((document) => String(document?._id));
  };
  const first = await migrate((await it.run()).db);
  const second = await it.run();
  expect(await migrate(second.db)).toEqual(first);
  expect(second.committed()).toBe(0);
  expect(first).toEqual((await all(it.raw.db)).map(({ _id }) => String(_id)));
});

test('a list gets through beside users who write to the same documents', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany(numbers(600).map((_id) => ({ _id, n: 0, users: 0 }) as Document));
  const { db } = await it.run();
  let ended = false;
  let written = 0;
  const users = [0, 1].map(async () => {
    for (; !ended; written += 1) await c.updateOne({ _id: ((written * 7) % 600) as never }, { $inc: { users: 1 } });
  });
  const bulk = db.collection<Document>('c').initializeUnorderedBulkOp();
  for (const _id of numbers(600)) bulk.find({ _id }).updateOne({ $inc: { n: 1 } });
  const result = await bulk.execute();
  ended = true;
  await Promise.all(users);
  expect(result.modifiedCount).toBe(600);
  expect(await c.countDocuments({ n: 1 })).toBe(600);
  const [sum] = await c.aggregate([{ $group: { _id: null, users: { $sum: '$users' } } }]).toArray();
  expect(sum?.users).toBe(written);
});

test('without images a list is kept all the same, and can be taken up again', async () => {
  await using it = await journaled({ images: false });
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany(numbers(1500).map((_id) => ({ _id, n: 0 }) as Document));
  const migrate = (db: Db) =>
    db
      .collection<Document>('c')
      .bulkWrite(
        [
          ...numbers(1500).map((n) => ({ updateOne: { filter: { _id: n as never }, update: { $inc: { n: 1 } } } })),
          { insertOne: { document: { _id: 3 as never } } },
          { deleteMany: { filter: { n: 0 } } },
        ],
        { ordered: false },
      );
  const first = await it.run();
  first.dieAfter(1);
  await expect(migrate(first.db)).rejects.toThrow(Killed);
  const error = await migrate((await it.run()).db).catch((error) => error);
  expect(error).toMatchObject({ code: 11000, matchedCount: 1500, modifiedCount: 1500, deletedCount: 0 });
  expect(await c.countDocuments({ n: 1 })).toBe(1500);
  const [entry] = await it.entries();
  expect(entry).toMatchObject({ state: 'done', images: false });
  expect(await it.images(entry!)).toEqual([]);
});

test('what cannot be found by reading it first is said as the server says it', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  await c.insertMany(numbers(5).map((_id) => ({ _id, n: 0 }) as Document));
  const { db } = await it.run();
  const lists: Parameters<typeof c.bulkWrite>[0][] = [
    [
      { updateOne: { filter: { n: 0 }, update: { $set: { n: 1 } } } },
      { updateOne: { filter: { n: 0 }, update: { $set: { n: 2 } }, hint: 'no such index' } },
      { updateOne: { filter: { n: 0 }, update: { $set: { n: 3 } } } },
    ],
    [{ updateMany: { filter: { loc: { $near: [0, 0] } }, update: { $set: { n: 9 } } } }],
    [{ updateOne: { filter: { $expr: { $gt: [{ $rand: {} }, 2] } }, update: { $set: { n: 9 } } } }],
  ];
  const said = async (run: () => Promise<unknown>) => {
    const { name, code, writeErrors } = (await run().catch((error) => error)) as Document;
    return [name, code, [writeErrors ?? []].flat().map((error: Document) => [error.index, error.code])];
  };
  for (const list of lists) {
    await c.updateMany({}, { $set: { n: 0 } });
    const expected = await said(() => c.bulkWrite(list));
    const left = await all(it.raw.db);
    await c.updateMany({}, { $set: { n: 0 } });
    expect(await said(() => db.collection<Document>('c').bulkWrite(list))).toEqual(expected);
    expect(await all(it.raw.db)).toEqual(left);
  }
});

describe('a list that is answered more than a document of the journal holds', () => {
  const migrate = (db: Db) =>
    db.collection<Document>('c').bulkWrite(
      numbers(300).map((n) => ({
        updateOne: { filter: { _id: 'k'.repeat(100_000) + n }, update: { $set: { n } }, upsert: true },
      })) as never,
      { ordered: false },
    );

  test('is carried out, and answered in full', async () => {
    await using it = await journaled();
    const { db } = await it.run();
    const result = await migrate(db);
    expect(result.upsertedCount).toBe(300);
    expect(Object.keys(result.upsertedIds).length).toBe(300);
    expect(await it.raw.db.collection('c').countDocuments()).toBe(300);
    expect((await it.entries()).map(({ state }) => state)).toEqual(['done']);
  });

  test('is not taken up again: another process does not know what it was answered', async () => {
    await using it = await journaled();
    await it.raw.db.createCollection('c');
    const first = await it.run();
    first.dieAfter(2);
    await expect(migrate(first.db)).rejects.toThrow(Killed);
    const left = await it.raw.db.collection('c').countDocuments();
    expect(left).toBeGreaterThan(0);
    const second = await it.run();
    await expect(migrate(second.db)).rejects.toMatchObject({ code: 'REPLAY_DIVERGED' });
    expect(await it.raw.db.collection('c').countDocuments()).toBe(left);
  });
});
