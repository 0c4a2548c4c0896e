import { didYouMean } from '../../config/nearest.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Namespace } from '../gate/call.ts';
import type { Backfill } from '../gate/journal/backfill/description.ts';

/** What a `batch` call asks for, checked; what was not given is undefined. */
export interface Checked {
  readonly namespace: Namespace;
  readonly filter: object;
  readonly work: Backfill['work'];
  readonly name: string | undefined;
  readonly order: Backfill['order'] | undefined;
  readonly size: number | undefined;
  readonly concurrency: number | undefined;
  readonly throttle: { readonly pauseMs?: number; readonly documentsPerSecond?: number } | undefined;
  readonly onError: Backfill['onError'] | undefined;
  readonly maxErrors: number | undefined;
}

type Given = Readonly<Record<string, unknown>>;

const known = [
  ...['collection', 'filter', 'update', 'each', 'name', 'size', 'order'],
  ...['throttle', 'onError', 'maxErrors', 'concurrency'],
];

/** The most documents of one transaction: beyond it users wait for it noticeably. */
const largestSize = 10_000;
const mostConcurrency = 100;

/** Throws `BATCH_INVALID` for what it cannot mean. `database`: of collections that are given by name. */
export function checkedOptions(given: unknown, database: string): Checked {
  if (!isPlain(given)) throw invalid('batch takes one object.', 'Write batch({ collection, filter, each }).');
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw invalid(`batch does not know ${unknown}.`, `It knows ${known.join(', ')}.${didYouMean(unknown, known)}`);
  const { filter = {}, name, throttle, onError } = given;
  const { namespace, also } = collectionOf(given.collection, database);
  if (!isPlain(filter)) throw invalid('The filter of batch is no object.', 'Write filter: { field: value }.');
  if (name !== undefined && typeof name !== 'string')
    throw invalid('The name of batch is no text.', "Write name: '…'.");
  if (onError !== undefined && onError !== 'stop' && onError !== 'quarantine') {
    throw invalid(
      "batch's onError is neither 'stop' nor 'quarantine'.",
      "Write onError: 'stop' (the default) or onError: 'quarantine'.",
    );
  }
  return {
    namespace,
    filter: also === undefined ? filter : { $and: [also, filter] },
    work: workOf(given),
    name,
    order: given.order === undefined ? undefined : orderOf(given.order),
    size: numberOf(given, 'size', 1, largestSize),
    concurrency: numberOf(given, 'concurrency', 1, mostConcurrency),
    throttle: throttle === undefined ? undefined : throttleOf(throttle),
    onError,
    maxErrors: numberOf(given, 'maxErrors', 0, Number.MAX_SAFE_INTEGER),
  };
}

function workOf({ update, each }: Given): Backfill['work'] {
  if ((update === undefined) === (each === undefined)) {
    throw invalid(
      'batch takes either update or each.',
      'Write one of them: update: { $set: … }, or each: (document) => ….',
    );
  }
  if (each !== undefined) {
    if (typeof each === 'function') return { kind: 'each', each: each as (document: object) => unknown };
    throw invalid('The each of batch is no function.', 'Write each: (document) => ({ $set: { … } }).');
  }
  const operators = isPlain(update) && Object.keys(update).every((key) => key.startsWith('$'));
  const some = Array.isArray(update) ? update.length > 0 : operators && Object.keys(update).length > 0;
  if (some) return { kind: 'update', update: update as object };
  throw invalid(
    'The update of batch is neither an object of operators nor a pipeline.',
    'Write update: { $set: { … } }, or a pipeline: update: [{ $set: { … } }].',
  );
}

function orderOf(order: unknown): Backfill['order'] {
  const fields = isPlain(order) ? Object.entries(order) : [];
  if (fields.length === 0 || !fields.every(([name, way]) => !name.startsWith('$') && (way === 1 || way === -1))) {
    throw invalid(
      'The order of batch does not say 1 or -1 for each field.',
      'Write order: { field: 1 }, or -1 for the other way.',
    );
  }
  const given = fields as [string, 1 | -1][];
  const unique = given.findIndex(([name]) => name === '_id');
  return unique < 0 ? [...given, ['_id', 1]] : given.slice(0, unique + 1);
}

function throttleOf(throttle: unknown): Checked['throttle'] {
  const hint = 'Write throttle: { pauseMs: 100 } or throttle: { documentsPerSecond: 500 }.';
  if (!isPlain(throttle)) throw invalid('The throttle of batch is no object.', hint);
  const unknown = Object.keys(throttle).find((key) => key !== 'pauseMs' && key !== 'documentsPerSecond');
  if (unknown !== undefined) throw invalid(`The throttle of batch does not know ${unknown}.`, hint);
  return {
    pauseMs: numberOf(throttle, 'pauseMs', 0, longestPauseMs),
    documentsPerSecond: numberOf(throttle, 'documentsPerSecond', 1, Number.MAX_SAFE_INTEGER),
  };
}

/** The server closes a cursor that was not asked for 10 minutes (`cursorTimeoutMillis`). */
const longestPauseMs = 540_000;

function numberOf(given: Given, key: string, least: number, most: number): number | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw invalid(`batch's ${key} is no whole number ${range}.`, `Write for example ${key}: ${Math.max(least, 10)}.`);
}

interface Shaped {
  readonly dbName?: unknown;
  readonly collectionName?: unknown;
  readonly conn?: { readonly name?: unknown };
  readonly modelName?: unknown;
  readonly db?: { readonly name?: unknown };
  readonly collection?: Shaped;
  readonly schema?: { readonly discriminatorMapping?: { key?: unknown; value?: unknown; isRoot?: unknown } };
}

/** Of a name, a collection of the driver or of Mongoose, a model. By shape: the classes are the project's. */
function collectionOf(given: unknown, database: string): { readonly namespace: Namespace; readonly also?: object } {
  if (typeof given === 'string' && given !== '') return { namespace: { database, collection: given } };
  const shaped = (typeof given === 'object' || typeof given === 'function' ? given : undefined) as Shaped | null;
  const model = typeof given === 'function' && typeof shaped?.modelName === 'string' ? shaped : undefined;
  const collection = model === undefined ? shaped : model.collection;
  if (typeof collection?.collectionName !== 'string') {
    throw invalid(
      'batch got no collection.',
      "Write collection: 'cities', or give a collection of db or a Mongoose model.",
    );
  }
  const names = [model?.db?.name, collection.conn?.name, collection.dbName];
  const home = names.find((name): name is string => typeof name === 'string' && name !== '') ?? database;
  const { key, value, isRoot } = model?.schema?.discriminatorMapping ?? {};
  // The documents of one kind among several in a collection.
  const also = typeof key === 'string' && isRoot === false ? { [key]: value } : undefined;
  return { namespace: { database: home, collection: collection.collectionName }, also };
}

function isPlain(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, hint: string): ReleaseError {
  return new ReleaseError('BATCH_INVALID', message, { hint });
}
