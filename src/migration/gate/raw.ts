import type * as bundled from 'mongodb';
import type { Namespace } from './call.ts';

/**
 * The driver's own objects, seen through the types of the bundled driver. The project's driver may be any of 4 to 7:
 * use only what all of them have.
 */
export type RawClient = bundled.MongoClient;
export type RawDb = bundled.Db;
export type RawCollection = bundled.Collection;
export type RawSession = bundled.ClientSession;
export type RawCursor = bundled.AbstractCursor;

/** The classes of one copy of the driver, by which its objects are known. */
export interface Driver {
  readonly version: string;
  /** `4` to `7`. */
  readonly major: number;
  readonly classes: Pick<
    typeof bundled,
    | 'MongoClient'
    | 'Db'
    | 'Collection'
    | 'Admin'
    | 'ClientSession'
    | 'AbstractCursor'
    | 'AggregationCursor'
    | 'ChangeStream'
    | 'OrderedBulkOperation'
    | 'UnorderedBulkOperation'
  >;
}

export function namespaceOf(collection: RawCollection): Namespace {
  return { database: collection.dbName, collection: collection.collectionName };
}
