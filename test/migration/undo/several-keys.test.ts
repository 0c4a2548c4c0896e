import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { Numbered } from './model.ts';
import { all, documentsLeft, modes, renumber, tolerant } from './renumbered.ts';
import { setting } from './setting.ts';

/** Two of these give each other what they have in a field. */
const swapped = (field: string, [one, other]: readonly [number, number], to: (id: number) => Document) => {
  return ({ _id, [field]: value }: Numbered): Document => ({
    [field]: _id === one ? to(other)[field] : _id === other ? to(one)[field] : value,
  });
};

const place = (_id: number) => ({ slug: `s${_id}`, n: _id });

async function withSlugs(count: number, unique: readonly string[] = ['slug']) {
  const s = await setting(async ({ db }) => {
    for (const field of unique) await db.collection('a').createIndex({ [field]: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertMany(all(count).map((_id) => ({ _id, ...place(_id), f: 0 })));
  });
  return Object.assign(s, { a: s.db.collection<Numbered>('a') });
}

test.each(modes)('a unique index that it has taken back is no way to look for values any more: $mode', async (mode) => {
  await using s = await withSlugs(10);
  await renumber(s, [3, 4], swapped('slug', [3, 4], place));
  await s.journal.catalog('a', 'create-indexes', () => s.a.createIndex({ n: 1 }, { unique: true }));
  await renumber(s, [5, 6], swapped('n', [5, 6], place));
  expect(await s.undo(mode)).toMatchObject({ state: 'undone', documents: 4, left: [] });
  expect(await s.differences()).toEqual([]);
});

test('nor is one that a user drops meanwhile', { timeout: 30_000 }, async () => {
  await using s = await withSlugs(200, ['slug', 'n']);
  await renumber(s, [3, 4], swapped('slug', [3, 4], place));
  for (const id of all(100)) await renumber(s, [100 + id], () => ({ f: 1 }));
  await renumber(s, [5, 6], swapped('n', [5, 6], place));
  let dropped: Promise<unknown> | undefined;
  const onProgress = () => {
    dropped ??= s.a.dropIndex('n_1');
  };
  const sizes = { first: 1, most: 1, leastForTime: 1 };
  expect(await s.undo({ ...tolerant, sizes, onProgress })).toMatchObject({ state: 'undone', documents: 104 });
  await dropped;
  await s.a.createIndex({ n: 1 }, { unique: true });
  expect(await s.differences()).toEqual([]);
});

test.each(modes)(
  'of values that are exchanged in two indexes at once only who has what another one needs is taken out: $mode',
  async (mode) => {
    await using s = await withSlugs(60, ['slug', 'n']);
    await renumber(s, all(60), (document) => ({
      ...swapped('slug', [3, 4], place)(document),
      ...swapped('n', [5, 6], place)(document),
      f: 1,
    }));
    await using changes = s.a.watch();
    await changes.tryNext();
    expect(await s.undo(mode)).toMatchObject({ state: 'undone', documents: 60 });
    expect(await s.differences()).toEqual([]);
    await s.a.insertOne({ _id: 100 });
    await s.a.deleteOne({ _id: 100 });
    const removed: unknown[] = [];
    for await (const change of changes) {
      if (change.operationType !== 'delete') continue;
      removed.push(change.documentKey._id);
      if (change.documentKey._id === 100) break;
    }
    expect(new Set(removed)).toEqual(new Set([3, 4, 5, 6, 100]));
  },
);

test('a chain that waits for a user goes on from one index to the other', async () => {
  await using s = await withSlugs(10, ['slug', 'n']);
  // 0 has the slug of 2, and 1 the number of 0.
  const changes = [{ n: 1000, slug: 's2' }, { n: 0, slug: 'x' }, { slug: 'y' }];
  await renumber(s, all(3), ({ _id }) => changes[_id] ?? {});
  await s.a.insertOne({ _id: 100, n: 2000, slug: 's1' });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 0, quarantined: 3 });
  expect(await documentsLeft(s)).toEqual([0, 1, 2]);
});
