import { type Db, type Document, ReadPreference, type RunCommandCursor, type Timestamp, UUID } from 'mongodb';
import { RawDocuments } from './raw-documents.ts';
import type { Topology } from './topology.ts';

/** How a collection is read. */
export interface RawReadOptions {
  /** Read as the collection was at this cluster time. Capped collections refuse it with SnapshotUnavailable. */
  readonly at?: Timestamp;
  /**
   * 32 hex digits: the server fails with CollectionUUIDMismatch (361) when the name stands for another collection by
   * now, where it would answer with no documents and no error. Only where `takesCollectionUuid`.
   */
  readonly uuid?: string;
  /** In the order in which the server keeps the documents: for capped collections, whose order has a meaning. */
  readonly natural?: boolean;
  /** The name is a time series whose measurements, not buckets, are read: the server runs an aggregation for it. */
  readonly measurements?: boolean;
  readonly range?: IdRange;
  /** Documents a reply at most. Default 10,000; a reply also ends at 16 MB, the server's limit. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * Documents with `_id`s from `min` on and before `max`, in the order of the index, over all types of BSON. A range without
 * `max` ends before MaxKey, which is a possible `_id` too: `only` is for that one.
 */
export type IdRange = { readonly min?: unknown; readonly max?: unknown } | { readonly only: unknown };

/** From measurements on 6.0.5. */
const documentsPerReply = 10_000;

/** `find` takes `collectionUUID` since 6.0; through mongos it was not tried, so it is not sent there. */
export function takesCollectionUuid(topology: Topology): boolean {
  return topology.kind !== 'sharded' && Number.parseInt(topology.serverVersion, 10) >= 6;
}

/**
 * All documents of a collection as BSON bytes, in batches of at most 16 MB, the next one being fetched while one is
 * worked on. The bytes are the reply's own; copy what is to live longer than the batch.
 *
 * A name without a collection gives nothing. Throws the driver's errors; SnapshotTooOld (239), SnapshotUnavailable
 * (246) and CollectionUUIDMismatch (361) mean to start again at a newer time. Throws the signal's reason when aborted.
 */
export async function* readRaw(db: Db, collection: string, options: RawReadOptions = {}): AsyncGenerator<RawDocuments> {
  const { at, uuid, natural, measurements, range, batchSize = documentsPerReply, signal } = options;
  signal?.throwIfAborted();
  const cursor: RunCommandCursor = db
    .runCursorCommand(
      {
        find: collection,
        batchSize,
        // A cursor that waits for its turn idles; its session still ends it after 30 minutes. Aggregations refuse it.
        ...(measurements ? {} : { noCursorTimeout: true }),
        ...(uuid === undefined ? {} : { collectionUUID: new UUID(uuid) }),
        ...(natural ? { hint: { $natural: 1 } } : {}),
        ...(range === undefined ? {} : boundsOf(range)),
        ...(at === undefined ? {} : { readConcern: { level: 'snapshot', atClusterTime: at } }),
      },
      { readPreference: ReadPreference.primary },
    )
    .setBatchSize(batchSize);
  let next = nextBatch(cursor);
  try {
    for (;;) {
      const batch = await next;
      if (batch.length === 0) return;
      signal?.throwIfAborted();
      next = nextBatch(cursor);
      // A consumer that stops early never awaits this one.
      next.catch(() => {});
      yield batch;
    }
  } finally {
    await next.catch(() => {});
    await cursor.close().catch(() => {});
  }
}

/** Bounds of the index go over all types of BSON, where `$gte` and `$lt` compare within one. */
function boundsOf(range: IdRange): Document {
  if ('only' in range) return { filter: { _id: { $eq: range.only } } };
  return {
    hint: { _id: 1 },
    ...(range.min === undefined ? {} : { min: { _id: range.min } }),
    ...(range.max === undefined ? {} : { max: { _id: range.max } }),
  };
}

/**
 * The reply as one piece of memory. The driver's public ways make an object for every document and field of it, which
 * measured three times the time of the whole read; test/mongo/driver-internals.test.ts fails when this one moves.
 */
async function nextBatch(cursor: RunCommandCursor): Promise<RawDocuments> {
  if (!(await cursor.hasNext())) return new RawDocuments(Buffer.alloc(0), 0);
  const { documents: reply } = cursor as unknown as { readonly documents: CursorReply };
  const batch = reply.batch.toBytes();
  // Taken, as far as the cursor knows.
  reply.clear();
  return RawDocuments.movedTogether(batch);
}

interface CursorReply {
  readonly batch: { toBytes(): Uint8Array };
  clear(): void;
}

/**
 * A cluster time at which the database can be read: not before `notBefore`, and such that every write that the primary
 * has acknowledged by now is in it. (A snapshot read without a time picks the last majority-committed one, and misses
 * writes that were acknowledged with `w: 1` a moment ago; reading at this time waits for the majority instead.)
 */
export async function readClusterTime(db: Db, notBefore?: Timestamp): Promise<Timestamp> {
  const answer = await db.command({ ping: 1 }, { readPreference: ReadPreference.primary });
  const time = (answer.operationTime ?? answer.$clusterTime.clusterTime) as Timestamp;
  return notBefore?.greaterThan(time) ? notBefore : time;
}
