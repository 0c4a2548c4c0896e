import type { Document } from 'mongodb';
import { labelled } from '../../../mongo/server-code.ts';
import { unsent } from '../../../mongo/unsent.ts';
import type { StoredError, StoredResult } from '../../journal/documents.ts';
import type { Driver } from '../raw.ts';
import { type BulkWriteResult, bulkWriteResult, type RawBulkResult, WriteError } from './bulk/result.ts';
import { classesOf, type DriverClasses } from './driver-classes.ts';
import { bsonSize } from './size.ts';

/** An entry is one document of at most 16 MB, and holds reads as well; a result is kept up to this many bytes of BSON. */
const keptBytes = 1_000_000;

/** For the journal: what the driver answered. Objects of the driver (collections, cursors) are no data: `omitted`. */
export function storeResult(value: unknown): StoredResult {
  if (value === undefined) return { form: 'nothing' };
  if (isBulkResult(value)) return fitting({ form: 'bulk', value: storedBulk(value) });
  if (!isData(value)) return { form: 'omitted' };
  return fitting({ form: 'plain', value: withoutUndefined(value) });
}

/**
 * What user code gets on a replay; undefined for `nothing` and for `omitted`, which the caller has to look at first:
 * such a call cannot be answered.
 *
 * Read the journal with `promoteLongs: false`: a Long that user code gave as an `_id` is a Long again then.
 */
export function restoreResult({ form, value }: StoredResult, driver: Driver): unknown {
  switch (form) {
    case 'plain':
      return value;
    case 'bulk':
      return restoredBulk(value as StoredBulk, driver);
    default:
      return undefined;
  }
}

/** Of an error that is kept without what the server answered. */
const messageLength = 10_000;

/**
 * For the journal: an answer of the server, or of the driver by itself, that says no. Undefined for all else: a
 * network's failure, an unsettled outcome; such a call was not answered, and has to be made again.
 */
export function storeError(error: unknown): StoredError | undefined {
  if (unsent(error)) return { name: error.name, message: error.message.slice(0, messageLength) };
  if (!(error instanceof Error) || !error.name.startsWith('Mongo')) return undefined;
  for (const label of unsettled) if (labelled(error, label)) return undefined;
  const { name, message, code, result } = error as Error & { code?: unknown; result?: unknown };
  if (typeof code !== 'number' && !unsent(error.cause)) return undefined;
  const stored = { name, message, ...(typeof code === 'number' ? { code } : {}), response: responseOf(error) };
  return fittingError(isBulkResult(result) ? { ...stored, result: storedBulk(result) } : stored);
}

const unsettled = ['UnknownTransactionCommitResult', 'TransientTransactionError', 'RetryableWriteError'];

/** An error of the driver's own class, as user code got it in the first place. */
export function restoreError({ name, message, code, response, result }: StoredError, driver: Driver): Error {
  const classes = classesOf(driver);
  const own = classNamed(name, classes)?.prototype;
  if (code === undefined && result === undefined) {
    const error = name.startsWith('Mongo') ? new classes.MongoError(message) : new Error(message);
    if (own === undefined) Object.defineProperty(error, 'name', { value: name, configurable: true });
    else Object.setPrototypeOf(error, own);
    return error;
  }
  const answer = { ...response, ...(code === undefined ? {} : { code }) };
  if (name === 'MongoBulkWriteError' && result !== undefined) {
    const restored = restoredBulk(result as unknown as StoredBulk, driver);
    const { writeErrors } = restored.getRawResponse();
    // The driver copies the fields of a refused command to the error; of refused statements it has the first one's code.
    const cause =
      writeErrors.length > 0 || response === undefined
        ? { message, code, writeErrors }
        : new classes.MongoServerError({ ...answer, errmsg: message });
    return new classes.MongoBulkWriteError(cause as never, restored as never);
  }
  const error = new classes.MongoServerError({ ...answer, errmsg: message });
  if (own !== undefined) Object.setPrototypeOf(error, own);
  return error;
}

/** Of the driver, of BSON or of the language: user code asks by `instanceof`. */
function classNamed(name: string, classes: DriverClasses): ErrorConstructor | undefined {
  for (const place of [classes, classes.BSON, globalThis] as unknown as Record<string, unknown>[]) {
    const found = place[name];
    if (typeof found === 'function' && found.prototype instanceof Error) return found as ErrorConstructor;
  }
  return undefined;
}

interface StoredBulk {
  readonly raw: Omit<RawBulkResult, 'writeErrors' | 'writeConcernErrors'>;
  /** Without the statements: user code has them, and they may be large. */
  readonly writeErrors: readonly Document[];
  /** As the result named them. */
  readonly shown: readonly number[];
}

interface BulkShape {
  readonly insertedIds: object;
  getRawResponse(): RawBulkResult;
}

function isBulkResult(value: unknown): value is BulkShape {
  return typeof (value as Partial<BulkShape> | null)?.getRawResponse === 'function';
}

function storedBulk(result: BulkShape): StoredBulk & Document {
  const { writeErrors, writeConcernErrors: _unacknowledged, ...raw } = result.getRawResponse();
  return withoutUndefined({
    raw,
    writeErrors: writeErrors.map(({ err: { index, code, errmsg, errInfo } }) => ({ index, code, errmsg, errInfo })),
    shown: Object.keys(result.insertedIds).map(Number),
  }) as StoredBulk & Document;
}

function restoredBulk({ raw, writeErrors, shown }: StoredBulk, driver: Driver): BulkWriteResult {
  const { ok, ...rest } = raw;
  const errors = writeErrors.map((fields) => new WriteError(fields as WriteError['err']));
  const ids = new Map(raw.insertedIds.map(({ index, _id }) => [index, _id]));
  return bulkWriteResult(
    { ok, writeErrors: errors, writeConcernErrors: [], ...rest },
    driver.major,
    true,
    Object.fromEntries(shown.map((index) => [index, ids.get(index)])),
  );
}

/** What the server said: driver 6 and later keep it, earlier ones spread it over the error. */
function responseOf(error: Error): Document | undefined {
  const kept = (error as { errorResponse?: unknown }).errorResponse;
  const fields = kept !== null && typeof kept === 'object' && !(kept instanceof Error) ? kept : error;
  const response: Document = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!notOfTheServer.has(name) && isData(value)) response[name] = withoutUndefined(value);
  }
  const labels = (error as { errorLabels?: unknown }).errorLabels;
  if (Array.isArray(labels) && labels.length > 0) response.errorLabels = [...labels];
  return Object.keys(response).length === 0 ? undefined : response;
}

const notOfTheServer = new Set([
  'message',
  'errmsg',
  'stack',
  'result',
  'writeErrors',
  'err',
  'errorLabels',
  'errorLabelSet',
  'errorResponse',
  'connectionGeneration',
  'topologyVersion',
  // Of this one answer, and `$` at the beginning of a name is refused in documents before server 5.0.
  '$clusterTime',
  'operationTime',
]);

function fitting(stored: StoredResult): StoredResult {
  return bsonSize(stored.value, keptBytes) > keptBytes ? { form: 'omitted' } : stored;
}

/** An error is never left out: user code has to meet it again. What it quotes is. */
function fittingError(stored: StoredError): StoredError {
  if (bsonSize(stored, keptBytes) <= keptBytes) return stored;
  const { name, message, code, result } = stored;
  const brief = { name, message: message.slice(0, messageLength), code };
  if (result === undefined || bsonSize(result, 4 * keptBytes) > 4 * keptBytes) return brief;
  return { ...brief, result };
}

/** Values that BSON takes: everything but functions and objects of classes that are not BSON's. */
function isData(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value) || value instanceof Date || value instanceof RegExp || value instanceof Map) return true;
  if (ArrayBuffer.isView(value) || '_bsontype' in value) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** BSON has no undefined: a field of it is left out, rather than become null. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || '_bsontype' in value) return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  const copy: Document = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined || name === '$clusterTime') continue;
    copy[name] = withoutUndefined(inner);
  }
  return copy;
}
