import { type Db, type Document, ReadPreference } from 'mongodb';
import type { OwnNames } from '../../../mongo/own.ts';
import { type Attempt, entriesOf, type JournalEntry } from '../../journal/documents.ts';
import type { UndoEntry } from '../read.ts';
import { describeConflict, type LeftInCatalog, type UndoConflict } from '../result.ts';

/** Puts on record what the undo of an entry left as it is: a later run goes on behind it, and has to tell it all the same. */
export async function keepLeft(
  db: Db,
  own: OwnNames,
  { _id, left }: UndoEntry,
  conflicts: readonly UndoConflict[],
): Promise<void> {
  if (conflicts.length === 0 && left === undefined) return;
  await db
    .collection<JournalEntry>(own.journal)
    .updateOne({ _id }, { $set: { left: conflicts as readonly Document[] } }, { writeConcern: { w: 'majority' } });
}

/** What the undo of an attempt left of the catalog, the newest first. Throws the driver's errors. */
export async function leftInCatalog(db: Db, own: OwnNames, attempt: Attempt): Promise<LeftInCatalog[]> {
  const entries = await db
    .collection<JournalEntry>(own.journal, { readPreference: ReadPreference.primary })
    .find({ ...entriesOf(attempt), undone: { $exists: true }, left: { $exists: true } } as Document, {
      projection: { left: 1 },
      sort: { _id: -1 },
    })
    .toArray();
  return leftBy(entries.flatMap(({ left = [] }) => left as unknown as UndoConflict[]));
}

/** The same for people and scripts; what several entries met is told once, and what stays in one collection added up. */
export function leftBy(conflicts: readonly UndoConflict[]): LeftInCatalog[] {
  const left = new Map<string, LeftInCatalog>();
  for (const conflict of conflicts) {
    if (conflict.kind === 'document') continue;
    const why = describeConflict(conflict);
    const { namespace } = conflict;
    if (conflict.kind === 'index') left.set(why, { namespace, index: conflict.index, why });
    else if (conflict.kind !== 'aside') left.set(why, { namespace, why });
    else if (conflict.why === 'made-again' || conflict.writes !== 0) left.set(why, leftAside(conflict));
    else {
      // All that others wrote is in the collection that is back.
      const key = `stays in ${namespace}`;
      const carried = (left.get(key)?.carried ?? 0) + (conflict.carried ?? 0);
      left.set(key, leftAside({ ...conflict, carried }));
    }
  }
  return [...left.values()];
}

function leftAside(conflict: Extract<UndoConflict, { kind: 'aside' }>): LeftInCatalog {
  const { kind: _, why: _why, ...kept } = conflict;
  return { ...kept, why: describeConflict(conflict) };
}

export function distinct(left: readonly LeftInCatalog[]): LeftInCatalog[] {
  return [...new Map(left.map((one) => [one.why, one])).values()];
}
