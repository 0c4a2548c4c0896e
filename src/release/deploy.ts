import { thisProcess } from '../migration/lease/owner-process.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { runHook } from './hook.ts';
import type { Recording } from './record/on-record.ts';
import { refuseApplying, refuseBesideRelease } from './rollback/still-running.ts';
import { type Run, stopIfCancelled } from './run.ts';

export interface AboutDeploy {
  /** Whether migrations before it are applied. */
  readonly changed: boolean;
  /** Names of the migrations after it. */
  readonly later: readonly string[];
}

/**
 * Puts on record that this release goes on to deploy. Throws `HISTORY_CONFLICT` where something else is under way beside
 * which nobody deploys; `DEPLOY_FAILED` for that where migrations are applied already. It was not begun then.
 */
export async function claimDeploy(
  run: Run,
  connection: Connection,
  recording: Recording,
  about: AboutDeploy,
): Promise<void> {
  try {
    // What has begun since the guards looked. Before the step: one that began hides a rollback from whoever looks for it.
    await refuseBesideDeploy(run, connection);
    // Who takes it back has to know of it, and nobody else may be at it.
    await recording.claim();
    // Whoever looks for others is on record before, or has the lease: of two that begin at once, one sees the other, and
    // hardly ever both do; neither deploys then. Nobody waits here, on a plan of before.
    await refuseBesideDeploy(run, connection);
  } catch (thrown) {
    throw notBegun(run, about, asReleaseError(thrown));
  }
}

async function refuseBesideDeploy(run: Run, connection: Connection): Promise<void> {
  await refuseBesideRelease(run, connection);
  await refuseApplying(run, connection);
}

function notBegun({ releaseId }: Run, { changed, later }: AboutDeploy, cause: ReleaseError): ReleaseError {
  if (!changed) return cause;
  const { code, message, hint } = cause;
  return new ReleaseError(
    'DEPLOY_FAILED',
    `The migrations before it were applied, and the deploy was not begun: ${message} [${code}]${inWords(later)}`,
    {
      hint: `${hint} Then mongo-release release --apply goes on from what is applied, and deploys; mongo-release rollback ${releaseId} takes it back.`,
      cause,
    },
  );
}

export interface Deployed {
  readonly durationMs: number;
  /** `DEPLOY_FAILED`: nobody can tell which application is there. */
  readonly error?: ReleaseError;
}

/** Runs the hook, whose process goes on record: it may outlive this one. Throws where the run was cancelled. */
export async function deploy(
  run: Run,
  recording: Recording,
  command: string,
  { changed, later }: AboutDeploy,
): Promise<Deployed> {
  let kept: Promise<void> | undefined;
  const end = await runHook(run, 'deploy', command, (pid) => {
    kept = recording.keep(thisProcess(pid)).catch(() => {});
  });
  await kept;
  stopIfCancelled(run);
  const { durationMs } = end;
  if (end.state === 'done') return { durationMs };
  const error = new ReleaseError(
    'DEPLOY_FAILED',
    `${changed ? 'The migrations before it were applied, and the' : 'The'} deploy hook failed: ${end.why}.${inWords(later)}`,
    { hint: `Correct hooks.deploy and deploy again, or go back with mongo-release rollback ${run.releaseId}.` },
  );
  return { durationMs, error };
}

function inWords(later: readonly string[]): string {
  return later.length === 0 ? '' : ` Not begun: ${later.join(', ')}.`;
}
