import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { ignoreCode, serverCodes } from '../../mongo/server-error.ts';

/** How long the journal is kept, in seconds: 30 days, as `contract.md` has it. */
export const journalExpirySeconds = 30 * 24 * 60 * 60;

/** Makes the journal's collection with its expiry where it is missing. Transactions must not have to make it. */
export async function prepareJournal(db: Db, own: OwnNames): Promise<void> {
  await db
    .createCollection(own.journal, { writeConcern: { w: 'majority' } })
    .catch(ignoreCode(serverCodes.NamespaceExists));
  await db.collection(own.journal).createIndex({ at: 1 }, { expireAfterSeconds: journalExpirySeconds });
}
