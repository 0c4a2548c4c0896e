import type { ClientSession, Db, Document } from 'mongodb';
// Not a public export of the driver (7.8.0, pinned); in this file alone.
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { asBuffer, bsonTypes, elementsOf, idElement } from './raw-bson.ts';
import { rawDocument, rawElement, rawString } from './raw-build.ts';

export interface RawInsertOptions {
  /** Inserts under way at the same time. Default 4. With 1 the documents keep their order, which capped collections need. */
  readonly inFlight?: number;
  /** Documents that a validator refuses are inserted all the same; needs the privilege bypassDocumentValidation. */
  readonly bypassValidation?: boolean;
  readonly signal?: AbortSignal;
  /** After each batch that the server has acknowledged. */
  readonly onInserted?: (documents: number, bytes: number) => void;
}

/** What the server takes in one command: 100,000 documents and 48,000,000 bytes of message (`hello`, 4.4 to 8.0). */
const mostDocuments = 100_000;
/** Far below the limit: four batches under way then hold 32 MB, and larger ones measured no faster. */
const batchBytes = 8_000_000;

/**
 * Inserts documents given as BSON bytes, exactly as they are: order and repetition of fields, `$` and dotted names,
 * deprecated types and top-level `Timestamp(0, 0)`, which a plain insert would replace by the time.
 *
 * The bytes must not change until `finish` settles. Acknowledged by one member (`w: 1`): follow with a majority write.
 * Not retried: after an error some of the documents are there. `add` and `finish` throw `RawInsertError` when the
 * server refuses a document, the driver's error when a command fails, the signal's reason when aborted; after a failed
 * `add`, `finish` still waits for what is under way.
 */
export class RawInserter {
  readonly #db: Db;
  readonly #collection: string;
  readonly #options: RawInsertOptions;
  readonly #underWay = new Set<Promise<void>>();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #documents = 0;
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(db: Db, collection: string, options: RawInsertOptions = {}) {
    this.#db = db;
    this.#collection = collection;
    this.#options = options;
  }

  /** Returns when there is room for more. */
  async add(documents: readonly Uint8Array[]): Promise<void> {
    for (const document of documents) {
      const full = this.#heldBytes + document.length > batchBytes || this.#held.length >= mostDocuments;
      if (full && this.#held.length > 0) await this.#send();
      this.#held.push(document);
      this.#heldBytes += document.length;
    }
  }

  /** Returns when the server has acknowledged everything. */
  async finish(): Promise<{ documents: number; bytes: number }> {
    if (this.#held.length > 0 && this.#failure === undefined) await this.#send();
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure.error;
    return { documents: this.#documents, bytes: this.#bytes };
  }

  async #send(): Promise<void> {
    if (this.#options.signal?.aborted) this.#failure ??= { error: this.#options.signal.reason };
    if (this.#failure !== undefined) throw this.#failure.error;
    const sent = this.#insert(this.#held, this.#heldBytes).finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    this.#held = [];
    this.#heldBytes = 0;
    if (this.#underWay.size >= (this.#options.inFlight ?? 4)) await Promise.race(this.#underWay);
  }

  async #insert(documents: readonly Uint8Array[], bytes: number): Promise<void> {
    try {
      await insertBatch(this.#db, this.#collection, documents, this.#options.bypassValidation ?? false);
      this.#documents += documents.length;
      this.#bytes += bytes;
      this.#options.onInserted?.(documents.length, bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}

/** All of these documents; see `RawInserter`. */
export async function insertRaw(
  db: Db,
  collection: string,
  batches: AsyncIterable<readonly Uint8Array[]> | Iterable<readonly Uint8Array[]>,
  options: RawInsertOptions = {},
): Promise<{ documents: number; bytes: number }> {
  const inserter = new RawInserter(db, collection, options);
  try {
    for await (const batch of batches) await inserter.add(batch);
  } catch (error) {
    await inserter.finish().catch(() => {});
    throw error;
  }
  return inserter.finish();
}

/** The server took the command and refused a document of it. */
export class RawInsertError extends Error {
  override readonly name = 'RawInsertError';
  /** The server's code for the first refusal, read by `serverCode`. */
  readonly code: number;

  constructor(code: number) {
    super(`The server refused a document (${code}).`);
    this.code = code;
  }
}

async function insertBatch(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  bypassValidation: boolean,
): Promise<void> {
  const answer = await db.command({
    insert: collection,
    documents: sequence('documents', documents),
    ordered: true,
    bypassDocumentValidation: bypassValidation,
    writeConcern: { w: 1 },
  });
  refuseWriteErrors(answer);
  const changed = documents.filter(hasEmptyTimestamp);
  if (changed.length === 0) return;
  // An insert replaces Timestamp(0, 0) in top-level fields, an update by a pipeline does not.
  const repaired = await db.command({
    update: collection,
    updates: sequence('updates', changed.map(replacement)),
    ordered: true,
    bypassDocumentValidation: bypassValidation,
    writeConcern: { w: 1 },
  });
  refuseWriteErrors(repaired);
}

function sequence(field: string, documents: readonly Uint8Array[]): DocumentSequence {
  const prepared = new DocumentSequence(field);
  for (const bytes of documents) prepared.push(noDocument, bytes);
  return prepared;
}

/** The driver keeps an object beside the bytes for its command events alone. */
const noDocument = {};

function refuseWriteErrors(answer: Document): void {
  const first = answer.writeErrors?.[0];
  if (first !== undefined) throw new RawInsertError(Number(first.code));
}

function hasEmptyTimestamp(document: Uint8Array): boolean {
  const buffer = asBuffer(document);
  // Most documents have no byte of that value at all, and searching for it is native.
  if (buffer.indexOf(bsonTypes.timestamp, 4) < 0) return false;
  for (const { type, valueStart } of elementsOf(document)) {
    if (type === bsonTypes.timestamp && buffer.readBigUInt64LE(valueStart) === 0n) return true;
  }
  return false;
}

/** `{ q: { _id: { $eq: ID } }, u: [{ $replaceWith: { $literal: DOCUMENT } }], collation: { locale: 'simple' } }` */
function replacement(document: Uint8Array): Buffer {
  return rawDocument([...replaces(document), rawElement(bsonTypes.document, 'collation', simpleCollation)]);
}

/** The elements `q` and `u` of an update that puts a whole document where the one with its `_id` is. */
function replaces(document: Uint8Array): Buffer[] {
  const literal = rawDocument([rawElement(bsonTypes.document, '$literal', document)]);
  const stage = rawDocument([rawElement(bsonTypes.document, '$replaceWith', literal)]);
  return [byId(document), rawElement(bsonTypes.array, 'u', rawDocument([rawElement(bsonTypes.document, '0', stage)]))];
}

/** `q: { _id: { $eq: ID } }` */
function byId(document: Uint8Array): Buffer {
  const { type, valueStart, end } = idElement(document);
  const id = rawDocument([rawElement(type, '$eq', asBuffer(document).subarray(valueStart, end))]);
  return rawElement(bsonTypes.document, 'q', rawDocument([rawElement(bsonTypes.document, '_id', id)]));
}

const simpleCollation = rawDocument([rawElement(bsonTypes.string, 'locale', rawString('simple'))]);

export interface RawTransactionOptions {
  /** With a transaction open; it decides on read and write concern. */
  readonly session: ClientSession;
  /** Documents that a validator refuses are written all the same; needs the privilege bypassDocumentValidation. */
  readonly bypassValidation: boolean;
}

/**
 * Inserts documents exactly as they are, in a transaction. Throws `RawInsertError` where the server refuses one and the
 * driver's error where the command fails; the server has aborted the transaction in both cases.
 */
export async function insertIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  await writeIn(db, { insert: collection }, 'documents', documents, options);
  await replaceIn(db, collection, documents.filter(hasEmptyTimestamp), options);
}

/** Puts each document, exactly as it is, where the one with its `_id` is; nowhere where there is none. Throws as `insertIn`. */
export async function replaceIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  // No collation: the index on `_id` has the collection's, by which ids are unique, and no other one would use it.
  const updates = documents.map((document) => rawDocument(replaces(document)));
  await writeIn(db, { update: collection }, 'updates', updates, options);
}

/** Deletes the documents with the `_id`s of these. Throws as `insertIn`. */
export async function deleteIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  { session }: Pick<RawTransactionOptions, 'session'>,
): Promise<void> {
  const deletes = documents.map((document) =>
    rawDocument([byId(document), rawElement(bsonTypes.int32, 'limit', Buffer.from([1, 0, 0, 0]))]),
  );
  await writeIn(db, { delete: collection }, 'deletes', deletes, { session });
}

async function writeIn(
  db: Db,
  command: Document,
  field: string,
  statements: readonly Uint8Array[],
  { session, bypassValidation }: { readonly session: ClientSession; readonly bypassValidation?: boolean },
): Promise<void> {
  for (let from = 0; from < statements.length; ) {
    let to = from;
    for (let bytes = 0; to < statements.length && to - from < mostDocuments; to++) {
      bytes += (statements[to] as Uint8Array).length;
      if (bytes > batchBytes && to > from) break;
    }
    const answer = await db.command(
      {
        ...command,
        [field]: sequence(field, statements.slice(from, to)),
        ordered: true,
        ...(bypassValidation === true && { bypassDocumentValidation: true }),
      },
      { session },
    );
    refuseWriteErrors(answer);
    from = to;
  }
}
