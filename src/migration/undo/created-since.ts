import { type Document, type MongoClient, ReadPreference } from 'mongodb';
import { elementsOf, idKey } from '../../mongo/raw-bson.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { CreatedSince } from './result.ts';
import type { UndoStore } from './store.ts';
import type { Touched } from './survey.ts';

const mostListed = 20;

/** Counts documents of one collection that stay in the new shape without the migration having changed them. */
class CreatedSinceCount {
  readonly #touched: Touched;
  #documents = 0;
  readonly #ids: string[] = [];

  constructor(touched: Touched) {
    this.#touched = touched;
  }

  /** `document`: with its fields, or by their names known to have some of the new ones. */
  add(document: Uint8Array, isNew = this.#isNew(document)): void {
    if (!isNew) return;
    this.#documents += 1;
    if (this.#ids.length < mostListed) this.#ids.push(shownId(document));
  }

  /** Nothing where all is as before. */
  get result(): CreatedSince[] {
    const { namespace, reshaped, introduced } = this.#touched;
    const { collection = '' } = namespace;
    // A field that was taken away, or a value that changed, tells nobody which documents are new.
    if (reshaped && introduced.length === 0) return [{ collection, documents: 'unknown', ids: [] }];
    return this.#documents === 0 ? [] : [{ collection, documents: this.#documents, ids: this.#ids }];
  }

  #isNew(document: Uint8Array): boolean {
    const names = new Set(this.#touched.introduced);
    return names.size > 0 && [...elementsOf(document)].some(({ name }) => names.has(name));
  }
}

/**
 * Lists the documents that have fields which only the attempt introduced, and that it did not change: created since,
 * or made so by users. Only reads. Throws the driver's errors.
 */
export async function listCreatedSince(
  client: MongoClient,
  store: UndoStore,
  touched: Touched,
): Promise<CreatedSince[]> {
  const present = store.presentOf(touched.namespace);
  if (present === undefined) return [];
  const count = new CreatedSinceCount(touched);
  const { introduced } = touched;
  if (introduced.length > 0) {
    const filter = { $or: introduced.map((name) => ({ [name]: { $exists: true } })) };
    for await (const { document, isRead } of unknownTo(client, store, touched, present, filter, { _id: 1 }))
      count.add(document, isRead || undefined);
  }
  return count.result;
}

/**
 * The documents of a collection that the attempt did not change, as bytes; `isRead`: by the query, and as it is by now.
 * Throws the driver's errors.
 */
export async function* unknownTo(
  client: MongoClient,
  store: Pick<UndoStore, 'over' | 'inserted'>,
  touched: Touched,
  present: Touched['namespace'],
  filter: Document = {},
  projection?: Document,
): AsyncGenerator<{ readonly document: Uint8Array; readonly isRead: boolean }> {
  const { database, collection = '' } = present;
  const found = client
    .db(database)
    .collection(collection, { readPreference: ReadPreference.primary })
    .find(filter, { raw: true, projection });
  for await (const bytes of found as unknown as AsyncIterable<Uint8Array>) {
    const read = Buffer.from(bytes);
    if (touched.knows(idKey(read))) continue;
    const document = store.over(present, read);
    if (document !== undefined) yield { document, isRead: document === read };
  }
  for (const document of store.inserted(present)) {
    if (!touched.knows(idKey(document))) yield { document, isRead: false };
  }
}
