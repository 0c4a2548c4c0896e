import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { asServerFailure, labelled, serverCode } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { answerWithin, Elapsed } from './clock.ts';
import { HeldLease, type Lease, marginOf } from './held.ts';
import { freeOrphaned, isOrphaned } from './orphaned.ts';
import { type LeaseHolder, type LeaseReading, LeaseRecord } from './record.ts';
import { factsOf, heldError, ownerText } from './state.ts';

export type { Lease, LeaseGuard } from './held.ts';
export type { LeaseHolder } from './record.ts';

export interface AcquireOptions {
  /** How long the lease outlives its last heartbeat, in milliseconds. The longest pause of a run before it loses it. */
  readonly ttlMs: number;
  /** How long to wait for somebody else's lease, in milliseconds; 0 does not wait. */
  readonly waitMs: number;
  readonly holder: LeaseHolder;
  /** Ends the waiting. The lease itself ends by `release`. */
  readonly signal?: AbortSignal;
  /** Called once, when the waiting for somebody else's lease begins, with a sentence about who has it. */
  readonly onWait?: (who: string) => void;
}

/**
 * Takes the right to change the history of a target, and keeps it by heartbeats until `release`. That of a process which
 * has certainly ended is not waited for.
 *
 * Throws `LEASE_HELD` when it is somebody else's beyond `waitMs` (may be retried), the signal's reason when aborted,
 * and what `asServerFailure` makes of a server that does not answer for as long.
 */
export async function acquireLease(db: Db, own: OwnNames, options: AcquireOptions): Promise<Lease> {
  const record = new LeaseRecord(db, own);
  // One owner for all attempts: an attempt without an answer may have succeeded, and is then recognized by the next.
  const owner = randomUUID();
  const waited = new Elapsed();
  const limit = options.ttlMs - marginOf(options.ttlMs);
  let failure: unknown;
  let seen: LeaseReading | undefined;
  let told = false;
  try {
    for (let attempts = 1; ; attempts++) {
      options.signal?.throwIfAborted();
      try {
        const sent = new Elapsed();
        const taken = await answerWithin(limit, record.take(owner, options.ttlMs, options.holder));
        if (taken !== undefined) {
          return new HeldLease(record, owner, taken.fence, options.ttlMs, sent, db.databaseName);
        }
        failure = undefined;
        seen = await answerWithin(limit, record.read());
        if (seen === undefined) await answerWithin(limit, record.seed());
        // Never seeded, or given back since: no reason to wait.
        if (seen === undefined || seen.document.expiresAt <= seen.now) continue;
        if (isOrphaned(seen)) {
          await freeOrphaned(record, seen, { limitMs: limit, signal: options.signal });
          continue;
        }
      } catch (error) {
        if (!isUnanswered(error)) throw error;
        // The first silence says more than what a client makes of the second.
        failure ??= error;
      }
      const patient = waited.ms < options.waitMs || (failure !== undefined && attempts === 1);
      if (!patient) break;
      if (failure === undefined && seen !== undefined && !told) options.onWait?.(ownerText(factsOf(seen)));
      told ||= failure === undefined;
      const rest = Math.max(options.waitMs - waited.ms, 0);
      await pause(failure === undefined ? Math.min(pauseBetween(options.ttlMs), rest) : 100, options.signal);
    }
    if (failure !== undefined) throw failure;
  } catch (error) {
    // Gives back what an unanswered attempt may have taken, without waiting for a server that is silent.
    if (failure !== undefined) record.free(owner).catch(() => {});
    options.signal?.throwIfAborted();
    throw asServerFailure(error, `taking the lease of database ${db.databaseName}`);
  }
  throw heldError(db.databaseName, factsOf(seen as LeaseReading), options.waitMs);
}

/** Whether the request may have been carried out without our hearing of it: then, and only then, ask again. */
function isUnanswered(error: unknown): boolean {
  return error instanceof ReleaseError || serverCode(error) === undefined || labelled(error, 'RetryableWriteError');
}

/** With jitter, so that many waiting runs do not ask at the same moment. */
function pauseBetween(ttlMs: number): number {
  return Math.min(1000, ttlMs / 10) * (0.5 + Math.random());
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
