import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, type Document, UUID } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import { takesCollectionUuid } from '../../mongo/raw-read.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { CollectionMetadata } from '../archive/metadata.ts';
import type { OrderedDocument } from '../archive/ordered-json.ts';

const majority = { writeConcern: { w: 'majority' } } as const;

/** A pending index build or a lock that others hold; from the server's error_codes.yml. */
const passing: ReadonlySet<number | undefined> = new Set([
  24, // LockTimeout
  12_586, // BackgroundOperationInProgressForDatabase
  12_587, // BackgroundOperationInProgressForNamespace
]);

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

/** Drops it if it is there; with `uuid` only if it is that one. */
export async function dropCollection({ db, topology }: Connection, name: string, uuid?: string): Promise<void> {
  try {
    await patiently(() => db.command({ drop: name, ...expected(topology, uuid), ...majority }));
  } catch (error) {
    if (serverCode(error) !== serverCodes.NamespaceNotFound) throw error;
  }
}

/** Fails with NamespaceExists when the new name is taken, and (6.0 and newer) when `from` is not the one of this UUID. */
export async function renameCollection(
  { client, db, topology }: Connection,
  from: string,
  to: string,
  uuid: string | undefined,
): Promise<void> {
  await patiently(() =>
    client.db('admin').command({
      renameCollection: `${db.databaseName}.${from}`,
      to: `${db.databaseName}.${to}`,
      ...expected(topology, uuid),
      ...majority,
    }),
  );
}

function expected(topology: Connection['topology'], uuid: string | undefined): Document {
  return uuid !== undefined && takesCollectionUuid(topology) ? { collectionUUID: new UUID(uuid) } : {};
}

function specOf(index: OrderedDocument): OrderedDocument {
  return new Map([...index].filter(([key]) => !listingOnly.has(key)));
}

/** Index builds and locks of others pass: up to 20 attempts, half a second apart. */
async function patiently(run: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run();
      return;
    } catch (error) {
      if (!passing.has(serverCode(error)) || attempt === 20) throw error;
      await sleep(500);
    }
  }
}
