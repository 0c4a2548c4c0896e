import type { ClientSession } from 'mongodb';
import { labelled } from '../../mongo/server-code.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { passing } from '../journal/transactions.ts';
import { donePacks, type Piece, takeable, toEndOfPack, wholePacks } from './pieces.ts';
import { PutConflict, type PutOptions, type PutOutcome, putBack } from './put-back.ts';
import type { UndoConflict } from './result.ts';
import { PutRefused, type UndoMode, type UndoStore } from './store.ts';
import type { WholeDocuments } from './whole.ts';

/** How many documents go into one transaction. */
export interface CommitSizes {
  readonly first: number;
  readonly most: number;
  /** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
  readonly leastForTime: number;
}

export const usualSizes: CommitSizes = { first: 1000, most: 5000, leastForTime: 200 };

/** Bytes of the images of one transaction at most. */
export const mostBytes = 8_000_000;
/** Documents that wait for one another's unique values and go back in one transaction at most. */
const mostTogether = 10_000;
/** How often that is tried, with one less each time. */
const mostTurns = 20;
/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;

/** Two transactions side by side. */
type Pair = readonly [first: readonly Piece[], second: readonly Piece[]];

export interface CommitOptions extends Omit<PutOptions, 'session' | 'way' | 'leave'> {
  readonly store: UndoStore;
  readonly mode: UndoMode;
  readonly whole: WholeDocuments;
  readonly sizes: CommitSizes;
  /** Told of each transaction that is committed. */
  readonly taken: (pieces: readonly Piece[], outcome: PutOutcome) => void;
  /** Told of what is in the way. It throws where that stops the undo. */
  readonly met: (conflicts: readonly UndoConflict[]) => void;
}

/** Commits pieces of the way back: as many in a transaction as others, the server and the time let through. */
export class Commits {
  readonly #options: CommitOptions;
  #size: number;
  /** The next transaction has none at its side. */
  #byItself = false;
  /** Packs with a document whose unique value another one has, which may go back by and by; in the order of their turns. */
  readonly #off = new Set<string>();
  /** Nothing is put off any more. */
  #isLastTurn = false;
  #committed = 0;

  constructor(options: CommitOptions) {
    this.#options = options;
    this.#size = options.sizes.first;
  }

  /**
   * All of these, in their order, but for what is put off to the end of the segment. Throws what `met` throws, `LEASE_LOST`,
   * and the driver's errors.
   */
  async all(pieces: readonly Piece[]): Promise<void> {
    for (let from = 0; from < pieces.length; ) from += await this.#some(pieces, from);
  }

  /**
   * At the end of a segment: commits what was put off. `read`: the pieces of a pack that are still to be done. Throws as
   * `all` does.
   */
  async settle(read: (pack: string) => Promise<readonly Piece[]>): Promise<void> {
    for (let before = -1; this.#off.size > 0 && this.#committed > before; ) {
      before = this.#committed;
      // The last one mostly waits for none: documents that gave their values on did so in their order.
      for (const pack of this.#takeOff().reverse()) await this.all(await read(pack));
    }
    this.#isLastTurn = true;
    let some: Piece[] = [];
    for (const pack of this.#takeOff()) {
      some.push(...(await read(pack)));
      if (takeable(some, 0, mostTogether, 4 * mostBytes) === some.length) continue;
      await this.#together(some);
      some = [];
    }
    await this.#together(some);
    this.#isLastTurn = false;
  }

  #takeOff(): string[] {
    const packs = [...this.#off];
    this.#off.clear();
    return packs;
  }

  /**
   * Commits documents that wait for one another in one transaction: all are out before any goes in. Which of them wait for
   * somebody else's the server says, one after the other; those are left.
   */
  async #together(pieces: readonly Piece[]): Promise<void> {
    const leave = new Set<string>();
    for (let turn = 1; pieces.length > 0 && turn <= mostTurns; turn++) {
      try {
        await this.#commit(pieces, 'anew', leave);
        return;
      } catch (error) {
        const isRefused = error instanceof PutRefused;
        if (!isRefused && passing(error) !== 'conflict') throw error;
        if (!isRefused || error.document === undefined || this.#options.mode !== 'tolerant') break;
        leave.add(error.document);
      }
    }
    await this.all(pieces);
  }

  /** Commits as many, from this one on, as go into one transaction, or into two. 0 where it is to be tried with fewer. */
  async #some(pieces: readonly Piece[], from: number): Promise<number> {
    const { sizes } = this.#options;
    const count = takeable(pieces, from, this.#size, mostBytes);
    const started = performance.now();
    const pair = this.#byItself ? undefined : this.#pairAt(pieces, from, count);
    this.#byItself = false;
    const some = pieces.slice(from, from + count);
    const committed = pair === undefined ? await this.#one(some, pieces, from) : await this.#both(pair);
    if (committed === 0) return 0;
    const factor = Math.min(2, Math.max(0.5, goalMs / (performance.now() - started)));
    const wanted = Math.min(sizes.most, Math.ceil(this.#size * factor));
    // Smaller than that it is after conflicts, and grows again.
    this.#size = Math.max(wanted, Math.min(sizes.leastForTime, this.#size * 2));
    return committed;
  }

  async #one(some: readonly Piece[], pieces: readonly Piece[], from: number): Promise<number> {
    try {
      return await this.#commit(some, 'in-place');
    } catch (error) {
      this.#byItself = true;
      if (passing(error) === 'conflict' && putsIn(some) > 1) return this.#withFewer(some);
      if (!(error instanceof PutRefused)) throw error;
      const wider = pieces.slice(from, from + toEndOfPack(pieces, from, some.length));
      return this.#refused(some, wider, error);
    }
  }

  /** Two transactions that have neither a document nor a mark in common. */
  #pairAt(pieces: readonly Piece[], from: number, count: number): Pair | undefined {
    if (this.#options.store.behind === undefined) return undefined;
    const first = from + wholePacks(pieces, from, count);
    if (first === from || first === pieces.length) return undefined;
    const second = takeable(pieces, first, this.#size, mostBytes);
    return [pieces.slice(from, first), pieces.slice(first, first + second)];
  }

  /**
   * Comes back with how many are committed, without gaps. What stopped one of them it meets again by itself, where it is
   * tried as often as it takes: nobody waits for the other one meanwhile.
   */
  async #both([first, second]: Pair): Promise<number> {
    const front = this.#putBack(first, 'in-place', 'beside');
    const behind = this.#putBack(second, 'in-place', { behind: front });
    const [done, more] = await Promise.allSettled([front, behind]);
    if (done.status === 'fulfilled') this.#taken(first, done.value);
    if (more.status === 'fulfilled') this.#taken(second, more.value);
    for (const one of [done, more]) if (one.status === 'rejected' && !mayPass(one.reason)) throw one.reason;
    this.#byItself = done.status === 'rejected' || more.status === 'rejected';
    if (done.status === 'rejected') return 0;
    return more.status === 'rejected' ? first.length : first.length + second.length;
  }

  #withFewer(some: readonly Piece[]): 0 {
    this.#size = Math.max(1, Math.floor(Math.min(this.#size, putsIn(some)) / 2));
    return 0;
  }

  /**
   * The server refuses a document as it was. Where documents swap unique values all must be out before any goes in;
   * and where a chain of them moved on by one, that takes all that were changed together, `wider`. Where documents wait for
   * older images, one of these may have the value as yet.
   */
  async #refused(some: readonly Piece[], wider: readonly Piece[], refused: PutRefused): Promise<number> {
    const { mode, met } = this.#options;
    let last = refused;
    if (refused.code === serverCodes.DuplicateKey) {
      // In the last turn more than these were tried together.
      for (const pieces of wider.length > some.length && !this.#isLastTurn ? [some, wider] : [some]) {
        try {
          return await this.#commit(pieces, 'anew');
        } catch (error) {
          // Fewer of them get past a write of somebody else.
          const again = mode === 'tolerant' && passing(error) === 'conflict';
          if (!(error instanceof PutRefused) && !again) throw error;
          if (error instanceof PutRefused) last = error;
        }
      }
      if (this.#options.deferred.size > 0 && !this.#isLastTurn) return this.#putOff(wider);
    }
    if (mode === 'tolerant') {
      // Down to the one that is in the way.
      return putsIn(some) > 1 ? this.#withFewer(some) : this.#commit(some, 'leave');
    }
    const { namespace, code } = last;
    const unique = code === serverCodes.DuplicateKey;
    met([unique ? { kind: 'unique', namespace } : { kind: 'refused', namespace, code }]);
    return 0;
  }

  #putOff(pieces: readonly Piece[]): number {
    for (const pack of donePacks(pieces).keys()) this.#off.add(pack);
    return pieces.length;
  }

  #taken(pieces: readonly Piece[], outcome: PutOutcome): void {
    this.#committed += pieces.length;
    this.#options.taken(pieces, outcome);
  }

  async #commit(pieces: readonly Piece[], way: PutOptions['way'], leave?: ReadonlySet<string>): Promise<number> {
    try {
      this.#taken(pieces, await this.#putBack(pieces, way, 'alone', leave));
      return pieces.length;
    } catch (error) {
      if (error instanceof PutConflict) this.#options.met(error.conflicts);
      throw error;
    }
  }

  /** Commits these pieces as one transaction. */
  #putBack(
    pieces: readonly Piece[],
    way: PutOptions['way'],
    place: 'alone' | 'beside' | { readonly behind: Promise<unknown> },
    leave?: ReadonlySet<string>,
  ): Promise<PutOutcome> {
    const { store, mode, whole } = this.#options;
    const puts = pieces.filter((piece) => piece.kind === 'put');
    const work = async (session: ClientSession) => {
      const done = await putBack(puts, { ...this.#options, session, way, leave });
      await whole.save(done.news, session);
      await store.quarantine.add(done.left, session);
      await store.mark(pieces, done.counted, session);
      return done;
    };
    if (typeof place === 'object' && store.behind !== undefined) return store.behind(place.behind, work);
    // Fewer documents get past a write of others sooner; these cannot be fewer.
    const isWhole = way !== 'in-place' && (mode === 'strict' || leave !== undefined);
    const patient = place === 'alone' && (puts.length <= 1 || isWhole);
    return store.run(work, () => patient);
  }
}

/** Of these pieces the documents: the end of an entry comes with its last one, and makes them no more. */
function putsIn(pieces: readonly Piece[]): number {
  return pieces.filter(({ kind }) => kind === 'put').length;
}

/** What the next try may get past: not a lease that is lost, nor a commit of which nobody knows whether it was done. */
function mayPass(error: unknown): boolean {
  if (error instanceof PutRefused || error instanceof PutConflict) return true;
  return passing(error) !== undefined && !labelled(error, 'UnknownTransactionCommitResult');
}
