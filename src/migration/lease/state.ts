import { hostname } from 'node:os';
import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { processRuns } from '../../observe/process.ts';
import { freeOrphaned, isOrphaned } from './orphaned.ts';
import { type LeaseHolder, type LeaseReading, LeaseRecord } from './record.ts';

/** A lease and its ages in milliseconds, by the server's clock. */
export interface LeaseFacts {
  readonly holder?: LeaseHolder;
  readonly fence: number;
  readonly acquiredAt?: Date;
  readonly heartbeatAt?: Date;
  readonly expiresAt: Date;
  readonly ageMs: number;
  readonly heartbeatAgeMs: number;
  /** Until it runs out if its owner gives no further sign of life. */
  readonly remainingMs: number;
}

/** `abandoned`: an owner that ended without giving the lease back; the next run takes it over by itself. */
export type LeaseState =
  | { readonly held: false; readonly abandoned?: LeaseFacts }
  | ({ readonly held: true } & LeaseFacts);

/** Who holds the lease of a target, if anybody. Only reads. Throws what `asServerFailure` makes of a server's failure. */
export async function inspectLease(db: Db, own: OwnNames): Promise<LeaseState> {
  const reading = await read(new LeaseRecord(db, own), db);
  if (reading === undefined || reading.document.owner === null) return { held: false };
  const facts = factsOf(reading);
  const held = isAlive(reading);
  return held ? { held, ...facts } : { held, abandoned: facts };
}

/**
 * The fence of the latest tenure that is over, given back or not: whatever changes the target from now on has a higher
 * one. Only reads. Throws as `inspectLease`.
 */
export async function fenceBehind(db: Db, own: OwnNames): Promise<number> {
  const reading = await read(new LeaseRecord(db, own), db);
  if (reading === undefined) return 0;
  const { owner, fence } = reading.document;
  return owner !== null && isAlive(reading) ? fence - 1 : fence;
}

function isAlive(reading: LeaseReading): boolean {
  return factsOf(reading).remainingMs > 0 && !isOrphaned(reading);
}

export type Unlocked =
  | { readonly outcome: 'nothing-to-do' }
  | { readonly outcome: 'unlocked'; readonly was: LeaseFacts };

/**
 * Clears the lease of an owner that is gone.
 *
 * An expired lease needs no clearing (the next run takes it), nor does that of a process that has certainly ended. What
 * this is for is a lease whose expiry lies far ahead although its owner is gone: the server's clock was wrong for a
 * while. Throws `LEASE_ALIVE` while the last
 * heartbeat is younger than the lease's ttl or the owner gave a sign of life meanwhile; may be retried.
 */
export async function unlock(db: Db, own: OwnNames): Promise<Unlocked> {
  const record = new LeaseRecord(db, own);
  const reading = await read(record, db);
  if (reading === undefined || reading.document.owner === null) return { outcome: 'nothing-to-do' };
  const facts = factsOf(reading);
  const ttlMs = reading.document.ttlMs ?? 0;
  // A heartbeat from the future is as old as anything: the clock that wrote it was wrong.
  const alive = facts.remainingMs > 0 && facts.heartbeatAgeMs >= 0 && facts.heartbeatAgeMs < ttlMs;
  const clear = () =>
    isOrphaned(reading)
      ? freeOrphaned(record, reading, { limitMs: ttlMs })
      : alive
        ? 'alive'
        : record.clear(reading.document);
  const cleared = await Promise.resolve(clear()).catch((error: unknown) => fail(error, db));
  if (cleared === 'freed') return { outcome: 'unlocked', was: facts };
  const gone = goneFrom(facts);
  const how = gone === undefined ? 'is in use' : 'has not run out yet';
  const message = `The lease of database ${db.databaseName} ${how}: ${ownerText(facts)}.${gone ?? ''}`;
  throw new ReleaseError('LEASE_ALIVE', message, {
    hint: `${gone === undefined ? 'Stop that run, or wait: if it is gone already,' : 'Wait:'} the lease runs out by itself in ${seconds(facts.remainingMs)}, and the next run takes it over; with --wait 60s a run waits for that.`,
  });
}

export function factsOf({ document, now }: LeaseReading): LeaseFacts {
  const { holder, fence, acquiredAt, heartbeatAt, expiresAt } = document;
  const ageOf = (time: Date | undefined) => (time === undefined ? 0 : now.getTime() - time.getTime());
  return {
    holder,
    fence,
    acquiredAt,
    heartbeatAt,
    expiresAt,
    ageMs: ageOf(acquiredAt),
    heartbeatAgeMs: ageOf(heartbeatAt),
    remainingMs: Math.max(0, -ageOf(expiresAt)),
  };
}

/** The error for a lease that is somebody else's: who, since when, how alive, and what to type. */
export function heldError(database: string, facts: LeaseFacts, waitedMs: number): ReleaseError {
  const gone = goneFrom(facts);
  const waited = waitedMs > 0 ? `, still after waiting ${seconds(waitedMs)}` : '';
  const who = facts.holder === undefined ? 'its owner' : `process ${facts.holder.pid} on ${facts.holder.host}`;
  return new ReleaseError(
    'LEASE_HELD',
    `The lease of database ${database} is somebody else's${waited}: ${ownerText(facts)}.${gone ?? ''}`,
    {
      hint:
        `Wait for it with --wait ${waitedMs >= 60_000 ? '10m' : '60s'}. ${gone === undefined ? `If ${who} is gone, the` : 'The'} lease runs out by itself ` +
        `in ${seconds(facts.remainingMs)}; one that does not is cleared by mongo-release unlock.`,
      details: {
        host: facts.holder?.host ?? '',
        pid: facts.holder?.pid ?? 0,
        releaseId: facts.holder?.releaseId ?? '',
        heartbeatAgeMs: facts.heartbeatAgeMs,
      },
    },
  );
}

/**
 * Says so where the owner ran on a host of this name, and no process has its number any more. That proves nothing:
 * where there is proof, nobody is told to wait.
 */
function goneFrom({ holder }: LeaseFacts): string | undefined {
  if (holder?.process !== undefined || holder?.host !== hostname() || processRuns(holder.pid)) return undefined;
  return ` That run seems to be gone: no process ${holder.pid} runs on this host any more.`;
}

/** Who has it, since when, and how alive: the middle of a sentence. */
export function ownerText({ holder, ageMs, heartbeatAgeMs }: LeaseFacts): string {
  const who =
    holder === undefined
      ? 'an unknown owner'
      : [
          `${holder.command} on ${holder.host}, process ${holder.pid}`,
          holder.actor && `started by ${holder.actor}`,
          `release ${holder.releaseId}`,
          holder.runUrl,
        ]
          .filter(Boolean)
          .join(', ');
  return `${who}; taken ${seconds(ageMs)} ago, last heartbeat ${seconds(heartbeatAgeMs)} ago`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1000))} s`;
}

async function read(record: LeaseRecord, db: Db): Promise<LeaseReading | undefined> {
  return record.read().catch((error: unknown) => fail(error, db));
}

function fail(error: unknown, db: Db): never {
  throw asServerFailure(error, `reading the lease of database ${db.databaseName}`);
}
