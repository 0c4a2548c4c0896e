import type { ClientSession, Document } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Attempt, EntryNamespace, JournalEntry } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { undoCatalog } from './catalog.ts';
import { countedOf, incrementsOf, nothingCounted, sumOf, type UndoCount } from './counted.ts';
import { listCreatedSince } from './created-since.ts';
import { type AskDown, DownPass } from './down-documents.ts';
import { NamesOfThePast, namesBehind } from './names.ts';
import { lastOfOpenEntries, type Piece, piecesOf, takeable, toEndOfPack } from './pieces.ts';
import { documentConflict, PutConflict, type PutOptions, type PutOutcome, PutRefused, putBack } from './put-back.ts';
import { Quarantine } from './quarantine.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import type { ConflictList, CreatedSince, UndoConflict, UndoExtent } from './result.ts';
import { changedSeveralTimes } from './several.ts';
import { isOlder, Stretches, type Survey, surveyAttempt } from './survey.ts';
import type { UndoTransactions } from './transactions.ts';
import { WholeDocuments } from './whole.ts';

export interface WalkOptions {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  readonly mode: 'strict' | 'tolerant';
  readonly transactions: UndoTransactions;
  readonly conflicts: ConflictList;
  /** Entries that an earlier undo has done. */
  readonly undone: number;
  /** Where the migration has a `downDocument`. A strict undo does not ask it. */
  readonly ask?: AskDown;
  /** Nobody else writes. */
  readonly alone?: boolean;
  readonly signal?: AbortSignal;
}

/** A conflict was met in strict mode; what was committed before stays. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Documents of one transaction at most, of the first one, and bytes of their images. */
const mostDocuments = 5000;
const firstDocuments = 1000;
const mostBytes = 8_000_000;
/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;
/** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
const leastForTime = 200;

/** One undo on its way. `run` may be called again after it has thrown, and goes on where the journal's marks say. */
export class Walk {
  readonly #options: WalkOptions;
  readonly #quarantine: Quarantine;
  #names: NamesOfThePast;
  #whole = WholeDocuments.none();
  #survey: Survey | undefined;
  /** Whether it is known, and done, what becomes of documents that users left in the new shape. */
  #settled = false;
  /** The newest first; what stands in it was not committed yet. */
  #pieces: Piece[] = [];
  #size = firstDocuments;
  #bypassValidation = true;
  #count: UndoCount = nothingCounted;
  #entriesUndone: number;
  /** What the pass by `downDocument` left to users, where there was one: it decides on those that were quarantined. */
  #stay: number | undefined;
  downDocuments = 0;
  createdSince: readonly CreatedSince[] = [];
  onProgress: (extent: UndoExtent) => void = () => {};

  constructor(options: WalkOptions) {
    this.#options = options;
    const { connection, own, attempt } = options;
    this.#quarantine = new Quarantine(connection.db, own, attempt);
    this.#names = new NamesOfThePast(connection.client);
    this.#entriesUndone = options.undone;
  }

  get extent(): UndoExtent {
    const { documents, inserted, deleted, catalogChanges } = this.#count;
    return { documents, inserted, deleted, catalogChanges, entriesUndone: this.#entriesUndone };
  }

  get merged(): number {
    return this.#count.merged;
  }

  get quarantined(): number {
    return this.#stay ?? this.#count.quarantined;
  }

  get catalogOperations(): number {
    return this.#count.catalogOperations;
  }

  /** Throws `Stopped`, `LEASE_LOST`, the signal's reason and the driver's errors. */
  async run(): Promise<void> {
    const { connection, own, attempt, mode, signal } = this.#options;
    this.#pieces = [];
    this.#names = await namesBehind(connection, own, attempt);
    this.#count = await countedOf(connection.db, own, attempt);
    const survey = mode === 'tolerant' ? await surveyAttempt(connection, own, attempt, signal) : undefined;
    this.#survey = survey;
    if (survey !== undefined) {
      const several = await changedSeveralTimes(connection, own, attempt, survey, signal);
      this.#whole = await WholeDocuments.load(several, this.#quarantine);
    }
    const stretches = new Stretches(survey?.moves ?? 0, 'backwards');
    let unsettled = this.#settled ? undefined : survey;
    let puts = 0;
    for await (const step of readBackwards(connection.db, own, attempt)) {
      if (step.kind === 'entry' && step.entry.catalog !== undefined) {
        await this.#commitAll();
        // Its indexes and validators are older than all documents that are back by now, and want the others in the old shape.
        if (unsettled !== undefined && isOlder(step.entry, unsettled)) {
          await this.#settle(unsettled);
          unsettled = undefined;
        }
        stretches.pass(step.entry);
        puts = 0;
        await this.#catalog(step.entry);
        continue;
      }
      const pieces = piecesOf(step, stretches.number);
      for (const piece of pieces) this.#pieces.push(piece);
      puts += pieces.length;
      if (puts < mostDocuments) continue;
      await this.#commitAll();
      puts = 0;
    }
    await this.#commitAll();
    if (unsettled !== undefined) await this.#settle(unsettled);
  }

  /** All documents are back that can be: what becomes of those that users left in the new shape. */
  async #settle(survey: Survey): Promise<void> {
    const { connection, transactions, conflicts, ask } = this.#options;
    const quarantine = this.#quarantine;
    const presentOf = (namespace: EntryNamespace) => this.#names.presentOf(namespace);
    const pass = ask && new DownPass({ connection, transactions, quarantine, survey, ask, presentOf });
    const stay = await pass?.run();
    const back = ask === undefined ? [] : [...(await quarantine.countByCollection('down')).values()];
    const lists = await Promise.all(
      survey.touched.map((touched) => {
        const present = presentOf(touched.namespace);
        return present === undefined ? [] : listCreatedSince(connection.client, touched, present);
      }),
    );
    // From here on nothing throws: it counts once, also where the walk has to begin again.
    this.#settled = true;
    this.createdSince = lists.flat();
    this.downDocuments = back.reduce((sum, documents) => sum + documents, 0);
    if (stay === undefined) return;
    this.#stay = stay.total;
    conflicts.addAll(stay);
  }

  async #catalog(entry: UndoEntry): Promise<void> {
    const { connection, own, transactions, alone } = this.#options;
    // No transaction takes it, so the fence is looked at right before each of its commands.
    const fence = transactions.fence();
    const { changed, conflicts } = await undoCatalog(connection, own, entry, {
      ready: () => fence.assertFresh(),
      alone,
    });
    if (conflicts.length > 0) this.#met(conflicts);
    // What others did meanwhile stands in the conflicts; the documents find their collection wherever it stands.
    await this.#names.lookAgain();
    await this.#names.goBack(entry);
    const counted = {
      ...nothingCounted,
      catalogChanges: changed,
      catalogOperations: Number(entry.state !== 'refused'),
    };
    await transactions.run((session) => this.#mark([{ kind: 'end', entry: entry._id }], counted, session));
    this.#count = sumOf(this.#count, counted);
    this.#entriesUndone += 1;
    this.onProgress(this.extent);
  }

  async #commitAll(): Promise<void> {
    for (let from = 0; from < this.#pieces.length; ) {
      from += await this.#commitSome(from);
      this.onProgress(this.extent);
    }
    this.#pieces = [];
  }

  /** Commits as many, from this one on, as go into one transaction. 0 where it is to be tried with fewer. */
  async #commitSome(from: number): Promise<number> {
    const count = takeable(this.#pieces, from, this.#size, mostBytes);
    const started = performance.now();
    try {
      await this.#commit(from, count, 'in-place');
    } catch (error) {
      if (passing(error) === 'conflict' && this.#putsIn(from, count) > 1) return this.#withFewer(from, count);
      if (!(error instanceof PutRefused)) throw error;
      return this.#commitRefused(from, count, error);
    }
    const factor = Math.min(2, Math.max(0.5, goalMs / (performance.now() - started)));
    const wanted = Math.min(mostDocuments, Math.ceil(this.#size * factor));
    // Smaller than that it is after conflicts, and grows again.
    this.#size = Math.max(wanted, Math.min(leastForTime, this.#size * 2));
    return count;
  }

  #withFewer(from: number, count: number): 0 {
    this.#size = Math.max(1, Math.floor(Math.min(this.#size, this.#putsIn(from, count)) / 2));
    return 0;
  }

  /** Of these pieces the documents: the end of an entry comes with its last one, and makes them no more. */
  #putsIn(from: number, count: number): number {
    return this.#pieces.slice(from, from + count).filter(({ kind }) => kind === 'put').length;
  }

  /**
   * The server refuses a document as it was. Where documents swap unique values all must be out before any goes in;
   * and where a chain of them moved on by one, that takes all that were changed together.
   */
  async #commitRefused(from: number, count: number, refused: PutRefused): Promise<number> {
    let last = refused;
    if (refused.code === serverCodes.DuplicateKey) {
      for (const wider of new Set([count, toEndOfPack(this.#pieces, from, count)])) {
        try {
          await this.#commit(from, wider, 'anew');
          return wider;
        } catch (error) {
          if (!(error instanceof PutRefused)) throw error;
          last = error;
        }
      }
    }
    if (this.#options.mode === 'tolerant') {
      // Down to the one that is in the way.
      if (this.#putsIn(from, count) > 1) return this.#withFewer(from, count);
      await this.#commit(from, count, 'leave');
      return count;
    }
    const { namespace, code } = last;
    const unique = code === serverCodes.DuplicateKey;
    this.#met([unique ? { kind: 'unique', namespace } : { kind: 'refused', namespace, code }]);
    return 0;
  }

  async #commit(from: number, count: number, way: PutOptions['way']): Promise<void> {
    const { connection, transactions, mode } = this.#options;
    const pieces = this.#pieces.slice(from, from + count);
    const puts = pieces.filter((piece) => piece.kind === 'put');
    // Fewer documents get past a write of others sooner; these cannot be fewer.
    const patient = puts.length <= 1 || way !== 'in-place';
    let outcome: PutOutcome;
    try {
      outcome = await transactions.run(
        async (session) => {
          const done = await putBack(puts, {
            client: connection.client,
            session,
            mode,
            bypassValidation: this.#bypassValidation,
            way,
            whole: this.#whole,
            presentOf: (namespace) => this.#names.presentOf(namespace),
            renamesIn: this.#survey?.renamesIn,
          });
          await this.#whole.save(done.news, session);
          await this.#quarantine.add(done.left, session);
          await this.#mark(pieces, countOf(done), session);
          return done;
        },
        () => patient,
      );
    } catch (error) {
      if (this.#bypassValidation && serverCode(error) === serverCodes.Unauthorized) {
        // `readWrite` alone does not allow it: then the validators take part.
        this.#bypassValidation = false;
        return this.#commit(from, count, way);
      }
      if (error instanceof PutConflict) this.#met(error.conflicts);
      throw error;
    }
    this.#whole.took(outcome.news);
    this.#count = sumOf(this.#count, countOf(outcome));
    // Where each is asked about, that tells which ones are left in the end.
    if (this.#options.ask === undefined) this.#options.conflicts.add(...outcome.left.map(documentConflict));
    this.#entriesUndone += pieces.filter(({ kind }) => kind === 'end').length;
  }

  /** Puts on record, in the same transaction, what it undoes. */
  async #mark(pieces: readonly Piece[], counted: UndoCount, session: ClientSession): Promise<void> {
    const { connection, own } = this.#options;
    const journal = connection.db.collection<JournalEntry>(own.journal);
    const ended = pieces.filter(({ kind }) => kind === 'end').map(({ entry }) => entry);
    if (ended.length > 0) {
      const marks: Document[] = [{ $set: { undone: '$$NOW' } }, { $unset: 'undoing' }];
      await journal.updateMany({ _id: { $in: ended } }, marks, { session });
    }
    for (const { entry, pack, done } of lastOfOpenEntries(pieces)) {
      await journal.updateOne({ _id: entry }, { $set: { undoing: { pack, done } } }, { session });
    }
    const last = pieces.at(-1);
    if (last !== undefined) await journal.updateOne({ _id: last.entry }, { $inc: incrementsOf(counted) }, { session });
  }

  /** Conflicts stop a strict undo, and are told of a tolerant one. */
  #met(conflicts: readonly UndoConflict[]): void {
    this.#options.conflicts.add(...conflicts);
    if (this.#options.mode === 'strict') throw new Stopped();
  }
}

function countOf({ documents, inserted, deleted, merged, left }: PutOutcome): UndoCount {
  return { ...nothingCounted, documents, inserted, deleted, merged, quarantined: left.length };
}
