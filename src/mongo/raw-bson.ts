import type { Binary } from 'mongodb';

/**
 * BSON as bytes, without making JavaScript objects of it: objects put integer-like keys first, keep one of two equal
 * keys and lose the types of numbers. Layout and type numbers from https://bsonspec.org/spec.html.
 */

export const bsonTypes = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  maxKey: 0x7f,
  minKey: 0xff,
} as const;

/** Where one element of a document stands in its buffer. */
export interface RawElement {
  readonly type: number;
  readonly name: string;
  /** Offset of the type byte. */
  readonly start: number;
  /** Offsets of the value: its first byte, and the byte after its last. */
  readonly valueStart: number;
  readonly end: number;
}

/** Bytes that are no BSON document. */
export class BsonError extends Error {
  override readonly name = 'BsonError';
}

/**
 * The elements of the document at `offset`, in order, duplicates included; those from `from` on, where one begins there.
 * Throws `BsonError` where it is malformed.
 */
export function* elementsOf(bytes: Uint8Array, offset = 0, from = offset + 4): Generator<RawElement> {
  const buffer = asBuffer(bytes);
  const end = offset + documentLength(buffer, offset);
  let at = from;
  while (at < end - 1) {
    const type = buffer[at] as number;
    const nameEnd = endOfCString(buffer, at + 1, end);
    const valueStart = nameEnd + 1;
    const valueEnd = valueStart + valueLength(buffer, type, valueStart, end);
    if (valueEnd > end - 1) throw new BsonError('a value reaches beyond its document');
    yield { type, name: buffer.toString('utf8', at + 1, nameEnd), start: at, valueStart, end: valueEnd };
    at = valueEnd;
  }
}

/** The bytes of the first embedded document of that name, no copy; undefined when there is none. */
export function documentNamed(bytes: Uint8Array, name: string): Uint8Array | undefined {
  for (const element of elementsOf(bytes)) {
    if (element.name === name && element.type === bsonTypes.document) {
      return bytes.subarray(element.valueStart, element.end);
    }
  }
  return undefined;
}

/** The value of a text field; undefined where there is none of that name. */
export function textNamed(document: Uint8Array, name: string): string | undefined {
  for (const element of elementsOf(document)) {
    // A length of four bytes before it, a zero behind it.
    if (element.name === name) return asBuffer(document).toString('utf8', element.valueStart + 4, element.end - 1);
  }
  return undefined;
}

/** The bytes of `_id` and the zero behind it. */
const idName = 0x5f696400;

/** The `_id` of a document. Throws `BsonError` where it has none: it cannot be found again. */
export function idElement(document: Uint8Array): RawElement {
  const buffer = asBuffer(document);
  // The server keeps it in front.
  if (buffer.length > 9 && buffer.readUInt32BE(5) === idName) {
    const [length, type] = [documentLength(buffer, 0), buffer[4] as number];
    const end = 9 + valueLength(buffer, type, 9, length);
    if (end > length - 1) throw new BsonError('a value reaches beyond its document');
    return { type, name: '_id', start: 4, valueStart: 9, end };
  }
  for (const element of elementsOf(document)) if (element.name === '_id') return element;
  throw new BsonError('a document lacks its _id');
}

/** One text for the `_id`s that are equal in type and bytes. */
export function idKey(document: Uint8Array): string {
  const { type, valueStart, end } = idElement(document);
  return `${type}:${asBuffer(document).toString('latin1', valueStart, end)}`;
}

/**
 * The bytes of a Binary of whichever driver, or of a buffer; undefined for any other value. In some versions the buffer
 * behind a Binary is longer than what it holds.
 */
export function bytesOf(value: Binary | Uint8Array): Buffer;
export function bytesOf(value: unknown): Buffer | undefined;
export function bytesOf(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return asBuffer(value);
  const { buffer, position } = (value ?? {}) as { buffer?: unknown; position?: unknown };
  if (!(buffer instanceof Uint8Array) || typeof position !== 'number') return undefined;
  return asBuffer(buffer).subarray(0, position);
}

export const emptyDocument: Uint8Array = Buffer.from([5, 0, 0, 0, 0]);

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return asBuffer(a).equals(b);
}

/** Same bytes, no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Length in bytes that the document at `offset` states, checked against the buffer and its closing zero. */
function documentLength(buffer: Buffer, offset: number): number {
  if (offset + 5 > buffer.length) throw new BsonError('a document ends early');
  const length = buffer.readInt32LE(offset);
  if (length < 5 || offset + length > buffer.length) throw new BsonError('the length of a document is impossible');
  if (buffer[offset + length - 1] !== 0) throw new BsonError('a document lacks its closing zero');
  return length;
}

export function endOfCString(buffer: Buffer, from: number, limit: number): number {
  const end = buffer.indexOf(0, from);
  if (end < 0 || end >= limit) throw new BsonError('a name has no end');
  return end;
}

/** Bytes of the value of that type at `at`, in a document that ends at `limit`. Throws `BsonError` where it is none. */
export function valueLength(buffer: Buffer, type: number, at: number, limit: number): number {
  switch (type) {
    case bsonTypes.double:
    case bsonTypes.date:
    case bsonTypes.timestamp:
    case bsonTypes.int64:
      return 8;
    case bsonTypes.int32:
      return 4;
    case bsonTypes.string:
    case bsonTypes.code:
    case bsonTypes.symbol:
      return 4 + stated(buffer, at, limit, 1);
    case bsonTypes.document:
    case bsonTypes.array:
    case bsonTypes.codeWithScope:
      return stated(buffer, at, limit, 5);
    case bsonTypes.binary:
      return 5 + stated(buffer, at, limit, 0);
    case bsonTypes.objectId:
      return 12;
    case bsonTypes.boolean:
      return 1;
    case bsonTypes.decimal128:
      return 16;
    case bsonTypes.undefined:
    case bsonTypes.null:
    case bsonTypes.minKey:
    case bsonTypes.maxKey:
      return 0;
    case bsonTypes.regex:
      return endOfCString(buffer, endOfCString(buffer, at, limit) + 1, limit) + 1 - at;
    case bsonTypes.dbPointer:
      return 4 + stated(buffer, at, limit, 1) + 12;
    default:
      throw new BsonError(`there is no type ${type}`);
  }
}

function stated(buffer: Buffer, at: number, limit: number, least: number): number {
  if (at + 4 > limit) throw new BsonError('a value ends early');
  const length = buffer.readInt32LE(at);
  if (length < least) throw new BsonError('the length of a value is impossible');
  return length;
}
