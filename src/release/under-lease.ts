import type { Lease } from '../migration/held-lease.ts';
import { HistoryWriter, type RunIdentity } from '../migration/history.ts';
import { acquireLease } from '../migration/lease.ts';
import type { Connection } from '../mongo/connect.ts';
import { namesOf, type Run } from './run.ts';

/** The right to change a target's history, and the hand that does it. */
export interface Tenure {
  readonly lease: Lease;
  readonly history: HistoryWriter;
  /** Fires when the run is cancelled and when the lease is lost: either way nothing more may be begun. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` while this run holds the lease, and gives the lease back whatever happens.
 *
 * Throws `LEASE_HELD` and what else `acquireLease` throws; `CANCELLED` when the run was cancelled while it waited.
 */
export async function underLease<T>(
  run: Run,
  connection: Connection,
  work: (tenure: Tenure) => Promise<T>,
): Promise<T> {
  const { settings, flags, command } = run.invocation;
  const { host, pid, actor, runUrl } = run.origin;
  const lease = await acquireLease(connection.db, namesOf(run), {
    ttlMs: settings.lease.ttl,
    waitMs: flags.wait ?? 0,
    holder: { host, pid, actor, runUrl, releaseId: run.releaseId, command },
    signal: run.signal,
  });
  try {
    const history = new HistoryWriter(connection, namesOf(run), lease, identityOf(run));
    for (const record of await history.interruptStale()) {
      run.log.warn(
        `Migration ${record._id} was left running by release ${record.releaseId}, and is now marked interrupted.`,
        { migration: record._id },
      );
    }
    return await work({ lease, history, signal: AbortSignal.any([run.signal, lease.lost]) });
  } finally {
    await lease.release();
  }
}

export function identityOf(run: Run): RunIdentity {
  const { actor, runUrl, commit } = run.origin;
  return { releaseId: run.releaseId, actor, runUrl, commit, toolVersion: run.toolVersion };
}
