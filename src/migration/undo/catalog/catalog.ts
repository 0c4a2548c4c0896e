import type { Connection } from '../../../mongo/connect.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import type { Displaced, JournalEntry } from '../../journal/documents.ts';
import type { UndoEntry } from '../read.ts';
import { changeInPlace } from './change-in-place.ts';
import { inPlaceBack } from './in-place.ts';
import { keepLeft } from './left.ts';
import { removeBeside, removeMade } from './made.ts';
import type { MakesWay } from './makes-way.ts';
import { bringBack, renameBack, swapBack } from './moved.ts';
import { type CatalogUndone, conflicting, findByState, nothing, type OnRecord, type UndoPlace } from './place.ts';
import { displacedBefore } from './returned.ts';
import { shapeNow } from './shape.ts';

export interface UndoCatalogOptions {
  /** Awaited before each command; it is to reject where nothing may be changed any more. */
  readonly ready: () => Promise<void>;
  /** Nobody else writes, so nobody looks for what others wrote. */
  readonly alone?: boolean;
  /** Told of all newer entries. */
  readonly makesWay: MakesWay;
}

/**
 * Takes one change of the catalog back. What is done already is seen from the catalog, by UUIDs, so it may be repeated
 * after any interruption; and it tells in the same way whether a change that was only intended was made.
 *
 * What meets a change of somebody else is left as it is, given back as a conflict, and kept with the entry. Throws the
 * errors of `ready`, and the driver's.
 */
export async function undoCatalog(
  connection: Connection,
  own: OwnNames,
  entry: UndoEntry,
  options: UndoCatalogOptions,
): Promise<CatalogUndone> {
  const undone = await takeBack(connection, own, entry, options);
  await keepLeft(connection.db, own, entry, undone.conflicts);
  return undone;
}

async function takeBack(
  connection: Connection,
  own: OwnNames,
  entry: UndoEntry,
  { ready, alone = false, makesWay }: UndoCatalogOptions,
): Promise<CatalogUndone> {
  const { catalog, namespace, state, kind } = entry;
  if (catalog === undefined || state === 'refused') return nothing;
  const record: UndoPlace['record'] = async (midway) => {
    await ready();
    const journal = connection.db.collection<JournalEntry>(own.journal);
    const fields = Object.entries(midway).map(([field, value]) => [`midway.${field}`, value]);
    const change = { $set: Object.fromEntries(fields) };
    await journal.updateOne({ _id: entry._id }, change, { writeConcern: { w: 'majority' } });
  };
  const displaced = new DisplacedOnRecord(entry, record);
  const db = connection.client.db(namespace.database);
  const place: UndoPlace = { ...connection, db, ready, record, displaced, makesWay };
  const { before, to } = catalog;
  switch (catalog.type) {
    case 'create-collection':
      if (before !== undefined) return nothing;
      return kind === 'implicit' ? removeBeside(place, own, entry) : removeMade(place, own, entry);
    case 'drop-collection':
      return before === undefined ? nothing : bringBack(place, own, namespace.collection ?? '', before);
    case 'rename-collection':
      return before === undefined || to === undefined ? nothing : renameBack(place, own, entry);
    case 'replace-collection':
      return swapBack({ ...place, db: connection.client.db((to ?? namespace).database) }, own, entry, alone);
    case 'modify-collection':
    case 'create-indexes':
    case 'drop-indexes': {
      // The others change nothing where nothing is.
      if (before === undefined) return catalog.type === 'create-indexes' ? removeBeside(place, own, entry) : nothing;
      const info = await findByState(place, namespace.collection ?? '', before.uuid);
      if (info === undefined) return conflicting(namespace, 'gone');
      if (info.type !== before.type) return conflicting(namespace, 'changed');
      return changeInPlace(place, info, inPlaceBack(entry, shapeNow(info)));
    }
  }
}

class DisplacedOnRecord implements OnRecord {
  #all: readonly Displaced[];
  readonly #record: UndoPlace['record'];

  constructor(entry: UndoEntry, record: UndoPlace['record']) {
    this.#all = displacedBefore(entry);
    this.#record = record;
  }

  get all(): readonly Displaced[] {
    return this.#all;
  }

  async tell(one: Displaced): Promise<void> {
    const others = this.#all.filter(({ tombstone }) => tombstone !== one.tombstone);
    await this.#record({ displaced: [...others, one] });
    this.#all = [...others, one];
  }
}
