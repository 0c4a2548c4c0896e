import type { ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import { outcomeOf } from '../report/json.ts';

/** The outcome of a run that ended with this error. `changed`: whether anything of it is, or may be, in the target. */
export function outcomeOfError(error: ReleaseError, changed: boolean): Outcome {
  return changed && error.code !== 'ROLLED_BACK' && !wasOvertaken(error) ? 'failed-dirty' : outcomeOf(error);
}

/** Whether somebody else was first. That is found out before anything is begun: it leaves nothing half-way. */
export function wasOvertaken({ code }: ReleaseError): boolean {
  return code === 'LEASE_HELD' || code === 'PLAN_MOVED' || code === 'TAKEN_BACK';
}
