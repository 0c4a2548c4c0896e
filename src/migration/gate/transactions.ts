import { labelled } from '../../mongo/server-code.ts';
import type { Catalog } from './catalog.ts';
import type { RawSession } from './raw.ts';
import { Tally } from './tally.ts';

/** What the tracker tells the gate. */
export interface TransactionEvents {
  /** Runs the commit as the one write that it is. */
  commit(send: () => Promise<unknown>): Promise<unknown>;
  /** A session has begun its first transaction. */
  begun(session: RawSession): void;
  /** Stands around the sending of a commit of something. */
  committing<T>(session: RawSession, send: () => Promise<T>): Promise<T>;
  /** A session begins a transaction, or has given one up: what was done in it before does not count. */
  reset(session: RawSession): void;
}

type AnyMethod = (...args: unknown[]) => unknown;

/**
 * Follows the transactions of user code: what they did counts when they commit, and not at all when they abort.
 *
 * The driver's own `withTransaction` and `endSession` call start, commit and abort on the session itself, so these are
 * replaced on the session and not on a wrapper around it.
 */
export class Transactions {
  readonly #run: Tally;
  readonly #catalog: Catalog;
  readonly #events: TransactionEvents;
  readonly #tallies = new Map<RawSession, Tally>();
  readonly #followed = new WeakSet<RawSession>();
  /** Commits whose result never arrived; a later attempt may settle them. */
  readonly #uncertain = new WeakSet<RawSession>();

  constructor(run: Tally, catalog: Catalog, events: TransactionEvents) {
    this.#run = run;
    this.#catalog = catalog;
    this.#events = events;
  }

  /** The tally of the session's open transaction; undefined when it has none. */
  tallyOf(session: RawSession | undefined): Tally | undefined {
    return session?.inTransaction() ? this.#tallies.get(session) : undefined;
  }

  /** Sessions with a transaction that is neither committed nor aborted. */
  open(): RawSession[] {
    return [...this.#tallies.keys()].filter((session) => session.inTransaction());
  }

  follow(session: RawSession): void {
    if (this.#followed.has(session)) return;
    this.#followed.add(session);
    const raw = session as unknown as Record<string, AnyMethod>;
    const { startTransaction, commitTransaction, abortTransaction } = raw;
    if (startTransaction === undefined || commitTransaction === undefined || abortTransaction === undefined) return;
    let first = true;
    replace(session, 'startTransaction', (...args) => {
      const result = startTransaction.apply(session, args);
      this.#events.reset(session);
      if (first) this.#events.begun(session);
      first = false;
      this.#tallies.set(session, new Tally());
      this.#uncertain.delete(session);
      return result;
    });
    replace(session, 'commitTransaction', (...args) =>
      this.#commit(session, () => commitTransaction.apply(session, args)),
    );
    replace(session, 'abortTransaction', async (...args) => {
      try {
        return await abortTransaction.apply(session, args);
      } finally {
        this.#events.reset(session);
        this.#discard(session);
      }
    });
  }

  async #commit(session: RawSession, send: () => unknown): Promise<unknown> {
    const tally = this.#tallies.get(session);
    if (tally === undefined || tally.operations === 0) {
      const result = await send();
      this.#tallies.delete(session);
      // Nothing was written: what was read in it stands for itself.
      this.#events.reset(session);
      return result;
    }
    try {
      const result = await this.#events.commit(() => this.#events.committing(session, async () => send()));
      if (this.#uncertain.delete(session)) this.#run.unknown -= 1;
      this.#run.join(tally);
      this.#tallies.delete(session);
      return result;
    } catch (error) {
      answersForLabels(error);
      if (labelled(error, 'UnknownTransactionCommitResult')) {
        if (!this.#uncertain.has(session)) this.#run.unknown += 1;
        this.#uncertain.add(session);
      } else if (!this.#uncertain.has(session)) {
        this.#discard(session);
      }
      throw error;
    }
  }

  #discard(session: RawSession): void {
    const effects = this.#tallies.get(session)?.effects();
    for (const collection of effects?.collectionsCreated ?? []) this.#catalog.forget(collection);
    this.#tallies.delete(session);
  }
}

/** The driver's `withTransaction` asks every error for its labels, and an error of ours has to bear that. */
function answersForLabels(error: unknown): void {
  if (!(error instanceof Error) || 'hasErrorLabel' in error) return;
  Object.defineProperty(error, 'hasErrorLabel', { value: () => false, configurable: true });
}

function replace(session: RawSession, name: string, method: AnyMethod): void {
  Object.defineProperty(session, name, { value: method, configurable: true, writable: true, enumerable: false });
}
