import { setTimeout as sleep } from 'node:timers/promises';
import { serverCode } from '../../../mongo/server-code.ts';
import { ReleaseError } from '../../../observe/error.ts';
import type { JournalEntry, StoredRead } from '../../journal/documents.ts';
import { type Attempt, entryId, imagesId } from '../../journal/documents.ts';
import { type Image, packImages } from '../../journal/images.ts';
import { labelled } from '../failure.ts';
import type { RawClient, RawSession } from '../raw.ts';
import type { EntryDraft, TransactOptions, Transactor, Tx } from './context.ts';
import type { Lane, Lanes } from './lanes.ts';

export interface TransactorOptions {
  readonly client: RawClient;
  readonly database: string;
  /** Name of the journal's collection. */
  readonly journal: string;
  readonly attempt: Attempt;
  readonly lanes: Lanes;
  /** Number of the last entry that the attempt has already. */
  readonly lastSequence: number;
  /** Of the project's driver, for the record: entries of another one are not replayed. */
  readonly driverMajor: number;
  readonly refuseWhenClosed: () => void;
  /** Refuses everything from here on. */
  readonly close: (reason: ReleaseError) => void;
  /** Called with the reads of each entry that was committed. */
  readonly readsStored: (reads: readonly StoredRead[]) => void;
}

/** How long a transaction is tried again without any success in between, in milliseconds: longer than an election takes. */
const patienceMs = 60_000;

export const transactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
} as const;

/** Writes entries, in sessions that have a transaction open. */
export class EntryWriter {
  readonly #options: TransactorOptions;
  #sequence: number;
  /** How many documents of images an entry has. */
  readonly #parts = new Map<string, number>();

  constructor(options: TransactorOptions) {
    this.#options = options;
    this.#sequence = options.lastSequence;
  }

  async record(session: RawSession, draft: EntryDraft, images: readonly Image[] = []): Promise<string> {
    this.#sequence += 1;
    const id = entryId(this.#options.attempt, this.#sequence);
    const at = new Date();
    const entry = { _id: id, ...draft, driver: this.#options.driverMajor, at };
    this.#parts.set(id, 0);
    const documents = [entry, ...this.#imageDocuments(id, draft.namespace, images, at)];
    await this.#collection().insertMany(documents as never[], { session, ignoreUndefined: true });
    return id;
  }

  async amend(session: RawSession, id: string, fields: Partial<EntryDraft>, images: readonly Image[] = []) {
    if (images.length > 0) {
      if (!this.#parts.has(id)) this.#parts.set(id, await this.#countParts(session, id));
      const namespace = fields.namespace ?? (await this.#namespaceOf(session, id));
      const documents = this.#imageDocuments(id, namespace, images, new Date());
      await this.#collection().insertMany(documents as never[], { session, ignoreUndefined: true });
    }
    await this.#collection().updateOne({ _id: id as never }, { $set: fields }, { session, ignoreUndefined: true });
  }

  /** Images of further collections under an entry of several. */
  async images(session: RawSession, id: string, namespace: EntryDraft['namespace'], images: readonly Image[]) {
    const documents = this.#imageDocuments(id, namespace, images, new Date());
    if (documents.length > 0) {
      await this.#collection().insertMany(documents as never[], { session, ignoreUndefined: true });
    }
  }

  #imageDocuments(id: string, namespace: EntryDraft['namespace'], images: readonly Image[], at: Date): object[] {
    if (images.length === 0) return [];
    const packed = packImages(images);
    const first = this.#parts.get(id) ?? 0;
    this.#parts.set(id, first + packed.length);
    return packed.map((data, part) => ({
      _id: imagesId(id, first + part),
      kind: 'images',
      namespace,
      count: images.length,
      part,
      parts: packed.length,
      data,
      at,
    }));
  }

  async #countParts(session: RawSession, id: string): Promise<number> {
    const range = { _id: { $gt: `${id}/`, $lt: `${id}0` } } as object;
    const [last] = await this.#collection()
      .find(range, { session, projection: { _id: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    return last === undefined ? 0 : Number(String(last._id).split('/').at(-1)) + 1;
  }

  async #namespaceOf(session: RawSession, id: string): Promise<EntryDraft['namespace']> {
    const entry = await this.#collection().findOne({ _id: id as never }, { session, projection: { namespace: 1 } });
    return (entry as unknown as JournalEntry).namespace;
  }

  #collection() {
    return this.#options.client.db(this.#options.database).collection(this.#options.journal);
  }
}

/** The gate's own transactions, each in a lane of its own. */
export class LaneTransactor implements Transactor {
  readonly #options: TransactorOptions;
  readonly #entries: EntryWriter;

  constructor(options: TransactorOptions, entries: EntryWriter) {
    this.#options = options;
    this.#entries = entries;
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
        if (kind === undefined || performance.now() - since > patienceMs) throw error;
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
    const reason = new ReleaseError('COMMIT_UNKNOWN', 'The server did not say whether a write was committed.', {
      hint: 'Run the same command again when it can be reached: the journal tells.',
      cause,
    });
    this.#options.close(reason);
    return reason;
  }

  async #once<T>({ number, session }: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    let recorded = 0;
    const reads: (readonly StoredRead[])[] = [];
    session.startTransaction(transactionOptions);
    try {
      // Nearly every transaction records one entry: counted here, and corrected below where it is otherwise.
      await this.#options.lanes.fence(number, session, 1);
      const result = await work({
        session,
        record: async (draft, images) => {
          recorded += 1;
          if (draft.reads !== undefined) reads.push(draft.reads);
          return this.#entries.record(session, draft, images);
        },
        amend: (id, fields, images) => this.#entries.amend(session, id, fields, images),
      });
      if (recorded !== 1) await this.#options.lanes.fence(number, session, recorded - 1);
      await commit(session);
      for (const stored of reads) this.#options.readsStored(stored);
      return result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      throw error;
    }
  }
}

/**
 * Sent again while its result is unknown: the server answers a repeated commit with the first one's result. Rejects with
 * an error labelled `TransientTransactionError` where it was certainly not done.
 */
export async function commit(session: RawSession): Promise<void> {
  const since = performance.now();
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (labelled(error, 'TransientTransactionError')) throw error;
      if (!labelled(error, 'UnknownTransactionCommitResult') && !unanswered(error)) throw error;
      if (performance.now() - since > patienceMs) throw asUnknown(error);
      await sleep(200 + 300 * Math.random());
    }
  }
}

/** Not every driver labels an error that it has while it looks for a server to ask again. */
function asUnknown(error: unknown): unknown {
  (error as { addErrorLabel?: (label: string) => void }).addErrorLabel?.('UnknownTransactionCommitResult');
  return error;
}

/**
 * LockTimeout: another operation holds a lock that the transaction waits for, a pending rename for example. WriteConflict
 * and the rest come with a label (`src/mongo/base/error_codes.yml`).
 */
const lockTimeout = 24;
const writeConflict = 112;

/** What may pass by itself, when the whole transaction is tried again; undefined for every other error. */
export function passing(error: unknown): 'conflict' | 'outage' | undefined {
  const code = serverCode(error);
  if (code === writeConflict || code === lockTimeout) return 'conflict';
  // Also without a label: the driver looks for a server before there is a transaction that could have one.
  if (unanswered(error)) return 'outage';
  return labelled(error, 'TransientTransactionError') || labelled(error, 'RetryableWriteError') ? 'outage' : undefined;
}

/** Whether the server answered that it did not do it; the transaction was aborted then. */
export function wasRefused(error: unknown): boolean {
  if (labelled(error, 'UnknownTransactionCommitResult')) return false;
  return serverCode(error) !== undefined && passing(error) === undefined;
}

const unreachable = new Set([
  'MongoServerSelectionError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoPoolClearedError',
  'PoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoPoolClearedOnNetworkError',
]);

function unanswered(error: unknown): boolean {
  return error instanceof Error && serverCode(error) === undefined && unreachable.has(error.name);
}
