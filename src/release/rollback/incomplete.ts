import { ReleaseError } from '../../observe/error.ts';
import type { Step } from '../result.ts';
import type { RollbackResult } from './result.ts';
import type { StepLog } from './step-log.ts';

/** What stopped it names its own way on: what blocks an undo nobody can correct, and after Atlas there is no record. */
const ownHint: ReadonlySet<string> = new Set(['ATLAS_RESTORE_FAILED', 'RESUME_BLOCKED', 'NO_WAY_BACK']);

/**
 * The error of a rollback that this run has begun and not brought to its end: `ROLLBACK_FAILED`, with what comes next and
 * whether traffic is stopped. What kept it from changing anything stays what it is.
 */
export function incomplete(cause: ReleaseError, result: RollbackResult, steps: StepLog): ReleaseError {
  const { reverted, failed, restore, releaseId } = result;
  const touched = reverted.length > 0 || failed !== undefined || restore !== undefined;
  const traffic = trafficIn(steps);
  const begun = touched || traffic !== undefined || steps.stateOf('data') === 'done';
  if (!begun && cause.exitCode !== 8 && cause.exitCode !== 9) return cause;
  const at = steps.all.find(({ state }) => state === 'failed' || state === 'unknown');
  const first =
    cause.code === 'VERIFICATION_FAILED'
      ? 'Look at what the probe saw; one that only the new shape fulfils belongs in the phase after-deploy. Then'
      : 'Correct that, then';
  const message = `The rollback of release ${releaseId} is not complete: ${cause.message}`;
  return new ReleaseError('ROLLBACK_FAILED', [message, ...(traffic === undefined ? [] : [traffic])].join(' '), {
    hint: ownHint.has(cause.code)
      ? cause.hint
      : `${first} type mongo-release rollback ${releaseId} again: it goes on with ${at?.name ?? 'where it stands'}.`,
    cause,
  });
}

/** A sentence, where users may be shut out. */
function trafficIn(steps: StepLog): string | undefined {
  const stopped = steps.stateOf('stop-traffic');
  if (stopped === undefined || stopped === 'skipped') return undefined;
  if (stopped !== 'done') return 'Whether traffic is stopped is not known.';
  const begun: readonly (Step['state'] | undefined)[] = ['failed', 'unknown'];
  return begun.includes(steps.stateOf('start-traffic'))
    ? 'Whether traffic is back is not known.'
    : 'Traffic is stopped, and stays so until the rollback is done.';
}
