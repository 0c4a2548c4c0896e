import type { Db } from 'mongodb';
import type { CollectionMetadata } from '../archive/metadata.ts';
import type { OrderedDocument } from '../archive/ordered-json.ts';

const majority = { writeConcern: { w: 'majority' } } as const;

/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const listingOnly = new Set(['ns', 'clustered']);

/** Creates a collection or time series under this name with a backup's options; not its indexes, nor its expiry. */
export async function createEmpty(db: Db, name: string, metadata: CollectionMetadata): Promise<void> {
  const options = new Map(metadata.options);
  // What expires would vanish while it is loaded: `setExpiry` comes last.
  options.delete('expireAfterSeconds');
  options.delete('autoIndexId');
  const idIndex = metadata.indexes.find((index) => index.get('name') === '_id_' && index.get('clustered') !== true);
  await db.command({
    create: name,
    ...Object.fromEntries(options),
    ...(idIndex === undefined || metadata.type !== 'collection' ? {} : { idIndex: specOf(idIndex) }),
    ...majority,
  });
}

/** Builds the indexes that never delete anything, or those that do (TTL). */
export async function createIndexes(
  db: Db,
  name: string,
  metadata: CollectionMetadata,
  which: 'lasting' | 'expiring',
): Promise<void> {
  const indexes = metadata.indexes.filter(
    (index) =>
      index.get('name') !== '_id_' &&
      index.get('clustered') !== true &&
      index.has('expireAfterSeconds') === (which === 'expiring'),
  );
  if (indexes.length > 0) await db.command({ createIndexes: name, indexes: indexes.map(specOf), ...majority });
}

/** Sets the expiry of a clustered collection or time series. The server may begin to delete at once. */
export async function setExpiry(db: Db, name: string, metadata: CollectionMetadata): Promise<void> {
  const expireAfterSeconds = metadata.options.get('expireAfterSeconds');
  if (expireAfterSeconds !== undefined) await db.command({ collMod: name, expireAfterSeconds, ...majority });
}

export async function createView(db: Db, metadata: CollectionMetadata): Promise<void> {
  await db.command({ create: metadata.name, ...Object.fromEntries(metadata.options), ...majority });
}

function specOf(index: OrderedDocument): OrderedDocument {
  return new Map([...index].filter(([key]) => !listingOnly.has(key)));
}
