import { expect, test } from 'vitest';
import { own } from './journalled.ts';
import { all, documentsLeft, inTwoPhases, numbered, packsOf, small, tolerant } from './renumbered.ts';

/** Changes of all documents in two segments; in the newer one they wait for one another. */
async function inTwoSegments(between: (s: Awaited<ReturnType<typeof numbered>>) => Promise<unknown>) {
  const s = await numbered(40, { n: 1 }, (n) => ({ n, s: 'before' }));
  await s.journal.write('a', (session) => s.a.updateMany({}, { $set: { s: 'after' } }, { session }));
  await s.journal.catalog('a', 'create-indexes', () => s.a.createIndex({ s: 1 }));
  await between(s);
  await inTwoPhases(s, 40, (n) => 39 - n);
  return s;
}

test('what is left to a user on account of an older change stays as the migration left it, the whole of it', async () => {
  await using s = await inTwoSegments(async () => {});
  await s.a.updateOne({ _id: 5 }, { $set: { s: 'user' } });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', documents: 38, quarantined: 2 });
  expect(await s.a.findOne({ _id: 5 })).toEqual({ _id: 5, n: 34, s: 'user', f: 0 });
  // Who had the number before that it keeps is left as well.
  expect(await documentsLeft(s)).toEqual([5, 34]);
  const after = { _id: 5, n: 34, s: 'after', f: 0 };
  expect(await s.db.collection(own.quarantine).findOne({ documentId: 5 })).toMatchObject({ after });
});

test('so it does where a user wrote to it between the two', async () => {
  await using s = await inTwoSegments(({ a }) => a.updateOne({ _id: 5 }, { $set: { s: 'user' } }));
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', documents: 38, quarantined: 2 });
  expect(await s.a.findOne({ _id: 5 })).toEqual({ _id: 5, n: 34, s: 'user', f: 0 });
  expect(await documentsLeft(s)).toEqual([5, 34]);
});

test('a document that the migration deleted and made anew is in its collection all the time', async () => {
  await using s = await numbered(40);
  const { a, journal } = s;
  const packs = packsOf(all(40), 10);
  for (const ids of packs) await journal.write('a', (session) => a.deleteMany({ _id: { $in: ids } }, { session }));
  for (const ids of packs) {
    await journal.write('a', (session) =>
      a.insertMany(
        ids.map((_id) => ({ _id, n: 39 - _id, f: 0 })),
        { session },
      ),
    );
  }
  await a.updateOne({ _id: 34 }, { $set: { n: 100 } });
  await a.insertOne({ _id: 105, n: 5 });
  const counts: Promise<number>[] = [];
  const onProgress = () => void counts.push(a.countDocuments());
  expect(await s.undo({ ...tolerant, sizes: small, onProgress })).toMatchObject({ state: 'undone', quarantined: 40 });
  expect(new Set(await Promise.all(counts))).toEqual(new Set([41]));
  expect(await a.findOne({ _id: 5 })).toEqual({ _id: 5, n: 34, f: 0 });
});
