import { type ClientSession, type Db, type Document, type MongoClient, ReadPreference } from 'mongodb';
import { idElement, idKey } from '../../mongo/raw-bson.ts';
import { exactValue } from '../../mongo/raw-build.ts';
import type { EntryNamespace } from '../journal/documents.ts';

/** Bytes of documents that are looked at in one read. */
export const mostReadBytes = 8_000_000;

/** What the documents with the `_id`s of these are now, by the key of their `_id`. Throws the driver's errors. */
export async function readCurrent(
  client: MongoClient,
  { database, collection = '' }: EntryNamespace,
  documents: readonly Uint8Array[],
  session?: ClientSession,
): Promise<Map<string, Uint8Array>> {
  const ids = documents.map((document) => exactValue(document, idElement(document)));
  const raw = await readByIds(client.db(database), collection, ids, session);
  return new Map(raw.map((document) => [idKey(document), document]));
}

/** The documents of a collection with these `_id`s, as bytes. Throws the driver's errors. */
export async function readByIds(
  db: Db,
  collection: string,
  ids: readonly unknown[],
  session?: ClientSession,
): Promise<Uint8Array[]> {
  const found = db
    .collection(collection, { readPreference: ReadPreference.primary })
    .find({ _id: { $in: ids } } as Document, { session, raw: true, batchSize: 10_000 });
  return (await found.toArray()) as unknown as Uint8Array[];
}
