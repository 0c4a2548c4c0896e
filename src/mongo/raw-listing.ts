import { asBuffer, documentNamed, elementsOf } from './raw-bson.ts';

/** Listings of the catalog as bytes, with whichever driver they were asked for: nothing of a driver is loaded for it. */

/** The documents of the time series `ts` are in the collection `system.buckets.ts`. */
export const bucketsPrefix = 'system.buckets.';

/**
 * The documents of a cursor with `raw`. They are views into the reply, which the driver's types do not say; copies let it
 * go. Drivers 4 and 5 give the reply itself, as if it were the one document: no listing is longer than its first batch.
 */
export async function rawDocuments(cursor: { toArray(): Promise<unknown[]> }): Promise<Buffer[]> {
  const documents = (await cursor.toArray()) as Uint8Array[];
  const [first] = documents;
  const reply = first === undefined ? undefined : documentNamed(first, 'cursor');
  return (reply === undefined ? documents : firstBatch(reply)).map((bytes) => Buffer.from(bytes));
}

function firstBatch(cursor: Uint8Array): Uint8Array[] {
  for (const { name, valueStart, end } of elementsOf(cursor)) {
    if (name !== 'firstBatch') continue;
    const list = cursor.subarray(valueStart, end);
    return [...elementsOf(list)].map((element) => list.subarray(element.valueStart, element.end));
  }
  return [];
}

/** Of an entry of `listCollections`: 32 hex digits; undefined for views. */
export function uuidOf(entry: Uint8Array): string | undefined {
  const info = documentNamed(entry, 'info');
  if (info === undefined) return undefined;
  for (const { name, valueStart, end } of elementsOf(info)) {
    // The 16 bytes behind the length and the subtype of a binary.
    if (name === 'uuid') return asBuffer(info).toString('hex', valueStart + 5, end);
  }
  return undefined;
}
