import { labelled } from '../../mongo/server-code.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Gate } from '../gate/gate.ts';
import type { RawClient, RawSession } from '../gate/raw.ts';

/** How often a commit is sent whose result does not arrive. */
const commitAttempts = 5;

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
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } });
  gate.enclose(session);
  return session;
}

/** Sent again while its result is unknown: the server answers a repeated commit with the first one's result. */
export async function commit(session: RawSession): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (attempt >= commitAttempts || !labelled(error, 'UnknownTransactionCommitResult')) throw error;
    }
  }
}

/** Never throws: what cannot be aborted now, the server aborts when its time is up. */
export async function abort(session: RawSession): Promise<void> {
  await session.abortTransaction().catch(() => {});
}
