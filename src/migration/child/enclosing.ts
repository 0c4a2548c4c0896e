import { labelled } from '../../mongo/server-code.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Gate } from '../gate/gate.ts';
import type { RawClient, RawSession } from '../gate/raw.ts';
import {
  commit as commitTransaction,
  commitUnknown,
  transactionOptions,
  usualPatienceMs,
} from '../journal/transactions.ts';

/**
 * Begins the transaction around a whole migration: from here on every call joins it.
 *
 * Throws `TRANSACTIONS_UNAVAILABLE` on a standalone server.
 */
export async function begin(raw: RawClient, gate: Gate): Promise<RawSession> {
  const hello = await raw.db('admin').command({ hello: 1 });
  if (hello.setName === undefined && hello.msg !== 'isdbgrid') {
    throw new ReleaseError('TRANSACTIONS_UNAVAILABLE', 'The server is a standalone: it has no transactions.', {
      hint: 'Run it as a replica set (one member is enough), or leave transaction: true out.',
    });
  }
  const session = raw.startSession();
  gate.transactions.follow(session);
  session.startTransaction(transactionOptions);
  gate.enclose(session);
  return session;
}

/** Throws `COMMIT_UNKNOWN` where the server never says whether it was done. */
export async function commit(session: RawSession, patienceMs = usualPatienceMs): Promise<void> {
  try {
    await commitTransaction(session, patienceMs);
  } catch (error) {
    throw labelled(error, 'UnknownTransactionCommitResult') ? commitUnknown(error) : error;
  }
}

/** Never throws: what cannot be aborted now, the server aborts when its time is up. */
export async function abort(session: RawSession): Promise<void> {
  await session.abortTransaction().catch(() => {});
}
