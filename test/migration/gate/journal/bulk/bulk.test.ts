import type { Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { journaled } from './journaled.ts';

const all = (db: Db) => db.collection<Document>('c').find().sort({ _id: 1 }).toArray();

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
