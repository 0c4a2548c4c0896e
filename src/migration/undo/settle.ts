import { idKey } from '../../mongo/raw-bson.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { passing } from '../journal/transactions.ts';
import { withApart } from './apart.ts';
import { anyNumber, type CommitOptions, type Commits, mostBytes, putsIn } from './commits.ts';
import { PutHeld } from './holders.ts';
import { KeyTable } from './key-table.ts';
import { type Piece, piecesOf, stepsOf } from './pieces.ts';
import { idOf, nameIn, type Put } from './put-back.ts';
import type { Pack } from './read.ts';
import { hasClearWay } from './step-back.ts';
import { PutRefused } from './store.ts';
import { documentKey } from './survey.ts';
import type { WhyLeft } from './why-left.ts';

export interface SettleOptions
  extends Pick<CommitOptions, 'store' | 'mode' | 'whole' | 'sizes' | 'survey' | 'deferred'> {
  readonly commits: Commits;
  readonly stretch: number;
  /** A pack, as the journal has it by now. */
  readonly read: (id: string) => Promise<Pack>;
}

/** All at once hold up users who write to any of them, and fewer may get through as well. */
const fewTries = 8;

/** What becomes of a document: nothing more, it waits, or it does and goes back over each of its images by itself. */
const settled = 0;
const waits = 1;
const steps = 2;

/**
 * Commits, at the end of a segment, what was put off for unique values that others have. Only who waits for a document that
 * nobody is going to move is left to users.
 */
export class Settling {
  readonly #options: SettleOptions;
  #off = new Set<string>();
  /** By `documentKey`, all that were put off; from when on that is needed. */
  #waiting: KeyTable | undefined;
  #isStuck = false;
  /** What others kept writing to at this turn. */
  #busy: unknown;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  /** Throws as `Commits.all` does, and `ROLLBACK_FAILED` where this comes to no end. */
  async run(): Promise<void> {
    await this.#inOrder();
    for (let tries = fewTries; this.#off.size > 0; ) {
      this.#busy = undefined;
      if (await this.#together(tries)) return;
      if (await this.#packByPack(tries)) tries = fewTries;
      else if (this.#busy === undefined) {
        // Nobody is going to move: who is refused now waits for what users have.
        this.#isStuck = true;
        if (!(await this.#packByPack(anyNumber))) throw comesToNoEnd();
        this.#isStuck = false;
      } else if (tries === anyNumber) throw comesToNoEnd(this.#busy);
      // All that can go without those that users write to has gone.
      else tries = anyNumber;
    }
  }

  /** Documents that gave their values on did so in their order: the last one mostly waits for none. */
  async #inOrder(): Promise<void> {
    const { commits } = this.#options;
    for (let before = -1; ; ) {
      const off = commits.takeOff();
      this.#off = new Set(off);
      if (off.length === 0 || commits.committed === before) return;
      before = commits.committed;
      for (const pack of off.reverse()) await commits.all(await this.#pieces(pack));
    }
  }

  async #pieces(pack: string): Promise<Piece[]> {
    const { read, stretch, survey } = this.#options;
    return piecesOf(await read(pack), { stretch, met: survey.met });
  }

  /**
   * All in one transaction, so that nothing is in the way but what stays: which of them wait for that the server says, one
   * after the other. False where they are too many, or too busy.
   */
  async #together(tries: number): Promise<boolean> {
    const { commits, mode } = this.#options;
    const lot = await this.#lot();
    if (lot === undefined) return false;
    for (const leave = new Map<string, WhyLeft>(); ; ) {
      try {
        // A strict one leaves nothing: it stops where the server refuses it.
        const keys = mode === 'tolerant' ? commits.keys : undefined;
        await commits.commit(lot, { way: 'exchange', leave, keys, tries });
        return true;
      } catch (error) {
        if (error instanceof PutHeld) {
          for (const name of error.held.keys()) leave.set(name, error.why);
          continue;
        }
        if (passing(error) === 'conflict') {
          this.#busy = error;
          return false;
        }
        if (!(error instanceof PutRefused)) throw error;
        if (mode !== 'tolerant') commits.refused(error);
        if (error.document === undefined) throw error;
        leave.set(error.document, (await commits.refusal(error)).why);
      }
    }
  }

  /** All that waits. Undefined where it is too much. */
  async #lot(): Promise<Piece[] | undefined> {
    const { sizes } = this.#options;
    const lot: Piece[] = [];
    let bytes = 0;
    for (const pack of this.#off) {
      for (const piece of putsIn(await this.#pieces(pack))) {
        lot.push(piece);
        bytes += piece.bytes;
      }
      if (lot.length > sizes.together || (lot.length > 1 && bytes > 4 * mostBytes)) return undefined;
    }
    return lot;
  }

  /**
   * Back as it came: pack by pack, the newest first, each at once with the images of older changes that wait. What the
   * documents were in between they all were, so that there is room for it; those that nevertheless cannot go stay behind
   * until they are met again. False where nothing has moved.
   */
  async #packByPack(tries: number): Promise<boolean> {
    const { deferred, read, stretch, survey } = this.#options;
    this.#waiting ??= await this.#listWaiting();
    const oldest = [...this.#off].sort()[0] as string;
    const still = new Set<string>();
    let moved = 0;
    for (const id of [...new Set([...deferred.packs, ...this.#off])].sort().reverse()) {
      if (id < oldest) break;
      const pack = await read(id);
      const pieces = this.#off.has(id) ? putsIn(piecesOf(pack, { stretch, met: survey.met })) : [];
      // Who has stayed at a newer image is not what an older one made of it.
      const between = stepsOf(
        pack,
        { stretch, met: survey.met },
        (key) => this.#stateOf(key) === steps && !still.has(key),
      );
      if (pieces.length + between.length === 0) continue;
      const done = new Set(await this.#over(pack, [...between, ...pieces], tries));
      for (const put of between) {
        if (done.has(put)) deferred.stepped(keyOf(put));
        else still.add(keyOf(put));
      }
      for (const put of pieces) if (done.has(put)) this.#waiting.set(this.#waiting.add(keyOf(put)), settled);
      if (pieces.every((put) => done.has(put))) this.#off.delete(id);
      moved += done.size;
    }
    return moved > 0;
  }

  /** Comes back with those that are done. */
  async #over(pack: Pack, puts: readonly Put[], tries: number): Promise<readonly Put[]> {
    const { commits, mode } = this.#options;
    // A strict one stops where the server refuses it.
    const keys = this.#isStuck && mode !== 'tolerant' ? undefined : commits.keys;
    const byName = new Map(puts.map((put) => [this.#nameOf(put), put]));
    const leave = new Map<string, WhyLeft>();
    const skip = new Set<string>();
    for (;;) {
      try {
        const how = { leave, skip, keys, apart: { pack, puts } };
        return (await commits.commit([], { way: 'exchange', tries, ...how })).done;
      } catch (error) {
        if (error instanceof PutHeld) {
          for (const [name, holder] of error.held) {
            if (this.#stays(byName.get(name), holder, leave)) leave.set(name, error.why);
            else skip.add(name);
          }
          continue;
        }
        if (passing(error) === 'conflict') return await this.#inHalves(pack, puts, tries, error);
        if (!(error instanceof PutRefused) || error.document === undefined) throw error;
        if (this.#isStuck && mode !== 'tolerant') commits.refused(error);
        const put = byName.get(error.document);
        const { why, holders } = await commits.refusal(error);
        const isHeld = holders.length > 0 && holders.every((holder) => this.#stays(put, holder, leave));
        if (isHeld || this.#staysRefused(error, put)) leave.set(error.document, why);
        else skip.add(error.document);
      }
    }
  }

  /** Others write to some of these again and again: the rest go without them. */
  async #inHalves(pack: Pack, puts: readonly Put[], tries: number, busy: unknown): Promise<readonly Put[]> {
    if (tries === anyNumber) throw comesToNoEnd(busy);
    this.#busy = busy;
    if (puts.length === 1) return [];
    const half = Math.ceil(puts.length / 2);
    const first = await this.#over(pack, puts.slice(0, half), tries);
    const indexes = first.map(({ index }) => index);
    const since = { ...pack, apart: withApart(pack.apart, indexes) };
    return [...first, ...(await this.#over(since, puts.slice(half), tries))];
  }

  /** Whether a document stays whoever is in its way. */
  #staysRefused({ code }: PutRefused, put: Put | undefined): boolean {
    if (!mayStay(put) || this.#options.mode !== 'tolerant') return false;
    return this.#isStuck || code !== serverCodes.DuplicateKey;
  }

  /** Whether a document waits for one that is not going to move. `left`: by this transaction. */
  #stays(put: Put | undefined, holder: Uint8Array, left: LeftNames): boolean {
    if (!mayStay(put) || this.#options.mode !== 'tolerant') return false;
    if (this.#isStuck) return true;
    const other = { ...put, image: { after: holder } };
    return left.has(this.#nameOf(other)) || this.#stateOf(keyOf(other)) === settled;
  }

  async #listWaiting(): Promise<KeyTable> {
    const { whole } = this.#options;
    const waiting = new KeyTable(1);
    for (const pack of this.#off) {
      const pieces = putsIn(await this.#pieces(pack));
      for (const put of pieces) {
        const { left } = whole.of(put.stretch, put.namespace, idKey(idOf(put.image)));
        if (!left) waiting.set(waiting.add(keyOf(put)), waits);
      }
      for (const key of await this.#withClearWay(pieces)) waiting.set(waiting.add(key), steps);
    }
    return waiting;
  }

  /**
   * Those that get all their way back image by image. What users wrote to one of these goes back as a whole, or not at all;
   * and so does one with older images in another segment to which they wrote anything, since there it may have to stay, and
   * one that would be gone from its collection meanwhile.
   */
  async #withClearWay(puts: readonly Put[]): Promise<string[]> {
    const { store, mode, whole, deferred, survey } = this.#options;
    const several = puts.flatMap((put) => {
      const { stretch, namespace, image } = put;
      const newer = deferred.of(keyOf(put));
      const { left, open, between } = whole.of(stretch, namespace, idKey(idOf(image)));
      if (newer === undefined || newer.left === 0 || newer.wasGone) return [];
      return left || open !== undefined || (between && !put.isLast) ? [] : [{ put, newer }];
    });
    const present = several[0] && store.presentOf(several[0].put.namespace);
    if (present === undefined) return [];
    const current = await store.read(
      present,
      several.map(({ put }) => put.image),
    );
    const nowOf = ({ image }: Put) => current.get(idKey(idOf(image)));
    const isAsMade = ({ put, newer }: (typeof several)[number]) =>
      !newer.stepped && newer.joins(put.image) && newer.made(nowOf(put));
    const others = several.filter((one) => !isAsMade(one));
    const images = await deferred.images(others.map(({ newer: { key } }) => key));
    const clear = others.filter(({ put, newer }) => {
      const isRename = survey.renamesIn(put.stretch, put.namespace);
      const way = { now: nowOf(put), mode: put.isLast ? mode : 'strict', isRename } as const;
      return hasClearWay([...(images.get(newer.key) ?? []), put.image], way);
    });
    return [...several.filter(isAsMade), ...clear].map(({ newer: { key } }) => key);
  }

  #stateOf(key: string): number {
    const at = this.#waiting?.find(key) ?? -1;
    return at < 0 ? settled : (this.#waiting?.get(at) ?? settled);
  }

  #nameOf(put: Put): string {
    return nameIn(this.#options.store, put);
  }
}

type LeftNames = Pick<ReadonlySet<string>, 'has'>;

/** What goes over one image by itself is at none of its ends, and can only wait. */
function mayStay(put: Put | undefined): put is Put {
  return put !== undefined && put.isStep !== true;
}

function keyOf({ stretch, namespace, image }: Pick<Put, 'stretch' | 'namespace' | 'image'>): string {
  return documentKey(stretch, namespace, idKey(idOf(image)));
}

function comesToNoEnd(cause?: unknown): ReleaseError {
  return new ReleaseError(
    'ROLLBACK_FAILED',
    "The undo cannot go on: users keep writing to documents that wait for one another's unique values. Nothing of theirs is lost, and what was put back before is on record.",
    {
      cause,
      hint: 'Run the same command again once users write less to that collection, or bring the backup back with --strategy restore.',
    },
  );
}
