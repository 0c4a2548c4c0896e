import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import { all, modes, numbered, renumber, small, tolerant } from './renumbered.ts';
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
async function heldBy(s: Pick<Awaited<ReturnType<typeof reversed>>, 'db' | 'a'>, _id: number) {
  const session = s.db.client.startSession();
  session.startTransaction();
  await s.a.updateOne({ _id }, { $set: { title: 'new' } }, { session });
  return session;
}

test.each(['tolerant', 'strict'] as const)(
  'where users keep writing to one of many that go back together, the others are on their way before it: %s',
  async (mode) => {
    await using s = await reversed();
    const { a } = s;
    // The last one whose turn it is by itself.
    await using session = await heldBy(s, 0);
    const running = s.undo({ mode, sizes: { first: size, most: size } });
    await expect.poll(() => a.findOne({ _id: count - 1 }), { timeout: 60_000 }).toMatchObject({ n: 1e6 + count - 1 });
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
  async (mode) => {
    await using s = await reversed();
    const { a } = s;
    // Of the pack that goes back first.
    await using session = await heldBy(s, 35);
    const running = s.undo({ mode, sizes: { first: size, most: size, together: 15 } });
    // Nor the one that had its number before.
    await expect.poll(() => a.countDocuments({ $expr: { $eq: ['$_id', '$n'] } }), { timeout: 60_000 }).toBe(count - 2);
    expect(await a.findOne({ _id: 35 })).toEqual({ _id: 35, n: 4 });
    await session.abortTransaction();
    expect(await running).toMatchObject({ state: 'undone', documents: count });
    expect(await a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
      Array.from({ length: count }, (_, _id) => ({ _id, n: _id })),
    );
  },
);

/** Numbers that one operation gives to others all at once. */
async function renumbered(many: number, to: (n: number) => number) {
  const s = await numbered(many);
  await renumber(s, all(many), ({ n }) => ({ n: to(n) }));
  return s;
}

const isBack = { $expr: { $eq: ['$_id', '$n'] } };

test.each(modes)(
  'of those that exchanged values in one operation only the one that others write to stays, with its partner: $mode',
  { timeout: 120_000 },
  async (mode) => {
    await using s = await renumbered(100, (n) => 99 - n);
    await using session = await heldBy(s, 30);
    const running = s.undo(mode);
    await expect.poll(() => s.a.countDocuments(isBack), { timeout: 60_000 }).toBe(98);
    expect(await s.a.find({ _id: { $in: [30, 69] } }, { projection: { _id: 0, n: 1 } }).toArray()).toEqual([
      { n: 69 },
      { n: 30 },
    ]);
    await session.abortTransaction();
    expect(await running).toMatchObject({ state: 'undone', documents: 100 });
    expect(await s.differences()).toEqual([]);
  },
);

test('of a chain only those stay that wait for the one that others write to', { timeout: 120_000 }, async () => {
  await using s = await renumbered(100, (n) => n + 1);
  await using session = await heldBy(s, 30);
  const running = s.undo(tolerant);
  // Each needs the number of the one before it.
  await expect.poll(() => s.a.countDocuments(isBack), { timeout: 60_000 }).toBe(30);
  expect(await s.a.countDocuments({ _id: { $lt: 30 }, ...isBack })).toBe(30);
  await session.abortTransaction();
  expect(await running).toMatchObject({ state: 'undone', documents: 100 });
});

test('in several packs of one operation, too', { timeout: 120_000 }, async () => {
  await using s = await numbered(40);
  s.journal.mostOfPack = 10;
  await renumber(s, all(40), ({ n }) => ({ n: 39 - n }));
  await using session = await heldBy(s, 3);
  const running = s.undo({ ...tolerant, sizes: small });
  await expect.poll(() => s.a.countDocuments(isBack), { timeout: 60_000 }).toBe(38);
  await session.abortTransaction();
  expect(await running).toMatchObject({ state: 'undone', documents: 40 });
  expect(await s.differences()).toEqual([]);
});

test.each([
  ['one that waits for nobody', (n: number) => 1000 + n],
  ['one of two that exchanged values', (n: number) => 1 - n],
])('where others do not let go of a document the undo ends, and goes on once they do: %s', async (_, to) => {
  await using s = await renumbered(2, to);
  await using session = await heldBy(s, 1);
  const namespace = `${s.db.databaseName}.a`;
  const patienceMs = 6000;
  const started = performance.now();
  expect(await s.undo({ ...tolerant, patienceMs })).toMatchObject({ state: 'busy', namespace });
  // Once, and not once more in another way.
  expect(performance.now() - started).toBeLessThan(3 * patienceMs);
  await session.abortTransaction();
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2 });
  expect(await s.differences()).toEqual([]);
});
