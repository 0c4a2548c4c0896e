import { labelled, serverCode } from '../../mongo/server-code.ts';
import type { Counts } from '../types.ts';
import type { Call, Change, Namespace, Operation, Stage } from './call.ts';
import type { Catalog } from './catalog.ts';
import { countsOf } from './counts.ts';
import { failureKind } from './failure.ts';
import { shownName } from './names.ts';
import { type OperationRun, Operations } from './operations.ts';
import type { RawSession } from './raw.ts';
import { type NamedChange, noCounts, Tally } from './tally.ts';

export interface RecorderOptions {
  readonly database: string;
  readonly catalog: Catalog;
  readonly beforeWrite: () => Promise<void> | undefined;
  /** The open transaction's tally that a call of this session belongs to, if it belongs to one. */
  readonly transactionTally: (session: RawSession | undefined) => Tally | undefined;
  /** Throws when nothing may be sent any more. */
  readonly refuseWhenClosed: () => void;
}

/** The gate's books: what is under way, what was sent, what it did. */
export class Recorder {
  /** What counts: all that was done outside of transactions, and in those that were committed. */
  readonly run = new Tally();
  readonly #options: RecorderOptions;
  readonly #operations = new Operations();
  /** Writes under way, and where they count: inside a transaction nothing changes before its commit. */
  readonly #writing = new Map<Call, Tally>();
  readonly #failed = new WeakMap<object, Call>();
  /** Of calls in several transactions: what was committed and is in the tally already. */
  readonly #progress = new WeakMap<Call, Counts>();
  /** Answered from the journal. */
  readonly #replayed = new WeakSet<Call>();
  /** What they brought into being is in the tally already. */
  readonly #created = new WeakSet<Call>();
  #begun = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Writes without an answer, as `method on namespace`. */
  writing(): string[] {
    return [...this.#writing.keys()].map((call) => this.#told(call));
  }

  /** How many writes may be changing the target right now. */
  get exposed(): number {
    return [...this.#writing.values()].filter((tally) => tally === this.run).length;
  }

  /** How many writes were begun. */
  get begun(): number {
    return this.#begun;
  }

  operations(): OperationRun[] {
    return this.#operations.runs();
  }

  /** What was sent last, as `method on namespace`. */
  last(): string {
    const run = this.#operations.runs().at(-1);
    return run === undefined ? 'a write' : `${run.method} on ${run.namespace}`;
  }

  /** The call that an error of the driver came from, as `method on namespace`. */
  callOf(error: unknown): string | undefined {
    const call = typeof error === 'object' && error !== null ? this.#failed.get(error) : undefined;
    return call === undefined ? undefined : this.#told(call);
  }

  /**
   * Counts what a call has committed so far, in all: once it has said so, nothing of what it did is unknown should it
   * be refused later.
   */
  progress(call: Call, counts: Counts): void {
    this.#count(this.run, call);
    this.run.add({ collection: this.#shown(call), counts: this.#news(call, counts) });
    this.#progress.set(call, counts);
  }

  /** Notes that the journal answers a call, which is not sent. To be called before anything else is said of it. */
  replayed(call: Call): void {
    this.#replayed.add(call);
  }

  /** Notes that a call under way brought a collection into being in an earlier run: nobody saw it missing in this one. */
  created(call: Call, namespace: Namespace): void {
    this.#created.add(call);
    this.#writing.get(call)?.add(this.#named({ collectionsCreated: [namespace] }));
  }

  #count(tally: Tally, call: Call): void {
    if (this.#progress.has(call)) return;
    tally.operations += 1;
    if (this.#replayed.has(call)) tally.replayed += 1;
  }

  /** What of these counts of a call is not in the tally yet. */
  #news(call: Call, counts: Counts): Counts {
    const known = this.#progress.get(call) ?? noCounts;
    // An answer leaves out what a statement did that was refused in its middle: that was told, and stays.
    const more = (now: number, before: number) => Math.max(0, now - before);
    return {
      matched: more(counts.matched, known.matched),
      modified: more(counts.modified, known.modified),
      inserted: more(counts.inserted, known.inserted),
      deleted: more(counts.deleted, known.deleted),
      quarantined: more(counts.quarantined ?? 0, known.quarantined ?? 0),
    };
  }

  #told(call: Call): string {
    return `${call.method} on ${this.#shown(call)}`;
  }

  #shown(call: Call): string {
    return shownName(call.namespace, this.#options.database);
  }

  /** The stage that keeps the books. */
  readonly stage: Stage = async <T>(operation: Operation<T>, next: () => Promise<T>): Promise<T> => {
    const { call, session } = operation;
    const tally = this.#options.transactionTally(session) ?? this.run;
    this.#writing.set(call, tally);
    this.#begun += 1;
    let ended: ReturnType<Operations['begin']> | undefined;
    try {
      const missing = await this.#options.catalog.missing(call);
      // Inside a transaction nothing changes before its commit, which comes through here by itself.
      if (tally === this.run) await this.#options.beforeWrite();
      this.#options.refuseWhenClosed();
      ended = this.#operations.begin(call, this.#shown(call));
      try {
        const result = await next();
        this.#count(tally, call);
        this.#note(tally, operation, result);
        for (const namespace of missing)
          if (this.#options.catalog.appeared(namespace)) this.#noteCreated(tally, call, namespace);
        ended('done');
        return result;
      } catch (error) {
        ended(await this.#noteFailure(tally, call, error, missing));
        throw error;
      }
    } finally {
      this.#writing.delete(call);
    }
  };

  #note<T>(tally: Tally, operation: Operation<T>, result: T): void {
    let change: Change;
    try {
      change = operation.change(result);
    } catch {
      change = { unknown: 1 };
    }
    // Write concern 0: the server was told, and did not answer.
    if ((result as { acknowledged?: unknown } | null | undefined)?.acknowledged === false) change = { unknown: 1 };
    // One that has told how far it got has left nothing open.
    if (!this.#progress.has(operation.call)) tally.unknown += change.unknown ?? 0;
    const counts = change.counts === undefined ? undefined : this.#news(operation.call, change.counts);
    tally.add({ collection: this.#shown(operation.call), ...this.#named(change), counts });
    for (const namespace of change.collectionsDropped ?? [])
      this.#options.catalog.forget(shownName(namespace, this.#options.database));
    for (const namespace of change.collectionsCreated ?? []) this.#options.catalog.appeared(namespace);
  }

  async #noteFailure(tally: Tally, call: Call, error: unknown, missing: readonly Namespace[]) {
    if (typeof error === 'object' && error !== null) this.#failed.set(error, call);
    // A refused insert may have left the empty collection behind, and so does one that was stopped after it was made.
    for (const namespace of missing) {
      if (tally === this.run && (await this.#options.catalog.emerged(namespace)))
        this.#noteCreated(tally, call, namespace);
    }
    const kind = failureKind(error, call);
    if (kind === 'not-sent') return 'refused' as const;
    this.#count(tally, call);
    const partial = (error as { result?: unknown }).result;
    if (partial !== undefined) {
      tally.add({ collection: this.#shown(call), counts: this.#news(call, countsOf(partial)) });
    }
    // One that has told how far it got has left nothing open.
    const refused = kind === 'refused' || (this.#progress.has(call) && wasAnswered(error));
    if (!refused) tally.unknown += 1;
    return refused ? 'refused' : kind;
  }

  #noteCreated(tally: Tally, call: Call, namespace: Namespace): void {
    if (!this.#created.has(call)) tally.add(this.#named({ collectionsCreated: [namespace] }));
  }

  #named(change: Change): NamedChange {
    const { collectionsCreated, collectionsDropped, ...rest } = change;
    const names = (list: Change['collectionsCreated']) =>
      list?.map((namespace) => shownName(namespace, this.#options.database));
    return { ...rest, collectionsCreated: names(collectionsCreated), collectionsDropped: names(collectionsDropped) };
  }

  /** Sends a commit: the one write of its transaction, which has been in the books of that until now. */
  async commit(send: () => Promise<unknown>): Promise<unknown> {
    const call: Call = {
      kind: 'commit',
      method: 'commitTransaction',
      namespace: { database: this.#options.database },
      multi: true,
      mayCreate: false,
    };
    this.#options.refuseWhenClosed();
    this.#writing.set(call, this.run);
    const ended = this.#operations.begin(call, this.#options.database);
    try {
      await this.#options.beforeWrite();
      const result = await send();
      ended('done');
      return result;
    } catch (error) {
      this.#failed.set(error as object, call);
      ended(labelled(error, 'UnknownTransactionCommitResult') ? 'unknown' : 'refused');
      throw error;
    } finally {
      this.#writing.delete(call);
    }
  }
}

/** The server refused it; a commit that may have been done is another thing. */
function wasAnswered(error: unknown): boolean {
  return serverCode(error) !== undefined && !labelled(error, 'UnknownTransactionCommitResult');
}
