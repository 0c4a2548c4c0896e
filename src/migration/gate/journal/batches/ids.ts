import { asBuffer, bsonTypes, elementsOf } from '../../../../mongo/raw-bson.ts';
import type { Driver } from '../../raw.ts';

/** The classes of BSON that every driver from 4 to 7 exports, as far as they are needed here. */
interface BsonClasses {
  readonly ObjectId: new (bytes: Uint8Array) => unknown;
  readonly Long: { fromBits(low: number, high: number): unknown };
  readonly Timestamp: { fromBits(low: number, high: number): unknown };
  readonly Decimal128: new (bytes: Buffer) => unknown;
  readonly Binary: new (bytes: Buffer, subType: number) => unknown;
  readonly MinKey: new () => unknown;
  readonly MaxKey: new () => unknown;
}

/** An `_id` that cannot be said to the server so that it finds exactly its document. */
export class UnnameableId extends Error {
  override readonly name = 'UnnameableId';
}

/**
 * The `_id` of a document given as bytes, as a value that the driver sends back unchanged: documents become Maps, since
 * objects would sort integer-like keys; 64-bit integers stay exact. Numbers may change between int32 and double, which
 * are one and the same `_id` to the server.
 *
 * Throws `UnnameableId` for types that no driver sends back as they were.
 */
export function idOf(document: Uint8Array, driver: Driver): unknown {
  const buffer = asBuffer(document);
  for (const { name, type, valueStart, end } of elementsOf(buffer)) {
    if (name === '_id') return decoded(buffer, type, valueStart, end, driver.classes as unknown as BsonClasses);
  }
  throw new UnnameableId();
}

/** Type of the `_id` of a document which has it in front, as the server's have. */
export function idTypeOf(document: Uint8Array): number {
  return document[4] as number;
}

function decoded(buffer: Buffer, type: number, at: number, end: number, classes: BsonClasses): unknown {
  switch (type) {
    case bsonTypes.double:
      return buffer.readDoubleLE(at);
    case bsonTypes.int32:
      return buffer.readInt32LE(at);
    case bsonTypes.int64:
      return classes.Long.fromBits(buffer.readInt32LE(at), buffer.readInt32LE(at + 4));
    case bsonTypes.string:
      return buffer.toString('utf8', at + 4, end - 1);
    case bsonTypes.objectId:
      return new classes.ObjectId(Buffer.from(buffer.subarray(at, end)));
    case bsonTypes.date:
      return dateOf(buffer.readBigInt64LE(at));
    case bsonTypes.boolean:
      return buffer[at] === 1;
    case bsonTypes.null:
      return null;
    case bsonTypes.binary:
      return binaryOf(buffer, at, end, classes);
    case bsonTypes.timestamp:
      return classes.Timestamp.fromBits(buffer.readInt32LE(at), buffer.readInt32LE(at + 4));
    case bsonTypes.decimal128:
      return new classes.Decimal128(Buffer.from(buffer.subarray(at, end)));
    case bsonTypes.minKey:
      return new classes.MinKey();
    case bsonTypes.maxKey:
      return new classes.MaxKey();
    case bsonTypes.document:
      return new Map(fieldsOf(buffer, at, classes));
    case bsonTypes.array:
      return fieldsOf(buffer, at, classes).map(([, value]) => value);
    default:
      throw new UnnameableId();
  }
}

function fieldsOf(buffer: Buffer, at: number, classes: BsonClasses): [string, unknown][] {
  const fields = [...elementsOf(buffer, at)].map(({ name, type, valueStart, end }): [string, unknown] => [
    name,
    decoded(buffer, type, valueStart, end, classes),
  ]);
  if (new Set(fields.map(([name]) => name)).size < fields.length) throw new UnnameableId();
  return fields;
}

function binaryOf(buffer: Buffer, at: number, end: number, classes: BsonClasses): unknown {
  const subType = buffer[at + 4] as number;
  // The old form of subtype 2 has its length twice, which drivers write in their own way.
  if (subType === 2) throw new UnnameableId();
  return new classes.Binary(Buffer.from(buffer.subarray(at + 5, end)), subType);
}

function dateOf(milliseconds: bigint): Date {
  const date = new Date(Number(milliseconds));
  // Beyond what JavaScript's dates reach.
  if (Number.isNaN(date.getTime())) throw new UnnameableId();
  return date;
}
