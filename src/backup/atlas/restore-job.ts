import * as z from 'zod';
import { durationText } from '../../config/duration.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { AtlasClient } from './client.ts';
import { type AtlasCluster, clusterPath } from './cluster.ts';

/** A job has no status: how it stands follows from these. */
const jobShape = z.object({
  id: z.string().min(1),
  snapshotId: z.string().nullish(),
  targetClusterName: z.string().nullish(),
  targetGroupId: z.string().nullish(),
  failed: z.boolean().nullish(),
  cancelled: z.boolean().nullish(),
  expired: z.boolean().nullish(),
  finishedAt: z.string().nullish(),
});
type Job = z.output<typeof jobShape>;

/** Requests for a job that nobody answered for, before giving up. */
const unanswered = 3;
/** Looks in a row that do not find a job that was promised. */
const unseen = 5;

/**
 * Has Atlas restore a snapshot of cluster `from` into cluster `to`, and waits for the end of the job. **Everything that
 * `to` holds is erased**, whichever database it is in, from the moment that the job begins. A cancel ends the waiting, not
 * the job.
 *
 * Throws `ATLAS_RESTORE_FAILED` once the job was asked for and did not end well, or nobody knows how; what the client
 * throws before that, when nothing was erased.
 */
export async function restoreSnapshot(
  client: AtlasClient,
  from: AtlasCluster & { readonly snapshotId: string },
  to: AtlasCluster,
  { timeLimitMs }: { readonly timeLimitMs: number },
): Promise<void> {
  const pause = client.pauses(timeLimitMs);
  const { id } = await beginJob(client, from, to, pause);
  client.log.info(`Atlas restores snapshot ${from.snapshotId} into cluster ${to.name}: job ${id}.`, { job: id });
  const path = `${clusterPath(from)}/backup/restoreJobs/${encodeURIComponent(id)}`;
  for (let missing = 0; ; ) {
    const job = await client.find(path, jobShape, `looking at restore job ${id}`).catch(inDoubt(to, id));
    missing = job === undefined ? missing + 1 : 0;
    if (missing === unseen) throw ended('is not there any more', id, to);
    const bad = (['failed', 'cancelled', 'expired'] as const).find((how) => job?.[how] === true);
    if (bad === 'failed') throw ended('failed', id, to);
    if (bad !== undefined) throw ended(`was ${bad}`, id, to);
    if (job?.finishedAt) return;
    const left = await pause().catch(inDoubt(to, id));
    if (left <= 0) throw ended(`has not ended after ${durationText(timeLimitMs)}`, id, to);
  }
}

async function beginJob(
  client: AtlasClient,
  from: AtlasCluster & { readonly snapshotId: string },
  to: AtlasCluster,
  pause: () => Promise<number>,
): Promise<Job> {
  const path = `${clusterPath(from)}/backup/restoreJobs`;
  const list = () => client.list(path, jobShape, `listing the restore jobs of ${from.name}`);
  const earlier = new Set((await list()).map(({ id }) => id));
  const wish = {
    deliveryType: 'automated',
    snapshotId: from.snapshotId,
    targetClusterName: to.name,
    targetGroupId: to.projectId,
  };
  for (let attempt = 1; ; attempt++) {
    const posted = await client
      .post(path, wish, jobShape, `asking to restore snapshot ${from.snapshotId}`)
      // A request that a cancel cuts off may have arrived.
      .catch((error: unknown) => (client.cancelled ? inDoubt(to)(error) : Promise.reject(error)));
    if (posted.kind === 'done') return posted.value;
    if (posted.kind === 'conflict') throw posted.error;
    client.log.warn('Atlas did not say whether it restores; looking at its jobs.');
    await pause().catch(inDoubt(to));
    const ours = (await list().catch(inDoubt(to))).find(
      (job) =>
        !earlier.has(job.id) &&
        job.snapshotId === from.snapshotId &&
        job.targetClusterName === to.name &&
        (job.targetGroupId ?? to.projectId) === to.projectId,
    );
    if (ours !== undefined) return ours;
    if (attempt === unanswered) return inDoubt(to)(posted.error);
  }
}

function ended(what: string, id: string, { name }: AtlasCluster): ReleaseError {
  return new ReleaseError('ATLAS_RESTORE_FAILED', `Restore job ${id} into cluster ${name} ${what}.`, {
    hint: `Keep the application away from ${name}, which may be empty or half restored; look at the job in Atlas (cluster ${name}, Backup, Restore history), then restore again.`,
    details: { job: id },
  });
}

/** What fails once the job is asked for, a cancel too, leaves open what becomes of it. */
function inDoubt({ name }: AtlasCluster, id?: string): (cause: unknown) => never {
  return (cause) => {
    const job = id === undefined ? 'a restore job' : `restore job ${id}`;
    const why = asReleaseError(cause).message;
    throw new ReleaseError('ATLAS_RESTORE_FAILED', `How ${job} into cluster ${name} ends is unknown: ${why}`, {
      hint: `It goes on without this run: look at it in Atlas (cluster ${name}, Backup, Restore history) before anything else.`,
      cause,
    });
  };
}
