import { idKey } from '../../../../mongo/raw-bson.ts';
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

/** The document as `find` of this collection would give it to user code. */
export function decoded(row: Row, collection: RawCollection, driver: Driver): object {
  const { bsonOptions } = collection as unknown as { bsonOptions?: object };
  return classesOf(driver).BSON.deserialize(row.bytes, { ...bsonOptions, raw: false } as object);
}
