import type { ClientSession } from 'mongodb';
import { labelled } from '../../mongo/server-code.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { passing } from '../journal/transactions.ts';
import { withApart } from './apart.ts';
import { type PlainKey, type PlainKeys, PutHeld } from './holders.ts';
import { donePacks, type Piece, takeable, toEndOfTurn, wholePacks } from './pieces.ts';
import { nameIn, type Put, PutConflict, type PutOptions, type PutOutcome, putBack } from './put-back.ts';
import type { Pack } from './read.ts';
import { shownNamespace, type UndoConflict } from './result.ts';
import { type Over, PutRefused, type Refusal, type UndoMode, type UndoStore } from './store.ts';
import type { WholeDocuments } from './whole.ts';

/** How many documents go into one transaction. */
export interface CommitSizes {
  readonly first: number;
  readonly most: number;
  /** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
  readonly leastForTime: number;
  /** At most, of those that wait for one another's unique values. */
  readonly together: number;
}

export const usualSizes: CommitSizes = { first: 1000, most: 5000, leastForTime: 200, together: 10_000 };

/** Bytes of the images of one transaction at most. */
export const mostBytes = 8_000_000;
/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;

/** Fewer at a time will not do. */
export const anyNumber = Number.POSITIVE_INFINITY;

/** Two transactions side by side. */
type Pair = readonly [first: readonly Piece[], second: readonly Piece[]];

export interface CommitOptions extends Omit<PutOptions, 'session' | 'way' | 'leave' | 'skip' | 'keys'> {
  readonly store: UndoStore;
  readonly mode: UndoMode;
  readonly whole: WholeDocuments;
  readonly sizes: CommitSizes;
  /** Told of each transaction that is committed. */
  readonly taken: (pieces: readonly Piece[], outcome: PutOutcome) => void;
  /** Told of what is in the way. It throws where that stops the undo. */
  readonly met: (conflicts: readonly UndoConflict[]) => void;
}

/** How one transaction is to be done. */
export interface How extends Pick<PutOptions, 'way' | 'leave' | 'skip' | 'keys'> {
  /** In place of pieces: images of one pack, each of them by itself. */
  readonly apart?: { readonly pack: Pack; readonly puts: readonly Put[] };
  /** How often it is tried where others write to the same documents: once, where nothing is said. */
  readonly tries?: number;
}

/** Commits pieces of the way back: as many in a transaction as others, the server and the time let through. */
export class Commits {
  readonly options: CommitOptions;
  #size: number;
  /** The next transaction has none at its side. */
  #byItself = false;
  /** By collection, of the unique index whose values were refused last. */
  readonly #keys = new Map<string, PlainKey>();
  /** Packs with a document whose unique value another one has, which may go back by and by; in the order of their turns. */
  readonly #off = new Set<string>();
  #committed = 0;

  constructor(options: CommitOptions) {
    this.options = options;
    this.#size = options.sizes.first;
  }

  get keys(): PlainKeys {
    return this.#keys;
  }

  /** How many pieces were committed. */
  get committed(): number {
    return this.#committed;
  }

  get hasPutOff(): boolean {
    return this.#off.size > 0;
  }

  /** Packs that were put off, and are nobody's any more. */
  takeOff(): string[] {
    const packs = [...this.#off];
    this.#off.clear();
    return packs;
  }

  /**
   * All of these, in their order, but for packs that are put off: all documents of the segment have to be met first. Throws
   * what `met` throws, `LEASE_LOST`, and the driver's errors.
   */
  async all(pieces: readonly Piece[]): Promise<void> {
    for (let from = 0; from < pieces.length; ) from += await this.#some(pieces, from);
  }

  /** Commits these pieces as one transaction. Throws `PutRefused`, `PutHeld`, and as `all` does. */
  async commit(pieces: readonly Piece[], how: How): Promise<PutOutcome> {
    try {
      const outcome = await this.#putBack(pieces, how);
      if (outcome.done.length + pieces.length > 0) this.#taken(pieces, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof PutConflict) this.options.met(error.conflicts);
      // Of those that stayed in their places the server names none.
      const isUnnamed = error instanceof PutRefused && error.document === undefined;
      if (isUnnamed && how.way === 'exchange') return this.commit(pieces, { ...how, way: 'anew' });
      throw error;
    }
  }

  /** What is in the way of a document. From then on it is looked who else is refused for the same. */
  async refusal(refused: PutRefused): Promise<Refusal> {
    const refusal = await this.options.store.refusal(refused);
    if (refusal.key !== undefined) this.#keys.set(shownNamespace(refused.present), refusal.key);
    return refusal;
  }

  /** The server refuses a document for good, and it cannot be left to anybody. */
  refused({ present, code }: PutRefused): void {
    const namespace = shownNamespace(present);
    const unique = code === serverCodes.DuplicateKey;
    this.options.met([unique ? { kind: 'unique', namespace } : { kind: 'refused', namespace, code }]);
  }

  /** Commits as many, from this one on, as go into one transaction, or into two. 0 where it is to be tried with fewer. */
  async #some(pieces: readonly Piece[], from: number): Promise<number> {
    const { sizes } = this.options;
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
      await this.commit(some, { way: 'in-place', tries: putsIn(some).length > 1 ? 1 : anyNumber });
      return some.length;
    } catch (error) {
      this.#byItself = true;
      if (passing(error) === 'conflict' && putsIn(some).length > 1) return this.#withFewer(some);
      if (!(error instanceof PutRefused)) throw error;
      if (error.code !== serverCodes.DuplicateKey) return this.#withoutOne(some, error);
      if (!this.#keys.has(shownNamespace(error.present))) await this.refusal(error);
      return this.#atOnce(some, pieces.slice(from, from + toEndOfTurn(pieces, from, some.length)));
    }
  }

  /**
   * Where documents swap unique values all must be out before any goes in; and where a chain of them moved on by one, that
   * takes all that were changed together, `wider`. Else these are put off: what has the value may be on its way, too.
   */
  async #atOnce(some: readonly Piece[], wider: readonly Piece[]): Promise<number> {
    for (const pieces of wider.length > some.length ? [some, wider] : [some]) {
      try {
        await this.commit(pieces, { way: 'exchange', keys: this.#keys });
        return pieces.length;
      } catch (error) {
        const isHeld = error instanceof PutHeld || error instanceof PutRefused;
        if (!isHeld && passing(error) !== 'conflict') throw error;
      }
    }
    for (const pack of donePacks(wider).keys()) this.#off.add(pack);
    return wider.length;
  }

  /** The server refuses one of these for what it is, whatever the others are. */
  async #withoutOne(some: readonly Piece[], refused: PutRefused): Promise<number> {
    const { mode, store } = this.options;
    const [put, ...others] = putsIn(some);
    if (mode !== 'tolerant' || put === undefined) {
      this.refused(refused);
      return 0;
    }
    if (others.length > 0) return this.#withFewer(some);
    const leave = new Map([[nameIn(store, put), { reason: 'refused', code: refused.code } as const]]);
    await this.commit(some, { way: 'in-place', leave, tries: anyNumber });
    return some.length;
  }

  /** Two transactions that have neither a document nor a mark in common. */
  #pairAt(pieces: readonly Piece[], from: number, count: number): Pair | undefined {
    if (this.options.store.behind === undefined) return undefined;
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
    const front = this.#putBack(first, { way: 'in-place' });
    const behind = this.#putBack(second, { way: 'in-place' }, front);
    const [done, more] = await Promise.allSettled([front, behind]);
    if (done.status === 'fulfilled') this.#taken(first, done.value);
    if (more.status === 'fulfilled') this.#taken(second, more.value);
    for (const one of [done, more]) if (one.status === 'rejected' && !mayPass(one.reason)) throw one.reason;
    this.#byItself = done.status === 'rejected' || more.status === 'rejected';
    if (done.status === 'rejected') return 0;
    return more.status === 'rejected' ? first.length : first.length + second.length;
  }

  #withFewer(some: readonly Piece[]): 0 {
    this.#size = Math.max(1, Math.floor(Math.min(this.#size, putsIn(some).length) / 2));
    return 0;
  }

  #taken(pieces: readonly Piece[], outcome: PutOutcome): void {
    this.#committed += pieces.length;
    this.options.taken(pieces, outcome);
  }

  #putBack(
    pieces: readonly Piece[],
    { way, leave, skip, keys, apart, tries = 1 }: How,
    before?: Promise<unknown>,
  ): Promise<PutOutcome> {
    const { store, whole } = this.options;
    const puts = apart?.puts ?? putsIn(pieces);
    const work = async (session: ClientSession) => {
      const outcome = await putBack(puts, { ...this.options, session, way, leave, skip, keys });
      // Nothing has moved: then there is no mark of it either.
      if (outcome.done.length === 0 && apart !== undefined) return outcome;
      await whole.save(outcome.news, session);
      await store.quarantine.add(outcome.left, session);
      await store.mark(pieces, outcome.counted, session, apart && overOf(apart.pack, outcome.done));
      return outcome;
    };
    if (before !== undefined && store.behind !== undefined) return store.behind(before, work);
    let left = tries;
    return store.run(work, () => {
      left -= 1;
      return left > 0;
    });
  }
}

function overOf({ id, apart }: Pack, done: readonly Put[]): Over {
  const indexes = done.map(({ index }) => index);
  return { pack: id, apart: withApart(apart, indexes) };
}

/** Of these pieces the documents: the end of an entry comes with its last one, and makes them no more. */
export function putsIn(pieces: readonly Piece[]): Extract<Piece, { readonly kind: 'put' }>[] {
  return pieces.filter((piece) => piece.kind === 'put');
}

/** What the next try may get past: not a lease that is lost, nor a commit of which nobody knows whether it was done. */
function mayPass(error: unknown): boolean {
  if (error instanceof PutRefused || error instanceof PutConflict) return true;
  return passing(error) !== undefined && !labelled(error, 'UnknownTransactionCommitResult');
}
