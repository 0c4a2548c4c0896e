import { setTimeout as sleep } from 'node:timers/promises';
import { labelled } from '../../../mongo/server-code.ts';
import type { ReleaseError } from '../../../observe/error.ts';
import type { StoredRead } from '../../journal/documents.ts';
import { commit, commitUnknown, passing, transactionOptions, usualPatienceMs } from '../../journal/transactions.ts';
import type { TransactOptions, Transactor, Tx } from './context.ts';
import type { EntryWriter } from './entry-writer.ts';
import type { Lane, Lanes } from './lanes.ts';

export interface TransactorOptions {
  readonly lanes: Lanes;
  readonly entries: EntryWriter;
  readonly refuseWhenClosed: () => void;
  /** Refuses everything from here on. */
  readonly close: (reason: ReleaseError) => void;
  /** Called with the reads of each entry that was committed. */
  readonly readsStored: (reads: readonly StoredRead[]) => void;
  /** See `JournalJob`. */
  readonly patienceMs?: number;
}

/** The gate's own transactions, each in a lane of its own. */
export class LaneTransactor implements Transactor {
  readonly #options: TransactorOptions;
  readonly #patienceMs: number;

  constructor(options: TransactorOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? usualPatienceMs;
  }

  async transact<T>(work: (tx: Tx) => Promise<T>, options: TransactOptions = {}): Promise<T> {
    const { lanes, refuseWhenClosed } = this.#options;
    const since = performance.now();
    const conflictsAllowed = options.conflicts ?? Number.POSITIVE_INFINITY;
    let conflicts = 0;
    for (let attempt = 1; ; attempt += 1) {
      let lane: Lane | undefined;
      try {
        lane = await lanes.take();
        return await this.#once(lane, work);
      } catch (error) {
        if (labelled(error, 'UnknownTransactionCommitResult')) throw this.#giveUp(error);
        const kind = passing(error);
        if (kind === undefined || performance.now() - since > this.#patienceMs) throw error;
        options.onConflict?.(error);
        if (kind === 'conflict') conflicts += 1;
        if (conflicts > conflictsAllowed) throw error;
        if (kind === 'outage' && lane !== undefined) await lanes.renew(lane.number);
        refuseWhenClosed();
        const longest = kind === 'conflict' ? Math.min(5 * 2 ** attempt, 250) : 500;
        await sleep(longest * (0.3 + 0.7 * Math.random()));
      } finally {
        if (lane !== undefined) lanes.give(lane.number);
      }
    }
  }

  /** Code that catches the error must not go on as if nothing had been done. */
  #giveUp(cause: unknown): ReleaseError {
    const reason = commitUnknown(cause);
    this.#options.close(reason);
    return reason;
  }

  async #once<T>({ number, session }: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    const { lanes, entries } = this.#options;
    let recorded = 0;
    const reads: (readonly StoredRead[])[] = [];
    session.startTransaction(transactionOptions);
    try {
      // Nearly every transaction records one entry: counted here, and corrected below where it is otherwise.
      await lanes.fence(number, session, 1);
      const result = await work({
        session,
        record: async (draft, images = []) => {
          recorded += 1;
          if (draft.reads !== undefined) reads.push(draft.reads);
          return entries.record(session, draft, [{ namespace: draft.namespace, images }]);
        },
        amend: (id, fields, images) => entries.amend(session, id, fields, images),
      });
      if (recorded !== 1) await lanes.fence(number, session, recorded - 1);
      await commit(session, this.#patienceMs);
      for (const stored of reads) this.#options.readsStored(stored);
      return result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      throw error;
    }
  }
}
