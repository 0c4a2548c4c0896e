import { type Db, type Document, MaxKey } from 'mongodb';
import { type CollectionInfo, isCapped, storageName } from '../mongo/catalog.ts';
import type { IdRange } from '../mongo/raw-read.ts';
import { serverCode, serverCodes } from '../mongo/server-error.ts';

/** One cursor's part of a backup: a collection, or a range of its `_id`s. */
export interface Read {
  readonly info: CollectionInfo;
  readonly range?: IdRange;
  /** Documents a reply. */
  readonly batchSize: number;
  /** By the server's count before the backup began; of the whole collection. */
  readonly expected: Expected;
}

export interface Expected {
  readonly documents: number;
  /** Uncompressed. */
  readonly bytes: number;
}

/** What a reply should hold. Larger ones measured no faster, and of each cursor several are in memory at once. */
const replyBytes = 512 * 1024;
const mostDocuments = 10_000;
/** Collections of more than this are read in ranges of about this size. */
const rangeBytes = 256 * 1024 * 1024;
/** Statistics asked for at the same time. */
const atOnce = 8;
/** `_id`s drawn for each bound: more make the ranges more equal. */
const samplesPerRange = 20;

/**
 * How the collections are read: large ones in ranges of `_id`, in which cursors go side by side. Begin with the largest,
 * so that none is left over at the end.
 *
 * A range is read by way of the index, so a collection is cut only where that is the order in which its documents lie
 * too, as for ObjectIds and counters: else every document would be fetched on its own.
 */
export async function planReads(db: Db, catalog: readonly CollectionInfo[], largest = rangeBytes): Promise<Read[]> {
  const reads: Read[] = [];
  const rest = catalog.values();
  const worker = async () => {
    for (const info of rest) reads.push(...(await readsOf(db, info, largest)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return reads.sort((a, b) => b.expected.bytes - a.expected.bytes || (a.info.name < b.info.name ? -1 : 1));
}

async function readsOf(db: Db, info: CollectionInfo, largest: number): Promise<Read[]> {
  if (info.type === 'view') return [];
  const { count, size, avgObjSize } = await statistics(db, storageName(info));
  const batchSize = Math.max(1, Math.min(mostDocuments, Math.floor(replyBytes / avgObjSize)));
  const whole: Read = { info, batchSize, expected: { documents: count, bytes: size } };
  const wanted = Math.ceil(size / largest);
  if (wanted < 2 || info.type !== 'collection' || isCapped(info) || info.options.clusteredIndex) return [whole];
  const bounds = await boundsOf(db, info.name, wanted);
  if (bounds.length === 0) return [whole];
  const ranges: IdRange[] = [...bounds, undefined].map((max, index) => ({ min: bounds[index - 1], max }));
  return [...ranges, { only: new MaxKey() }].map((range) => ({ ...whole, range }));
}

/** Zeros where the collection has just been dropped, or the server gives no statistics to this user. */
async function statistics(db: Db, name: string): Promise<{ count: number; size: number; avgObjSize: number }> {
  const [stats] = await db
    .collection(name)
    .aggregate<Document>([{ $collStats: { storageStats: {} } }, { $replaceWith: '$storageStats' }])
    .toArray()
    .catch(unlessUnavailable);
  const [count, size] = [Number(stats?.count ?? 0), Number(stats?.size ?? 0)];
  return { count, size, avgObjSize: count === 0 ? 1024 : Math.max(1, size / count) };
}

function unlessUnavailable(error: unknown): [] {
  const code = serverCode(error);
  if (code === serverCodes.NamespaceNotFound || code === serverCodes.Unauthorized) return [];
  throw error;
}

function unlessDrawnOut(error: unknown): [] {
  if (serverCode(error) === serverCodes.NoOtherSample) return [];
  throw error;
}

/** `_id`s that cut the collection into about as many ranges; none where documents lie in another order than their ids. */
async function boundsOf(db: Db, name: string, ranges: number): Promise<unknown[]> {
  const collection = db.collection<Document>(name);
  const drawn = await collection
    .aggregate<{ _id: unknown }>([{ $sample: { size: ranges * samplesPerRange } }, { $project: { _id: 1 } }], exact)
    .toArray()
    .catch(unlessDrawnOut);
  // An id may be of any type, which the driver's does not say.
  const ids: Document = { _id: { $in: drawn.map(({ _id }) => _id) } };
  // The server sorts: by BSON's order of types, and the collection's own collation.
  const sorted = await collection
    .find(ids, { ...exact, projection: { _id: 1 }, showRecordId: true })
    .sort({ _id: 1 })
    .toArray();
  const places = sorted.map(({ $recordId }) => Number($recordId));
  const steps = places.slice(1).map((place, index) => place >= (places[index] as number));
  const inOrder = steps.filter(Boolean).length / Math.max(1, steps.length);
  if (!(inOrder >= leastInOrder)) return [];
  const each = sorted.length / ranges;
  const bounds = Array.from({ length: ranges - 1 }, (_, n) => sorted[Math.round((n + 1) * each)]?._id);
  return bounds.filter((bound) => bound !== undefined && !(bound instanceof MaxKey));
}

/** Numbers keep their BSON types, and regular expressions within an `_id` theirs: JavaScript does not know all of them. */
const exact = { promoteValues: false, bsonRegExp: true } as const;

/** Share of neighbours by `_id` that lie in the same order. By chance it is a half. */
const leastInOrder = 0.9;
