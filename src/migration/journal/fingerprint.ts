import { createHash } from 'node:crypto';
import type { EntryNamespace } from './documents.ts';

/**
 * The name of a call by what it asks for: method, namespace, arguments. Equal calls of two runs have equal
 * fingerprints. The order of keys counts, since it does in MongoDB; sessions, functions and signals do not.
 *
 * To be taken before the driver gets the arguments: it puts `_id`s into documents that have none.
 */
export function fingerprintOf(
  method: string,
  { database, collection }: EntryNamespace,
  args: readonly unknown[],
): string {
  const text = `${method}\n${database}\n${collection ?? ''}\n${args.map((arg) => canonical(arg, [])).join('\n')}`;
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** A digest of a value that came from the server, for comparing it with what a later read gives. */
export function valueDigest(value: unknown): string {
  return createHash('sha256').update(canonical(value, [])).digest('base64url').slice(0, 22);
}

/** A text that is equal for equal values, also where their bytes differ. */
export function canonicalText(value: unknown): string {
  return canonical(value, []);
}

interface Bson {
  readonly _bsontype?: unknown;
  toExtendedJSON?(options: { relaxed: boolean }): unknown;
}

/** `within`: the objects that it stands in; the driver refuses a circle, and has to be asked. */
function canonical(value: unknown, within: object[]): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'function':
    case 'symbol':
      return 'function';
    case 'bigint':
      return `bigint:${value}`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
      return String(value);
    case 'string':
      return JSON.stringify(value);
  }
  if (value === null) return 'null';
  const object = value as object;
  if (object instanceof Date) return `date:${object.getTime()}`;
  if (object instanceof RegExp) return `regexp:${object.source}/${object.flags}`;
  if (ArrayBuffer.isView(object)) {
    return `bytes:${Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('base64')}`;
  }
  if (object instanceof AbortSignal) return 'function';
  const bson = object as Bson;
  if (typeof bson._bsontype === 'string') {
    const plain = bson.toExtendedJSON?.({ relaxed: false });
    return `${bson._bsontype}:${plain === undefined ? String(object) : JSON.stringify(plain)}`;
  }
  if (within.includes(object)) return 'circle';
  within.push(object);
  try {
    return inner(object, within);
  } finally {
    within.pop();
  }
}

function inner(object: object, within: object[]): string {
  if (Array.isArray(object)) return `[${object.map((entry) => canonical(entry, within)).join(',')}]`;
  if (object instanceof Map)
    return fields(
      [...object.entries()].map(([key, value]) => [String(key), value]),
      within,
    );
  const converted = (object as { toBSON?: () => unknown }).toBSON;
  if (typeof converted === 'function') return canonical(converted.call(object), within);
  return fields(Object.entries(object), within);
}

function fields(entries: readonly (readonly [string, unknown])[], within: object[]): string {
  const kept = entries.filter(([, value]) => value !== undefined && typeof value !== 'function' && !isSession(value));
  return `{${kept.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value, within)}`).join(',')}}`;
}

/** By shape: the class belongs to whichever driver the project has. */
function isSession(value: unknown): boolean {
  return typeof (value as { inTransaction?: unknown } | null)?.inTransaction === 'function';
}
