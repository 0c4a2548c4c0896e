import type { Collection, CreateIndexesOptions, Document } from 'mongodb';
import type { CommitSizes } from '../../../src/migration/undo/sizes.ts';
import { own } from './journalled.ts';
import type { Numbered } from './model.ts';
import { setting } from './setting.ts';

type Setting = Awaited<ReturnType<typeof setting>>;

export const tolerant = { mode: 'tolerant' } as const;
export const modes = [tolerant, { mode: 'strict' }] as const;
/** So many that wait for one another do not fit into one transaction. */
export const small: CommitSizes = { first: 10, most: 10, leastForTime: 10, together: 15 };

export async function numbered(
  count: number,
  index: Document = { n: 1 },
  of = (_id: number): Document => ({ n: _id }),
  options: CreateIndexesOptions = {},
) {
  const s = await setting(async ({ db }) => {
    await db.collection('a').createIndex(index as { n: 1 }, { unique: true, ...options });
    await db
      .collection<Numbered>('a')
      .insertMany(Array.from({ length: count }, (_, _id) => ({ ...of(_id), _id, f: 0 })));
  });
  return Object.assign(s, { a: s.db.collection<Numbered>('a') });
}

/** One operation that changes documents with these `_id`s all at once, whatever unique values they exchange by that. */
export async function renumber(s: Setting, ids: readonly number[], change: (document: Numbered) => Document) {
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', async (session) => {
    const documents = await a.find({ _id: { $in: [...ids] } }, { session, sort: { _id: 1 } }).toArray();
    await a.deleteMany({ _id: { $in: [...ids] } }, { session });
    await a.insertMany(
      documents.map((document) => ({ ...document, ...change(document) })),
      { session },
    );
  });
}

export const all = (count: number) => Array.from({ length: count }, (_, at) => at);
export const packsOf = (ids: readonly number[], size: number) =>
  Array.from({ length: Math.ceil(ids.length / size) }, (_, at) => ids.slice(at * size, (at + 1) * size));

/** As a unique index asks for it: all go to numbers that nobody has, and then to the new ones. */
export async function inTwoPhases(s: Setting, count: number, to: (n: number) => number, size = 10) {
  for (const ids of packsOf(all(count), size)) await renumber(s, ids, ({ n }) => ({ n: n + 1e9 }));
  for (const ids of packsOf(all(count), size)) await renumber(s, ids, ({ n }) => ({ n: to(n - 1e9) }));
}

export async function documentsLeft(s: Setting): Promise<number[]> {
  const kept = await s.db.collection(own.quarantine).find().toArray();
  return kept.map(({ documentId }) => documentId).sort((x, y) => x - y);
}

/** Those that are not as they were before the migration. */
export async function notBack(a: Collection<Numbered>, before: readonly Numbered[]) {
  const now = new Map((await a.find().toArray()).map((document) => [document._id, document]));
  return before
    .filter((document) => JSON.stringify(now.get(document._id)) !== JSON.stringify(document))
    .map(({ _id }) => _id);
}
