import { setTimeout as sleep } from 'node:timers/promises';
import type { Binary, ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { labelled } from '../../mongo/server-code.ts';
import { type LaneDocument, laneId } from '../journal/documents.ts';
import { commit, leaseLost, passing, transactionOptions } from '../journal/transactions.ts';
import { FreshFence } from '../lease/fresh-fence.ts';

/**
 * How long that is as usual, in milliseconds: longer than a transaction holds the lane
 * that a dead process has left open, where its session may not be ended (`transactionLifetimeLimitSeconds`: 60).
 */
const usualPatienceMs = 90_000;

export interface UndoTransactionsOptions {
  readonly connection: Connection;
  readonly own: OwnNames;
  /** Of the lease under which it is undone: the takeover has written it into the lanes. */
  readonly fence: number;
  readonly lane: number;
  /** How long one transaction is tried again without success. Default 90 seconds. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

/** The transactions of an undo: the fence is the first write of each, as it is in the gate. */
export class UndoTransactions implements AsyncDisposable {
  readonly #options: UndoTransactionsOptions;
  #session: ClientSession | undefined;

  constructor(options: UndoTransactionsOptions) {
    this.#options = options;
  }

  /**
   * Runs work in a transaction and commits it with majority; again from its top where the server asks for that, so it
   * may have no effects beside the session's. `onConflict` is asked after each conflict with another write whether to
   * go on trying the same.
   *
   * Throws `LEASE_LOST` where a newer run has taken over, the signal's reason, the error of `work`, and without success
   * for all that time the driver's error. Nothing was changed then, unless the error is labelled
   * `UnknownTransactionCommitResult`.
   */
  async run<T>(work: (session: ClientSession) => Promise<T>, onConflict = () => true): Promise<T> {
    const { patienceMs = usualPatienceMs } = this.#options;
    const since = performance.now();
    for (let attempt = 1; ; attempt++) {
      this.#options.signal?.throwIfAborted();
      try {
        return await this.#once(work);
      } catch (error) {
        const kind = labelled(error, 'UnknownTransactionCommitResult') ? undefined : passing(error);
        if (kind === undefined || performance.now() - since > patienceMs) throw error;
        if (kind === 'conflict' && !onConflict()) throw error;
        if (kind === 'outage') await this.#renew();
        await sleep(Math.min(5 * 2 ** attempt, 500) * (0.3 + 0.7 * Math.random()));
      }
    }
  }

  /**
   * Runs work once, in a transaction that is committed when the one before it is: what is on record is always done up to
   * some point, without gaps. Throws what `before` rejects with, and what `run` throws after one try.
   */
  async behind<T>(before: Promise<unknown>, work: (session: ClientSession) => Promise<T>): Promise<T> {
    this.#options.signal?.throwIfAborted();
    try {
      return await this.#once(work, before);
    } catch (error) {
      if (passing(error) === 'outage') await this.#renew();
      throw error;
    }
  }

  /** For what no transaction takes: it throws `LEASE_LOST` where a newer run has taken over. */
  fence(): FreshFence {
    return new FreshFence(() => this.run(async () => {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#renew();
  }

  /** After a network error the driver gives a session no second use. */
  async #renew(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.endSession().catch(() => {});
  }

  async #once<T>(work: (session: ClientSession) => Promise<T>, before?: Promise<unknown>): Promise<T> {
    this.#session ??= await this.#registered();
    const session = this.#session;
    session.startTransaction(transactionOptions);
    try {
      await this.#fence(session);
      const result = await work(session);
      await before;
      await commit(session, usualPatienceMs);
      return result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      throw error;
    }
  }

  /** Its id is written down, so that a takeover ends a transaction that a dead process has left open: see `ParentLanes`. */
  async #registered(): Promise<ClientSession> {
    const { connection, own, fence, lane } = this.#options;
    const session = connection.client.startSession();
    const sessions = session.id?.id;
    if (sessions === undefined) return session;
    const { matchedCount } = await connection.db
      .collection<LaneDocument & { readonly sessions?: readonly Binary[] }>(own.lease)
      .updateOne({ _id: laneId(lane), fence }, { $addToSet: { sessions } }, { writeConcern: { w: 'majority' } });
    if (matchedCount === 1) return session;
    await session.endSession();
    throw leaseLost();
  }

  async #fence(session: ClientSession): Promise<void> {
    const { connection, own, fence, lane } = this.#options;
    const lanes = connection.db.collection<LaneDocument>(own.lease);
    const { matchedCount } = await lanes.updateOne({ _id: laneId(lane), fence }, { $inc: { turns: 1 } }, { session });
    if (matchedCount !== 1) throw leaseLost();
  }
}
