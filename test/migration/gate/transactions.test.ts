import { describe, expect, test } from 'vitest';
import { type Gated, gated } from './gated.ts';

async function withCollection(): Promise<Gated> {
  const it = await gated();
  await it.raw.db.collection('c').insertOne({ a: 0 });
  return it;
}

describe('a transaction of user code', () => {
  test('counts when it commits', async () => {
    await using it = await withCollection();
    const session = it.client.startSession();
    session.startTransaction();
    await it.db.collection('c').insertOne({}, { session });
    await it.db.collection('c').updateMany({}, { $set: { b: 1 } }, { session });
    expect(it.gate.effects().operations).toBe(0);
    await session.commitTransaction();
    await session.endSession();
    expect(it.gate.effects()).toMatchObject({ inserted: 1, modified: 2, operations: 2, unknown: 0 });
    expect(it.gate.transactions.open()).toEqual([]);
  });

  test.each([
    ['aborted', (s: { abortTransaction(): Promise<unknown> }) => s.abortTransaction()],
    ['left open when its session ends', (s: { endSession(): Promise<unknown> }) => s.endSession()],
  ])('counts for nothing when it is %s', async (_name, end) => {
    await using it = await withCollection();
    const session = it.client.startSession();
    session.startTransaction();
    await it.db.collection('c').insertOne({}, { session });
    await it.db.collection('fresh').insertOne({}, { session });
    expect(it.gate.transactions.open()).toHaveLength(1);
    await end(session as never);
    await session.endSession();
    expect(it.gate.effects()).toMatchObject({ inserted: 0, operations: 0, collectionsCreated: [] });
    await it.db.collection('fresh').insertOne({});
    expect(it.gate.effects().collectionsCreated).toEqual(['fresh']);
  });

  test('counts once, however often the driver tries it', async () => {
    await using it = await withCollection();
    let attempts = 0;
    await it.client.withSession((session) =>
      session.withTransaction(async (given) => {
        attempts += 1;
        expect(given === session).toBe(true);
        await it.db.collection('c').updateOne({}, { $inc: { a: 1 } }, { session });
        // A user's write in between: the transaction gets a conflict and is tried again.
        if (attempts === 1) {
          await it.raw.db.collection('d').insertOne({ _id: 'x' as never, n: 1 });
          const other = it.raw.client.startSession();
          other.startTransaction();
          await it.raw.db.collection('d').updateOne({}, { $inc: { n: 1 } }, { session: other });
          await it.db
            .collection('d')
            .updateOne({}, { $inc: { n: 1 } }, { session })
            .finally(() => other.abortTransaction());
        }
      }),
    );
    expect(attempts).toBe(2);
    expect(it.gate.effects()).toMatchObject({ modified: 1, operations: 1, unknown: 0 });
    expect(await it.raw.db.collection('c').findOne()).toMatchObject({ a: 1 });
  });
});

describe('one transaction around everything', () => {
  async function enclosed(): Promise<Gated & { commit(): Promise<unknown>; abort(): Promise<unknown> }> {
    const it = await withCollection();
    const session = it.raw.client.startSession();
    it.gate.transactions.follow(session);
    session.startTransaction();
    it.gate.enclose(session);
    return { ...it, commit: () => session.commitTransaction(), abort: () => session.abortTransaction() };
  }

  test('takes all calls in, also parallel ones, reads and cursors', async () => {
    await using it = await enclosed();
    const c = it.db.collection('c');
    await Promise.all(Array.from({ length: 10 }, (_, n) => c.insertOne({ n })));
    expect(await c.countDocuments()).toBe(11);
    expect(await it.raw.db.collection('c').countDocuments()).toBe(1);
    const [found, all, , distinct] = await Promise.all([
      c.findOne({ n: 3 }),
      c.find().batchSize(2).toArray(),
      c.bulkWrite([{ deleteOne: { filter: { n: 4 } } }]),
      c.distinct('n'),
    ]);
    expect([found?.n, all.length, distinct.length]).toEqual([3, 11, 9]);
    for await (const document of c.find().batchSize(3)) await c.updateOne({ _id: document._id }, { $set: { seen: 1 } });
    await c.find().forEach((document) => void document);
    const bulk = c.initializeUnorderedBulkOp();
    bulk.find({ n: 5 }).updateOne({ $set: { bulk: true } });
    await bulk.execute();
    await it.commit();
    expect(await it.raw.db.collection('c').countDocuments({ seen: 1 })).toBe(10);
    expect(it.gate.effects()).toMatchObject({ inserted: 10, deleted: 1, modified: 11, unknown: 0 });
  });

  test('leaves nothing behind when it is aborted', async () => {
    await using it = await enclosed();
    await it.db.collection('c').deleteMany({});
    await it.db.createCollection('made');
    await it.db.collection('made').insertOne({});
    await it.abort();
    expect(await it.raw.db.collection('c').countDocuments()).toBe(1);
    expect(await it.raw.db.listCollections({ name: 'made' }).toArray()).toEqual([]);
    expect(it.gate.effects()).toMatchObject({ operations: 0, collectionsCreated: [], deleted: 0 });
  });

  test('says clearly what it cannot take', async () => {
    await using it = await enclosed();
    await expect(it.db.collection('c').createIndex({ a: 1 })).rejects.toMatchObject({
      code: 'TRANSACTION_CATALOG',
      message: 'createIndex on c cannot run inside a transaction.',
    });
    await expect(it.db.dropDatabase()).rejects.toMatchObject({ code: 'TRANSACTION_CATALOG' });
    await it.abort();
  });
});

test('a closed gate refuses writes and reads', async () => {
  await using it = await withCollection();
  it.gate.close(Object.assign(new Error('over'), { code: 'GATE_CLOSED' }) as never);
  await expect(it.db.collection('c').insertOne({})).rejects.toThrow('over');
  await expect(it.db.collection('c').findOne()).rejects.toThrow('over');
  await expect(it.db.collection('c').find().toArray()).rejects.toThrow('over');
  expect(it.gate.effects().operations).toBe(0);
});
