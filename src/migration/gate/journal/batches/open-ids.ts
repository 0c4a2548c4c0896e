import type { Driver, RawCursor } from '../../raw.ts';
import { idsPerReply, type OpenIds } from './id-reader.ts';
import { idOf } from './ids.ts';
import type { Statement } from './statement.ts';

/**
 * The ids of a statement's documents, in the order of `_id` across all types.
 *
 * After an id: a filter on `_id` would leave out the other types, so the index itself is entered there. Entered from
 * below it ends before `MaxKey` (seen on 6.0.5), so that one `_id` gets a cursor of its own. Where user code chose the
 * index, the place is an expression, which compares across types; it is read from the beginning for that.
 */
export function openIds(statement: Statement<unknown>, driver: Driver, filter: object): OpenIds {
  const { collection, finding } = statement;
  const find = (filter: object, options: object): RawCursor =>
    collection.find(filter, {
      ...finding,
      ...options,
      projection: { _id: 1 },
      sort: { _id: 1 },
      raw: true,
      allowDiskUse: true,
      batchSize: idsPerReply,
      noCursorTimeout: true,
      readPreference: 'primary',
    } as object);
  return (after) => {
    if (after === undefined) return [find(filter, {})];
    const id = idOf(after, driver);
    if (finding.hint !== undefined || isMaxKey(id)) {
      return [find({ $and: [filter, { $expr: { $gt: ['$_id', { $literal: id }] } }] }, {})];
    }
    const maxKey = new (driver.classes as unknown as { MaxKey: new () => unknown }).MaxKey();
    return [
      find(filter, { hint: { _id: 1 }, min: { _id: id } }),
      find({ $and: [filter, { _id: { $eq: maxKey } }] }, { hint: { _id: 1 } }),
    ];
  };
}

function isMaxKey(id: unknown): boolean {
  return (id as { _bsontype?: unknown } | null)?._bsontype === 'MaxKey';
}
