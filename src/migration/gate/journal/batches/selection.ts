import { bsonTypes } from '../../../../mongo/raw-bson.ts';
import type { Driver } from '../../raw.ts';
import { idOf, idTypeOf } from './ids.ts';

/** The documents of one batch: as a filter on `_id`, and together with what the statement asks of them. */
export interface Selection {
  readonly ids: object;
  readonly filter: object;
}

/** Which `_id`s may be named by their first and last: of these types an index has no others in between. */
const ranged: ReadonlySet<number> = new Set([bsonTypes.objectId, bsonTypes.int32, bsonTypes.int64, bsonTypes.date]);

/**
 * Names the documents of a batch by their ids. A statement for all documents takes the range from the first to the last
 * where all are of one type: quicker, since the server need not look each of them up. Not with a filter that fits few
 * documents, since it would look at all of them in between; not with doubles, since NaN is in no range; not with strings,
 * whose order depends on collations.
 */
export function selectionOf(filter: object, documents: readonly Uint8Array[], driver: Driver): Selection {
  const [first, last] = [documents[0], documents.at(-1)];
  if (first !== undefined && last !== undefined && documents.length > 1 && Object.keys(filter).length === 0) {
    const type = idTypeOf(first);
    if (ranged.has(type) && documents.every((document) => idTypeOf(document) === type)) {
      const ids = { _id: { $gte: idOf(first, driver), $lte: idOf(last, driver) } };
      return { ids, filter: ids };
    }
  }
  const ids = { _id: { $in: documents.map((document) => idOf(document, driver)) } };
  return { ids, filter: { $and: [filter, ids] } };
}
