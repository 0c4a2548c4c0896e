import type { Document } from 'mongodb';
import { asBuffer, bsonTypes, elementsOf, textNamed } from './raw-bson.ts';
import { serverCode, serverCodes } from './server-code.ts';

/** The longest that a TTL index takes (`expireAfterSeconds` is an int32): 68 years. */
export const neverExpires = 2_147_483_647;

/** What has documents of a collection expire. */
export interface Expiry {
  /** Absent: the collection itself does, which is clustered. */
  readonly index?: string;
  readonly expireAfterSeconds: number;
}

/** Of options and indexes as the catalog has them, in bytes; what was stopped is not among them. */
export function expiriesOf(options: Uint8Array, indexes: readonly Uint8Array[]): Expiry[] {
  const own = secondsIn(options);
  const ofIndexes = indexes.flatMap((index): Expiry[] => {
    const expireAfterSeconds = secondsIn(index);
    if (expireAfterSeconds === undefined || expireAfterSeconds === neverExpires) return [];
    return [{ index: textNamed(index, 'name'), expireAfterSeconds }];
  });
  return own === undefined ? ofIndexes : [...ofIndexes, { expireAfterSeconds: own }];
}

/**
 * Has nothing expire any more; `modify` sends the rest of a collMod. Can be repeated where it was interrupted. Rejects with
 * the server's error, but for a missing right to collMod.
 */
export async function stopExpiry(
  expiries: readonly Expiry[],
  modify: (change: Document) => Promise<unknown>,
): Promise<'stopped' | 'not-authorized'> {
  for (const { index: name } of expiries) {
    try {
      await modify(
        name === undefined ? { expireAfterSeconds: 'off' } : { index: { name, expireAfterSeconds: neverExpires } },
      );
    } catch (error) {
      const code = serverCode(error);
      if (code === serverCodes.Unauthorized) return 'not-authorized';
      // An index that is still being built: it has nothing expire before it is there, and is gone with a rename.
      if (code !== serverCodes.IndexNotFound) throw error;
    }
  }
  return 'stopped';
}

/** Only a number counts: the server passes any other value over. */
function secondsIn(document: Uint8Array): number | undefined {
  for (const { name, type, valueStart } of elementsOf(document)) {
    if (name !== 'expireAfterSeconds') continue;
    const buffer = asBuffer(document);
    if (type === bsonTypes.int32) return buffer.readInt32LE(valueStart);
    if (type === bsonTypes.double) return buffer.readDoubleLE(valueStart);
    return type === bsonTypes.int64 ? Number(buffer.readBigInt64LE(valueStart)) : undefined;
  }
  return undefined;
}
