import { ReleaseError } from '../../observe/error.ts';
import type { Run } from '../run.ts';
import { orMore } from './loss.ts';
import type { RollbackResult } from './result.ts';
import type { StepLog } from './step-log.ts';
import { type StoppedTraffic, stoppedAt, trafficInWords } from './traffic.ts';

/** What stopped it names its own way on: what blocks an undo nobody can correct, and after Atlas there is no record. */
const ownHint: ReadonlySet<string> = new Set(['ATLAS_RESTORE_FAILED', 'RESUME_BLOCKED', 'NO_WAY_BACK']);

/**
 * The error of a rollback that this run has begun and not brought to its end: `ROLLBACK_FAILED`, or `CANCELLED`, with what
 * comes next and whether traffic is stopped. What kept it from changing anything stays what it is.
 */
export function incomplete(
  run: Run,
  cause: ReleaseError,
  result: RollbackResult,
  steps: StepLog,
  stopped: StoppedTraffic | undefined,
  erases: string | undefined,
): ReleaseError {
  const { reverted, failed, restore, releaseId } = result;
  const touched = reverted.length > 0 || failed !== undefined || restore !== undefined;
  const dataBack = steps.stateOf('data') === 'done';
  const begun = touched || stopped !== undefined || dataBack;
  if (!begun && cause.exitCode !== 8 && cause.exitCode !== 9) return cause;
  const message = `The rollback of release ${releaseId} is not complete: ${cause.message}`;
  const more = cause.code === 'CONFIRMATION_NEEDED' ? orMore(cause.details.writes) : '';
  const again = `mongo-release rollback ${releaseId}${agreed(run, cause, result, dataBack, erases)}`;
  return new ReleaseError(
    cause.code === 'CANCELLED' ? 'CANCELLED' : 'ROLLBACK_FAILED',
    [message, ...(stopped === undefined ? [] : [trafficInWords(stopped)])].join(' '),
    {
      hint: ownHint.has(cause.code)
        ? cause.hint
        : `${first(cause)} ${again} again: it goes on with ${stoppedAt(steps.all)}${more}.`,
      details: cause.details,
      cause,
    },
  );
}

function first({ code }: ReleaseError): string {
  switch (code) {
    case 'CANCELLED':
      return 'Type';
    case 'CONFIRMATION_NEEDED':
      return 'When losing that is right, type';
    case 'VERIFICATION_FAILED':
      return 'Look at what the probe saw; one that only the new shape fulfils belongs in the phase after-deploy. Then type';
    default:
      return 'Correct that, then type';
  }
}

/** The flags by which somebody agrees to a restore that is still to come. The strategy is on record; where it `erases` a cluster both are named each time. */
function agreed(
  run: Run,
  { code, details }: ReleaseError,
  result: RollbackResult,
  dataBack: boolean,
  erases: string | undefined,
): string {
  if (result.strategy !== 'restore' || dataBack) return '';
  if (erases !== undefined) return ` --strategy restore --erase-cluster ${erases}`;
  const { 'accept-loss': accepted, yes } = run.invocation.flags;
  const loss = code === 'CONFIRMATION_NEEDED' ? details.writes : accepted;
  if (loss !== undefined) return ` --accept-loss ${loss}`;
  return yes ? ' --yes' : '';
}
