import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseError } from '../../observe/error.ts';
import { answerWithin, Elapsed } from './clock.ts';
import type { LeaseRecord } from './record.ts';

/** What a part that changes the history needs to know of the lease. */
export interface LeaseGuard {
  /** Number of this acquisition; a record written under a higher one is not to be overwritten. */
  readonly fence: number;
  /** Aborts, with a `LEASE_LOST` as reason, before the server would let anybody else have the lease. */
  readonly lost: AbortSignal;
  /** Throws `LEASE_LOST` when the lease is not ours any more. To be called right before what cannot be fenced. */
  assertHeld(): void;
}

export interface Lease extends LeaseGuard, AsyncDisposable {
  readonly owner: string;
  /** Milliseconds for which the lease is certainly ours if no further heartbeat gets through; 0 once it is lost. */
  readonly remainingMs: number;
  /** Gives the lease back. Does nothing where it was lost; a server that does not answer lets it expire. */
  release(): Promise<void>;
}

/** How long before the server-side expiry the lease counts as lost: time for what runs to stop. */
export function marginOf(ttlMs: number): number {
  return ttlMs / 10;
}

/** A lease from the moment the server granted it: heartbeats, and the local watch over its expiry. */
export class HeldLease implements Lease {
  readonly owner: string;
  readonly fence: number;
  readonly #record: LeaseRecord;
  readonly #ttlMs: number;
  readonly #database: string;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #beating: Promise<void>;
  /** Since before the request was sent that the server last said yes to: our expiry is never later than the server's. */
  #confirmed: Elapsed;
  #deadline: NodeJS.Timeout | undefined;

  constructor(record: LeaseRecord, owner: string, fence: number, ttlMs: number, confirmed: Elapsed, database: string) {
    this.owner = owner;
    this.fence = fence;
    this.#record = record;
    this.#ttlMs = ttlMs;
    this.#confirmed = confirmed;
    this.#database = database;
    this.#watch();
    this.#beating = this.#beat();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get remainingMs(): number {
    if (this.#lost.signal.aborted || this.#ended.signal.aborted) return 0;
    return Math.max(0, this.#ttlMs - marginOf(this.#ttlMs) - this.#confirmed.ms);
  }

  assertHeld(): void {
    // Not the signal alone: after a pause of the whole process this may run before the timer that aborts it.
    if (this.remainingMs > 0) return;
    this.#lose(silent);
    this.#lost.signal.throwIfAborted();
    throw lostError(this.#database, 'was given back');
  }

  async release(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#end();
    await this.#beating;
    await answerWithin(this.#ttlMs, this.#record.free(this.owner, this.fence)).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** A heartbeat every third of the ttl; after one without an answer sooner, for as long as the lease is ours. */
  async #beat(): Promise<void> {
    let interval = this.#ttlMs / 3;
    while (!this.#ended.signal.aborted) {
      await sleep(interval, undefined, { signal: this.#ended.signal, ref: false }).catch(() => {});
      if (this.#ended.signal.aborted) return;
      const sent = new Elapsed();
      const answer = await answerWithin(
        Math.min(this.#ttlMs / 3, this.remainingMs),
        this.#record.beat(this.owner, this.fence, this.#ttlMs),
      ).catch(() => 'unknown' as const);
      if (this.#ended.signal.aborted) return;
      if (answer === 'taken-over') return this.#lose('was taken over by another run, or cleared by unlock');
      interval = answer === 'held' ? this.#ttlMs / 3 : this.#ttlMs / 15;
      if (answer !== 'held') continue;
      this.#confirmed = sent;
      this.#watch();
    }
  }

  #watch(): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      // A timer may fire a little early by this clock.
      if (this.remainingMs > 0) this.#watch();
      else this.#lose(silent);
    }, this.remainingMs);
    this.#deadline.unref();
  }

  #lose(why: string): void {
    if (this.#ended.signal.aborted) return;
    this.#end();
    this.#lost.abort(lostError(this.#database, why));
  }

  #end(): void {
    clearTimeout(this.#deadline);
    this.#ended.abort();
  }
}

const silent = 'ran out, because no heartbeat got through in time';

function lostError(database: string, why: string): ReleaseError {
  return new ReleaseError('LEASE_LOST', `The lease of database ${database} ${why}; this run writes no more.`, {
    hint: 'Look at mongo-release status, then run the command again.',
  });
}
