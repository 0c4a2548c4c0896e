import { BSON, type Db, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import { journaled } from './journaled.ts';

async function migrate(db: Db): Promise<Document> {
  const c = db.collection<Document>('c');
  return db.client.withSession(async (session) => {
    session.startTransaction();
    const inserted = await c.insertMany([{ n: 10 }, { n: 11 }], { session });
    const bulk = c.initializeUnorderedBulkOp();
    bulk.find({ _id: 1 }).updateOne({ $inc: { n: 1 } });
    bulk.find({ n: { $gt: 2, $lt: 7 } }).delete();
    bulk
      .find({ _id: 7 })
      .upsert()
      .updateOne({ $set: { n: 7 } });
    bulk.insert({ n: 12 });
    const built = await bulk.execute({ session });
    const written = await c.bulkWrite([{ updateMany: { filter: { n: { $gte: 10 } }, update: { $inc: { n: 5 } } } }], {
      session,
    });
    await session.commitTransaction();
    return { inserted, built, modified: written.modifiedCount };
  });
}

test('lists in a transaction of user code have images, too', async () => {
  await using it = await journaled();
  const c = it.raw.db.collection<Document>('c');
  const before = [1, 2, 3].map((n) => ({ _id: n, n }) as Document);
  await c.insertMany(before);
  const { db } = await it.run();
  const result = await migrate(db);
  expect(result).toMatchObject({
    inserted: { insertedCount: 2 },
    built: { insertedCount: 1, modifiedCount: 1, deletedCount: 1, upsertedCount: 1 },
    modified: 3,
  });
  const entry = (await it.all()).find(({ kind }) => kind === 'transaction');
  expect(entry).toMatchObject({ state: 'done', images: true });
  const documents = new Map((await c.find().toArray()).map((document) => [String(document._id), document]));
  for (const image of (await it.images(entry!)).reverse()) {
    const { _id, ...rest } = BSON.deserialize((image.before ?? image.after)!);
    if (image.before === undefined) documents.delete(String(_id));
    else documents.set(String(_id), { _id, ...rest });
  }
  expect([...documents.values()].sort((a, b) => Number(a._id) - Number(b._id))).toEqual(before);
});
