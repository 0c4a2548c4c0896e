import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

const count = 40;
const size = 10;

/** Numbers in reverse order, by way of numbers that nobody has: no document goes back alone. */
async function reversed() {
  const s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertMany(Array.from({ length: count }, (_, _id) => ({ _id, n: _id })));
  });
  const a = s.db.collection<Numbered>('a');
  for (const phase of [(n: number) => 1e6 + n, (n: number) => count - 1 - n]) {
    for (let from = 0; from < count; from += size) {
      await s.journal.write('a', async (session) => {
        const some = { _id: { $gte: from, $lt: from + size } };
        const found = await a.find(some, { session }).toArray();
        await a.deleteMany(some, { session });
        await a.insertMany(
          found.map(({ _id }) => ({ _id, n: phase(_id) })),
          { session },
        );
      });
    }
  }
  return Object.assign(s, { a });
}

/** A user who has written to it, and does not come to the end of his transaction. */
async function heldBy(s: Awaited<ReturnType<typeof reversed>>, _id: number) {
  const session = s.db.client.startSession();
  session.startTransaction();
  await s.a.updateOne({ _id }, { $set: { title: 'new' } }, { session });
  return session;
}

test.each(['tolerant', 'strict'] as const)(
  'where users keep writing to one of many that go back together, the others are on their way before it: %s',
  { timeout: 60_000 },
  async (mode) => {
    await using s = await reversed();
    const { a } = s;
    // The last one whose turn it is by itself.
    await using session = await heldBy(s, 0);
    const running = s.undo({ mode, sizes: { first: size, most: size } });
    await expect.poll(() => a.findOne({ _id: count - 1 }), { timeout: 30_000 }).toMatchObject({ n: 1e6 + count - 1 });
    expect(await a.findOne({ _id: 0 })).toEqual({ _id: 0, n: count - 1 });
    if (mode === 'tolerant') await session.commitTransaction();
    else await session.abortTransaction();
    const merged = Number(mode === 'tolerant');
    expect(await running).toMatchObject({ state: 'undone', documents: count, merged });
    expect(await a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
      Array.from({ length: count }, (_, _id) => ({ _id, n: _id, ...(_id === 0 && merged && { title: 'new' }) })),
    );
  },
);

test.each(['tolerant', 'strict'] as const)(
  'where they do not fit into one transaction, all but the one are on their way before it: %s',
  { timeout: 60_000 },
  async (mode) => {
    await using s = await reversed();
    const { a } = s;
    // Of the pack that goes back first.
    await using session = await heldBy(s, 35);
    const running = s.undo({ mode, sizes: { first: size, most: size, together: 15 } });
    // Nor the one that had its number before.
    await expect.poll(() => a.countDocuments({ $expr: { $eq: ['$_id', '$n'] } }), { timeout: 30_000 }).toBe(count - 2);
    expect(await a.findOne({ _id: 35 })).toEqual({ _id: 35, n: 4 });
    await session.abortTransaction();
    expect(await running).toMatchObject({ state: 'undone', documents: count });
    expect(await a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
      Array.from({ length: count }, (_, _id) => ({ _id, n: _id })),
    );
  },
);
