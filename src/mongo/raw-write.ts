import { type ClientSession, type Db, type Document, ObjectId } from 'mongodb';
// Not a public export of the driver (7.8.0, pinned); in this file alone.
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { Lanes } from './lanes.ts';
import { asBuffer, bsonTypes, elementsOf, idElement } from './raw-bson.ts';
import { rawDocument, rawElement, rawString } from './raw-build.ts';
import { RawDocuments } from './raw-documents.ts';

export interface RawInsertOptions {
  /** The documents keep their order, which capped collections need: one insert after the other. */
  readonly inOrder?: boolean;
  /** Documents that a validator refuses are inserted all the same; needs the privilege bypassDocumentValidation. */
  readonly bypassValidation?: boolean;
  /** Where several collections are filled at the same time; default a budget of its own. */
  readonly budget?: InsertBudget;
  readonly signal?: AbortSignal;
  /** After each batch that the server has acknowledged. */
  readonly onInserted?: (documents: number, bytes: number) => void;
}

/** What the server takes in one command: 100,000 documents and 48,000,000 bytes of message (`hello`, 4.4 to 8.0). */
const mostDocuments = 100_000;
/** Far below the limit: the driver copies a batch twice on its way, and larger ones measured no faster. */
const batchBytes = 4_000_000;

/** The memory that inserts share, whatever the number of collections: those under way, and what waits to be a batch. */
export class InsertBudget {
  readonly lanes = new Lanes(4);
  readonly #holding = new Map<RawInserter, number>();
  #held = 0;

  /** What this one holds from now on. */
  holds(inserter: RawInserter, bytes: number): void {
    this.#held += bytes - (this.#holding.get(inserter) ?? 0);
    if (bytes === 0) this.#holding.delete(inserter);
    else this.#holding.set(inserter, bytes);
  }

  /** Who is to send before its batch is full; undefined while there is room. */
  fullest(): RawInserter | undefined {
    if (this.#held <= mostHeld) return undefined;
    return [...this.#holding].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }
}

/** Of several collections together. */
const mostHeld = 8 * batchBytes;

/**
 * Inserts documents given as BSON bytes, exactly as they are: order and repetition of fields, `$` and dotted names,
 * deprecated types and top-level `Timestamp(0, 0)`, which a plain insert would replace by the time.
 *
 * The bytes must not change until `finish` settles. Acknowledged by one member (`w: 1`): follow with `awaitMajority`.
 * Not retried: after an error some of the documents are there. `add` and `finish` throw `RawInsertError` when the
 * server refuses a document, the driver's error when a command fails, the signal's reason when aborted; after a failed
 * `add`, `finish` still waits for what is under way.
 */
export class RawInserter {
  readonly #db: Db;
  readonly #collection: string;
  readonly #options: RawInsertOptions;
  readonly #budget: InsertBudget;
  readonly #underWay = new Set<Promise<void>>();
  #held: RawDocuments[] = [];
  #heldBytes = 0;
  #heldDocuments = 0;
  #documents = 0;
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(db: Db, collection: string, options: RawInsertOptions = {}) {
    this.#db = db;
    this.#collection = collection;
    this.#options = options;
    this.#budget = options.budget ?? new InsertBudget();
  }

  /** Returns when there is room for more. */
  async add(documents: RawDocuments): Promise<void> {
    for (const piece of documents.pieces({ documents: mostDocuments, bytes: batchBytes })) {
      const { length } = piece.bytes;
      const full = this.#heldBytes + length > batchBytes || this.#heldDocuments + piece.length > mostDocuments;
      if (full) await this.#send();
      // A small view would keep all of what it is a view into.
      const small = length < piece.bytes.buffer.byteLength / 4;
      this.#held.push(small ? new RawDocuments(Buffer.from(piece.bytes), piece.length) : piece);
      this.#heldDocuments += piece.length;
      this.#hold(this.#heldBytes + length);
      const fullest = this.#budget.fullest();
      // What is wrong there is said when that one is asked again.
      if (fullest !== undefined) await fullest.#send().catch(() => {});
    }
  }

  /** Returns when the server has acknowledged everything. */
  async finish(): Promise<{ documents: number; bytes: number }> {
    if (this.#failure === undefined) await this.#send();
    await Promise.all(this.#underWay);
    this.#take();
    if (this.#failure !== undefined) throw this.#failure.error;
    return { documents: this.#documents, bytes: this.#bytes };
  }

  async #send(): Promise<void> {
    const batch = this.#take();
    this.#throwFailure();
    if (batch.length === 0) return;
    const before = this.#options.inOrder ? [...this.#underWay] : [];
    const begun = Promise.withResolvers<void>();
    const insert = () => {
      begun.resolve();
      return this.#insert(batch);
    };
    // Under way from now on: whoever finishes meanwhile has to wait for what is still without a lane, too.
    const sent = Promise.all(before)
      .then(() => this.#budget.lanes.run(insert))
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    await begun.promise;
  }

  #throwFailure(): void {
    if (this.#options.signal?.aborted) this.#failure ??= { error: this.#options.signal.reason };
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #take(): RawDocuments[] {
    const held = this.#held;
    this.#held = [];
    this.#heldDocuments = 0;
    this.#hold(0);
    return held;
  }

  #hold(bytes: number): void {
    this.#heldBytes = bytes;
    this.#budget.holds(this, bytes);
  }

  async #insert(batch: readonly RawDocuments[]): Promise<void> {
    try {
      // It may have failed while this batch waited for its turn.
      this.#throwFailure();
      await insertBatch(this.#db, this.#collection, batch, this.#options.bypassValidation ?? false);
      const documents = batch.reduce((sum, { length }) => sum + length, 0);
      const bytes = batch.reduce((sum, part) => sum + part.bytes.length, 0);
      this.#documents += documents;
      this.#bytes += bytes;
      this.#options.onInserted?.(documents, bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}

/** All of these documents; see `RawInserter`. */
export async function insertRaw(
  db: Db,
  collection: string,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  options: RawInsertOptions = {},
): Promise<{ documents: number; bytes: number }> {
  const inserter = new RawInserter(db, collection, options);
  try {
    for await (const batch of batches) {
      await inserter.add(batch instanceof RawDocuments ? batch : RawDocuments.of(batch));
    }
  } catch (error) {
    await inserter.finish().catch(() => {});
    throw error;
  }
  return inserter.finish();
}

type Batch = RawDocuments | readonly Uint8Array[];

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

/**
 * Returns when a majority of the members holds all that was written before, and as the primary that is asked has it:
 * what is counted afterwards no change of the primary takes back. The collection is not changed: a delete that matches
 * nothing waits as a write does, for the newest operation of all (LastOpFixer in the server's write_ops_exec.cpp). It is
 * any collection that is neither capped nor a time series.
 */
export async function awaitMajority(db: Db, collection: string): Promise<void> {
  await db.collection(collection).deleteOne({ _id: new ObjectId() }, { writeConcern: { w: 'majority' } });
}

async function insertBatch(
  db: Db,
  collection: string,
  batch: readonly RawDocuments[],
  bypassValidation: boolean,
): Promise<void> {
  const answer = await db.command({
    insert: collection,
    documents: sequence(
      'documents',
      batch.map(({ bytes }) => bytes),
    ),
    ordered: true,
    bypassDocumentValidation: bypassValidation,
    writeConcern: { w: 1 },
  });
  refuseWriteErrors(answer);
  const changed = batch.flatMap(withEmptyTimestamps);
  if (changed.length === 0) return;
  // An insert replaces Timestamp(0, 0) in top-level fields, an update by a pipeline does not.
  const repaired = await db.command({
    update: collection,
    updates: sequence('updates', changed.map(replacement)),
    ordered: true,
    bypassDocumentValidation: bypassValidation,
    // A new primary that has the insert and not this would have as many documents, and nothing would be noticed.
    writeConcern: { w: 'majority' },
  });
  refuseWriteErrors(repaired);
}

/** Each piece of bytes is one document or several. */
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
  // Most documents have no such bytes at all, and searching for them is native.
  if (buffer.indexOf(emptyTimestamp) < 0) return false;
  for (const { type, valueStart } of elementsOf(document)) {
    if (type === bsonTypes.timestamp && buffer.readBigUInt64LE(valueStart) === 0n) return true;
  }
  return false;
}

function withEmptyTimestamps(documents: RawDocuments): Buffer[] {
  if (documents.bytes.indexOf(emptyTimestamp) < 0) return [];
  return [...documents].filter(hasEmptyTimestamp);
}

/** The end of a field's name and the value. */
const emptyTimestamp = Buffer.alloc(9);

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

/**
 * Puts each document, exactly as it is, where the one with its `_id` is; nowhere where there is none. In which order, the
 * server decides. Throws as `insertIn`.
 */
export async function replaceIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  const updates: Buffer[] = [];
  let together: Uint8Array[] = [];
  let bytes = 0;
  for (const document of documents) {
    if (together.length === mostTogether || (bytes > 0 && bytes + document.length > batchBytes)) {
      updates.push(replacesAll(together));
      together = [];
      bytes = 0;
    }
    together.push(document);
    bytes += document.length;
  }
  if (together.length > 0) updates.push(replacesAll(together));
  await writeIn(db, { update: collection }, 'updates', updates, options);
}

/** Documents that one statement replaces at most. */
const mostTogether = 1000;

/**
 * One statement for all of them, which takes the server about a third of the time of one each: a pipeline that looks the
 * document up by its `_id`. In a list that is constant the server finds it by a hash (ExpressionIndexOfArray). No
 * collation: the index on `_id` has the collection's, by which ids are unique, and no other one would use it.
 */
function replacesAll(documents: readonly Uint8Array[]): Buffer {
  const ids = list(
    documents.map((document) => {
      const { type, valueStart, end } = idElement(document);
      return [type, asBuffer(document).subarray(valueStart, end)];
    }),
  );
  const literal = (array: Buffer) => rawDocument([rawElement(bsonTypes.array, '$literal', array)]);
  const id: Element = [bsonTypes.string, rawString('$_id')];
  const place = rawDocument([
    rawElement(bsonTypes.array, '$indexOfArray', list([[bsonTypes.document, literal(ids)], id])),
  ]);
  const all = literal(list(documents.map((document) => [bsonTypes.document, document])));
  const found = list([
    [bsonTypes.document, all],
    [bsonTypes.document, place],
  ]);
  const document = rawDocument([rawElement(bsonTypes.array, '$arrayElemAt', found)]);
  const stage = rawDocument([rawElement(bsonTypes.document, '$replaceWith', document)]);
  const filter = rawDocument([
    rawElement(bsonTypes.document, '_id', rawDocument([rawElement(bsonTypes.array, '$in', ids)])),
  ]);
  return rawDocument([
    rawElement(bsonTypes.document, 'q', filter),
    rawElement(bsonTypes.array, 'u', list([[bsonTypes.document, stage]])),
    rawElement(bsonTypes.boolean, 'multi', Buffer.from([1])),
  ]);
}

type Element = readonly [type: number, value: Uint8Array];

/** The value of an array. */
function list(elements: readonly Element[]): Buffer {
  return rawDocument(elements.map(([type, value], at) => rawElement(type, String(at), value)));
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
