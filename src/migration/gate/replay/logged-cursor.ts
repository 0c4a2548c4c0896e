import { createHash, type Hash } from 'node:crypto';
import { canonicalText } from '../../journal/fingerprint.ts';
import { invoke, invokeAsync } from '../arguments.ts';
import type { Gate } from '../gate.ts';
import { restoreError, storeError } from '../journal/stored.ts';
import type { Driver, RawCursor } from '../raw.ts';
import type { CursorPlan } from './cursor-plan.ts';
import { idName } from './ids.ts';
import { type CursorLog, digestOf } from './read-log.ts';
import type { CursorTrack } from './reads.ts';
import type { Replay } from './replay.ts';

type Fetch = 'next' | 'tryNext';

/** The last document as it came from the server, before user code's `map` made something else of it. */
export interface Caught {
  document: unknown;
  /** Whether a document is not given out, so that `map` is not to see it. */
  leftOut?: (document: unknown) => boolean;
}

/**
 * One cursor of user code that reads: gives out the documents that an earlier run got, then goes on for real, and keeps
 * what it gives out.
 *
 * A cursor that an earlier run had not read to its end is opened again, and leaves out what was given out already. That
 * is the same only where it reads documents by a filter (no aggregation, no `skip`) and the attempt changed none but
 * those that were given out; everywhere else the replay diverges.
 */
export class LoggedCursor {
  readonly #raw: RawCursor;
  readonly #plan: CursorPlan;
  readonly #caught: Caught;
  readonly #gate: Gate;
  readonly #driver: Driver;
  readonly #replay: Replay;
  readonly #track: CursorTrack;
  #log: CursorLog | undefined;
  /** Documents given out, in the earlier run's counting too. */
  #given = 0;
  /** What `hasNext` has fetched. */
  #ahead: unknown[] = [];
  #begun = false;
  #over = false;
  /** Names of the ids that were given out by an earlier run: left out from now on. */
  #without: ReadonlySet<string> | undefined;
  /** How many documents may still be given out of a limited cursor that goes on. */
  #rest = Number.POSITIVE_INFINITY;
  /** Of the documents of which only a digest is stored. */
  #compare: Hash | undefined;

  constructor(
    raw: RawCursor,
    plan: CursorPlan,
    caught: Caught,
    { gate, driver, replay, track }: { gate: Gate; driver: Driver; replay: Replay; track: CursorTrack },
  ) {
    this.#raw = raw;
    this.#plan = plan;
    this.#caught = caught;
    this.#gate = gate;
    this.#driver = driver;
    this.#replay = replay;
    this.#track = track;
  }

  /** Whether it can be left to the driver from here on: nothing of it is kept any more, compared or left out. */
  get direct(): boolean {
    return (
      this.#begun &&
      this.#ahead.length === 0 &&
      this.#compare === undefined &&
      this.#without === undefined &&
      this.#replay.reads.log.closed
    );
  }

  async next(): Promise<unknown> {
    if (this.#ahead.length > 0) return this.#ahead.shift();
    return this.#fetch('next');
  }

  async tryNext(): Promise<unknown> {
    if (this.#ahead.length > 0) return this.#ahead.shift();
    return this.#fetch('tryNext');
  }

  /** Fetches one document ahead: that there is one is something that user code may act on. */
  async hasNext(): Promise<boolean> {
    if (this.#ahead.length > 0) return true;
    const document = await this.#fetch('next');
    if (document === null) return false;
    this.#ahead.push(document);
    return true;
  }

  async toArray(): Promise<unknown[]> {
    if (this.#track.stored === undefined && !this.#begun && this.#plan.transforms.length === 0) return this.#all();
    const all: unknown[] = [];
    for (;;) {
      const document = await this.next();
      if (document === null) break;
      all.push(document);
    }
    await invokeAsync(this.#raw, 'close', []);
    return all;
  }

  /** In one go, as the driver does it: nothing is stored of this cursor, and nothing was fetched yet. */
  async #all(): Promise<unknown[]> {
    this.#begun = true;
    let all: unknown[];
    try {
      all = (await this.#sent('toArray')) as unknown[];
    } catch (error) {
      this.#logged().failed(storeError(error));
      throw error;
    }
    for (const document of all) this.#gave(document);
    this.#finish();
    return all;
  }

  #sent(method: Fetch | 'toArray'): Promise<unknown> {
    return this.#replay.progress.follow(() => this.#gate.read(() => invokeAsync(this.#raw, method, [])));
  }

  async #fetch(method: Fetch): Promise<unknown> {
    const { stored } = this.#track;
    if (stored === undefined || this.#begun) return this.#real(method);
    if (this.#given < stored.documents.length) {
      const document = stored.documents[this.#given];
      this.#given += 1;
      this.#replay.progress.moved();
      const unfinished = stored.ended || stored.error !== undefined || stored.digest !== undefined;
      if (this.#given === stored.count && !unfinished) this.#track.claimed();
      return this.#plan.transform(document);
    }
    if (stored.count === stored.documents.length) {
      if (stored.error !== undefined) {
        this.#track.claimed();
        throw restoreError(stored.error, this.#driver);
      }
      if (stored.ended) {
        if (this.#over) return this.#real(method);
        this.#over = true;
        this.#track.claimed();
        await invokeAsync(this.#raw, 'close', []);
        return null;
      }
    }
    await this.#goOn(stored.documents);
    if (stored.digest !== undefined) this.#compare = createHash('sha256');
    else this.#log = this.#track.log();
    return this.#real(method);
  }

  /** Opens the cursor for what the earlier run did not give out. */
  async #goOn(documents: readonly unknown[]): Promise<void> {
    this.#begun = true;
    if (documents.length === 0) return;
    const { changed, progress } = this.#replay;
    const names = documents.map((document) => idName((document as { _id?: unknown } | null)?._id));
    const limit = this.#plan.option('limit');
    const plain =
      this.#plan.origin.method === 'find' &&
      !Number(this.#plan.option('skip') ?? 0) &&
      Number(limit ?? 0) >= 0 &&
      !this.#plan.flag('tailable') &&
      !names.includes(undefined);
    if (!plain || changed === undefined) throw this.#cannot();
    const without = new Set(names as string[]);
    const { namespace } = this.#plan.origin;
    await progress.follow(async () => {
      if (!(await changed.known(namespace))) throw this.#cannot();
      for await (const name of changed.ids(namespace)) {
        if (name === undefined || !without.has(name)) throw this.#cannot();
      }
    });
    this.#without = without;
    this.#caught.leftOut = (document) => this.#leavesOut(document);
    if (!Number(limit ?? 0)) return;
    this.#rest = Number(limit) - documents.length;
    // So many that enough are left without those that were given out.
    invoke(this.#raw, 'limit', [Number(limit) + documents.length]);
  }

  #cannot() {
    return this.#replay.progress.diverge(
      `${this.#plan.origin.method} on ${this.#plan.origin.namespace.collection} cannot go on in the middle`,
    );
  }

  async #real(method: Fetch): Promise<unknown> {
    this.#begun = true;
    if (this.#rest <= 0) return this.#end();
    for (;;) {
      let given: unknown;
      try {
        given = await this.#sent(method);
      } catch (error) {
        if (this.#compare === undefined) this.#logged().failed(storeError(error));
        throw error;
      }
      if (given === null || given === undefined) {
        // An empty batch of a cursor that waits for more: what comes when is nothing that a replay could repeat.
        if (method === 'tryNext' && !this.#raw.closed) this.#replay.reads.log.close();
        else this.#finish();
        return given;
      }
      const document = this.#plan.transforms.length === 0 ? given : this.#caught.document;
      if (this.#leavesOut(document)) continue;
      this.#rest -= 1;
      this.#gave(document);
      return given;
    }
  }

  #leavesOut(document: unknown): boolean {
    return this.#without?.has(idName((document as { _id?: unknown })._id) ?? '') === true;
  }

  async #end(): Promise<null> {
    this.#finish();
    await invokeAsync(this.#raw, 'close', []);
    return null;
  }

  #gave(document: unknown): void {
    this.#given += 1;
    if (this.#compare === undefined) {
      this.#logged().gave(document);
      return;
    }
    const { stored } = this.#track;
    this.#compare.update(canonicalText(document));
    if (stored === undefined || this.#given < stored.count) return;
    if (this.#given > stored.count || digestOf(this.#compare) !== stored.digest) throw this.#differs();
    if (stored.ended) return;
    this.#log = this.#track.log(this.#compare);
    this.#compare = undefined;
    this.#track.claimed();
  }

  #finish(): void {
    if (this.#compare === undefined) {
      this.#logged().ended();
      return;
    }
    const { stored } = this.#track;
    if (stored === undefined || this.#given !== stored.count) throw this.#differs();
    this.#compare = undefined;
    this.#log = this.#track.log();
    this.#track.claimed();
  }

  #differs() {
    return this.#replay.progress.diverge(`${this.#plan.origin.method} gave something else`);
  }

  #logged(): CursorLog {
    this.#log ??= this.#track.log();
    return this.#log;
  }
}
