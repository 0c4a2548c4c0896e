import { ReleaseError } from '../observe/error.ts';

/** The reason that a door gives when it aborts a run: whoever was waiting then ends with this, and not with a riddle. */
export function cancelled(): ReleaseError {
  return new ReleaseError('CANCELLED', 'The run was cancelled.', { hint: 'Run the same command again when it suits.' });
}
