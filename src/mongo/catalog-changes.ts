import { setTimeout as sleep } from 'node:timers/promises';
import { type Document, UUID } from 'mongodb';
import type { Connection } from './connect.ts';
import { takesCollectionUuid } from './raw-read.ts';
import { serverCode, serverCodes } from './server-error.ts';

const majority = { writeConcern: { w: 'majority' } } as const;

/** Of a connection, the parts that a change of the catalog of one database needs. */
export interface Place extends Pick<Connection, 'client' | 'db' | 'topology'> {
  /** Awaited right before each try; it is to reject where nothing may be changed any more. */
  readonly ready?: () => Promise<void>;
}

/** A pending index build or a lock that others hold; from the server's error_codes.yml. */
const passing: ReadonlySet<number | undefined> = new Set([
  24, // LockTimeout
  12_586, // BackgroundOperationInProgressForDatabase
  12_587, // BackgroundOperationInProgressForNamespace
]);

/** Drops it if it is there; with `uuid` only if it is that one. */
export async function dropCollection(place: Omit<Place, 'client'>, name: string, uuid?: string): Promise<void> {
  const { db, topology } = place;
  try {
    await patiently(place, () => db.command({ drop: name, ...expected(topology, uuid), ...majority }));
  } catch (error) {
    if (serverCode(error) !== serverCodes.NamespaceNotFound) throw error;
  }
}

/** Fails with NamespaceExists when the new name is taken, and (6.0 and newer) when `from` is not the one of this UUID. */
export async function renameCollection(
  place: Place,
  from: string,
  to: string,
  uuid: string | undefined,
  w: 1 | 'majority' = 'majority',
): Promise<void> {
  const { client, db, topology } = place;
  await patiently(place, () =>
    client.db('admin').command({
      renameCollection: `${db.databaseName}.${from}`,
      to: `${db.databaseName}.${to}`,
      ...expected(topology, uuid),
      writeConcern: { w },
    }),
  );
}

/** The server fails with CollectionUUIDMismatch (361) when the name stands for another collection by now. */
export function expected(topology: Place['topology'], uuid: string | undefined): Document {
  return uuid !== undefined && takesCollectionUuid(topology) ? { collectionUUID: new UUID(uuid) } : {};
}

/** Index builds and locks of others pass: up to 20 attempts, half a second apart. */
export async function patiently({ ready }: Pick<Place, 'ready'>, run: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await ready?.();
    try {
      await run();
      return;
    } catch (error) {
      if (!passing.has(serverCode(error)) || attempt === 20) throw error;
      await sleep(500);
    }
  }
}
