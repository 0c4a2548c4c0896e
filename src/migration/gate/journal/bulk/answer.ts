import type { Document } from 'mongodb';
import { unsent } from '../../../../mongo/unsent.ts';
import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';
import type { StatementKind } from './list.ts';
import type { AnswerForm } from './parse.ts';
import { bulkWriteResult, type RawBulkResult } from './result.ts';

/** What user code gets: a value, or an error that it has to meet. */
export type Answer = { readonly value: unknown } | { readonly error: unknown };

/** The answer of the driver to a list of which this was done. `refused`: a whole command was, with this error. */
export function answerOf(
  driver: Driver,
  form: AnswerForm,
  ordered: boolean,
  raw: RawBulkResult,
  kind: StatementKind,
  refused?: { readonly error: unknown },
): Answer {
  if (form === 'reply') return refused ?? { value: replyOf(kind, raw) };
  const result = bulkWriteResult(raw, driver.major, ordered);
  const { MongoBulkWriteError } = classesOf(driver);
  if (refused !== undefined) {
    const error = new MongoBulkWriteError(refused.error as never, result as never);
    // There is no code then that tells of it.
    if (unsent(refused.error)) error.cause ??= refused.error;
    return { error };
  }
  const { writeErrors } = raw;
  const [first] = writeErrors;
  if (first !== undefined) {
    const about = { message: first.errmsg || 'write operation failed', code: first.code, writeErrors };
    return { error: new MongoBulkWriteError(about as never, result as never) };
  }
  if (form === 'bulk') return { value: result };
  const { insertedCount, insertedIds } = result;
  return { value: { acknowledged: true, insertedCount, insertedIds } };
}

/** What the server replies to a raw command. */
function replyOf(kind: StatementKind, raw: RawBulkResult): Document {
  const { upserted, writeErrors } = raw;
  const n = { insert: raw.nInserted, update: raw.nMatched + upserted.length, delete: raw.nRemoved }[kind];
  return {
    n,
    ...(upserted.length > 0 ? { upserted } : {}),
    ...(writeErrors.length > 0 ? { writeErrors: writeErrors.map(({ err: { op: _op, ...answer } }) => answer) } : {}),
    ...(kind === 'update' ? { nModified: raw.nModified } : {}),
    ok: 1,
  };
}
