import type { Document } from 'mongodb';
import { asBuffer, documentNamed, emptyDocument, sameBytes, textNamed } from '../../../../mongo/raw-bson.ts';
import { bucketsPrefix, rawDocuments, uuidOf } from '../../../../mongo/raw-listing.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { CatalogState } from '../../../journal/catalog-state.ts';
import type { Namespace } from '../../call.ts';
import type { RawDb } from '../../raw.ts';
import type { JournalContext } from '../context.ts';

/** A state as it was just read: its bytes are plain. */
export interface SeenState extends CatalogState {
  readonly options: Uint8Array;
  readonly indexes: readonly Uint8Array[];
}

/**
 * What stands under a name now; undefined when nothing does. Read as bytes by the project's driver, from the primary:
 * a secondary may be behind what was just changed. Rejects with the driver's error.
 */
export async function lookAt(context: JournalContext, namespace: Namespace): Promise<SeenState | undefined> {
  const { collection } = namespace;
  if (collection === undefined) return undefined;
  const db = databaseOf(context, namespace.database);
  const entry = await entryOf(db, collection);
  if (entry === undefined) return undefined;
  const options = Buffer.from(documentNamed(entry, 'options') ?? emptyDocument);
  const type = (textNamed(entry, 'type') ?? 'collection') as CatalogState['type'];
  if (type === 'view') return { type, options, indexes: [] };
  const storage = type === 'timeseries' ? await entryOf(db, bucketsPrefix + collection) : entry;
  const indexes = await indexesOf(db, collection);
  // Dropped between the two looks.
  if (indexes === undefined) return undefined;
  return { type, uuid: storage === undefined ? undefined : uuidOf(storage), options, indexes };
}

/** Names of the indexes, in their order. */
export function indexNames({ indexes = [] }: Partial<Pick<SeenState, 'indexes'>> = {}): string[] {
  return indexes.map((index) => textNamed(index, 'name') ?? '');
}

/** The bytes of an embedded document; undefined where there is none of that name. */
export function documentField(document: Uint8Array, name: string): Buffer | undefined {
  const bytes = documentNamed(document, name);
  return bytes === undefined ? undefined : asBuffer(bytes);
}

/** Whether two states are one and the same: the collection itself, its options, its indexes. */
export function sameState(a: SeenState | undefined, b: SeenState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type !== b.type || a.uuid !== b.uuid || !sameBytes(a.options, b.options)) return false;
  const texts = (state: SeenState) => state.indexes.map((index) => asBuffer(index).toString('hex')).sort();
  return texts(a).join() === texts(b).join();
}

/** The primary is asked, whatever the connection string prefers. */
export function databaseOf({ client }: Pick<JournalContext, 'client'>, name: string): RawDb {
  return client.db(name, { readPreference: 'primary' });
}

async function entryOf(db: RawDb, name: string): Promise<Uint8Array | undefined> {
  const [entry] = await rawDocuments(db.listCollections({ name }, { raw: true } as Document));
  return entry;
}

async function indexesOf(db: RawDb, name: string): Promise<Uint8Array[] | undefined> {
  try {
    return await rawDocuments(db.collection(name).listIndexes({ raw: true } as Document));
  } catch (error) {
    if (serverCode(error) === serverCodes.NamespaceNotFound) return undefined;
    throw error;
  }
}
