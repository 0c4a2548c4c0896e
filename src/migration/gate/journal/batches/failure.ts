import { labelled, serverCode } from '../../../../mongo/server-code.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Call } from '../../call.ts';
import { shownName } from '../../names.ts';
import { TooLarge } from './images.ts';

/**
 * Server codes that say that a transaction was too large or too long (`src/mongo/base/error_codes.yml`):
 * ExceededMemoryLimit, NoSuchTransaction (where the server ended it), ExceededTimeLimit,
 * TransactionExceededLifetimeLimitSeconds, TemporarilyUnavailable, TransactionTooLargeForCache.
 */
const tooMuch = new Set([146, 251, 262, 290, 365, 388]);

/** Whether a transaction may go through when it holds fewer documents. */
export function tooManyAtOnce(error: unknown): boolean {
  if (error instanceof TooLarge) return true;
  if (labelled(error, 'UnknownTransactionCommitResult')) return false;
  return passing(error) === 'conflict' || isTooMuch(error);
}

function isTooMuch(error: unknown): boolean {
  return tooMuch.has(serverCode(error) ?? 0);
}

/** The refusal of a statement that neither fits into one transaction nor may be cut; every other error as it is. */
export function asTooLarge(error: unknown, call: Call, home: string, why: string): unknown {
  if (!(error instanceof TooLarge) && !isTooMuch(error)) return error;
  const shown = shownName(call.namespace, home);
  return new ReleaseError(
    'STATEMENT_TOO_LARGE',
    `${call.method} on ${shown} is about more documents than one transaction takes, and cannot be done in batches, since ${why}.`,
    {
      hint: 'Cut it into several statements, each for a part of the documents, or find their ids first and name them: { _id: { $in: ids } }.',
      cause: error,
    },
  );
}

/** The refusal of a statement about a document that cannot be found again by its `_id`. */
export function asIdUnusable(error: unknown, call: Call, home: string): ReleaseError {
  const shown = shownName(call.namespace, home);
  return new ReleaseError(
    'ID_UNUSABLE',
    `${call.method} on ${shown} is about a document whose _id no driver sends back as it is stored.`,
    {
      hint: 'Give that document another _id: look for dates after the year 275760, binaries of subtype 2, or documents with two fields of one name.',
      cause: error,
    },
  );
}
