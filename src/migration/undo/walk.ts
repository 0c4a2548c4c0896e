import type { ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { labelled } from '../../mongo/server-code.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import type { Attempt } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { countedOf, nothingCounted, sumOf, type UndoCount } from './counted.ts';
import { listCreatedSince } from './created-since.ts';
import { type AskDown, DownPass } from './down-documents.ts';
import { distinct, leftBy } from './left.ts';
import { inTheWay } from './names.ts';
import { type Piece, piecesOf, shareDocuments, takeable, toEndOfPack, wholePacks } from './pieces.ts';
import { documentConflict, PutConflict, type PutOptions, type PutOutcome, putBack } from './put-back.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import type { ConflictList, CreatedSince, UndoConflict, UndoExtent, UndoNumbers } from './result.ts';
import { changedSeveralTimes } from './several.ts';
import { PutRefused, type UndoMode, type UndoStore } from './store.ts';
import { isOlder, Stretches, type Survey, surveyAttempt } from './survey.ts';
import { WholeDocuments } from './whole.ts';

export interface WalkOptions {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  readonly mode: UndoMode;
  /** What it works on. */
  readonly store: UndoStore;
  readonly conflicts: ConflictList;
  /** Entries that an earlier undo has done. */
  readonly undone: number;
  /** Where the migration has a `downDocument`. Only a tolerant undo asks it. */
  readonly ask?: AskDown;
  readonly sizes?: WalkSizes;
  readonly signal?: AbortSignal;
}

/** A conflict was met in strict mode; what was committed before stays. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** How many documents go into one transaction. */
export interface WalkSizes {
  readonly first: number;
  readonly most: number;
  /** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
  readonly leastForTime: number;
}

const usualSizes: WalkSizes = { first: 1000, most: 5000, leastForTime: 200 };
/** Bytes of the images of one transaction at most. */
const mostBytes = 8_000_000;
/** What is read of the journal before it is committed: enough for two transactions. */
const mostPieceBytes = 4 * mostBytes;
/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;

/** Two transactions side by side. */
type Pair = readonly [first: readonly Piece[], second: readonly Piece[]];

interface Settled {
  readonly createdSince: readonly CreatedSince[];
  /** Collections that users have dropped or renamed, with what was in them. */
  readonly gone: readonly UndoConflict[];
}

/** One undo on its way. `run` may be called again after it has thrown, and goes on where the journal's marks say. */
export class Walk {
  readonly #options: WalkOptions;
  #whole = WholeDocuments.none();
  #survey: Survey | undefined;
  /** What became of documents that users left in the new shape; it counts once, also where the walk begins again. */
  #settled: Settled | undefined;
  /** The newest first; what stands in it was not committed yet. */
  #pieces: Piece[] = [];
  readonly #sizes: WalkSizes;
  #size: number;
  /** The next transaction has none at its side. */
  #byItself = false;
  #count: UndoCount = nothingCounted;
  #entriesUndone: number;
  onProgress: (extent: UndoExtent) => void = () => {};

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#sizes = options.sizes ?? usualSizes;
    this.#size = this.#sizes.first;
    this.#entriesUndone = options.undone;
  }

  get extent(): UndoExtent {
    const { documents, inserted, deleted, catalogChanges } = this.#count;
    return { documents, inserted, deleted, catalogChanges, entriesUndone: this.#entriesUndone };
  }

  /** Of all that undos of the attempt have done, this one among them. Throws the driver's errors. */
  async numbers(): Promise<UndoNumbers> {
    const { store } = this.#options;
    const { catalogChanges: _, ...counted } = this.#count;
    const { createdSince = [], gone = [] } = this.#settled ?? {};
    return {
      ...counted,
      quarantined: await store.quarantine.countLeft(),
      downDocuments: await store.quarantine.countBroughtBack(),
      createdSince,
      left: distinct([...(await store.leftInCatalog()), ...leftBy(gone)]),
    };
  }

  /** Throws `Stopped`, `LEASE_LOST`, the signal's reason and the driver's errors. */
  async run(): Promise<void> {
    const { connection, own, attempt, mode, store, signal } = this.#options;
    this.#pieces = [];
    await store.begin();
    this.#count = await countedOf(connection.db, own, attempt);
    const survey = mode !== 'strict' ? await surveyAttempt(connection, own, attempt, signal) : undefined;
    this.#survey = survey;
    if (survey !== undefined) {
      const several = await changedSeveralTimes(connection, own, attempt, survey, signal);
      this.#whole = await WholeDocuments.load(several, store.quarantine);
    }
    const stretches = new Stretches(survey?.moves ?? 0, 'backwards');
    let bytes = 0;
    for await (const step of readBackwards(connection.db, own, attempt)) {
      if (step.kind === 'entry' && step.entry.catalog !== undefined) {
        await this.#commitAll();
        // Its indexes and validators are older than all documents that are back by now, and want the others in the old shape.
        if (survey !== undefined && isOlder(step.entry, survey)) await this.#settle(survey);
        stretches.pass(step.entry);
        bytes = 0;
        await this.#catalog(step.entry);
        continue;
      }
      const pieces = piecesOf(step, stretches.number);
      for (const piece of pieces) {
        this.#pieces.push(piece);
        bytes += piece.kind === 'put' ? piece.bytes : 0;
      }
      if (this.#pieces.length < 2 * this.#sizes.most && bytes < mostPieceBytes) continue;
      await this.#commitAll();
      bytes = 0;
    }
    await this.#commitAll();
    if (survey !== undefined) await this.#settle(survey);
  }

  /** All documents are back that can be: what becomes of those that users left in the new shape. */
  async #settle(survey: Survey): Promise<void> {
    const { connection, store, conflicts, ask, mode } = this.#options;
    if (this.#settled !== undefined || mode !== 'tolerant') return;
    const stay = ask && (await new DownPass({ connection, store, survey, ask }).run());
    const lists = survey.touched.map((touched) => listCreatedSince(connection.client, store, touched));
    const gone = survey.touched.filter(({ namespace }) => store.presentOf(namespace) === undefined);
    this.#settled = {
      createdSince: (await Promise.all(lists)).flat(),
      gone: gone.map(({ namespace }) => inTheWay(namespace, 'gone')),
    };
    if (stay !== undefined) conflicts.addAll(stay);
  }

  async #catalog(entry: UndoEntry): Promise<void> {
    const { store } = this.#options;
    const { changed, conflicts } = await store.catalog(entry);
    if (conflicts.length > 0) this.#met(conflicts);
    const counted = {
      ...nothingCounted,
      catalogChanges: changed,
      catalogOperations: Number(entry.state !== 'refused'),
    };
    await store.run((session) => store.mark([{ kind: 'end', entry: entry._id }], counted, session));
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

  /** Commits as many, from this one on, as go into one transaction, or into two. 0 where it is to be tried with fewer. */
  async #commitSome(from: number): Promise<number> {
    const count = takeable(this.#pieces, from, this.#size, mostBytes);
    const started = performance.now();
    const pair = this.#byItself ? undefined : this.#pairAt(from, count);
    this.#byItself = false;
    let committed = count;
    if (pair === undefined) {
      try {
        await this.#commit(from, count, 'in-place');
      } catch (error) {
        this.#byItself = true;
        if (passing(error) === 'conflict' && this.#putsIn(from, count) > 1) return this.#withFewer(from, count);
        if (!(error instanceof PutRefused)) throw error;
        return this.#commitRefused(from, count, error);
      }
    } else {
      committed = await this.#commitPair(pair);
    }
    if (committed === 0) return 0;
    const factor = Math.min(2, Math.max(0.5, goalMs / (performance.now() - started)));
    const wanted = Math.min(this.#sizes.most, Math.ceil(this.#size * factor));
    // Smaller than that it is after conflicts, and grows again.
    this.#size = Math.max(wanted, Math.min(this.#sizes.leastForTime, this.#size * 2));
    return committed;
  }

  /** Two transactions that have neither a document nor a mark in common. */
  #pairAt(from: number, count: number): Pair | undefined {
    if (this.#options.store.behind === undefined) return undefined;
    const first = wholePacks(this.#pieces, from, count);
    if (first === 0 || from + first === this.#pieces.length) return undefined;
    const second = takeable(this.#pieces, from + first, this.#size, mostBytes);
    const pair = [
      this.#pieces.slice(from, from + first),
      this.#pieces.slice(from + first, from + first + second),
    ] as const;
    return shareDocuments(...pair) ? undefined : pair;
  }

  /**
   * Comes back with how many are committed, without gaps. What stopped one of them it meets again by itself, where it is
   * tried as often as it takes: nobody waits for the other one meanwhile.
   */
  async #commitPair([first, second]: Pair): Promise<number> {
    const front = this.#putBack(first, 'in-place', 'beside');
    const behind = this.#putBack(second, 'in-place', { behind: front });
    const [done, more] = await Promise.allSettled([front, behind]);
    for (const one of [done, more]) if (one.status === 'rejected' && !mayPass(one.reason)) throw one.reason;
    this.#byItself = done.status === 'rejected' || more.status === 'rejected';
    if (done.status === 'rejected') return 0;
    this.#take(first, done.value);
    if (more.status === 'rejected') return first.length;
    this.#take(second, more.value);
    return first.length + second.length;
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
          // Fewer of them get past a write of somebody else.
          const again = this.#options.mode === 'tolerant' && passing(error) === 'conflict';
          if (!(error instanceof PutRefused) && !again) throw error;
          if (error instanceof PutRefused) last = error;
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
    const pieces = this.#pieces.slice(from, from + count);
    try {
      this.#take(pieces, await this.#putBack(pieces, way, 'alone'));
    } catch (error) {
      if (error instanceof PutConflict) this.#met(error.conflicts);
      throw error;
    }
  }

  /** Commits these pieces as one transaction. */
  #putBack(
    pieces: readonly Piece[],
    way: PutOptions['way'],
    place: 'alone' | 'beside' | { readonly behind: Promise<unknown> },
  ): Promise<PutOutcome> {
    const { store, mode } = this.#options;
    const puts = pieces.filter((piece) => piece.kind === 'put');
    const work = async (session: ClientSession) => {
      const { renamesIn } = this.#survey ?? {};
      const done = await putBack(puts, { store, session, mode, way, whole: this.#whole, renamesIn });
      await this.#whole.save(done.news, session);
      await store.quarantine.add(done.left, session);
      await store.mark(pieces, countOf(done), session);
      return done;
    };
    if (typeof place === 'object' && store.behind !== undefined) return store.behind(place.behind, work);
    // Fewer documents get past a write of others sooner; these cannot be fewer.
    const patient = place === 'alone' && (puts.length <= 1 || (way !== 'in-place' && mode === 'strict'));
    return store.run(work, () => patient);
  }

  /** Once they are committed. */
  #take(pieces: readonly Piece[], outcome: PutOutcome): void {
    this.#whole.took(outcome.news);
    this.#count = sumOf(this.#count, countOf(outcome));
    // Where each is asked about, that tells which ones are left in the end.
    if (this.#options.ask === undefined) this.#options.conflicts.add(...outcome.left.map(documentConflict));
    this.#entriesUndone += pieces.filter(({ kind }) => kind === 'end').length;
  }

  /** Conflicts stop a strict undo, and are told of a tolerant one. */
  #met(conflicts: readonly UndoConflict[]): void {
    this.#options.conflicts.add(...conflicts);
    if (this.#options.mode === 'strict') throw new Stopped();
  }
}

/** What the next try may get past: not a lease that is lost, nor a commit of which nobody knows whether it was done. */
function mayPass(error: unknown): boolean {
  if (error instanceof PutRefused || error instanceof PutConflict) return true;
  return passing(error) !== undefined && !labelled(error, 'UnknownTransactionCommitResult');
}

function countOf({ documents, inserted, deleted, merged }: PutOutcome): UndoCount {
  return { ...nothingCounted, documents, inserted, deleted, merged };
}
