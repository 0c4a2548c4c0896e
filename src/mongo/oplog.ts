import type { Document, MongoClient, Timestamp } from 'mongodb';

/** What the oplog of the member that answers holds. */
export interface Oplog {
  /** The most that it may hold, in bytes. */
  readonly maxBytes: number;
  readonly bytes: number;
  /** How far it reaches back now. */
  readonly heldMs: number;
  /**
   * How far it will reach back once it is full: a young one holds little because nothing has been dropped from it yet,
   * so this is estimated from the rate at which it fills.
   */
  readonly reachMs: number;
}

/** Fuller than this it is about to drop its oldest entries, and what it holds is all that it can hold. */
const full = 0.9;

/** Undefined where it is empty. Throws the driver's errors: not everybody may read it, and not every server has one. */
export async function readOplog(client: MongoClient): Promise<Oplog | undefined> {
  const [first, last, stats] = await Promise.all([edge(client, 1), edge(client, -1), statsOf(client)]);
  if (first === undefined || last === undefined) return undefined;
  const bytes = Number(stats?.size ?? 0);
  const maxBytes = Number(stats?.maxSize ?? 0);
  const share = maxBytes > 0 ? bytes / maxBytes : 0;
  const heldMs = (last.getHighBits() - first.getHighBits()) * 1000;
  return { bytes, maxBytes, heldMs, reachMs: share >= full || share === 0 ? heldMs : Math.round(heldMs / share) };
}

/** Of its newest entry. Throws the driver's errors. */
export async function oplogEnd(client: MongoClient): Promise<Timestamp | undefined> {
  return edge(client, -1);
}

/**
 * How many bytes were written to it after that time, and whether it were more, since it does not reach back to it any more.
 * Throws the driver's errors.
 */
export async function oplogBytesAfter(
  client: MongoClient,
  after: Timestamp,
): Promise<{ readonly bytes: number; readonly more: boolean }> {
  const first = await edge(client, 1);
  if (first === undefined || first.greaterThan(after)) {
    const stats = await statsOf(client);
    return { bytes: Number(stats?.size ?? 0), more: true };
  }
  const [sum] = await client
    .db('local')
    .collection('oplog.rs')
    .aggregate<{ bytes: number }>([
      { $match: { ts: { $gt: after } } },
      { $group: { _id: null, bytes: { $sum: { $bsonSize: '$$ROOT' } } } },
    ])
    .toArray();
  return { bytes: Number(sum?.bytes ?? 0), more: false };
}

async function edge(client: MongoClient, direction: 1 | -1): Promise<Timestamp | undefined> {
  const [entry] = await client
    .db('local')
    .collection<{ ts: Timestamp }>('oplog.rs')
    .find({}, { projection: { ts: 1, _id: 0 }, sort: { $natural: direction }, limit: 1, maxTimeMS: 2000 })
    .toArray();
  return entry?.ts;
}

async function statsOf(client: MongoClient): Promise<Document | undefined> {
  const [stats] = await client
    .db('local')
    .collection('oplog.rs')
    .aggregate<Document>([
      { $collStats: { storageStats: {} } },
      { $project: { size: '$storageStats.size', maxSize: '$storageStats.maxSize' } },
    ])
    .toArray();
  return stats;
}
