import type { Db, Document } from 'mongodb';
import { ReadPreference } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { type Attempt, ofAttempt } from '../journal/documents.ts';

/** What undos of an attempt have done; put on record with the marks, so that one that goes on tells all of it. */
export interface UndoCount {
  /** Documents that were put back, each once; of those: put in again, taken out, put back around what users have written. */
  readonly documents: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly merged: number;
  /** Beside those: users deleted them, or the collection that they were in, since the migration. They stay deleted. */
  readonly deletedSince: number;
  readonly catalogChanges: number;
  /** Operations on the catalog that are gone back over, whether or not there was anything to change. */
  readonly catalogOperations: number;
}

export const nothingCounted: UndoCount = {
  ...{ documents: 0, inserted: 0, deleted: 0, merged: 0, deletedSince: 0 },
  ...{ catalogChanges: 0, catalogOperations: 0 },
};

const names = Object.keys(nothingCounted) as (keyof UndoCount)[];

export function sumOf(one: UndoCount, other: UndoCount): UndoCount {
  const sums = names.map((name) => [name, one[name] + other[name]] as const);
  return Object.fromEntries(sums) as unknown as UndoCount;
}

/** For `$inc` of the entry that is marked with it. */
export function incrementsOf(count: UndoCount): Document {
  return Object.fromEntries(names.map((name) => [`undoCount.${name}`, count[name]]));
}

/** How far undos of an attempt have got. */
export interface SoFar {
  readonly counted: UndoCount;
  readonly entriesUndone: number;
  /** Something is gone back over, also where no document and no entry is at its end by that. */
  readonly begun: boolean;
}

export const notBegun: SoFar = { counted: nothingCounted, entriesUndone: 0, begun: false };

/** What stands on record of undos of the attempt. Throws the driver's errors. */
export async function readSoFar(db: Db, own: OwnNames, attempt: Attempt): Promise<SoFar> {
  const sums = names.map((name) => [name, { $sum: `$undoCount.${name}` }] as const);
  const isEnd = { $and: [{ $ne: ['$kind', 'images'] }, { $ne: [{ $type: '$undone' }, 'missing'] }] };
  const [found] = await db
    .collection(own.journal, { readPreference: ReadPreference.primary, readConcern: { level: 'majority' } })
    .aggregate<UndoCount & { entriesUndone: number }>([
      { $match: { ...ofAttempt(attempt), $or: [{ undoCount: { $exists: true } }, { undone: { $exists: true } }] } },
      { $group: { _id: null, ...Object.fromEntries(sums), entriesUndone: { $sum: { $cond: [isEnd, 1, 0] } } } },
      { $project: { _id: 0 } },
    ] as Document[])
    .toArray();
  const { entriesUndone = 0, ...counted } = found ?? {};
  return { counted: { ...nothingCounted, ...counted }, entriesUndone, begun: found !== undefined };
}
