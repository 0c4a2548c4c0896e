import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSession } from 'mongodb';
import { labelled, serverCode, serverCodes } from '../../mongo/server-code.ts';
import { unsent } from '../../mongo/unsent.ts';
import { ReleaseError } from '../../observe/error.ts';

/** What the transactions of the gate and those of an undo have in common, with whichever driver they are sent. */

export const transactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
} as const;

/** How long one is tried again without any success in between, in milliseconds: longer than an election takes. */
export const usualPatienceMs = 60_000;

/**
 * Sent again while its result is unknown: the server answers a repeated commit with the first one's result. Rejects with
 * an error labelled `TransientTransactionError` where it was certainly not done, and with one labelled
 * `UnknownTransactionCommitResult` where that is not known after so many milliseconds.
 */
export async function commit(session: ClientSession, patienceMs: number): Promise<void> {
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

/** For what `commit` rejects with where it is not known whether it was done. */
export function commitUnknown(cause: unknown): ReleaseError {
  return new ReleaseError('COMMIT_UNKNOWN', 'The server did not say whether a write was committed.', {
    hint: 'Run the same command again when it can be reached: the journal tells.',
    cause,
  });
}

/** Not every driver labels an error that it has while it looks for a server to ask again. */
function asUnknown(error: unknown): unknown {
  (error as { addErrorLabel?: (label: string) => void }).addErrorLabel?.('UnknownTransactionCommitResult');
  return error;
}

/**
 * What may pass by itself, when the whole transaction is tried again; undefined for every other error. `conflict`: with
 * another write, or with a lock that another operation holds, such as a pending rename: a smaller transaction may get
 * through.
 */
export function passing(error: unknown): 'conflict' | 'outage' | undefined {
  const code = serverCode(error);
  if (code === serverCodes.WriteConflict || code === serverCodes.LockTimeout) return 'conflict';
  // Also without a label: the driver looks for a server before there is a transaction that could have one.
  if (unanswered(error)) return 'outage';
  return labelled(error, 'TransientTransactionError') || labelled(error, 'RetryableWriteError') ? 'outage' : undefined;
}

/** Whether the server answered that it did not do it, or the driver did not send it; the transaction was aborted then. */
export function wasRefused(error: unknown): boolean {
  if (unsent(error)) return true;
  if (labelled(error, 'UnknownTransactionCommitResult')) return false;
  return serverCode(error) !== undefined && passing(error) === undefined;
}

/** The fence in a lane is another run's by now. */
export function leaseLost(): ReleaseError {
  return new ReleaseError('LEASE_LOST', 'A newer run has taken the target over; this run writes no more.', {
    hint: 'Look at mongo-release status, then run the command again.',
  });
}

/** By name: the class belongs to whichever driver the project has. */
const unreachable: ReadonlySet<string> = new Set([
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
