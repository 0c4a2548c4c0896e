import type { Db, Document } from 'mongodb';
import { ReadPreference } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { type Attempt, ofAttempt } from '../journal/documents.ts';

/** What undos of an attempt have done; put on record with the marks, so that one that goes on tells all of it. */
export interface UndoCount {
  readonly documents: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly merged: number;
  readonly catalogChanges: number;
  readonly catalogOperations: number;
}

export const nothingCounted: UndoCount = {
  ...{ documents: 0, inserted: 0, deleted: 0, merged: 0 },
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

/** What stands on record of earlier undos of the attempt. Throws the driver's errors. */
export async function countedOf(db: Db, own: OwnNames, attempt: Attempt): Promise<UndoCount> {
  const sums = names.map((name) => [name, { $sum: `$undoCount.${name}` }] as const);
  const [counted] = await db
    .collection(own.journal, { readPreference: ReadPreference.primary, readConcern: { level: 'majority' } })
    .aggregate<UndoCount>([
      { $match: { ...ofAttempt(attempt), undoCount: { $exists: true } } },
      { $group: { _id: null, ...Object.fromEntries(sums) } },
      { $project: { _id: 0 } },
    ] as Document[])
    .toArray();
  return counted ?? nothingCounted;
}
