import { asBuffer, bsonTypes, elementsOf, idKey } from '../../../../mongo/raw-bson.ts';
import type { Image } from '../../../journal/images.ts';
import { pairImages } from '../imaging.ts';

/**
 * The images of documents that were read in the order of `_id` before and after their change; those that did not change
 * are left out. Where the same ones were found both times, which is nearly always, nothing has to be looked up.
 *
 * `after` may hold others: ids that were named, and that the statement did not find any more. They have no image.
 */
export function pairsInOrder(before: readonly Uint8Array[], after: readonly Uint8Array[]): Image[] {
  const images: Image[] = [];
  if (before.length === after.length) {
    for (const [index, document] of before.entries()) {
      const [one, other] = [asBuffer(document), asBuffer(after[index] as Uint8Array)];
      const end = idEnd(one);
      if (one.compare(other, 4, end, 4, end) !== 0) return byKey(before, after);
      if (!one.equals(other)) images.push({ before: one, after: other });
    }
    return images;
  }
  return byKey(before, after);
}

function byKey(before: readonly Uint8Array[], after: readonly Uint8Array[]): Image[] {
  const found = new Set(before.map(idKey));
  return pairImages(
    before,
    after.filter((document) => found.has(idKey(document))),
  );
}

/** First byte after the type of the `_id`, its name and the closing zero of that. */
const valueStart = 9;

/** Where the `_id` ends, which the server keeps in front of all other fields. */
function idEnd(document: Buffer): number {
  switch (document[4]) {
    case bsonTypes.int32:
      return valueStart + 4;
    case bsonTypes.objectId:
      return valueStart + 12;
    case bsonTypes.int64:
    case bsonTypes.double:
    case bsonTypes.date:
      return valueStart + 8;
    case bsonTypes.string:
      return valueStart + 4 + document.readInt32LE(valueStart);
  }
  for (const { end } of elementsOf(document)) return end;
  return document.length;
}
