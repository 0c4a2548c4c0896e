import { type CollectionInfo, nameOfUuid, readCatalog } from '../../../mongo/catalog.ts';
import { type Place, renameCollection } from '../../../mongo/catalog-changes.ts';
import { serverCode, serverCodes } from '../../../mongo/server-error.ts';
import type { Displaced, EntryNamespace, Midway } from '../../journal/documents.ts';
import type { UndoConflict } from '../result.ts';
import type { MakesWay } from './makes-way.ts';
import { inTheWay } from './names.ts';

/** Where an entry is undone. */
export interface UndoPlace extends Place {
  /** Puts on record what the next command begins and a later one ends. Throws the driver's errors and those of `ready`. */
  readonly record: (midway: Midway) => Promise<void>;
  readonly displaced: OnRecord;
  readonly makesWay: MakesWay;
}

/** What others made under names that something goes back to: on record, also by the migration and earlier undos. */
export interface OnRecord {
  readonly all: readonly Displaced[];
  /** Adds or changes one. Throws the driver's errors and those of `ready`. */
  tell(one: Displaced): Promise<void>;
}

export interface CatalogUndone {
  /** How many changes were made. */
  readonly changed: number;
  readonly conflicts: readonly UndoConflict[];
}

export const nothing: CatalogUndone = { changed: 0, conflicts: [] };

export function conflicting(namespace: EntryNamespace, reason: Parameters<typeof inTheWay>[1]): CatalogUndone {
  return { changed: 0, conflicts: [inTheWay(namespace, reason)] };
}

/** The collection of that UUID, wherever it stands now; a view by its name. */
export async function findByState(
  { db }: Place,
  name: string,
  uuid: string | undefined,
): Promise<CollectionInfo | undefined> {
  const now = uuid === undefined ? name : await nameOfUuid(db, uuid);
  if (now === undefined) return undefined;
  const [info] = await readCatalog(db, now);
  return info;
}

/** False where somebody has made the name again. */
export async function renamedTo(place: Place, from: string, to: string, uuid: string | undefined): Promise<boolean> {
  try {
    await renameCollection(place, from, to, uuid);
    return true;
  } catch (error) {
    if (serverCode(error) === serverCodes.NamespaceExists) return false;
    throw error;
  }
}
