import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { wasOvertaken } from '../outcome.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Steps } from '../record/steps.ts';
import type { Run } from '../run.ts';
import { deployedWarnings, staysDeployed } from './application.ts';
import { type CutOff, cutOffBefore } from './cut-off.ts';
import { type Earlier, earlierRollback } from './earlier.ts';
import { hookInstead } from './hook-instead.ts';
import { orMore } from './loss.ts';
import { agreeToRestore, type Consent } from './restoring.ts';
import type { RollbackResult } from './result.ts';
import { refuseGoneOn } from './still-running.ts';
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
  /** `ROLLED_BACK` or `ROLLBACK_FAILED`, with what the release failed of; that itself where there is no way back to go. */
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
  if (!done.changed && !done.deployed) return undefined;
  // A release of code alone is taken back too, where a hook knows how.
  if (!done.changed && run.invocation.settings.hooks['rollback-app'] === undefined)
    return wasOvertaken(cause) ? undefined : onlyByHand(run, cause);
  let taken: TakenBack | undefined;
  let stays: CutOff | undefined;
  try {
    stays = await cutOffBefore(run, connection, { _id: run.releaseId, startedAt: run.startedAt });
    await steps.run('rollback', async () => {
      await refuseGoneOn(run, connection, run.releaseId);
      taken = await walkBack(run, connection, done, cause);
      if (taken?.error !== undefined) throw taken.error;
      if (stays !== undefined) throw notAll(run, stays);
    });
  } catch (thrown) {
    return { outcome: 'failed-dirty', error: notTakenBack(run, cause, asReleaseError(thrown)), ...shown(done, taken) };
  }
  const too = done.changed ? ', and what it had applied is taken back' : '';
  const told = shown(done, taken);
  const deployed = told.warnings.includes(staysDeployed);
  const but = deployed ? ' The application that it deployed stays: there is no hook rollback-app.' : '';
  const message = `${cause.message}\nThe release was rolled back, as asked${too}.${but}`;
  const hint = deployed
    ? 'Bring the application of before back by hand. Then correct the cause and release again.'
    : 'Correct the cause and release again.';
  return { outcome: 'rolled-back', error: new ReleaseError('ROLLED_BACK', message, { hint, cause }), ...told };
}

function shown({ deployed }: Done, taken: TakenBack | undefined): Pick<TakenBackAfter, 'result' | 'warnings'> {
  const { result, warnings = [] } = taken ?? {};
  return { result, warnings: [...warnings, ...deployedWarnings(deployed, result?.steps)] };
}

/** It goes on to be what the release failed of: there was nothing to begin. */
function onlyByHand({ releaseId }: Run, cause: ReleaseError): TakenBackAfter {
  const { code, message, details } = cause;
  const error = new ReleaseError(
    code,
    `${message}\nThe rollback that was asked for brought nothing back: the release has changed no data, and there is no hook rollback-app.`,
    {
      hint: `Bring the application of before back by hand, then type mongo-release rollback ${releaseId}, which puts the release on record as taken back. Or correct the cause and release again.`,
      cause,
      details,
    },
  );
  return { outcome: 'failed-dirty', error, warnings: [staysDeployed] };
}

function notTakenBack(run: Run, { message }: ReleaseError, cause: ReleaseError): ReleaseError {
  // The release's own command would begin another release.
  const hint =
    cause.code === 'LEASE_HELD'
      ? `Type mongo-release rollback ${run.releaseId} --wait 60s: it begins when the lease is free.`
      : cause.code === 'CONFIRMATION_NEEDED'
        ? toLose(run, cause)
        : cause.hint;
  return new ReleaseError(
    'ROLLBACK_FAILED',
    `${message}\nThe rollback that was asked for did not succeed: ${cause.message}`,
    { hint, cause },
  );
}

/** What a person types who says that what users wrote since may go. */
function toLose({ releaseId }: Run, { details: { writes } }: ReleaseError): string {
  const typed = `type mongo-release rollback ${releaseId} --strategy restore --accept-loss ${writes}${orMore(writes)}.`;
  return writes === 0 ? `Stop what writes, then ${typed} ${hookInstead}` : `When losing that is right, ${typed}`;
}

/** What this release had begun is gone, and what it was to go on with is there. */
function notAll({ releaseId }: Run, { release, why }: CutOff): ReleaseError {
  return new ReleaseError('ROLLBACK_FAILED', `Release ${releaseId} is taken back, and not all of it is gone. ${why}`, {
    hint: `To take that back too, type mongo-release rollback ${release}.`,
  });
}

/** Undefined where nothing was left to be done. */
async function walkBack(
  cancellable: Run,
  connection: Connection,
  done: Done,
  { code }: ReleaseError,
): Promise<TakenBack | undefined> {
  // Also after a cancel: it is a way back that was asked for, and stopping on it leaves the worst of both. Nobody is asked:
  // who typed a release may have left, and users wait for the end of it.
  const { flags, ...invocation } = cancellable.invocation;
  const run = {
    ...cancellable,
    ...{ signal: new AbortController().signal, confirm: undefined, consents: true },
    // On record, so that whoever goes on with it need not give one.
    invocation: { ...invocation, flags: { ...flags, reason: `on-failure: rollback [${code}]` } },
  };
  const { releaseId } = run;
  const record = await new ReleaseRecords(connection.db, run).find(releaseId);
  const release: Released = record ?? { _id: releaseId, migrations: [] };
  const way: WayBack = done.changed
    ? (await findWayBack(run, connection, release, 'auto')).way
    : { strategy: 'none', why: 'Nothing of it is in the target but the application.' };
  run.log.info(`The way back: ${way.strategy}. ${way.why}`);
  if (way.strategy === 'none' && !done.deployed) return undefined;
  const consent =
    way.strategy === 'restore' && record !== null ? await losesNothing(run, connection, record, way) : undefined;
  const before = await earlierRollback(run, connection, releaseId);
  // What was done then was done for an earlier attempt at this release.
  const earlier: Earlier = before.state === 'unfinished' ? { ...before, state: 'overtaken' } : before;
  return takeBack(run, connection, release, way, earlier, consent);
}

/** Only that may be restored without a person, and only while users are kept out; in any environment. Throws `NO_WAY_BACK` otherwise. */
async function losesNothing(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Extract<WayBack, { strategy: 'restore' }>,
): Promise<Consent> {
  try {
    return await agreeToRestore(run, connection, release, way);
  } catch (thrown) {
    const error = asReleaseError(thrown);
    if (error.code !== 'CONFIRMATION_NEEDED') throw error;
    const message = `There is no other way back than a restore: ${way.why} None goes on by itself that may lose writes of users, and nobody was asked: ${error.message}`;
    throw new ReleaseError('NO_WAY_BACK', message, { hint: toLose(run, error), cause: error });
  }
}
