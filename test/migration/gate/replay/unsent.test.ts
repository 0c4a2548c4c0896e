import type * as mongodb from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { insertRaw } from '../../../../src/mongo/raw-write.ts';
import { element, int32, rawDocument } from '../../../mongo/odd-documents.ts';
import { freshDatabase, type TestDatabase } from '../../../setup/mongo.ts';
import { contents, fresh, type Migration, run } from './crashing.ts';

let it: TestDatabase;
beforeAll(async () => {
  it = await freshDatabase();
});
afterAll(() => it[Symbol.asyncDispose]());

const seed: Migration = async (db) => {
  await db.collection<mongodb.Document>('c').insertMany([1, 2, 3].map((_id) => ({ _id, n: _id })) as never[]);
};
beforeEach(() => fresh(it, seed));

function circular(): mongodb.Document {
  const document: mongodb.Document = { a: { b: [] } };
  document.a.b.push(document, document);
  return document;
}

type Call = (c: mongodb.Collection, db: mongodb.Db) => Promise<unknown>;

const one = { _id: 1 } as object;
/** What the driver refuses before it sends anything. */
const calls: Readonly<Record<string, Call>> = {
  'insertOne of a circle': (c) => c.insertOne(circular()),
  'insertOne of a name with a zero': (c) => c.insertOne({ 'a\0b': 1 }),
  'insertOne of another version’s value': (c) => c.insertOne({ a: { _bsontype: 'ObjectId' } }),
  'insertMany with a circle': (c) => c.insertMany([{ n: 9 }, circular()]),
  'insertMany with a name with a zero': (c) => c.insertMany([{ n: 9 }, { 'a\0b': 1 }], { ordered: false }),
  'insertMany of no list': (c) => c.insertMany({} as never),
  'insertMany of a document that is too large': (c) => c.insertMany([{ text: 'x'.repeat(17_000_000) }]),
  'updateOne without an operator': (c) => c.updateOne(one, { n: 1 }),
  'updateOne with a circle': (c) => c.updateOne(one, { $set: circular() }),
  'updateMany with a circle': (c) => c.updateMany({}, { $set: circular() }),
  'updateMany of a pipeline with a circle': (c) => c.updateMany({}, [{ $set: circular() }]),
  'updateMany without an operator': (c) => c.updateMany({}, { n: 1 }),
  'updateMany of a name with a zero': (c) => c.updateMany({ 'a\0b': 1 }, { $set: { n: 1 } }),
  'replaceOne with an operator': (c) => c.replaceOne(one, { $set: { n: 1 } }),
  'findOneAndUpdate without an operator': (c) => c.findOneAndUpdate(one, { n: 1 }),
  'deleteMany with a circle': (c) => c.deleteMany(circular()),
  'deleteOne of a name with a zero': (c) => c.deleteOne({ 'a\0b': 1 }),
  'bulkWrite of a model that there is not': (c) => c.bulkWrite([{ nope: {} } as never]),
  'bulkWrite of no list': (c) => c.bulkWrite({} as never),
  'bulkWrite of a name with a zero': (c) =>
    c.bulkWrite([
      { insertOne: { document: { _id: 9 } as object } },
      { updateMany: { filter: {}, update: { $set: { n: 9 } } } },
      { updateOne: { filter: one, update: { $set: { 'a\0b': 1 } } } },
      { deleteOne: { filter: one } },
    ]),
  'a command with a circle': (_, db) => db.command({ insert: 'c', documents: [circular()] }),
  'a long command of which one document has a name with a zero': (_, db) =>
    db.command({ insert: 'c', documents: [...Array.from({ length: 1500 }, (_, n) => ({ n })), { 'a\0b': 1 }] }),
  'bulkWrite with variables with a circle': (c) =>
    c.bulkWrite(
      [
        { insertOne: { document: { _id: 9 } as object } },
        { updateOne: { filter: one, update: [{ $set: { n: '$$v' } }] } },
      ],
      {
        let: circular(),
      },
    ),
  'a command with a name with a zero': (_, db) => db.command({ update: 'c', updates: [{ q: { 'a\0': 1 }, u: {} }] }),
  'createIndex with a circle': (c) => c.createIndex(circular() as never),
  'createCollection with a circle': (_, db) => db.createCollection('x', { validator: circular() }),
  'createCollection of no name': (_, db) => db.createCollection(''),
  'findOne with a circle': (c) => c.findOne(circular()),
  'find with a name with a zero': (c) => c.find({ 'a\0b': 1 }).toArray(),
  'aggregate with a circle': (c) => c.aggregate([{ $match: circular() }]).toArray(),
  'countDocuments with a name with a zero': (c) => c.countDocuments({ 'a\0b': 1 }),
};

const told = (error: unknown) => {
  const { name, message } = error as Error;
  return { name, message, class: (error as object).constructor.name, stack: typeof (error as Error).stack };
};

const caught = async (call: () => Promise<unknown>) => {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return expect.unreachable('it was not refused');
};

test.each(Object.entries(calls))(
  'a migration that catches what the driver refuses is taken up: %s',
  async (_, call) => {
    const plain = told(await caught(() => call(it.db.collection('c'), it.db)));
    const expected = await contents(it.db);
    await fresh(it, seed);
    const errors: unknown[] = [];
    const up: Migration = async (db) => {
      const c = db.collection<mongodb.Document>('c');
      errors.push(await caught(() => call(c, db)));
      await c.insertOne({ _id: 100 } as object);
      await c.insertOne({ _id: 101 } as object);
      await c.insertOne({ _id: 102 } as object);
    };
    expect(await run(it, up, { stopBefore: 2 })).toEqual({ how: 'stopped' });
    expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
    expect(errors.map(told)).toEqual([plain, plain]);
    const [first, second] = errors as [Error, Error];
    expect(Object.getPrototypeOf(second)).toBe(Object.getPrototypeOf(first));
    await it.db.collection('c').deleteMany({ _id: { $gte: 100 } as object });
    expect(await contents(it.db)).toEqual(expected);
  },
);

test('what the driver refuses in a transaction does not end it, and is refused again', async () => {
  const errors: unknown[] = [];
  const up: Migration = async (db, client) => {
    const c = db.collection<mongodb.Document>('c');
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await c.updateOne(one, { $set: { n: 10 } }, { session });
        errors.push(await caught(() => c.insertOne(circular(), { session })));
        errors.push(await caught(() => c.findOne({ 'a\0b': 1 }, { session })));
        await c.updateOne(one, { $inc: { n: 1 } }, { session });
      }),
    );
    await c.insertOne({ _id: 100 } as object);
    await c.insertOne({ _id: 101 } as object);
  };
  expect(await run(it, up, { stopBefore: 2 })).toEqual({ how: 'stopped' });
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  const [first, read, ...again] = errors.map(told);
  expect(first).toMatchObject({ class: 'BSONError' });
  expect(again).toEqual([first, read]);
  expect(await it.db.collection('c').findOne(one)).toEqual({ _id: 1, n: 11 });
});

/** A document whose text is no UTF-8: no driver reads it. */
const unreadable = rawDocument(
  element(0x10, '_id', int32(9)),
  element(0x10, 'n', int32(0)),
  element(0x02, 'text', Buffer.concat([int32(3), Buffer.from([0xc3, 0x28, 0])])),
);

test('a write in a transaction whose answer cannot be read is on record, and without images of it', async () => {
  await insertRaw(it.db, 'c', [[unreadable]]);
  const errors: unknown[] = [];
  const up: Migration = async (db, client) => {
    const c = db.collection<mongodb.Document>('c');
    await client.withSession(async (session) => {
      session.startTransaction();
      errors.push(await caught(() => c.findOneAndUpdate({ _id: 9 } as object, { $set: { n: 9 } }, { session })));
      await session.commitTransaction();
    });
    await c.insertOne({ _id: 100 } as object);
  };
  expect(await run(it, up, { stopBefore: 1 })).toEqual({ how: 'stopped' });
  expect(await it.db.collection('c').countDocuments({ n: 9 })).toBe(1);
  const entries = await it.db.collection('_mongo_release.journal').find({ kind: 'transaction' }).toArray();
  expect(entries).toMatchObject([{ images: false, calls: [{ error: { name: 'BSONError' } }] }]);
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(errors.map(told)).toEqual([told(errors[0]), told(errors[0])]);
  expect(await it.db.collection('c').countDocuments({ _id: 100 as never })).toBe(1);
});

test('what no transaction takes, and was answered by what cannot be read, counts as done', async () => {
  const capped = await it.db.createCollection<mongodb.Document>('capped', { capped: true, size: 4096 });
  await insertRaw(it.db, 'capped', [[unreadable]]);
  const up: Migration = async (db) => {
    const change = () => db.collection('capped').findOneAndUpdate({ _id: 9 } as object, { $inc: { n: 1 } });
    expect(await caught(change)).toMatchObject({ name: 'BSONError' });
    const c = db.collection<mongodb.Document>('c');
    await c.insertOne({ _id: 100 } as object);
    await c.insertOne({ _id: 101 } as object);
  };
  expect(await run(it, up, { stopBefore: 2 })).toEqual({ how: 'stopped' });
  const entries = await it.db.collection('_mongo_release.journal').find({ kind: 'unfenced' }).toArray();
  expect(entries).toMatchObject([{ state: 'done', error: { name: 'BSONError' } }]);
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(await capped.countDocuments({ n: 1 })).toBe(1);
});
