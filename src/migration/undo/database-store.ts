import { Binary, type ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { changeIn, deleteIn, insertIn, type RawChange } from '../../mongo/raw-change.ts';
import { RawInsertError } from '../../mongo/raw-sequence.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Attempt, EntryNamespace, ImagesDocument, JournalEntry } from '../journal/documents.ts';
import { documentOf, type Image } from '../journal/images.ts';
import { undoCatalog } from './catalog/catalog.ts';
import { leftInCatalog } from './catalog/left.ts';
import { NamesOfThePast, namesBehind } from './catalog/names.ts';
import type { CatalogUndone } from './catalog/place.ts';
import { incrementsOf, type UndoCount } from './counted.ts';
import { readCurrent } from './current.ts';
import { IndexGone, type IndexKey } from './index-key.ts';
import { donePacks, type Piece } from './pieces.ts';
import { Quarantine } from './quarantine.ts';
import type { UndoEntry } from './read.ts';
import type { LeftInCatalog } from './result.ts';
import { type Change, keyAt, type Out, type Over, PutRefused, type Refusal, type UndoStore } from './store.ts';
import type { UndoTransactions } from './transactions.ts';
import { having, refusalOf } from './unique-keys.ts';

export interface DatabaseStoreOptions {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  readonly transactions: UndoTransactions;
  /** In another lane. */
  readonly second?: UndoTransactions;
  /** Nobody else writes. */
  readonly alone?: boolean;
}

/** The database: every step is committed with its mark in the journal. */
export class DatabaseStore implements UndoStore {
  readonly quarantine: Quarantine;
  readonly #options: DatabaseStoreOptions;
  #names: NamesOfThePast;
  #bypassValidation = true;

  constructor(options: DatabaseStoreOptions) {
    const { connection, own, attempt } = options;
    this.#options = options;
    this.quarantine = new Quarantine(connection.db, own, attempt);
    this.#names = new NamesOfThePast(connection, own);
  }

  async begin(): Promise<void> {
    const { connection, own, attempt } = this.#options;
    this.#names = await namesBehind(connection, own, attempt);
  }

  presentOf(namespace: EntryNamespace): EntryNamespace | undefined {
    return this.#names.presentOf(namespace);
  }

  run<T>(work: (session: ClientSession) => Promise<T>, onConflict?: () => boolean): Promise<T> {
    return this.#allowed(() => this.#options.transactions.run(work, onConflict));
  }

  get behind(): UndoStore['behind'] {
    const { second } = this.#options;
    return second && ((before, work) => this.#allowed(() => second.behind(before, work)));
  }

  /** `readWrite` alone does not allow to bypass validators: then they take part. */
  async #allowed<T>(transaction: () => Promise<T>): Promise<T> {
    const bypassed = this.#bypassValidation;
    try {
      return await transaction();
    } catch (error) {
      if (!bypassed || serverCode(error) !== serverCodes.Unauthorized) throw error;
      this.#bypassValidation = false;
      return transaction();
    }
  }

  read(present: EntryNamespace, images: readonly Image[], session?: ClientSession): Promise<Map<string, Uint8Array>> {
    const documents = images.flatMap((image) => documentOf(image) ?? []);
    return readCurrent(this.#options.connection.client, present, documents, session);
  }

  over(_present: EntryNamespace, document: Uint8Array): Uint8Array {
    return document;
  }

  inserted(): Iterable<Uint8Array> {
    return [];
  }

  async write(present: EntryNamespace, changes: readonly Change[], session: ClientSession, out: Out): Promise<void> {
    const { database, collection = '' } = present;
    const db = this.#options.connection.client.db(database);
    const deletes: Uint8Array[] = [];
    const replaces: RawChange[] = [];
    const inserts: Uint8Array[] = [];
    const isOut = (now: Uint8Array) => out === 'all' || out?.has(idKey(now));
    for (const { now, back } of changes) {
      if (sameBytes(now, back)) continue;
      if (now !== undefined && back !== undefined && !isOut(now)) {
        replaces.push({ now, next: back });
        continue;
      }
      if (now !== undefined) deletes.push(now);
      if (back !== undefined) inserts.push(back);
    }
    const options = { session, bypassValidation: this.#bypassValidation };
    try {
      // In this order a unique value is given back before it is taken.
      await deleteIn(db, collection, deletes, options);
      await changeIn(db, collection, replaces, options);
      await insertIn(db, collection, inserts, options);
    } catch (error) {
      const code = serverCode(error);
      const refused = error instanceof RawInsertError || code === serverCodes.DuplicateKey;
      // Else it may be one of the others.
      const at = error instanceof RawInsertError && out === 'all' ? error.index : undefined;
      const document = at === undefined ? undefined : inserts[at];
      const key = document && keyAt(present, document);
      if (refused && code !== undefined) throw new PutRefused(code, present, key, error);
      throw error;
    }
  }

  async catalog(entry: UndoEntry): Promise<CatalogUndone> {
    const { connection, own, transactions, alone } = this.#options;
    // No transaction takes it, so the fence is looked at right before each of its commands.
    const fence = transactions.fence();
    const { makesWay } = this.#names;
    const undone = await undoCatalog(connection, own, entry, { ready: () => fence.assertFresh(), alone, makesWay });
    // What others did meanwhile stands in the conflicts; the documents find their collection wherever it stands.
    await this.#names.lookAgain();
    await this.#names.goBack(entry);
    return undone;
  }

  async refusal({ code, cause, present }: PutRefused): Promise<Refusal> {
    if (code !== serverCodes.DuplicateKey) return { why: { reason: 'refused', code }, keys: [], holders: [] };
    const key = cause instanceof RawInsertError ? cause.key : undefined;
    if (key === undefined) return { why: { reason: 'unique', fields: [] }, keys: [], holders: [] };
    return refusalOf(this.#collection(present), key);
  }

  async having(
    present: EntryNamespace,
    key: IndexKey,
    documents: readonly Uint8Array[],
    session: ClientSession,
  ): Promise<readonly Uint8Array[]> {
    try {
      return await having(this.#collection(present), key, documents, session);
    } catch (error) {
      // So it answers a hint of an index that is none, or is hidden.
      throw serverCode(error) === serverCodes.BadValue ? new IndexGone(present, key.index, error) : error;
    }
  }

  #collection({ database, collection = '' }: EntryNamespace) {
    return this.#options.connection.client.db(database).collection(collection);
  }

  async mark(
    pieces: readonly Piece[],
    counted: UndoCount,
    session: ClientSession,
    over: readonly Over[] = [],
  ): Promise<void> {
    const { connection, own } = this.#options;
    const journal = connection.db.collection<JournalEntry | ImagesDocument>(own.journal);
    const ended = pieces.flatMap((piece) => (piece.kind === 'end' ? [piece.entry] : []));
    if (ended.length > 0) {
      await journal.updateMany({ _id: { $in: ended } }, [{ $set: { undone: '$$NOW' } }], { session });
    }
    const last = pieces.at(-1);
    const lastId = over[0]?.pack ?? (last?.kind === 'put' ? last.pack : last?.entry);
    const marks = [...donePacks(pieces)].map(([pack, undone]) => [pack, { $set: { undone } }] as const);
    const apart = over.map(({ pack, apart }) => [pack, { $set: { apart: new Binary(apart) } }] as const);
    const counts = lastId === undefined ? [] : [[lastId, { $inc: incrementsOf(counted) }] as const];
    const updates = [...marks, ...apart, ...counts].map(([_id, update]) => ({
      updateOne: { filter: { _id }, update },
    }));
    await journal.bulkWrite(updates, { session });
  }

  leftInCatalog(): Promise<LeftInCatalog[]> {
    const { connection, own, attempt } = this.#options;
    return leftInCatalog(connection.db, own, attempt);
  }
}
