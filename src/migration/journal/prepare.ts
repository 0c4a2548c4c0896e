import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { ignoreCode, serverCodes } from '../../mongo/server-error.ts';
import type { Attempt } from './documents.ts';
import { ParentLanes } from './parent-lanes.ts';

/** How long the journal is kept, in seconds: 30 days, as `contract.md` has it. */
export const journalExpirySeconds = 30 * 24 * 60 * 60;

/**
 * Makes journal and quarantine with their expiry where they are missing: transactions must not have to make them. Drops
 * what a run that died has left of a comparison.
 */
export async function prepareJournal(db: Db, own: OwnNames): Promise<void> {
  for (const name of [own.journal, own.quarantine]) {
    await db.createCollection(name, { writeConcern: { w: 'majority' } }).catch(ignoreCode(serverCodes.NamespaceExists));
    await db.collection(name).createIndex({ at: 1 }, { expireAfterSeconds: journalExpirySeconds });
  }
  const first = own.compared('');
  // `/` follows `.` in code units.
  const names = { $gte: first, $lt: `${first.slice(0, -1)}/` };
  const left = await db
    .listCollections({ name: names }, { nameOnly: true, readPreference: 'primary' } as object)
    .toArray();
  for (const { name } of left) await db.collection(name).drop();
}

/** A journal where there is neither lease nor history: in a sandbox, which nobody else writes to. */
export async function openSandboxJournal(db: Db, own: OwnNames, attempt: Attempt): Promise<void> {
  const lanes = new ParentLanes(db, own);
  await prepareJournal(db, own);
  await lanes.seed();
  await lanes.assign(attempt, sandboxFence, 0, undefined);
}

export const sandboxFence = 0;
