import { HistoryWriter, type RunIdentity } from '../migration/history/history.ts';
import type { Lease } from '../migration/lease/held.ts';
import { acquireLease } from '../migration/lease/lease.ts';
import { thisProcess } from '../migration/lease/owner-process.ts';
import { heldError, inspectLease } from '../migration/lease/state.ts';
import { assertUnlocked, ChangelogMirror } from '../migration/migrate-mongo/changelog.ts';
import type { Connection } from '../mongo/connect.ts';
import { adoptChangelog, changelogOf } from './migrate-mongo.ts';
import { runInWords } from './record/run-in-words.ts';
import { namesOf, type Run } from './run.ts';

/** The right to change a target's history, and the hand that does it. */
export interface Tenure {
  readonly lease: Lease;
  readonly history: HistoryWriter;
  /** Fires when the run is cancelled and when the lease is lost: either way nothing more may be begun. */
  readonly signal: AbortSignal;
  /** Makes history and the changelog of a migrate-mongo project say the same; elsewhere it does nothing. */
  adopt(): Promise<void>;
}

/**
 * Throws `LEASE_HELD` where somebody has the lease and this run would not wait for it: what takes long is not begun then.
 * Only a look; who gets it is decided when it is acquired.
 */
export async function refuseHeld(run: Run, { db }: Connection): Promise<void> {
  if ((run.invocation.flags.wait ?? 0) > 0) return;
  const state = await inspectLease(db, namesOf(run));
  if (state.held) throw heldError(db.databaseName, state, 0);
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
    holder: {
      ...{ host, pid, actor, runUrl, releaseId: run.releaseId, command },
      process: connection.topology.kind === 'standalone' ? undefined : thisProcess(),
    },
    signal: run.signal,
    onWait: (who) =>
      run.log.info(`Waiting for the lease of ${connection.db.databaseName}, which is somebody else's: ${who}.`),
  });
  try {
    const { migrateMongo } = run.invocation;
    const changelog = changelogOf(run);
    if (migrateMongo?.lock !== undefined)
      await assertUnlocked(connection.db, migrateMongo.lock, command === 'down' ? 'down' : 'up');
    const mirror = changelog && new ChangelogMirror(connection.db, changelog);
    const history = new HistoryWriter(connection, namesOf(run), lease, identityOf(run), mirror);
    const adopt = async () => mirror && adoptChangelog(run, connection, history, mirror);
    for (const record of await history.interruptStale()) {
      run.log.warn(
        `Migration ${record._id} was left running by ${await runInWords(run, connection, record.releaseId)}, and is now marked interrupted.`,
        { migration: record._id },
      );
    }
    // What is restored brings its changelog along.
    if (command !== 'restore') await adopt();
    return await work({ lease, history, adopt, signal: AbortSignal.any([run.signal, lease.lost]) });
  } finally {
    await lease.release();
  }
}

export function identityOf(run: Run): RunIdentity {
  const { actor, runUrl, commit } = run.origin;
  return { releaseId: run.releaseId, actor, runUrl, commit, toolVersion: run.toolVersion };
}
