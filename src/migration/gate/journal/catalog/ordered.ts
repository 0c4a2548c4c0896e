import { asBuffer, bsonTypes, elementsOf } from '../../../../mongo/raw-bson.ts';
import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';

/**
 * A document as a map of the project's driver, so that every key stays at its place and every number keeps its type
 * when it is sent again.
 */
export function ordered(bytes: Uint8Array, driver: Driver): Map<string, unknown> {
  const buffer = asBuffer(bytes);
  const { BSON } = classesOf(driver);
  return new Map(
    [...elementsOf(bytes)].map(({ type, name, start, valueStart, end }) => {
      const value = buffer.subarray(valueStart, end);
      if (type === bsonTypes.document) return [name, ordered(value, driver)];
      if (type === bsonTypes.array) return [name, [...ordered(value, driver).values()]];
      const alone = Buffer.alloc(end - start + 5);
      alone.writeInt32LE(alone.length);
      buffer.copy(alone, 4, start, end);
      return [name, BSON.deserialize(alone, { promoteValues: false, bsonRegExp: true })[name]];
    }),
  );
}
