import { hostname } from 'node:os';
import { ReleaseError } from '../../observe/error.ts';
import { processRuns } from '../../observe/process.ts';
import { deploysOf, latestBegan, type ReleaseRecord } from '../record/record.ts';
import type { Run } from '../run.ts';

/**
 * Nobody has the lease while an application is deployed: a release that is at that would end on the data of before. Throws
 * `HISTORY_CONFLICT` where it may still be, unless its process is seen to be gone, or a person says that it is.
 */
export async function refuseRunning(run: Run, release: ReleaseRecord): Promise<void> {
  const { _id, state, host, pid, steps } = release;
  if (state !== 'running' || deploysOf({ steps }).length === 0) return;
  // In a container every run has the same number.
  const isGone = pid !== undefined && (pid === process.pid || !processRuns(pid));
  if (host === hostname() && isGone) return;
  if (run.invocation.flags.yes) return;
  const since = latestBegan(release).toISOString();
  const message = `Release ${_id} has begun to deploy, and its end is not on record: process ${pid} on ${host} has been at it since ${since}.`;
  if (await run.confirm?.(`${message} Is it gone, and to be taken back?`)) return;
  throw new ReleaseError('HISTORY_CONFLICT', message, {
    hint: `Stop that run, or wait for its end. If it is gone already, type mongo-release rollback ${_id} --yes.`,
  });
}
