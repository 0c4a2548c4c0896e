import { idKey } from '../../mongo/raw-bson.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { documentOf, type Image } from '../journal/images.ts';
import { passing } from '../journal/transactions.ts';
import { type CommitOptions, type Commits, mostBytes, putsIn } from './commits.ts';
import { type PlainKey, PutHeld } from './holders.ts';
import { KeyTable } from './key-table.ts';
import { type Piece, piecesOf, stepsOf } from './pieces.ts';
import { nameIn, type Put } from './put-back.ts';
import type { Pack } from './read.ts';
import { shownNamespace } from './result.ts';
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

/** What becomes of a document: nothing more, it waits, or it does and may go back over each of its images by itself. */
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
  /** By `keyAt`, documents that are back while others of their pack are not: the pack has no mark of them. */
  readonly #back = new Set<string>();
  /** By `documentKey`, all that were put off; from when on that is needed. */
  #waiting: KeyTable | undefined;
  readonly #keys = new Map<string, PlainKey>();
  #isStuck = false;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  /** Throws as `Commits.all` does, and `ROLLBACK_FAILED` where this comes to no end. */
  async run(): Promise<void> {
    await this.#inOrder();
    while (this.#off.size > 0) {
      let busy: unknown;
      try {
        if (await this.#together()) return;
      } catch (error) {
        if (passing(error) !== 'conflict') throw error;
        busy = error;
      }
      if (await this.#packByPack()) continue;
      if (busy !== undefined) throw busy;
      // Nobody is going to move: who is refused now waits for what users have.
      this.#isStuck = true;
      if (!(await this.#packByPack())) throw tooMany(this.#off.size);
      this.#isStuck = false;
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
   * after the other. False where they are too many.
   */
  async #together(): Promise<boolean> {
    const { commits, mode } = this.#options;
    const lot = await this.#lot();
    if (lot === undefined) return false;
    for (const leave = new Map<string, WhyLeft>(); ; ) {
      try {
        // A strict one leaves nothing: it stops where the server refuses it.
        const keys = mode === 'tolerant' ? this.#keys : undefined;
        await commits.commit(lot, { way: 'anew', leave, skip: this.#back, keys, patient: true });
        return true;
      } catch (error) {
        if (error instanceof PutHeld) {
          for (const name of error.held.keys()) leave.set(name, error.why);
          continue;
        }
        if (!(error instanceof PutRefused)) throw error;
        if (mode !== 'tolerant') commits.refused(error);
        if (error.document === undefined) throw error;
        leave.set(error.document, await this.#options.store.whyRefused(error));
        await this.#learn(error);
      }
    }
  }

  /** All that waits, with the last piece of each pack, which has the mark of all. Undefined where it is too much. */
  async #lot(): Promise<Piece[] | undefined> {
    const lot: Piece[] = [];
    let documents = 0;
    let bytes = 0;
    for (const pack of this.#off) {
      const pieces = putsIn(await this.#pieces(pack));
      for (const piece of pieces) {
        const isBack = this.#back.has(this.#nameOf(piece));
        if (!isBack) {
          documents += 1;
          bytes += piece.bytes;
        }
        if (!isBack || piece === pieces.at(-1)) lot.push(piece);
      }
      if (documents > this.#options.sizes.together || (documents > 1 && bytes > 4 * mostBytes)) return undefined;
    }
    return lot;
  }

  /**
   * Back as it came: pack by pack, the newest first, each at once with the images of older changes that wait. What the
   * documents were in between they all were, so that there is room for it; those that nevertheless cannot go stay behind
   * until they are met again. False where nothing has moved.
   */
  async #packByPack(): Promise<boolean> {
    const { deferred, read, stretch, survey } = this.#options;
    this.#waiting ??= await this.#listWaiting();
    const oldest = [...this.#off].sort()[0] as string;
    let moved = 0;
    for (const id of [...new Set([...deferred.packs, ...this.#off])].sort().reverse()) {
      if (id < oldest) break;
      const pack = await read(id);
      const pieces = this.#off.has(id) ? putsIn(piecesOf(pack, { stretch, met: survey.met })) : [];
      const between = stepsOf(pack, { stretch, met: survey.met }, (key) => this.#stateOf(key) === steps);
      if (pieces.length + between.length > 0) moved += await this.#over(id, pieces, between);
    }
    return moved > 0;
  }

  /** Comes back with how many documents have moved. */
  async #over(pack: string, pieces: readonly Waiting[], between: readonly Put[]): Promise<number> {
    const { commits, deferred, mode } = this.#options;
    // A strict one stops where the server refuses it.
    const keys = this.#isStuck && mode !== 'tolerant' ? undefined : this.#keys;
    const own = new Map(pieces.map((piece) => [this.#nameOf(piece), piece]));
    const waiting = [...own].filter(([name]) => !this.#back.has(name));
    const leave = new Map<string, WhyLeft>();
    const skip = new Set(this.#back);
    const over = { pack, stepped: between.length > 0 };
    for (;;) {
      const done = waiting.filter(([name]) => !skip.has(name));
      const isWhole = done.length === waiting.length;
      try {
        const puts = [...between, ...pieces];
        const how = { leave, skip, keys, puts, over };
        await commits.commit(isWhole ? pieces : [], { way: 'anew', patient: true, ...how });
      } catch (error) {
        if (error instanceof PutHeld) {
          for (const [name, holder] of error.held) {
            if (this.#stays(own.get(name), holder, leave)) leave.set(name, error.why);
            else skip.add(name);
          }
          continue;
        }
        if (!(error instanceof PutRefused) || error.document === undefined) throw error;
        const put = own.get(error.document);
        const stays = await this.#staysRefused(error, put, leave);
        if (stays) leave.set(error.document, await this.#options.store.whyRefused(error));
        else skip.add(error.document);
        await this.#learn(error);
        continue;
      }
      deferred.stepped ||= over.stepped;
      if (isWhole) this.#off.delete(pack);
      for (const [name, put] of done) {
        this.#back.add(name);
        this.#waiting?.set(this.#waiting.add(keyOf(put)), settled);
      }
      return done.length + between.length;
    }
  }

  async #staysRefused(refused: PutRefused, put: Put | undefined, left: LeftNames): Promise<boolean> {
    const { mode, store, commits } = this.#options;
    if (this.#isStuck && mode !== 'tolerant') commits.refused(refused);
    if (this.#isStuck && put !== undefined) return true;
    if (mode === 'tolerant' && put !== undefined && refused.code !== serverCodes.DuplicateKey) return true;
    const holders = await store.holders(refused);
    return holders.length > 0 && holders.every((holder) => this.#stays(put, holder, left));
  }

  /** Whether a document waits for one that is not going to move. `left`: by this transaction. */
  #stays(put: Put | undefined, holder: Uint8Array, left: LeftNames): boolean {
    if (put === undefined || this.#options.mode !== 'tolerant') return false;
    const other = { ...put, image: { after: holder } };
    return left.has(this.#nameOf(other)) || this.#stateOf(keyOf(other)) === settled;
  }

  /** From the next turn on it is looked who else is refused for the same. */
  async #learn(refused: PutRefused): Promise<void> {
    const key = await this.#options.store.plainKey(refused);
    if (key !== undefined) this.#keys.set(shownNamespace(refused.present), key);
  }

  async #listWaiting(): Promise<KeyTable> {
    const { whole, deferred } = this.#options;
    const waiting = new KeyTable(1);
    for (const pack of this.#off) {
      for (const put of putsIn(await this.#pieces(pack))) {
        const { stretch, namespace, image } = put;
        const key = keyOf(put);
        const { left, open, between } = whole.of(stretch, namespace, idKey(documentIn(image)));
        // What somebody else wrote to in between goes back as a whole, or not at all.
        const isWhole = !between && deferred.of(key)?.joins(image) === true;
        if (!left) waiting.set(waiting.add(key), isWhole && open === undefined ? steps : waits);
      }
    }
    return waiting;
  }

  #stateOf(key: string): number {
    const at = this.#waiting?.find(key) ?? -1;
    return at < 0 ? settled : (this.#waiting?.get(at) ?? settled);
  }

  #nameOf(put: Put): string {
    return nameIn(this.#options.store, put);
  }
}

type Waiting = ReturnType<typeof putsIn>[number];
type LeftNames = Pick<ReadonlySet<string>, 'has'>;

function documentIn(image: Image): Uint8Array {
  return documentOf(image) ?? new Uint8Array();
}

function keyOf({ stretch, namespace, image }: Pick<Put, 'stretch' | 'namespace' | 'image'>): string {
  return documentKey(stretch, namespace, idKey(documentIn(image)));
}

function tooMany(packs: number): ReleaseError {
  return new ReleaseError(
    'ROLLBACK_FAILED',
    `The undo cannot go on: documents of ${packs} transactions of the migration wait for one another's unique values, and are too many for one transaction. Nothing of theirs is lost, and what was put back before is on record.`,
    {
      hint: 'Run the same command again once users write less to that collection, or bring the backup back with --strategy restore.',
    },
  );
}
