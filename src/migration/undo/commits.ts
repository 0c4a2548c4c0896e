import type { ClientSession } from 'mongodb';
import { labelled } from '../../mongo/server-code.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { passing } from '../journal/transactions.ts';
import { type Apart, withApart } from './apart.ts';
import { PutHeld } from './holders.ts';
import { IndexGone, IndexKeys } from './index-key.ts';
import { donePacks, type Piece, takeable, toEndOfTurn, wholePacks } from './pieces.ts';
import { nameIn, type Put, PutConflict, type PutOptions, type PutOutcome, putBack, type Room } from './put-back.ts';
import { shownNamespace, type UndoConflict } from './result.ts';
import { type CommitSizes, mostBytes } from './sizes.ts';
import { type Over, PutRefused, type Refusal, type UndoMode, type UndoStore } from './store.ts';
import type { WholeDocuments } from './whole.ts';

/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;

/** Fewer at a time will not do: it is tried as long as one transaction is. */
export const anyNumber = Number.POSITIVE_INFINITY;

/** For all that time others have written to what has to go back, or held its collection. Nothing was changed meanwhile. */
export class Busy extends Error {
  override readonly name = 'Busy';
  readonly namespace: string;

  constructor(namespace: string, cause: unknown) {
    super('Others keep documents busy that have to go back.', { cause });
    this.namespace = namespace;
  }
}

/** Two transactions side by side. */
type Pair = readonly [first: readonly Piece[], second: readonly Piece[]];

export interface CommitOptions extends Omit<PutOptions, 'session' | 'room' | 'leave' | 'skip'> {
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
export interface How extends Pick<PutOptions, 'leave' | 'skip'> {
  /** Documents that have unique values which others of them need make room: as few as possible, at worst all of a collection. */
  readonly exchange?: boolean;
  /** In place of pieces: images each of which goes by itself, and by pack what is on record of those. */
  readonly apart?: { readonly puts: readonly Put[]; readonly marks: ReadonlyMap<string, Apart> };
  /** How often it is tried where others write to the same documents: once, where nothing is said. */
  readonly tries?: number;
}

/** Commits pieces of the way back: as many in a transaction as others, the server and the time let through. */
export class Commits {
  readonly options: CommitOptions;
  #size: number;
  /** The next transaction has none at its side. */
  #byItself = false;
  /** Of unique indexes whose values were refused. */
  readonly keys = new IndexKeys();
  /** Packs with a document whose unique value another one has, which may go back by and by; in the order of their turns. */
  readonly #off = new Set<string>();
  #committed = 0;

  constructor(options: CommitOptions) {
    this.options = options;
    this.#size = options.sizes.first;
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

  /** Commits these pieces as one transaction. Throws `PutRefused`, `PutHeld`, `Busy`, and as `all` does. */
  async commit(pieces: readonly Piece[], how: How): Promise<PutOutcome> {
    const anew = new Set<string>();
    const room = how.exchange ? { keys: this.keys, anew } : undefined;
    for (;;) {
      try {
        const outcome = await this.#putBack(pieces, { ...how, room });
        if (outcome.done.length + pieces.length > 0) this.#taken(pieces, outcome);
        return outcome;
      } catch (error) {
        if (error instanceof PutConflict) this.options.met(error.conflicts);
        if (error instanceof IndexGone) this.keys.forget(error);
        else if (room === undefined || !(await this.#makesRoom(error, anew))) throw this.#orBusy(error, pieces, how);
      }
    }
  }

  /** Whether another try makes more room: of those that stayed in their places the server names none. */
  async #makesRoom(error: unknown, anew: Set<string>): Promise<boolean> {
    if (!(error instanceof PutRefused) || error.document !== undefined) return false;
    const { news } = await this.refusal(error);
    const namespace = shownNamespace(error.present);
    if (news) return true;
    if (anew.has(namespace)) return false;
    anew.add(namespace);
    return true;
  }

  #orBusy(error: unknown, pieces: readonly Piece[], { tries, apart }: How): unknown {
    const puts = apart?.puts ?? putsIn(pieces);
    if (tries !== anyNumber || puts.length === 0 || passing(error) !== 'conflict') return error;
    const { store } = this.options;
    const names = new Set(puts.map(({ namespace }) => shownNamespace(store.presentOf(namespace) ?? namespace)));
    return new Busy([...names].join(', '), error);
  }

  /** What is in the way of a document. From then on it is looked who else is refused for the same; `news`: as nobody did before. */
  async refusal(refused: PutRefused): Promise<Refusal & { readonly news: boolean }> {
    const refusal = await this.options.store.refusal(refused);
    return { ...refusal, news: this.keys.learn(refused.present, refusal.keys) };
  }

  /** The server refuses a document for good, and it cannot be left to anybody. */
  refused({ present, code }: Pick<PutRefused, 'present' | 'code'>): void {
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
      await this.commit(some, { tries: putsIn(some).length > 1 ? 1 : anyNumber });
      return some.length;
    } catch (error) {
      this.#byItself = true;
      if (passing(error) === 'conflict' && putsIn(some).length > 1) return this.#withFewer(some);
      if (!(error instanceof PutRefused)) throw error;
      if (error.code !== serverCodes.DuplicateKey) return this.#withoutOne(some, error);
      await this.refusal(error);
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
        await this.commit(pieces, { exchange: true });
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
    await this.commit(some, { leave, tries: anyNumber });
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
    const front = this.#putBack(first, {});
    const behind = this.#putBack(second, {}, front);
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
    { leave, skip, apart, tries = 1, room }: How & { readonly room?: Room },
    before?: Promise<unknown>,
  ): Promise<PutOutcome> {
    const { store, whole } = this.options;
    const puts = apart?.puts ?? putsIn(pieces);
    const work = async (session: ClientSession) => {
      const outcome = await putBack(puts, { ...this.options, session, room, leave, skip });
      // Nothing has moved: then there is no mark of it either.
      if (outcome.done.length === 0 && apart !== undefined) return outcome;
      await whole.save(outcome.news, session);
      await store.quarantine.add(outcome.left, session);
      await store.mark(pieces, outcome.counted, session, apart && overOf(outcome.done, apart.marks));
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

/** By pack, what is on record once these are done, too. */
export function overOf(done: readonly Put[], marks: ReadonlyMap<string, Apart>): Over[] {
  return [...Map.groupBy(done, ({ pack }) => pack)].map(([pack, puts]) => {
    const indexes = puts.map(({ index }) => index);
    return { pack, apart: withApart(marks.get(pack) ?? new Uint8Array(), indexes) };
  });
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
