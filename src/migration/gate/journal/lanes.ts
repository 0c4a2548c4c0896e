import type { OwnNames } from '../../../mongo/own.ts';
import { type Attempt, type LaneDocument, laneCount, laneId } from '../../journal/documents.ts';
import { leaseLost } from '../../journal/transactions.ts';
import type { RawClient, RawSession } from '../raw.ts';

export interface LanesOptions {
  readonly client: RawClient;
  readonly database: string;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  readonly fence: number;
  /** Called once for each session, before anything is sent in it. */
  readonly begun?: (session: RawSession) => void;
}

/** One lane with the session that its transactions run in. */
export interface Lane {
  readonly number: number;
  readonly session: RawSession;
}

/**
 * The lanes of this run: see `LaneDocument`. Every transaction has one to itself while it is open, and the fence is a
 * write into its document. The one last given back is taken first, so a loop of single calls stays in one.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #sessions = new Map<number, RawSession>();
  readonly #registered = new WeakSet<RawSession>();
  readonly #free: number[] = Array.from({ length: laneCount }, (_, i) => laneCount - 1 - i);
  readonly #waiting: ((lane: number) => void)[] = [];

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** Waits for a free lane; its session is known to the server's records of this run. */
  async take(): Promise<Lane> {
    const number = await this.#takeNumber(this.#free.pop());
    try {
      let session = this.#sessions.get(number);
      if (session === undefined) {
        session = this.#options.client.startSession();
        await this.register(session);
        this.#sessions.set(number, session);
      }
      return { number, session };
    } catch (error) {
      this.give(number);
      throw error;
    }
  }

  /**
   * A lane for a transaction of user code, the one that rested longest: that transaction has its snapshot already, and a
   * lane that was written since then would be a conflict.
   */
  takeRested(): Promise<number> {
    return this.#takeNumber(this.#free.shift());
  }

  #takeNumber(free: number | undefined): Promise<number> {
    if (free !== undefined) return Promise.resolve(free);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(number: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(number);
    else next(number);
  }

  /** A session of this lane that can be used for nothing more: after a network error the driver ends it dirty. */
  async renew(number: number): Promise<void> {
    const session = this.#sessions.get(number);
    this.#sessions.delete(number);
    await session?.endSession().catch(() => {});
  }

  /**
   * Writes the session's id down, so that a takeover can end a transaction that was left open: the process that began
   * it may be frozen. Throws `LEASE_LOST`.
   */
  async register(session: RawSession): Promise<void> {
    if (this.#registered.has(session)) return;
    const id = session.id?.id;
    const { matchedCount } = await this.#collection().updateOne(
      this.#mine(0),
      { $inc: { turns: 1 }, ...(id === undefined ? {} : { $addToSet: { sessions: id } }) },
      { writeConcern: { w: 'majority' } },
    );
    if (matchedCount !== 1) throw leaseLost();
    this.#registered.add(session);
    this.#options.begun?.(session);
  }

  /** The fence: to be the first write of a transaction. Throws `LEASE_LOST` when a newer run has taken over. */
  async fence(number: number, session: RawSession, entries: number): Promise<void> {
    const { matchedCount } = await this.#collection().updateOne(
      this.#mine(number),
      { $inc: { turns: 1, entries } },
      { session },
    );
    if (matchedCount !== 1) throw leaseLost();
  }

  #mine(number: number) {
    const { fence, attempt } = this.#options;
    return { _id: laneId(number), fence, migration: attempt.migration, attempt: attempt.number };
  }

  #collection() {
    const { client, database, own } = this.#options;
    return client.db(database).collection<LaneDocument & { sessions?: unknown[] }>(own.lease);
  }
}
