import type { Collection } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Lab, lab, type Running } from './lab.ts';

interface Town {
  _id: number;
  name: string;
  slug?: string;
  by?: string;
}

let it: Lab;
let run: Running;
let towns: Collection<Town>;

beforeAll(async () => {
  it = await lab();
  towns = it.db.collection<Town>('towns');
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  const seeded = Array.from({ length: 20 }, (_, _id) => ({ _id, name: `T${_id}` }));
  run = await it.fresh('towns', seeded);
});

test('what a user wrote meanwhile is not written over: the function is asked again', async () => {
  const asked: number[] = [];
  const result = await run.batch<Town>({
    collection: 'towns',
    size: 10,
    each: async (town) => {
      asked.push(town._id);
      if (asked.length === 5) {
        // Of the page that is asked about: one is changed, one is done already, one is gone.
        await towns.updateOne({ _id: 2 }, { $set: { name: 'renamed' } });
        await towns.updateOne({ _id: 3 }, { $set: { slug: 'theirs' } });
        await towns.deleteOne({ _id: 6 });
      }
      return { ...town, slug: town.name.toLowerCase() };
    },
    filter: { slug: { $exists: false } },
  });
  expect(asked.filter((id) => id === 2)).toHaveLength(2);
  expect(asked.filter((id) => id === 3 || id === 6)).toEqual([3, 6]);
  expect(await towns.findOne({ _id: 2 })).toEqual({ _id: 2, name: 'renamed', slug: 'renamed' });
  expect(await towns.findOne({ _id: 3 })).toEqual({ _id: 3, name: 'T3', slug: 'theirs' });
  expect(await towns.findOne({ _id: 6 })).toBeNull();
  expect(result).toMatchObject({ matched: 18, modified: 18 });
  expect(await towns.countDocuments({ slug: { $exists: false } })).toBe(0);
});

test('a document that a user holds in a transaction is waited for, and the others are not held up by it', async () => {
  const session = it.raw.client.startSession();
  session.startTransaction();
  await towns.updateOne({ _id: 9 }, { $set: { by: 'user' } }, { session });
  const batch = run.batch<Town>({ collection: 'towns', size: 16, each: ({ name }) => ({ $set: { slug: name } }) });
  await expect.poll(() => towns.countDocuments({ slug: { $exists: true } }), { timeout: 60_000 }).toBe(9);
  await session.commitTransaction();
  await session.endSession();
  expect(await batch).toMatchObject({ matched: 20, modified: 20 });
  expect(await towns.findOne({ _id: 9 })).toEqual({ _id: 9, name: 'T9', by: 'user', slug: 'T9' });
});

test('nothing of users is lost while they write to the very documents', async () => {
  let writing = true;
  let written = 0;
  const users = (async () => {
    while (writing) {
      await towns.updateOne({ _id: written % 20 }, { $push: { marks: written } } as never);
      written += 1;
    }
  })();
  const result = await run.batch<Town>({
    collection: 'towns',
    size: 7,
    // A replacement: what it was not asked about would be lost.
    each: (town) => ({ ...town, slug: town.name }),
  });
  writing = false;
  await users;
  expect(result).toMatchObject({ matched: 20, modified: 20 });
  const [sum] = await towns.aggregate([{ $unwind: '$marks' }, { $count: 'all' }]).toArray();
  expect(sum?.all).toBe(written);
  expect(await towns.countDocuments({ $expr: { $eq: ['$slug', '$name'] } })).toBe(20);
  // And every image is of what was there right before.
  for (const { before, after } of await it.images()) expect({ ...before, slug: before?.name }).toEqual(after);
});
