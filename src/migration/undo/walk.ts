import type { ClientSession, Document } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Attempt, JournalEntry } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { undoCatalog } from './catalog.ts';
import { listCreatedSince } from './created-since.ts';
import { type AskDown, DownPass } from './down-documents.ts';
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
  #whole = WholeDocuments.none();
  /** Whether it is known, and done, what becomes of documents that users left in the new shape. */
  #settled = false;
  /** The newest first; what stands in it was not committed yet. */
  #pieces: Piece[] = [];
  #size = firstDocuments;
  #bypassValidation = true;
  #documents = 0;
  #inserted = 0;
  #deleted = 0;
  #catalogChanges = 0;
  #entriesUndone: number;
  merged = 0;
  quarantined = 0;
  downDocuments = 0;
  createdSince: readonly CreatedSince[] = [];
  catalogOperations = 0;
  onProgress: (extent: UndoExtent) => void = () => {};

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#quarantine = new Quarantine(options.connection.db, options.own, options.attempt);
    this.#entriesUndone = options.undone;
  }

  get extent(): UndoExtent {
    return {
      documents: this.#documents,
      inserted: this.#inserted,
      deleted: this.#deleted,
      catalogChanges: this.#catalogChanges,
      entriesUndone: this.#entriesUndone,
    };
  }

  /** Throws `Stopped`, `LEASE_LOST`, the signal's reason and the driver's errors. */
  async run(): Promise<void> {
    const { connection, own, attempt, mode, signal } = this.#options;
    this.#pieces = [];
    const survey = mode === 'tolerant' ? await surveyAttempt(connection, own, attempt, signal) : undefined;
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
    const stay =
      ask === undefined ? undefined : await new DownPass({ connection, transactions, quarantine, survey, ask }).run();
    const back = ask === undefined ? [] : [...(await quarantine.countByCollection('down')).values()];
    const lists = await Promise.all(survey.touched.map((touched) => listCreatedSince(connection.client, touched)));
    // From here on nothing throws: it counts once, also where the walk has to begin again.
    this.#settled = true;
    this.createdSince = lists.flat();
    this.downDocuments = back.reduce((sum, documents) => sum + documents, 0);
    if (stay === undefined) return;
    this.quarantined = stay.total;
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
    this.#catalogChanges += changed;
    if (conflicts.length > 0) this.#met(conflicts);
    await transactions.run((session) => this.#mark([{ kind: 'end', entry: entry._id }], session));
    this.#entriesUndone += 1;
    if (entry.state !== 'refused') this.catalogOperations += 1;
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
          });
          await this.#whole.save(done.news, session);
          await this.#quarantine.add(done.left, session);
          await this.#mark(pieces, session);
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
    this.#documents += outcome.documents;
    this.#inserted += outcome.inserted;
    this.#deleted += outcome.deleted;
    this.merged += outcome.merged;
    // Where each is asked about, that tells which ones are left in the end.
    if (this.#options.ask === undefined) {
      this.quarantined += outcome.left.length;
      this.#options.conflicts.add(...outcome.left.map(documentConflict));
    }
    this.#entriesUndone += pieces.filter(({ kind }) => kind === 'end').length;
  }

  /** Puts on record, in the same transaction, what it undoes. */
  async #mark(pieces: readonly Piece[], session: ClientSession): Promise<void> {
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
  }

  /** Conflicts stop a strict undo, and are told of a tolerant one. */
  #met(conflicts: readonly UndoConflict[]): void {
    this.#options.conflicts.add(...conflicts);
    if (this.#options.mode === 'strict') throw new Stopped();
  }
}
