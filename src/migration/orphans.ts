import { once } from 'node:events';
import { Binary, type Db } from 'mongodb';
import { connect } from '../mongo/connect.ts';
import { type OwnNames, ownNames } from '../mongo/own.ts';
import type { Log } from '../observe/log.ts';
import { Secrets } from '../observe/secrets.ts';
import type { JournalJob } from './gate/journal/context.ts';
import { asNumbers, effectsOfAttempt } from './journal/effects.ts';
import type { Effects } from './types.ts';

interface Left {
  readonly uri: string;
  readonly database: string;
  readonly driverOptions?: Readonly<Record<string, unknown>>;
  readonly ownPrefix?: string;
  readonly journal?: JournalJob;
}

/**
 * Ends the sessions of a process that died with transactions open. The server would keep them, and the locks they hold
 * against everybody's writes, for its `transactionLifetimeLimitSeconds`: a minute by default. Comes back with what the
 * migration has done by its journal; undefined where that does not tell.
 *
 * Never throws: where the server cannot be reached, that minute has to pass, and the log says so.
 */
export async function endSessions(left: Left, ids: readonly Uint8Array[], log: Log): Promise<Effects | undefined> {
  const { journal, ownPrefix, ...at } = left;
  let ended = false;
  try {
    await using connection = await connect(at.uri, {
      database: at.database,
      secrets: new Secrets(),
      timeoutMs: 5000,
      clientOptions: at.driverOptions,
    });
    const sessions = ids.map((id) => ({ id: new Binary(id, Binary.SUBTYPE_UUID) }));
    if (sessions.length > 0) await connection.client.db('admin').command({ killSessions: sessions });
    ended = true;
    const signal = AbortSignal.timeout(patienceMs);
    const late = once(signal, 'abort').then(() => undefined);
    return journal && (await Promise.race([afterLast(connection.db, ownNames(ownPrefix), journal, signal), late]));
  } catch {
    if (ended) return undefined;
    log.warn('The transaction of the ended migration may block writes until the server ends it, for up to a minute.');
  }
  return undefined;
}

/** The record of the end waits for this, and the lease with it; milliseconds. */
const patienceMs = 10_000;
/** How long a commit that was on its way is waited for, in milliseconds. */
const lastCommitMs = 5000;

/** Each transaction writes into a lane first: a write there waits for those that are open. */
async function afterLast(
  db: Db,
  own: OwnNames,
  { attempt, fence }: JournalJob,
  signal: AbortSignal,
): Promise<Effects | undefined> {
  const { matchedCount } = await db
    .collection<{ _id: string; fence: number; turns: number }>(own.lease)
    .updateMany(
      { _id: { $regex: /^lane\./ }, fence },
      { $inc: { turns: 1 } },
      { ...asNumbers, maxTimeMS: lastCommitMs, writeConcern: { w: 'majority' } },
    );
  // Another run has taken over, and writes into the same journal.
  return matchedCount === 0 ? undefined : effectsOfAttempt(db, own.journal, attempt, signal);
}
