import { shownId } from '../../../../mongo/shown-id.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Answer } from './answers.ts';
import type { Backfill } from './description.ts';
import type { Survey } from './survey.ts';

export type Failed = Extract<Answer, { readonly write: undefined }>;

/** Why a document cannot be changed, where neither user code nor the server said so. Its message holds no values. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
  /** What to change in the migration; undefined where it is no fault of that. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What is no fault of the document: it would be the same with every other one. */
export function isOutage({ failure }: Failed): boolean {
  return passing(failure) !== undefined;
}

/** The error that a batch ends with at a document, with the place in user code where there is one. */
export function documentFailed(backfill: Backfill, failed: Failed, survey?: Survey): ReleaseError {
  const several = survey !== undefined && survey.failed > 1 ? survey : undefined;
  const all = several === undefined ? '' : `${allThatFail(several)} `;
  const message = `${backfill.title}: ${all}${toldOf(backfill, failed)}.`;
  const hint = `${whatToDo(failed, several !== undefined)}, then type the same command again.`;
  return atItsPlace(failed, message, hint);
}

function allThatFail({ failed, asked, ids, more }: Survey): string {
  const of = `${more ? 'the first ' : ''}${asked} documents`;
  return `each fails for ${failed} of ${of}: ${ids.join(', ')}${failed > ids.length ? ', …' : ''}. The first of them:`;
}

function whatToDo(failed: Failed, several: boolean): string {
  const { failure, row } = failed;
  if (isOutage(failed)) return 'Look at the servers and at the network between';
  if (failure instanceof Unusable && failure.hint !== undefined) return failure.hint;
  const documents = several ? 'these documents' : `the document ${shownId(row.bytes)}`;
  return `Correct ${documents} or the migration, or let the batch leave such documents out (onError: 'quarantine', maxErrors: how many)`;
}

export function tooManyFailed(backfill: Backfill, failed: Failed): ReleaseError {
  const { title, maxErrors } = backfill;
  if (maxErrors === 0) return documentFailed(backfill, failed);
  const message = `${title}: more than ${maxErrors} documents failed. The last: ${toldOf(backfill, failed)}.`;
  const hint =
    'Look at the others in quarantine, each with its error. Correct the migration, or raise maxErrors where that many may be left out.';
  return atItsPlace(failed, message, hint);
}

function toldOf({ describe }: Backfill, failed: Failed): string {
  const { row, failure, by } = failed;
  const byCode = by === 'each' ? 'each failed for' : 'the server refused the change of';
  const what = isOutage(failed)
    ? 'the connection was lost at'
    : failure instanceof Unusable
      ? 'nothing was done with'
      : byCode;
  return `${what} the document ${shownId(row.bytes)}: ${describe(failure)}`;
}

function atItsPlace({ failure, by }: Failed, message: string, hint: string): ReleaseError {
  const error = new ReleaseError('BATCH_DOCUMENT_FAILED', message, { hint, cause: failure });
  // Its place is where user code threw: the way from here to there is of no use to anybody.
  const { stack } = Object(failure) as { stack?: unknown };
  if (by === 'each' && typeof stack === 'string') error.stack = stack;
  return error;
}
