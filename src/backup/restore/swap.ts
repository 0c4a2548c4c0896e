import { findCollection, readCatalog, storageName } from '../../mongo/catalog.ts';
import { dropCollection, renameCollection } from '../../mongo/catalog-changes.ts';
import type { Connection } from '../../mongo/connect.ts';
import { expiriesOf } from '../../mongo/expiry.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { toPutAside } from '../../mongo/put-aside.ts';
import { readRaw } from '../../mongo/raw-read.ts';
import { awaitMajority, insertRaw } from '../../mongo/raw-write.ts';
import { takeName } from '../../mongo/take-name.ts';
import { ReleaseError } from '../../observe/error.ts';
import { parseMetadata } from '../archive/metadata.ts';
import { createEmpty, createIndexes, createView, setExpiry } from './catalog-writes.ts';
import { restoreHints } from './failure.ts';
import type { Displaced, Old, SwapStep } from './record.ts';

type BeforeMove = (displaced: Displaced) => Promise<void>;

/** An application may make a collection anew each time that its name is free for a moment. */
const mostDisplaced = 20;

/**
 * Brings one name to what the step says; run again after any interruption it goes on where it was, since the catalog
 * tells what is done. Old collections become tombstones. Gives back what it had to move out of the way that the step
 * did not know of: collections made since the swap was decided, whose documents are kept.
 *
 * `beforeMove` is called before each such collection is moved. Throws the driver's errors.
 */
export async function runStep(
  connection: Connection,
  own: OwnNames,
  step: SwapStep,
  beforeMove: BeforeMove,
): Promise<void> {
  switch (step.kind) {
    case 'replace':
      return replace(connection, own, step, beforeMove);
    case 'refill':
      return refill(connection, own, step, beforeMove);
    case 'view':
      await clear(connection, own, step.name, step.old, beforeMove);
      return createView(connection.db, parseMetadata(step.metadata, 'view', step.name));
    case 'remove': {
      const present = await findCollection(connection.db, step.name);
      // Under another UUID it is not the one that was decided on.
      if (present?.type === step.old.type && present.uuid === step.old.uuid) {
        await clear(connection, own, step.name, step.old, beforeMove);
      }
    }
  }
}

async function replace(
  connection: Connection,
  own: OwnNames,
  { name, aside, uuid, old }: SwapStep & { kind: 'replace' },
  beforeMove: BeforeMove,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const present = await findCollection(connection.db, name);
    if (present?.uuid === uuid) return;
    const built = await findCollection(connection.db, aside);
    if (built?.uuid !== uuid) throw gone(name);
    const free = await toClear(connection, own, name, old, beforeMove);
    const placed = await takeName(
      () => free(1),
      () => renameCollection(connection, aside, name, uuid),
    );
    if (placed) return;
    if (attempt === mostDisplaced) throw madeAnew(name);
  }
}

async function refill(
  connection: Connection,
  own: OwnNames,
  { name, aside, type, metadata: text, old }: SwapStep & { kind: 'refill' },
  beforeMove: BeforeMove,
): Promise<void> {
  const { db } = connection;
  // It is dropped at the very end, so it tells whether this step was completed.
  if ((await findCollection(db, aside)) === undefined) return;
  const metadata = parseMetadata(text, type, name);
  // The server drops no `system.js`.
  if (name === 'system.js' && (await findCollection(db, name)) !== undefined) await db.collection(name).deleteMany({});
  else {
    await clear(connection, own, name, old, beforeMove);
    await createEmpty(db, name, metadata);
  }
  const storage = storageName({ name, type });
  await insertRaw(db, storage, readRaw(db, aside), { bypassValidation: type === 'timeseries' });
  // One member acknowledges an insert: what a change of the primary took back is noticed before the source goes.
  await awaitMajority(db, aside);
  const [there, needed] = await Promise.all([storage, aside].map((each) => db.collection(each).countDocuments()));
  if ((there ?? 0) < (needed ?? 0)) {
    throw new ReleaseError('RESTORE_INCOMPLETE', `${name} holds ${there} of its ${needed} documents so far.`, {
      hint: restoreHints.RESTORE_INCOMPLETE,
    });
  }
  await createIndexes(db, name, metadata, 'lasting');
  await createIndexes(db, name, metadata, 'expiring');
  await setExpiry(db, name, metadata);
  await dropCollection(connection, aside);
}

/** Frees a name. */
async function clear(...at: Parameters<typeof toClear>): Promise<void> {
  const free = await toClear(...at);
  await free();
}

/** What frees it: a collection is renamed to its tombstone; views and time series cannot be renamed and are dropped. */
async function toClear(
  connection: Connection,
  own: OwnNames,
  name: string,
  old: Old | undefined,
  beforeMove: BeforeMove,
): Promise<(w?: 1) => Promise<void>> {
  const [present] = await readCatalog(connection.db, name);
  if (present === undefined) return async () => {};
  if (present.type !== 'collection' || present.uuid === undefined) return () => dropCollection(connection, name);
  const tombstone = own.dropped(present.uuid);
  if (present.uuid !== old?.uuid) {
    const expiry = expiriesOf(present.rawOptions, present.rawIndexes);
    await beforeMove({ name, tombstone, ...(expiry.length > 0 && { expiry }) });
  }
  return toPutAside(connection, present, tombstone);
}

function madeAnew(name: string): ReleaseError {
  return new ReleaseError(
    'RESTORE_INCOMPLETE',
    `The restore stopped while putting ${name} in place: somebody made that anew ${mostDisplaced} times, each time that its name was free for a moment.`,
    { hint: `Stop what writes to ${name}, then run the same restore again: it finishes what was begun.` },
  );
}

function gone(name: string): ReleaseError {
  return new ReleaseError(
    'RESTORE_INCOMPLETE',
    `The collection that was restored for ${name} is no longer there: somebody dropped it.`,
    { hint: 'Remove the record in the collection that ends in .restore, and run the restore anew.' },
  );
}
