import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Steps } from '../record/steps.ts';
import { neverByItself } from '../restore/restore-managed.ts';
import { type Run, targetOf } from '../run.ts';
import { type CutOff, cutOffBefore } from './cut-off.ts';
import { type Earlier, earlierRollback } from './earlier.ts';
import type { RollbackResult } from './result.ts';
import { type TakenBack, takeBack } from './take-back.ts';
import { findWayBack, type Released, type WayBack } from './way-back.ts';

/** What a release has done before it failed. */
export interface Done {
  /** Whether anything of it is in the target, or may be. */
  readonly changed: boolean;
  readonly deployed: boolean;
}

export interface TakenBackAfter {
  readonly outcome: 'rolled-back' | 'failed-dirty';
  /** `ROLLED_BACK` or `ROLLBACK_FAILED`, with what the release failed of. */
  readonly error: ReleaseError;
  /** How far it got, where anything was begun. */
  readonly result?: RollbackResult;
  readonly warnings: readonly string[];
}

/**
 * The way back that `on-failure: rollback` asked for, as a step of the release that failed of `cause`; undefined where there
 * is nothing to take back. How it went is in what comes back; nothing is thrown.
 */
export async function takeBackAfter(
  run: Run,
  connection: Connection,
  done: Done,
  cause: ReleaseError,
  steps: Steps,
): Promise<TakenBackAfter | undefined> {
  // A release of code alone is taken back too, where a hook knows how.
  const { 'rollback-app': rollbackApp } = run.invocation.settings.hooks;
  if (!done.changed && !(done.deployed && rollbackApp !== undefined)) return undefined;
  let taken: TakenBack | undefined;
  let stays: CutOff | undefined;
  try {
    stays = await cutOffBefore(run, connection, { _id: run.releaseId, startedAt: run.startedAt });
    await steps.run('rollback', async () => {
      taken = await walkBack(run, connection, done);
      if (taken?.error !== undefined) throw taken.error;
      if (stays !== undefined) throw notAll(run, stays);
    });
  } catch (thrown) {
    return { outcome: 'failed-dirty', error: notTakenBack(run, cause, asReleaseError(thrown)), ...shown(taken) };
  }
  const message = `${cause.message}\nThe release was rolled back, as asked.`;
  const hint = 'Correct the cause and release again.';
  return { outcome: 'rolled-back', error: new ReleaseError('ROLLED_BACK', message, { hint, cause }), ...shown(taken) };
}

function shown(taken: TakenBack | undefined): Pick<TakenBackAfter, 'result' | 'warnings'> {
  return { result: taken?.result, warnings: taken?.warnings ?? [] };
}

function notTakenBack(run: Run, { message }: ReleaseError, cause: ReleaseError): ReleaseError {
  const reason = targetOf(run).environment === 'production' ? ' --reason "…"' : '';
  // The release's own command would begin another release.
  const hint =
    cause.code === 'LEASE_HELD'
      ? `Type mongo-release rollback ${run.releaseId} --wait 60s${reason}: it begins when the lease is free.`
      : cause.hint;
  return new ReleaseError(
    'ROLLBACK_FAILED',
    `${message}\nThe rollback that was asked for did not succeed: ${cause.message}`,
    { hint, cause },
  );
}

/** What this release had begun is gone, and what it was to go on with is there. */
function notAll({ releaseId }: Run, { release, why }: CutOff): ReleaseError {
  return new ReleaseError('ROLLBACK_FAILED', `Release ${releaseId} is taken back, and not all of it is gone. ${why}`, {
    hint: `To take that back too, type mongo-release rollback ${release}.`,
  });
}

/** Undefined where nothing was left to be done. A restore loses what users wrote since: production needs a person for it. */
async function walkBack(cancellable: Run, connection: Connection, done: Done): Promise<TakenBack | undefined> {
  // Also after a cancel: it is a way back that was asked for, and stopping on it leaves the worst of both.
  const run = { ...cancellable, signal: new AbortController().signal };
  const { releaseId } = run;
  const record = await new ReleaseRecords(connection.db, run).find(releaseId);
  const release: Released = record ?? { _id: releaseId, migrations: [] };
  const way: WayBack = done.changed
    ? (await findWayBack(run, connection, release, 'auto')).way
    : { strategy: 'none', why: 'Nothing of it is in the target but the application.' };
  run.log.info(`The way back: ${way.strategy}. ${way.why}`);
  if (way.strategy === 'none' && !done.deployed) return undefined;
  const never =
    way.strategy === 'restore' ? await neverByItself(run, way.backupId, targetOf(run).environment) : undefined;
  if (never !== undefined) {
    throw new ReleaseError('NO_WAY_BACK', `${never}, and there is no other way back: ${way.why}`, {
      hint: `When losing what users wrote since is right, type mongo-release rollback ${releaseId} --strategy restore.`,
    });
  }
  const before = await earlierRollback(run, connection, releaseId);
  // What was done then was done for an earlier attempt at this release.
  const earlier: Earlier = before.state === 'unfinished' ? { ...before, state: 'overtaken' } : before;
  return takeBack(run, connection, release, way, earlier);
}
