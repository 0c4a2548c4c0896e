import type { EntryNamespace, JournalEntry, StoredCall, StoredRead } from '../../journal/documents.ts';
import { shownName } from '../names.ts';
import type { Driver, RawSession } from '../raw.ts';
import type { Changed } from './changed.ts';
import type { Claim } from './claim.ts';
import { Progress } from './progress.ts';
import { Reads } from './reads.ts';
import { Rechecks } from './recheck.ts';
import { storedReads } from './stored-reads.ts';
import { TransactionClaims } from './transaction-claims.ts';

export interface ReplayOptions {
  /** The project's driver: stored errors are thrown as its own. */
  readonly driver: Driver;
  /** What the attempt changed; without it nothing is read again, and a cursor does not go on where it was. */
  readonly changed?: Changed;
  /** So long nothing may happen before calls that are held are given up. */
  readonly quietMs?: number;
}

/**
 * The run of an attempt from its top, held against the entries that an earlier run of it has left.
 *
 * A call claims the first entry of its fingerprint that is not claimed yet, and is answered from it. One that no entry
 * answers is new, and held until everything that was stored has been claimed: what comes first in user code comes first
 * here, whatever order parallel calls arrive in. Where that never happens, the migration goes another way than it did:
 * the replay has diverged, and nothing new has been done. A fresh run has no entries, and everything is new at once.
 */
export class Replay {
  readonly reads: Reads;
  readonly changed: Changed | undefined;
  readonly #writes = new Map<string, JournalEntry[]>();
  /** Collections that writes brought into being, as they are shown; no call asks for these entries. */
  readonly #created: string[] = [];
  readonly #transactions: TransactionClaims;
  readonly #progress: Progress;

  constructor(entries: readonly JournalEntry[], { driver, changed, quietMs }: ReplayOptions) {
    this.changed = changed;
    const reads = storedReads(entries.flatMap((entry) => entry.reads ?? []));
    const rechecks = new Rechecks(changed);
    let expected = reads?.size ?? 0;
    for (const entry of entries) {
      if (entry.kind === 'implicit' && entry.state === 'done' && entry.catalog?.type === 'create-collection') {
        this.#created.push(inFull(entry.namespace));
      }
      if (entry.kind === 'implicit' || entry.endedRun === true) continue;
      expected += 1;
      if (entry.kind === 'transaction') continue;
      const equal = this.#writes.get(entry.fingerprint);
      if (equal === undefined) this.#writes.set(entry.fingerprint, [entry]);
      else equal.push(entry);
    }
    this.#progress = new Progress(expected, {
      quietMs,
      check: () => rechecks.difference(),
      missing: () => this.#missing(),
    });
    this.#transactions = new TransactionClaims(
      entries.filter(({ kind }) => kind === 'transaction'),
      this.#progress,
    );
    this.reads = new Reads(reads ?? new Map(), driver, this.#progress, rechecks);
    if (reads === undefined) this.#progress.diverge('it had read more than is kept');
  }

  /** Why the replay ended before its time; undefined while it has not. User code may have swallowed the error. */
  get diverged() {
    return this.#progress.diverged;
  }

  /** Rejects with that, as soon as it is known: user code may go on trying for ever. */
  get divergence(): Promise<never> {
    return this.#progress.divergence;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /**
   * Waits until it is certain what the call is. `transaction`: the session, where the call belongs to its transaction.
   * Entries in state `intent` and `progress` are given once everything else is claimed: they go on from there.
   * Throws `REPLAY_DIVERGED`.
   */
  async claim(fingerprint: string, { transaction }: { readonly transaction?: RawSession } = {}): Promise<Claim> {
    this.#progress.refuseWhenDiverged();
    if (transaction !== undefined) return this.#transactions.claim(fingerprint, transaction);
    const equal = this.#writes.get(fingerprint);
    const entry = equal?.shift();
    if (entry === undefined) {
      if (!this.#progress.passed) await this.#progress.hold();
      await this.reads.log.carried();
      return { kind: 'new' };
    }
    if (equal?.length === 0) this.#writes.delete(fingerprint);
    if (entry.result?.form === 'omitted' && entry.state === 'done') {
      throw this.#progress.diverge(`the result of ${shown(entry)} was not kept`);
    }
    this.#progress.claimed();
    if (entry.state === 'intent' || entry.state === 'progress') await this.#progress.hold();
    return { kind: 'recorded', entry };
  }

  /** Whether an earlier run made this collection for a write into it; told once for each time that it did. */
  takeCreated(namespace: EntryNamespace): boolean {
    const at = this.#created.indexOf(inFull(namespace));
    if (at >= 0) this.#created.splice(at, 1);
    return at >= 0;
  }

  /** Asked before a transaction of user code is committed. `recorded`: it was committed by the earlier run. */
  commit(
    transaction: RawSession,
  ): { readonly kind: 'new' } | { readonly kind: 'recorded'; readonly entry: JournalEntry } {
    return this.#transactions.commit(transaction);
  }

  /** The transaction was committed: what was read in it counts. */
  committed(transaction: RawSession): void {
    this.reads.log.ended(transaction, 'kept');
  }

  /**
   * The transaction was aborted, or begins. With `writes` user code will make it again from its top: claims and reads of
   * it are given back. Without any, its reads stand for themselves.
   */
  rollBack(transaction: RawSession, writes = true): void {
    const claimed = this.#transactions.rollBack(transaction);
    this.reads.log.ended(transaction, writes || claimed ? 'given-back' : 'kept');
  }

  /** Reads that no entry is known to have: every entry takes them along. With a session those of its transaction too. */
  takeReads(transaction?: RawSession): readonly StoredRead[] {
    return this.reads.take(transaction);
  }

  /** The entry that took these reads along is committed. */
  readsStored(reads: readonly StoredRead[]): void {
    this.reads.log.stored(reads);
  }

  /** To be asked when the migration has returned or thrown: `diverged` where something stored was never asked for. */
  end(): 'complete' | 'diverged' {
    if (this.#progress.diverged === undefined && !this.#progress.complete) {
      this.#progress.diverge(`it ended, and never came to ${this.#missing()}`);
    }
    return this.#progress.diverged === undefined ? 'complete' : 'diverged';
  }

  #missing(): string {
    const entries: (JournalEntry | StoredCall)[] = [...this.#writes.values()].flat();
    const missing = [...entries, ...this.#transactions.missing()];
    const [first] = missing;
    if (first === undefined) return 'a read that it made before';
    return missing.length === 1 ? shown(first) : `${shown(first)} and ${missing.length - 1} more`;
  }
}

function inFull(namespace: EntryNamespace): string {
  return shownName(namespace, '');
}

function shown({ method, namespace }: JournalEntry | StoredCall): string {
  return `${method} on ${shownName(namespace, namespace.database)}`;
}
