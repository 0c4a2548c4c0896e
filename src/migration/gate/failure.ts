import { labelled, serverCode } from '../../mongo/server-code.ts';
import { unsent } from '../../mongo/unsent.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Call } from './call.ts';

/**
 * What a failed call did:
 * `not-sent` – the driver refused it; `refused` – the server did, whole; `unknown` – it may have been done, or a part of it.
 */
export type FailureKind = 'not-sent' | 'refused' | 'unknown';

/**
 * Server codes that mean that nothing of the command was begun, also where it names several documents
 * (`src/mongo/base/error_codes.yml`): Unauthorized, IllegalOperation, CommandNotFound,
 * OperationNotSupportedInTransaction, CannotCreateIndex and IndexOptionsConflict and IndexKeySpecsConflict.
 */
const neverBegun = new Set([13, 20, 59, 67, 85, 86, 263]);

/** Errors of calls that were answered, and whose answer the driver could not read. */
const done = new WeakSet<object>();

/** Says of an error of the driver's that the server had done the call by then. */
export function wasDone(error: object): void {
  done.add(error);
}

export function failureKind(error: unknown, call: Call): FailureKind {
  if (error instanceof ReleaseError && error.code === 'COMMIT_UNKNOWN') return 'unknown';
  if (typeof error === 'object' && error !== null && done.has(error)) return 'unknown';
  const code = serverCode(error);
  if (code === undefined) return error instanceof ReleaseError || unsent(error) ? 'not-sent' : 'unknown';
  // The driver has tried twice by then; the first attempt may have arrived.
  if (labelled(error, 'RetryableWriteError')) return 'unknown';
  if (hasWriteConcernError(error)) return 'unknown';
  if (neverBegun.has(code)) return 'refused';
  const statements = failedStatements(error);
  if (statements !== undefined) return statements.some(touchesSeveral) ? 'unknown' : 'refused';
  return call.multi ? 'unknown' : 'refused';
}

function hasWriteConcernError(error: unknown): boolean {
  const { name, result } = error as { name?: unknown; result?: { getWriteConcernError?: () => unknown } };
  if (name === 'MongoWriteConcernError') return true;
  return typeof result?.getWriteConcernError === 'function' && result.getWriteConcernError() !== undefined;
}

interface FailedStatement {
  readonly multi?: unknown;
  readonly limit?: unknown;
}

/** The statements of a bulk write that failed, as they were sent; undefined for an error of another kind. */
function failedStatements(error: unknown): FailedStatement[] | undefined {
  const writeErrors = (error as { writeErrors?: unknown }).writeErrors;
  if (writeErrors === undefined) return undefined;
  const list: unknown[] = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
  if (list.length === 0) return undefined;
  return list.map((entry) => (entry as { err?: { op?: FailedStatement } }).err?.op ?? {});
}

function touchesSeveral(statement: FailedStatement): boolean {
  return statement.multi === true || statement.limit === 0;
}
