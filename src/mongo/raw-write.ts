import type { Db, Document } from 'mongodb';
// Not a public export of the driver (7.8.0, pinned); in this file alone.
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { asBuffer, bsonTypes, elementsOf } from './raw-bson.ts';

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
  const buffer = asBuffer(document);
  for (const { name, type, valueStart, end } of elementsOf(document)) {
    if (name !== '_id') continue;
    const id = embedded([element(type, '$eq', buffer.subarray(valueStart, end))]);
    const literal = embedded([element(bsonTypes.document, '$literal', buffer)]);
    const stage = embedded([element(bsonTypes.document, '$replaceWith', literal)]);
    return embedded([
      element(bsonTypes.document, 'q', embedded([element(bsonTypes.document, '_id', id)])),
      element(bsonTypes.array, 'u', embedded([element(bsonTypes.document, '0', stage)])),
      element(bsonTypes.document, 'collation', embedded([element(bsonTypes.string, 'locale', text('simple'))])),
    ]);
  }
  throw new RangeError('A document without _id cannot be found again.');
}

function element(type: number, name: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]);
}

function embedded(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(elements);
  const whole = Buffer.alloc(body.length + 5);
  whole.writeInt32LE(whole.length);
  body.copy(whole, 4);
  return whole;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(`${value}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}
