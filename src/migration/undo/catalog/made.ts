import { type CollectionInfo, nameOfUuid, readCatalog } from '../../../mongo/catalog.ts';
import { dropCollection, renameCollection } from '../../../mongo/catalog-changes.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import { emptyDocument, sameBytes } from '../../../mongo/raw-bson.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';
import type { UndoEntry } from '../read.ts';
import { changeInPlace } from './change-in-place.ts';
import { inPlaceBack } from './in-place.ts';
import { type CatalogUndone, conflicting, findByState, nothing, renamedTo, type UndoPlace } from './place.ts';
import { differingOptions, type Shape, shapeNow, shapeOf } from './shape.ts';

const firstOnly = { projection: { _id: 1 } } as const;

/**
 * Removes a collection that the migration made, unless it holds documents: everything of the migration's was taken out
 * of it before. It is renamed out of reach first, so that no document can come into it between the look and the drop.
 */
export async function removeMade(place: UndoPlace, own: OwnNames, entry: UndoEntry): Promise<CatalogUndone> {
  const { db } = place;
  const { kind, namespace, midway } = entry;
  const after = entry.catalog?.after;
  const name = namespace.collection ?? '';
  const uuid = after?.uuid ?? midway?.aside;
  const now = uuid === undefined ? name : await nameOfUuid(db, uuid);
  const [info] = now === undefined ? [] : await readCatalog(db, now);
  if (info === undefined) return nothing;
  // What a write or an index brought into being, a write of others would have made as well: it is theirs by now.
  const ofItsOwn = kind !== 'implicit' && entry.catalog?.type === 'create-collection';
  if (!isMade({ type: info.type, shape: shapeNow(info) }, after, !ofItsOwn)) return conflicting(namespace, 'changed');
  if (info.type === 'view') {
    await dropCollection(place, info.name);
    return { changed: 1, conflicts: [] };
  }
  const holds = async (collection: string) => (await db.collection(collection).findOne({}, firstOnly)) !== null;
  const kept = ofItsOwn ? conflicting(namespace, 'holds-documents') : nothing;
  if (info.type === 'timeseries' || info.uuid === undefined) {
    if (await holds(info.name)) return kept;
    await dropCollection(place, info.name, info.uuid);
    return { changed: 1, conflicts: [] };
  }
  const aside = own.dropped(info.uuid);
  if (info.name !== aside) {
    // Under another name it is somebody else's by now.
    if (info.name !== name) return conflicting(namespace, 'gone');
    if (await holds(info.name)) return kept;
    // Else who is cut off behind this finds nothing under the name.
    if (uuid === undefined) await place.record({ aside: info.uuid });
    await renameCollection(place, info.name, aside, info.uuid);
  }
  if (await holds(aside)) {
    if (await renamedTo(place, aside, name, info.uuid)) return kept;
    const made = `${db.databaseName}.${name}`;
    return { changed: 0, conflicts: [{ kind: 'aside', namespace: made, tombstone: aside, why: 'made-again' }] };
  }
  await dropCollection(place, aside, info.uuid);
  return { changed: 1, conflicts: [] };
}

/**
 * Whether a collection is the one that the migration made, found by its UUID; of what has none, only its definition
 * tells. `beside`: it came into being beside something else.
 */
export function isMade(
  { type, shape }: { readonly type: string; readonly shape: Shape },
  after: CatalogState | undefined,
  beside: boolean,
): boolean {
  if (after === undefined) return beside && type !== 'view';
  if (type !== 'view' && after.type !== 'view') return true;
  return type === after.type && differingOptions(shape.options, shapeOf(after).options).length === 0;
}

/**
 * Removes a collection that a write or `createIndexes` brought into being beside what it did; where it holds documents by
 * now, only those indexes. What was only intended is known by them, and by having nothing else.
 */
export async function removeBeside(place: UndoPlace, own: OwnNames, entry: UndoEntry): Promise<CatalogUndone> {
  const { namespace, catalog, state, midway } = entry;
  const name = namespace.collection ?? '';
  const info = await findByState(place, name, catalog?.after?.uuid ?? midway?.aside);
  if (info === undefined) return nothing;
  const indexing = catalog?.type === 'create-indexes';
  const decided = inPlaceBack(entry, shapeNow(info));
  const { length } = decided.indexes;
  const likeIt = isBare(info, length) && (!indexing || length > 0);
  if (state !== 'intent' || midway?.aside !== undefined || likeIt) {
    const removed = await removeMade(place, own, entry);
    if (removed.changed > 0 || removed.conflicts.length > 0) return removed;
  }
  // It may have been found out of reach, and is back under its name by now.
  return changeInPlace(place, { ...info, name }, decided);
}

/** Whether it has no options, and beside the one of `_id` so many indexes. */
function isBare({ type, rawOptions, rawIndexes }: CollectionInfo, indexes: number): boolean {
  return type === 'collection' && sameBytes(rawOptions, emptyDocument) && rawIndexes.length === 1 + indexes;
}
