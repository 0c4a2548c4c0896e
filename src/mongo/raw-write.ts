import { type Db, type Document, ObjectId } from 'mongodb';
import { Lanes } from './lanes.ts';
import { RawDocuments } from './raw-documents.ts';
import {
  batchBytes,
  emptyTimestamp,
  hasEmptyTimestamp,
  mostDocuments,
  refuseWriteErrors,
  sequence,
} from './raw-sequence.ts';
import { insertsOne } from './raw-statements.ts';

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
      await insertBatch(this.#db, this.#collection, batch, this.#options);
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
  { inOrder = false, bypassValidation = false }: RawInsertOptions,
): Promise<void> {
  const send = async (command: Document) => {
    const about = { ordered: true, bypassDocumentValidation: bypassValidation, writeConcern: { w: 1 } };
    refuseWriteErrors(await db.command({ ...command, ...about }));
  };
  const odd = batch.flatMap(withEmptyTimestamps);
  if (odd.length === 0) {
    const bytes = batch.map((documents) => documents.bytes);
    return send({ insert: collection, documents: sequence('documents', bytes) });
  }
  // An insert replaces Timestamp(0, 0) in top-level fields, one by a pipeline does not.
  const all = batch.flatMap((documents) => [...documents]);
  const others = inOrder ? [] : all.filter((document) => !hasEmptyTimestamp(document));
  if (others.length > 0) await send({ insert: collection, documents: sequence('documents', others) });
  await send({ update: collection, updates: sequence('updates', (inOrder ? all : odd).map(insertsOne)) });
}

function withEmptyTimestamps(documents: RawDocuments): Buffer[] {
  if (documents.bytes.indexOf(emptyTimestamp) < 0) return [];
  return [...documents].filter(hasEmptyTimestamp);
}
