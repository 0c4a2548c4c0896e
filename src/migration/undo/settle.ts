import { idKey } from '../../mongo/raw-bson.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { placeOfImages } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import type { Apart } from './apart.ts';
import { anyNumber, type CommitOptions, type Commits, overOf, putsIn } from './commits.ts';
import { PutHeld } from './holders.ts';
import { inOrderOfNeed, type Needing } from './needs.ts';
import { type Piece, piecesOf, stepsOf } from './pieces.ts';
import { idOf, nameIn, type Put } from './put-back.ts';
import type { Pack } from './read.ts';
import { shownNamespace } from './result.ts';
import { mostBytes } from './sizes.ts';
import { PutRefused } from './store.ts';
import { keyOf, Waiting } from './waiting.ts';
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

/** How all that waits, in one transaction, came out. */
type Together = 'done' | 'too-many' | 'busy';

/**
 * Commits, at the end of a segment, what was put off for unique values that others have. Only who waits for a document that
 * nobody is going to move is left to users.
 */
export class Settling {
  readonly #options: SettleOptions;
  #off = new Set<string>();
  /** All that were put off; from when on that is needed. */
  #waiting: Waiting | undefined;
  /** Of packs, what is on record of images that went by themselves. */
  readonly #marks = new Map<string, Apart>();
  /** Nobody is going to move: who is refused now waits for what users have. */
  #isStuck = false;
  /** Others kept writing to something at this turn. */
  #isBusy = false;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  /** Throws as `Commits.commit` does. */
  async run(): Promise<void> {
    await this.#inOrder();
    for (let tries = fewTries; this.#off.size > 0; ) {
      const together = await this.#together(tries);
      if (together === 'done') return;
      this.#isBusy = together === 'busy';
      if (await this.#placeByPlace(tries)) tries = fewTries;
      // All that can go without those that users write to has gone.
      else if (this.#isBusy) tries = anyNumber;
      else {
        this.#isStuck = true;
        if (!(await this.#placeByPlace(anyNumber))) throw new Error('Documents wait, and nobody is in their way.');
        this.#isStuck = false;
      }
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
   * after the other, where it cannot be looked for.
   */
  async #together(tries: number): Promise<Together> {
    const { commits } = this.#options;
    const lot = await this.#lot();
    if (lot === undefined) return 'too-many';
    for (const leave = new Map<string, WhyLeft>(); ; ) {
      try {
        await commits.commit(lot, { exchange: true, leave, tries });
        return 'done';
      } catch (error) {
        if (passing(error) === 'conflict') return 'busy';
        this.#leavesNothing(error);
        if (error instanceof PutHeld) {
          for (const [name, { why }] of error.held) leave.set(name, why);
          continue;
        }
        if (!(error instanceof PutRefused) || error.document === undefined) throw error;
        leave.set(error.document, (await commits.refusal(error)).why);
      }
    }
  }

  /** All that waits. Undefined where it is too much. */
  async #lot(): Promise<Piece[] | undefined> {
    const { sizes, read, stretch, survey } = this.#options;
    const lot: Piece[] = [];
    let bytes = 0;
    for (const id of this.#off) {
      const pack = await read(id);
      for (const piece of putsIn(piecesOf(pack, { stretch, met: survey.met }))) lot.push(piece);
      bytes += pack.bytes;
      if (lot.length > sizes.together || (lot.length > 1 && bytes > 4 * mostBytes)) return undefined;
    }
    return lot;
  }

  /**
   * Back as it came: what one transaction changed, the newest first, each at once with the images of older changes that
   * wait. What the documents were in between they all were, so that there is room for it; those that nevertheless cannot go
   * stay behind until they are met again. False where nothing has moved.
   */
  async #placeByPlace(tries: number): Promise<boolean> {
    const { deferred, read, stretch, survey } = this.#options;
    this.#waiting ??= await this.#listWaiting();
    const waiting = this.#waiting;
    const oldest = [...this.#off].sort()[0] as string;
    const ids = [...new Set([...deferred.packs, ...this.#off])].filter((id) => id >= oldest);
    const still = new Set<string>();
    let moved = 0;
    for (const [, place] of Map.groupBy(ids.sort().reverse(), placeOfImages)) {
      const packs: Pack[] = [];
      for (const id of place) packs.push(await read(id));
      for (const { id, apart } of packs) this.#marks.set(id, apart);
      const options = { stretch, met: survey.met };
      const pieces = packs.flatMap((pack) => (this.#off.has(pack.id) ? putsIn(piecesOf(pack, options)) : []));
      // Who has stayed at a newer image is not what an older one made of it.
      const between = stepsOf(packs, options, (key) => waiting.goesInSteps(key) && !still.has(key));
      if (pieces.length + between.length === 0) continue;
      const done = new Set(await this.#over([...between, ...pieces], tries));
      for (const put of between) {
        if (done.has(put)) deferred.stepped(keyOf(put));
        else still.add(keyOf(put));
      }
      for (const put of pieces) if (done.has(put)) waiting.settle(put);
      for (const id of place) if (pieces.every((put) => put.pack !== id || done.has(put))) this.#off.delete(id);
      moved += done.size;
    }
    return moved > 0;
  }

  /** Comes back with those that are done. `groups`: of these, in the order in which they need one another, where that is known. */
  async #over(puts: readonly Put[], tries: number, groups?: readonly Needing[][]): Promise<readonly Put[]> {
    const { commits } = this.#options;
    const byName = new Map(puts.map((put) => [this.#nameOf(put), put]));
    const leave = new Map<string, WhyLeft>();
    const skip = new Set<string>();
    for (;;) {
      try {
        const how = { exchange: true, tries, leave, skip, apart: { puts, marks: this.#marks } };
        const { done } = await commits.commit([], how);
        for (const { pack, apart } of overOf(done, this.#marks)) this.#marks.set(pack, apart);
        return done;
      } catch (error) {
        if (passing(error) === 'conflict') return await this.#inHalves(groups ?? (await this.#inGroups(puts)), tries);
        if (this.#isStuck) this.#leavesNothing(error);
        if (error instanceof PutHeld) {
          for (const [name, { holder, why }] of error.held) {
            if (this.#stays(byName.get(name), holder, leave)) leave.set(name, why);
            else skip.add(name);
          }
          continue;
        }
        if (!(error instanceof PutRefused) || error.document === undefined) throw error;
        const put = byName.get(error.document);
        const { why, holders } = await commits.refusal(error);
        const isHeld = holders.length > 0 && holders.every((holder) => this.#stays(put, holder, leave));
        if (isHeld || this.#staysRefused(error, put)) leave.set(error.document, why);
        else skip.add(error.document);
      }
    }
  }

  /**
   * Others write to some of these again and again: the rest go without them. What needs a value of one that stays behind is
   * found to be held.
   */
  async #inHalves(groups: readonly Needing[][], tries: number): Promise<readonly Put[]> {
    this.#isBusy = true;
    if (groups.length === 1) return [];
    const half = Math.ceil(groups.length / 2);
    const done: Put[] = [];
    for (const some of [groups.slice(0, half), groups.slice(half)]) {
      const puts = some.flat().flatMap((needing) => needing.puts);
      for (const put of await this.#over(puts, tries, some)) done.push(put);
    }
    return done;
  }

  async #inGroups(puts: readonly Put[]): Promise<Needing[][]> {
    const { store, commits } = this.#options;
    const groups: Needing[][] = [];
    for (const [, some] of Map.groupBy(puts, ({ namespace }) => shownNamespace(namespace))) {
      const [{ namespace }] = some as [Put, ...Put[]];
      const present = store.presentOf(namespace);
      const images = some.map(({ image }) => image);
      const current = present === undefined ? undefined : await store.read(present, images);
      const documents = [...Map.groupBy(some, (put) => idKey(idOf(put.image)))].map(([id, of]) => {
        return { now: current?.get(id), puts: of };
      });
      const keys = present === undefined ? [] : commits.keys.of(present);
      for (const group of inOrderOfNeed(documents, keys)) groups.push(group);
    }
    return groups;
  }

  /** A strict one leaves nothing to users: it stops where the server would refuse it. */
  #leavesNothing(error: unknown): void {
    const { commits, mode } = this.#options;
    if (mode === 'tolerant') return;
    if (error instanceof PutHeld || error instanceof PutRefused) commits.refused(error);
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
    return left.has(this.#nameOf(other)) || this.#waiting?.isSettled(keyOf(other)) !== false;
  }

  async #listWaiting(): Promise<Waiting> {
    const waiting = new Waiting(this.#options);
    for (const pack of this.#off) await waiting.add(putsIn(await this.#pieces(pack)));
    return waiting;
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
