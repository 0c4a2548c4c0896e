import type { Db, Document, Timestamp } from 'mongodb';
import type { Guard } from '../guard.ts';

/** Fuller than this it is about to drop its oldest entries, and what it holds is all that it can hold. */
const full = 0.9;

/**
 * How far the oplog reaches back: a secondary that is down for longer, and a change stream or backfill that pauses for
 * longer, cannot go on. A young oplog holds little because nothing has been dropped from it yet; its reach is then
 * estimated from the rate at which it fills.
 */
export const oplogWindow: Guard = {
  id: 'oplog-window',
  applies: ({ settings }) => settings['oplog-window'] !== undefined,
  async check({ connection: { client, topology }, settings }) {
    const leastMs = settings['oplog-window'] ?? 0;
    if (topology.kind !== 'replica-set')
      return {
        unknown: `a ${topology.kind === 'sharded' ? 'sharded cluster' : 'standalone'} has no oplog of its own`,
        next: 'Take guards.oplog-window out of the configuration of this target.',
      };
    const local = client.db('local');
    const [first, last, share] = await Promise.all([edge(local, 1), edge(local, -1), shareUsed(local)]);
    if (first === undefined || last === undefined)
      return { unknown: 'the oplog is empty', next: 'Wait for the replica set to be initiated, then run again.' };
    const heldMs = (last - first) * 1000;
    const reachMs = share >= full || share === 0 ? heldMs : heldMs / share;
    const seen =
      reachMs === heldMs
        ? `reaches back ${hours(heldMs)}`
        : `reaches back ${hours(heldMs)} so far, and ${hours(reachMs)} once it is full`;
    if (reachMs >= leastMs) return { seen, findings: [] };
    return {
      seen,
      findings: [
        {
          rule: 'oplog-window',
          severity: 'error',
          place: { name: 'oplog-window' },
          message: `The oplog ${seen}; ${hours(leastMs)} are asked for.`,
          next: 'Enlarge it on each member with db.adminCommand({ replSetResizeOplog: 1, size: MEGABYTES }), or lower guards.oplog-window.',
        },
      ],
    };
  },
};

/** Seconds since the epoch of the oldest or newest entry. */
async function edge(local: Db, direction: 1 | -1): Promise<number | undefined> {
  const [entry] = await local
    .collection<{ ts: Timestamp }>('oplog.rs')
    .find({}, { projection: { ts: 1, _id: 0 }, sort: { $natural: direction }, limit: 1, maxTimeMS: 2000 })
    .toArray();
  return entry?.ts.getHighBits();
}

/** How much of its size the oplog uses, 0 to 1. */
async function shareUsed(local: Db): Promise<number> {
  const [stats] = await local
    .collection('oplog.rs')
    .aggregate<Document>([
      { $collStats: { storageStats: {} } },
      { $project: { size: '$storageStats.size', maxSize: '$storageStats.maxSize' } },
    ])
    .toArray();
  return stats?.maxSize > 0 ? stats?.size / stats?.maxSize : 0;
}

function hours(ms: number): string {
  const value = ms / 3_600_000;
  if (value >= 48) return `${Math.floor(value / 24)} days`;
  return value >= 1 ? `${value.toFixed(1)} h` : `${Math.floor(ms / 1000)} s`;
}
