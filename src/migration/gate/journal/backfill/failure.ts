import { ReleaseError } from '../../../../observe/error.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Answer } from './answers.ts';
import type { Backfill } from './description.ts';
import { shownId } from './rows.ts';

export type Failed = Extract<Answer, { readonly write: undefined }>;

/** What is no fault of the document: it would be the same with every other one. */
export function isOutage({ failure }: Failed): boolean {
  return passing(failure) !== undefined;
}

/** The error that a batch ends with at a document, with the place in user code where there is one. */
export function documentFailed({ namespace, describe, title }: Backfill, { row, failure, by }: Failed): ReleaseError {
  const what = by === 'each' ? 'each failed for' : 'the server refused the change of';
  const error = new ReleaseError(
    'BATCH_DOCUMENT_FAILED',
    `${title}: ${what} the document ${shownId(row.bytes)} of ${namespace.collection}: ${describe(failure)}.`,
    {
      hint: "Correct that document and run it again: it goes on there. onError: 'quarantine' leaves such documents out.",
      cause: failure,
    },
  );
  // Its place is where user code threw: the way from here to there is of no use to anybody.
  const { stack } = failure as { stack?: unknown };
  if (by === 'each' && typeof stack === 'string') error.stack = stack;
  return error;
}

export function tooManyFailed(backfill: Backfill, failed: Failed): ReleaseError {
  const { title, maxErrors } = backfill;
  const last = documentFailed(backfill, failed);
  return new ReleaseError(
    'BATCH_DOCUMENT_FAILED',
    `${title}: more than ${maxErrors} documents failed. The last one: ${last.message}`,
    { hint: 'Correct the migration, or raise maxErrors when that many may be left out.', cause: last.cause },
  );
}
