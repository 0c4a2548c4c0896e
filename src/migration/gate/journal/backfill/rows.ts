import { createHash } from 'node:crypto';
import { asBuffer, bsonTypes, elementsOf, idKey } from '../../../../mongo/raw-bson.ts';
import type { Driver, RawCollection } from '../../raw.ts';
import { idOf } from '../batches/ids.ts';
import { classesOf } from '../driver-classes.ts';
import type { Place } from './order.ts';

/** One document that a batch has read. */
export interface Row {
  /** As the server had it. */
  readonly bytes: Uint8Array;
  /** As the driver sends it back unchanged. */
  readonly id: unknown;
  /** Equal exactly for equal `_id`s. */
  readonly key: string;
  readonly index: number;
  /** Where it stood in the batch's order when it was read. */
  readonly place: Place;
}

/** Throws `UnnameableId` for an `_id` that no driver sends back as it was. */
export function rowOf(bytes: Uint8Array, place: Place, index: number, driver: Driver): Row {
  return { bytes, id: idOf(bytes, driver), key: idKey(bytes), index, place };
}

export function sameBytes(a: Row, b: Uint8Array): boolean {
  return asBuffer(a.bytes).equals(b);
}

/** The document as `find` of this collection would give it to user code. */
export function decoded(row: Row, collection: RawCollection, driver: Driver): object {
  const { bsonOptions } = collection as unknown as { bsonOptions?: object };
  return classesOf(driver).BSON.deserialize(row.bytes, { ...bsonOptions, raw: false } as object);
}

/** An `_id` as messages may show it: ids of machines as they are, what may be a person's as a hash. */
export function shownId(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  for (const { name, type, valueStart, end } of elementsOf(buffer)) {
    if (name !== '_id') continue;
    switch (type) {
      case bsonTypes.objectId:
        return buffer.toString('hex', valueStart, end);
      case bsonTypes.int32:
        return String(buffer.readInt32LE(valueStart));
      case bsonTypes.double:
        return String(buffer.readDoubleLE(valueStart));
      case bsonTypes.int64:
        return String(buffer.readBigInt64LE(valueStart));
      case bsonTypes.binary:
        if (buffer[valueStart + 4] === uuidSubtype && end - valueStart === 21) {
          return uuidText(buffer.toString('hex', valueStart + 5, end));
        }
    }
    const digest = createHash('sha256').update(buffer.subarray(valueStart, end)).digest('hex');
    return `with the hash ${digest.slice(0, 12)}`;
  }
  return 'without _id';
}

/** https://bsonspec.org/spec.html */
const uuidSubtype = 4;

function uuidText(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
