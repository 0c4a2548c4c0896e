import { define, type Shape, seedPlaces, up } from './shape.ts';

/** Migrations with transactions of their own, and those that are one. */
export const transactions: readonly Shape[] = [
  {
    name: 'with-transaction',
    files: {
      '1-move.js': up(`
    const ledger = db.collection('ledger');
    for (let n = 0; n < 40; n += 2) {
      const session = client.startSession();
      try {
        await session.withTransaction(async () => {
          const from = await places.findOne({ _id: n }, { session });
          await places.updateOne({ _id: n }, { $inc: { qty: -from.price } }, { session });
          await places.updateOne({ _id: n + 1 }, { $inc: { qty: from.price } }, { session });
          await ledger.insertOne({ _id: n, amount: from.price }, { session });
          await ledger.updateOne({ _id: 'total' }, { $inc: { amount: from.price, moves: 1 } }, { session, upsert: true });
        });
      } finally {
        await session.endSession();
      }
      if (n % 8 === 0) await places.updateOne({ _id: n }, { $inc: { checked: 1 } });
    }`),
    },
    seed: seedPlaces(40),
    users: ['places'],
  },
  {
    name: 'own-transaction-aborted-once',
    files: {
      '1-abort.js': up(`
    for (let n = 0; n < 12; n += 1) {
      const session = client.startSession();
      session.startTransaction();
      await places.updateOne({ _id: n }, { $inc: { tried: 1 } }, { session });
      await db.collection('log').insertOne({ _id: 'first-' + n }, { session });
      if (n % 3 === 0) await session.abortTransaction();
      else await session.commitTransaction();
      if (n % 3 === 0) {
        session.startTransaction();
        await places.updateOne({ _id: n }, { $inc: { tried: 1 } }, { session });
        await session.commitTransaction();
      }
      await session.endSession();
      await places.updateOne({ _id: n }, { $inc: { after: 1 } });
    }`),
    },
    seed: seedPlaces(12),
    users: ['places'],
  },
  {
    name: 'enclosed',
    files: {
      '1-whole.mjs': define(
        `
    for await (const place of places.find({ kind: 'seed' })) await places.updateOne({ _id: place._id }, { $inc: { version: 1 } });
    await db.collection('log').insertMany([{ _id: 1 }, { _id: 2 }]);
    await places.deleteMany({ kind: 'seed', qty: 4 });`,
        'transaction: true,',
      ),
    },
    seed: seedPlaces(60),
  },
  {
    name: 'three-files',
    files: {
      '1-a.js': up("    await places.updateMany({ kind: 'seed' }, { $inc: { a: 1 } });"),
      '2-b.mjs': define(
        '    for (let n = 0; n < 20; n += 1) await places.updateOne({ _id: n }, { $inc: { b: 1 } });',
        "description: 'counts twenty of them',",
      ),
      '3-c.js': up(
        "    await db.collection('log').insertOne({ _id: 'end', a: await places.countDocuments({ a: 1 }) });",
      ),
    },
    seed: seedPlaces(200),
    users: ['places'],
  },
];
