import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';

/** Numbers, binaries and regular expressions as what they are in BSON. */
export function decodedExactly(bytes: Uint8Array, driver: Driver): Record<string, unknown> {
  const exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };
  return classesOf(driver).BSON.deserialize(bytes, exact);
}
