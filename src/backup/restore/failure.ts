import { asServerFailure, describeServerError, serverCode, serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';

export const restoreHints = {
  RESTORE_FAILED: 'Settle what the message names and run the restore again; `mongo-release inspect` shows the backup.',
  RESTORE_INCOMPLETE:
    'Run the same restore again: it finishes what was begun. Stop traffic to this database until then.',
  inUse:
    'The database can be used. Do not type it again for that, it would restore anew: the next restore removes what is left.',
} as const;

/**
 * Runs a part of a restore and gives its failure the code that says what it means for the data. `what` names the part,
 * such as "building index a_1 of places". Lost connections and refused rights keep their own codes while nothing of
 * the user's was touched.
 */
export async function during<T>(
  code: 'RESTORE_FAILED' | 'RESTORE_INCOMPLETE',
  what: string,
  run: () => Promise<T>,
  hint?: string,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw restoreFailure(code, what, error, hint);
  }
}

export function restoreFailure(
  code: 'RESTORE_FAILED' | 'RESTORE_INCOMPLETE',
  what: string,
  error: unknown,
  hint: string = restoreHints[code],
): Error {
  // Whatever keeps a begun swap from its end, what it means for the data is that it is not over.
  if (error instanceof ReleaseError && (code === 'RESTORE_FAILED' || error.code === code)) return error;
  const number = serverCode(error);
  if (code === 'RESTORE_FAILED' && (number === undefined || number === serverCodes.Unauthorized)) {
    return asServerFailure(error, what);
  }
  const why = error instanceof ReleaseError ? `${error.message} [${error.code}]` : `${describeServerError(error)}.`;
  return new ReleaseError(code, `The restore stopped while ${what}: ${why}`, {
    hint,
    cause: error,
  });
}
