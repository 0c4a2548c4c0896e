import { labelled } from '../../../mongo/server-code.ts';
import { ReleaseError } from '../../../observe/error.ts';
import type { JournalEntry, StoredRead } from '../../journal/documents.ts';
import { fingerprintOf } from '../../journal/fingerprint.ts';
import { wasRefused } from '../../journal/transactions.ts';
import type { Call, Operation, Stage } from '../call.ts';
import { countsOfCheckpoint } from '../counts.ts';
import type { RawSession } from '../raw.ts';
import type { Replay } from '../replay/replay.ts';
import { noCounts } from '../tally.ts';
import { backfill } from './backfill/backfill.ts';
import { batches } from './batches/batches.ts';
import { bulk } from './bulk/bulk.ts';
import { giveIds } from './bulk/give-ids.ts';
import { catalogChange } from './catalog/catalog-change.ts';
import { lookOf } from './catalog/found.ts';
import { ensureCollection } from './catalog/implicit.ts';
import type { Handler, JournalContext, Turn } from './context.ts';
import type { EntryWriter } from './entry-writer.ts';
import { OwnTransactions } from './in-transaction.ts';
import type { Lanes } from './lanes.ts';
import { writesOneDocument } from './one-document.ts';
import { Refusals } from './refusals.ts';
import { single } from './single.ts';
import { restoreError, restoreResult, storeError } from './stored.ts';
import { unfenced } from './unfenced.ts';
import { unheard } from './unheard.ts';
import { isUnreadable } from './unreadable.ts';

/**
 * The last stage of the gate on a server with transactions: an operation's effect, its images and its entry are
 * committed together, under the fence; and what an earlier run has committed already is answered from its entry.
 */
export class Journal {
  readonly context: JournalContext;
  readonly #replay: Replay;
  readonly #own: OwnTransactions;
  readonly #refusals: Refusals;

  constructor(context: JournalContext, replay: Replay, lanes: Lanes, entries: EntryWriter) {
    this.context = context;
    this.#replay = replay;
    this.#own = new OwnTransactions(context, lanes, entries);
    this.#refusals = new Refusals(context);
  }

  readonly stage: Stage = async <T>(operation: Operation<T>): Promise<T> => {
    const { call, args, session } = operation;
    this.#refusals.begun();
    if (session?.inTransaction()) return this.#inTransaction(operation, session);
    // The driver refuses it before it sends anything: nothing to keep, and nothing to wait for.
    if (isEmptyList(args[0])) return operation.send(session);
    const fingerprint = fingerprintOf(call.method, call.namespace, args);
    const claim = await this.#replay.claim(fingerprint);
    const entry = claim.kind === 'recorded' ? claim.entry : undefined;
    if (call.mayCreate) this.#tellCreated(call);
    if (entry?.state === 'done' || entry?.state === 'refused') return this.#answer<T>(entry, operation);
    let reads: readonly StoredRead[] | undefined;
    const takeReads = () => {
      reads = this.#replay.takeReads();
      return reads;
    };
    const turn: Turn = { fingerprint, takeReads, begun: entry };
    try {
      const handler = await this.#handler(operation);
      const result = await handler(this.context, operation, turn);
      if (reads !== undefined) this.#replay.readsStored(reads);
      if (entry !== undefined && madeCollection(entry)) this.context.created?.(call, call.also ?? call.namespace);
      return result;
    } catch (error) {
      const gone = error instanceof ReleaseError && error.code === 'REPLAY_DIVERGED';
      if (gone) throw this.#replay.progress.diverge(error.message);
      // It was refused before its handler came to writing it down.
      if (entry === undefined && reads === undefined) await this.#refused(call, turn, error);
      this.#refusals.told(error, fingerprint);
      throw error;
    }
  };

  /**
   * To be called when the run has failed, with what user code threw, and every call is settled: what the server refused
   * it is asked anew by the next run. Rejects where that could not be written down.
   */
  failed(thrown: unknown): Promise<void> {
    return this.#refusals.endRun(thrown);
  }

  /** A session begins a transaction, or gives one up. */
  reset(session: RawSession): void {
    this.#replay.rollBack(session, this.#own.has(session));
    this.#own.ended(session, undefined);
  }

  /** Commits a transaction of user code, with its entry. What an earlier run has committed is not sent again. */
  async commit<T>(session: RawSession, send: () => Promise<T>): Promise<T> {
    this.#refusals.begun();
    if (this.#replay.commit(session).kind === 'recorded') {
      this.#replay.committed(session);
      return send();
    }
    let reads: readonly StoredRead[] = [];
    const entered = this.#own.beforeCommit(session, () => {
      reads = this.#replay.takeReads(session);
      return reads;
    });
    // As after a commit that the server refuses: user code, or withTransaction, begins it anew.
    const lane = await entered.catch(async (error: unknown) => {
      await session.abortTransaction().catch(() => {});
      throw error;
    });
    try {
      const result = await send();
      this.#replay.committed(session);
      this.#replay.readsStored(reads);
      return result;
    } catch (error) {
      if (labelled(error, 'TransientTransactionError')) this.#replay.rollBack(session, true);
      throw error;
    } finally {
      this.#own.ended(session, lane);
    }
  }

  async #inTransaction<T>(operation: Operation<T>, session: RawSession): Promise<T> {
    const { call, args } = operation;
    const fingerprint = fingerprintOf(call.method, call.namespace, args);
    const claim = await this.#replay.claim(fingerprint, { transaction: session });
    if (call.mayCreate) this.#tellCreated(call);
    if (claim.kind !== 'call') return this.#own.send(operation, session, fingerprint);
    this.context.replayed?.(call);
    const { result, error } = claim.call;
    if (error !== undefined) {
      const restored = restoreError(error, this.context.driver);
      // The books must count it as they did: a transaction without any write is not committed with an entry.
      isUnreadable(restored, operation, this.context.driver);
      throw restored;
    }
    if (result === undefined) return undefined as T;
    const answer = restoreResult(result, this.context.driver);
    giveIds(args, answer);
    return answer as T;
  }

  /** Looked up by the books it would be there already. */
  #tellCreated(call: Call): void {
    const namespace = call.also ?? call.namespace;
    if (this.#replay.takeCreated(namespace)) this.context.created?.(call, namespace);
  }

  #answer<T>(entry: JournalEntry, { call, args, catalog: ofCatalog }: Operation<T>): T {
    const { result, error, catalog, fingerprint, state, checkpoint } = entry;
    this.context.replayed?.(call);
    if (madeCollection(entry)) this.context.created?.(call, call.also ?? call.namespace);
    // Of an error the books could only guess how far the call had got by then; nor does an answer count all of it.
    if (checkpoint !== undefined || (error?.code !== undefined && state === 'refused')) {
      this.context.progress?.(call, checkpoint === undefined ? noCounts : countsOfCheckpoint(checkpoint));
    }
    if (error !== undefined) {
      const restored = restoreError(error, this.context.driver);
      giveIds(args, restored);
      this.#refusals.told(restored, fingerprint);
      throw restored;
    }
    if (catalog !== undefined) ofCatalog?.seen(lookOf(catalog));
    if (ofCatalog?.object !== undefined) return ofCatalog.object();
    if (result === undefined) return undefined as T;
    const answer = restoreResult(result, this.context.driver);
    giveIds(args, answer);
    return answer as T;
  }

  async #refused({ kind, method, namespace }: Call, { fingerprint, takeReads }: Turn, refusal: unknown): Promise<void> {
    // What passes by itself says nothing of the call: it may have met a look-up of ours.
    const error = wasRefused(refusal) && !unheard(refusal) ? storeError(refusal) : undefined;
    if (error === undefined) return;
    const { transactor, images } = this.context;
    const about = { kind: kind === 'catalog' ? kind : 'write', method, namespace, fingerprint } as const;
    const reads = takeReads();
    await transactor.transact((tx) => tx.record({ ...about, state: 'refused', error, reads, images }));
  }

  async #handler({ call }: Operation<unknown>): Promise<Handler> {
    const { kinds } = this.context;
    if (call.kind === 'catalog') return catalogChange;
    if (call.kind === 'pipeline' || call.kind === 'command') return unfenced;
    const kind = await kinds.of(call.namespace);
    if (kind === 'capped' || kind === 'time-series' || kind === 'view' || kind === 'system') return unfenced;
    if (call.mayCreate && kind === 'absent') await ensureCollection(this.context, call.namespace);
    if (call.method === 'batch') return backfill;
    if (writesOneDocument(call.method)) return single;
    return manyMethods.has(call.method) ? batches : bulk;
  }
}

/** Whether a change of the catalog brought the collection into being by the way. */
function madeCollection({ state, catalog }: JournalEntry): boolean {
  if (state === 'refused' || catalog === undefined) return false;
  const { type, before, replaced } = catalog;
  return type === 'create-indexes' ? before === undefined : type === 'replace-collection' && replaced === undefined;
}

const manyMethods = new Set(['updateMany', 'deleteMany', 'update', 'remove']);

function isEmptyList(argument: unknown): boolean {
  return Array.isArray(argument) && argument.length === 0;
}
