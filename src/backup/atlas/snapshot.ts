import * as z from 'zod';
import { durationText } from '../../config/duration.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { AtlasClient } from './client.ts';
import { type AtlasCluster, clusterPath } from './cluster.ts';

/** A cluster's snapshots: those of a sharded one are kept under other paths. */
export interface SnapshotShelf extends AtlasCluster {
  readonly sharded: boolean;
}

const snapshotShape = z.object({
  id: z.string().min(1),
  /** queued, inProgress, completed, failed. */
  status: z.string().optional(),
  description: z.string().nullish(),
  snapshotType: z.string().optional(),
  createdAt: z.string().nullish(),
  expiresAt: z.string().nullish(),
});
export type Snapshot = z.output<typeof snapshotShape>;

export interface SnapshotWish {
  /** Tells it from all others of the cluster: by it a snapshot is found whose beginning nobody answered for. */
  readonly description: string;
  readonly retentionDays: number;
  /** Of all of it, with the wait for one that is under way. */
  readonly timeLimitMs: number;
}

/** Requests for a snapshot that nobody answered for, before giving up. */
const unanswered = 3;
/** Looks in a row that do not find a snapshot that was promised. */
const unseen = 5;

/**
 * Takes an on-demand snapshot and waits until it is complete. Atlas takes one of them at a time: another one is waited for.
 *
 * Throws `BACKUP_FAILED` when it failed or was not complete in time, and what the client throws.
 */
export async function takeSnapshot(client: AtlasClient, shelf: SnapshotShelf, wish: SnapshotWish): Promise<Snapshot> {
  const pause = client.pauses(wish.timeLimitMs);
  const begun = await beginSnapshot(client, shelf, wish, pause);
  client.log.info(`Atlas takes snapshot ${begun.id} of cluster ${shelf.name}.`, { snapshot: begun.id });
  let missing = 0;
  let status = begun.status;
  for (let seen: Snapshot | undefined = begun; ; seen = await findSnapshot(client, shelf, begun.id)) {
    if (seen?.status === 'completed') return seen;
    if (seen?.status === 'failed') throw failed(shelf, begun.id, 'failed');
    if (seen?.status !== undefined && seen.status !== status) {
      status = seen.status;
      client.log.info(`Snapshot ${begun.id} is ${status}.`, { snapshot: begun.id });
    }
    missing = seen === undefined ? missing + 1 : 0;
    if (missing === unseen) throw failed(shelf, begun.id, 'is not there any more');
    const left = await pause();
    if (left <= 0) throw failed(shelf, begun.id, `is not complete after ${durationText(wish.timeLimitMs)}`);
  }
}

/** Undefined where Atlas has none of this id: it has expired, or somebody removed it. */
export function findSnapshot(client: AtlasClient, shelf: SnapshotShelf, id: string): Promise<Snapshot | undefined> {
  const one = `${shelf.sharded ? 'shardedCluster/' : ''}${encodeURIComponent(id)}`;
  return client.find(`${clusterPath(shelf)}/backup/snapshots/${one}`, snapshotShape, `looking at snapshot ${id}`);
}

async function beginSnapshot(
  client: AtlasClient,
  shelf: SnapshotShelf,
  { description, retentionDays, timeLimitMs }: SnapshotWish,
  pause: () => Promise<number>,
): Promise<Snapshot> {
  const path = `${clusterPath(shelf)}/backup/snapshots`;
  const list = shelf.sharded ? `${path}/shardedClusters` : path;
  let unknown = 0;
  for (let said = false; ; ) {
    const all = await client.list(list, snapshotShape, `listing the snapshots of ${shelf.name}`);
    const ours = all.find((one) => one.description === description);
    if (ours !== undefined) return ours;
    const other = all.find(isUnderWay);
    if (other === undefined) {
      const wish = { description, retentionInDays: retentionDays };
      const posted = await client.post(path, wish, snapshotShape, `asking for a snapshot of ${shelf.name}`);
      if (posted.kind === 'done') return posted.value;
      // It may be under way all the same: the list tells.
      if (posted.kind === 'unknown' && ++unknown === unanswered) throw posted.error;
    } else if (!said) {
      client.log.info(`Waiting for snapshot ${other.id} of cluster ${shelf.name}, which somebody else asked for.`);
      said = true;
    }
    if ((await pause()) > 0) continue;
    throw new ReleaseError(
      'BACKUP_FAILED',
      `No snapshot of cluster ${shelf.name} could be begun within ${durationText(timeLimitMs)}: another one is under way.`,
      { hint: `Look at the backups of ${shelf.name} in Atlas; backup.atlas.time-limit is how long to wait.` },
    );
  }
}

function isUnderWay({ status, snapshotType }: Snapshot): boolean {
  return snapshotType === 'onDemand' && (status === 'queued' || status === 'inProgress');
}

function failed({ name }: AtlasCluster, id: string, what: string): ReleaseError {
  return new ReleaseError('BACKUP_FAILED', `Snapshot ${id} of cluster ${name} ${what}.`, {
    hint: `Look at it in Atlas (cluster ${name}, Backup), then run this again; backup.atlas.time-limit is how long to wait.`,
    details: { snapshot: id },
  });
}
