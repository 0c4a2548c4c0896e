import { refuseHalfRestored } from '../../backup/restore/settle.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { runInTarget } from '../apply.ts';
import { needHook } from '../hook.ts';
import { outcomeOfError } from '../outcome.ts';
import { type RecordStart, type ReleaseRecord, ReleaseRecords } from '../record.ts';
import { newReleaseId } from '../release-id.ts';
import { restoreInto } from '../restore-into.ts';
import type { RollbackResult } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import { turnsOf } from '../turns.ts';
import { type Tenure, underLease } from '../under-lease.ts';
import { probe, probeFailure } from '../verify.ts';
import { undoInTarget } from './undo-release.ts';
import { findWayBack, type WayBack } from './way-back.ts';

export interface TakenBack {
  readonly result: RollbackResult;
  /** There when it is not complete: `ROLLBACK_FAILED`, or why nothing was begun. */
  readonly error?: ReleaseError;
}

/**
 * Walks the way back: stop traffic (hook, before a restore), the data under the lease, the application (hook), probes.
 * A record of its own says who took what back, and why. How far it got is in what comes back; nothing is thrown.
 */
export async function takeBack(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Exclude<WayBack, { strategy: 'none' }>,
): Promise<TakenBack> {
  const rollbackRun: Run = { ...run, releaseId: newReleaseId() };
  const records = new ReleaseRecords(connection.db, rollbackRun);
  const walk: Walk = { run: rollbackRun, connection, release };
  let result: RollbackResult = {
    releaseId: release._id,
    strategy: way.strategy,
    reverted: [],
    kept: [],
    conflicts: [],
  };
  try {
    const error = await underLease(rollbackRun, connection, async (tenure) => {
      const start: RecordStart = {
        kind: 'rollback',
        of: release._id,
        backupId: way.strategy === 'restore' ? way.backupId : undefined,
        migrations: release.migrations,
        reason: run.invocation.flags.reason,
      };
      await records.start(start);
      const data = await dataBack(walk, tenure, way);
      result = { ...result, ...data.result };
      if (result.restore?.cluster !== undefined) await records.startAgain(start);
      return data.error;
    });
    if (error !== undefined) throw error;
    await needHook(rollbackRun, 'rollback-app');
    // What only the new shape fulfils has the phase after-deploy: after the way back it would fail, and rightly so.
    const probes = await probe(rollbackRun, connection, 'before-deploy');
    result = { ...result, probes };
    const failure = probeFailure(probes);
    if (failure !== undefined) throw failure;
    await records.close({ outcome: 'rolled-back' });
    return { result };
  } catch (thrown) {
    const error = incomplete(asReleaseError(thrown), release, result);
    const outcome = outcomeOfError(error, error.code === 'ROLLBACK_FAILED');
    await records.close({ outcome, error });
    return { result, error };
  }
}

interface Walk {
  readonly run: Run;
  readonly connection: Connection;
  readonly release: ReleaseRecord;
}

interface Data {
  readonly result: Partial<RollbackResult>;
  readonly error?: ReleaseError;
}

async function dataBack(walk: Walk, tenure: Tenure, way: Exclude<WayBack, { strategy: 'none' }>): Promise<Data> {
  if (way.strategy === 'restore') return bringBack(walk, tenure, way.backupId);
  const { run, connection, release } = walk;
  await refuseHalfRestored(connection.db, namesOf(run));
  // Looked at again under the lease: since the way was chosen, another run may have built on what it takes away.
  const { way: now, ways } = await findWayBack(run, connection, release, way.strategy);
  if (now.strategy !== way.strategy || now.names.join() !== way.names.join()) {
    throw new ReleaseError(
      'HISTORY_CONFLICT',
      'The history of this target was changed while the way back was chosen.',
      {
        hint: 'Look at mongo-release status, then run the command again.',
      },
    );
  }
  if (way.strategy === 'undo') {
    const { done, failed, undone, conflicts, error } = await undoInTarget(run, connection, tenure, way.names);
    return { result: { reverted: done, failed, undo: undone, conflicts }, error };
  }
  const progress = await runInTarget(run, connection, tenure, 'down', turnsOf(ways.wayDown, way.names));
  return { result: { reverted: progress.done, failed: progress.failed }, error: progress.error };
}

async function bringBack({ run, connection }: Walk, tenure: Tenure, backupId: string): Promise<Data> {
  await needHook(run, 'stop-traffic');
  const restore = await restoreInto(run, connection, tenure, backupId);
  return { result: { restore, kept: restore.kept } };
}

/** Anything that stopped it half-way is `ROLLBACK_FAILED`; what kept it from beginning stays what it is. */
function incomplete(cause: ReleaseError, release: ReleaseRecord, result: RollbackResult): ReleaseError {
  const begun = result.reverted.length > 0 || result.failed !== undefined || result.restore !== undefined;
  // On the way down that is an earlier restore, which keeps it from beginning.
  const kept = result.strategy !== 'restore' && cause.code === 'RESTORE_INCOMPLETE';
  if (!begun && (kept || (cause.exitCode !== 8 && cause.exitCode !== 9))) return cause;
  return new ReleaseError(
    'ROLLBACK_FAILED',
    `The rollback of release ${release._id} is not complete: ${cause.message}`,
    {
      // What blocks an undo nobody can correct, and after Atlas there is no record to go on from: each names its own way.
      hint:
        cause.code === 'ATLAS_RESTORE_FAILED' || cause.code === 'RESUME_BLOCKED'
          ? cause.hint
          : `Correct that, then type mongo-release rollback ${release._id} again: it goes on from where it stands.`,
      cause,
    },
  );
}
