import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import { during } from './failure.ts';
import { movedBy } from './late.ts';
import { asidePrefix, defaultGoneAfterMs, type RestoreRecord, readRecord } from './record.ts';

// What an earlier restore has left in a database. All of it only reads.

/** Whether there is something for `settleRestore` to do, unless somebody is at it. */
export async function isUnfinished(db: Db, own: OwnNames): Promise<boolean> {
  const found = await during('RESTORE_FAILED', 'looking for an earlier restore', () => readRecord(db, own));
  return found !== undefined;
}

/**
 * A `RESTORE_INCOMPLETE` where a restore of this database was cut off after it had begun to swap collections in: until it
 * is finished the database holds some collections of the backup and some of before, or history tells of those of before.
 */
export async function halfRestored(db: Db, own: OwnNames): Promise<ReleaseError | undefined> {
  const found = await readRecord(db, own);
  if (found === undefined || found.record.state === 'building' || found.record.state === 'clearing') return undefined;
  const { backupId } = found.record;
  return new ReleaseError('RESTORE_INCOMPLETE', `A restore of backup ${backupId} into this database is not finished.`, {
    hint: `Finish it: mongo-release restore ${backupId}. Until then collections or history are in part those of before.`,
    details: { backup: backupId },
  });
}

/** What only takes up room: nobody is stopped by it, and the next restore removes it. */
export interface LeftByRestore {
  /** `copies`: it was cut off while it built them, and has replaced nothing. `replaced`: it is in place, and these were there before. */
  readonly what: 'copies' | 'replaced';
  readonly backupId: string;
  /** Its last sign of life, by the server's clock. */
  readonly since: Date;
  readonly collections: readonly string[];
}

/** Undefined where nothing is left of that, or somebody may be at it: within the last `goneAfterMs` it gave a sign of life. */
export async function leftByRestore(
  db: Db,
  own: OwnNames,
  goneAfterMs: number = defaultGoneAfterMs,
): Promise<LeftByRestore | undefined> {
  const found = await readRecord(db, own);
  if (found === undefined || found.silentMs < goneAfterMs) return undefined;
  const { record } = found;
  const { state, backupId, aliveAt: since } = record;
  if (state === 'swapping' || state === 'placing') return undefined;
  const replaced = state === 'building' ? [] : toDrop(own, record);
  const collections = (await namesIn(db)).filter((name) => isAside(name, own) || replaced.includes(name)).sort();
  if (collections.length === 0) return undefined;
  return { what: state === 'building' ? 'copies' : 'replaced', backupId, since, collections };
}

/** Names of the collections that restores have built aside. */
export async function asidesIn(db: Db, own: OwnNames): Promise<string[]> {
  return (await namesIn(db)).filter((name) => isAside(name, own));
}

/** The tombstones of what a restore has replaced, but for what it has kept. */
export function toDrop(own: OwnNames, { steps, displaced }: Pick<RestoreRecord, 'steps' | 'displaced'>): string[] {
  const kept = new Set(displaced.map(({ tombstone }) => tombstone));
  return [...movedBy(own, steps).values()].filter((tombstone) => !kept.has(tombstone));
}

function isAside(name: string, own: OwnNames): boolean {
  return name.startsWith(asidePrefix(own));
}

async function namesIn(db: Db): Promise<string[]> {
  return (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
}
