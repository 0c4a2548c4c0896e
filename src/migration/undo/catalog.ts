import { type CollectionInfo, nameOfUuid, readCatalog } from '../../mongo/catalog.ts';
import { dropCollection, type Place, patiently, renameCollection } from '../../mongo/catalog-changes.ts';
import type { Connection } from '../../mongo/connect.ts';
import { endOut } from '../../mongo/end-out.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { bytesOf, emptyDocument, sameBytes } from '../../mongo/raw-bson.ts';
import { orderedDocument } from '../../mongo/raw-build.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { CatalogState } from '../journal/catalog-state.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { buildIndexes, dropIndexes, indexesNow, indexesOf, restoreExpiry } from './indexes.ts';
import { madeIndexes } from './made-indexes.ts';
import { hasOptions, undoModification } from './modified.ts';
import type { UndoEntry } from './read.ts';
import type { UndoConflict } from './result.ts';

export interface CatalogUndone {
  /** How many changes were made. */
  readonly changed: number;
  readonly conflicts: readonly UndoConflict[];
}

const nothing: CatalogUndone = { changed: 0, conflicts: [] };

/**
 * Takes one change of the catalog back. What is done already is seen from the catalog, by UUIDs, so it may be repeated
 * after any interruption; and it tells in the same way whether a change that was only intended was made.
 *
 * What meets a change of somebody else is left as it is and given back as a conflict. `ready` is awaited before each
 * command, and is to reject where nothing may be changed any more. Throws its errors, and the driver's.
 */
export async function undoCatalog(
  connection: Connection,
  own: OwnNames,
  entry: UndoEntry,
  ready: () => Promise<void>,
): Promise<CatalogUndone> {
  const { catalog, namespace, state, kind } = entry;
  if (catalog === undefined || state === 'refused') return nothing;
  const place: Place = { ...connection, db: connection.client.db(namespace.database), ready };
  const name = namespace.collection ?? '';
  const { before, after, to } = catalog;
  switch (catalog.type) {
    case 'create-collection':
      if (before !== undefined) return nothing;
      return kind === 'implicit' ? removeBeside(place, own, entry) : removeMade(place, own, name, after, kind);
    case 'drop-collection':
      return before === undefined ? nothing : bringBack(place, own, name, before);
    case 'rename-collection':
      return before === undefined || to === undefined ? nothing : renameBack(place, own, entry);
    case 'replace-collection':
      return swapBack({ ...place, db: connection.client.db((to ?? namespace).database) }, own, entry);
    case 'modify-collection':
    case 'create-indexes':
    case 'drop-indexes': {
      // The others change nothing where nothing is.
      if (before === undefined) return catalog.type === 'create-indexes' ? removeBeside(place, own, entry) : nothing;
      const info = await findByState(place, name, before.uuid);
      if (info === undefined) return conflict(namespace, 'gone');
      if (catalog.type === 'modify-collection') return undoModification(place, info, before);
      return catalog.type === 'create-indexes' ? dropMade(place, info, entry) : buildDropped(place, info, before);
    }
  }
}

/** The collection of that UUID, wherever it stands now; a view by its name. */
async function findByState({ db }: Place, name: string, uuid: string | undefined): Promise<CollectionInfo | undefined> {
  const now = uuid === undefined ? name : await nameOfUuid(db, uuid);
  if (now === undefined) return undefined;
  const [info] = await readCatalog(db, now);
  return info;
}

async function buildDropped(place: Place, info: CollectionInfo, before: CatalogState): Promise<CatalogUndone> {
  const now = indexesNow(info);
  const missing = [...indexesOf(before)].filter(([name]) => !now.has(name)).map(([, spec]) => spec);
  const conflicts = await buildIndexes(place, info.name, missing);
  return { changed: missing.length - conflicts.length, conflicts };
}

async function dropMade(place: Place, info: CollectionInfo, entry: UndoEntry): Promise<CatalogUndone> {
  const { names, unsure } = madeIndexes(info, entry);
  if (unsure) return conflict(entry.namespace, 'changed');
  return { changed: await dropIndexes(place, info, names), conflicts: [] };
}

/**
 * Removes a collection that the migration made, unless it holds documents: everything of the migration's was taken out
 * of it before. It is renamed out of reach first, so that no document can come into it between the look and the drop.
 */
async function removeMade(
  place: Place,
  own: OwnNames,
  name: string,
  after: CatalogState | undefined,
  kind: UndoEntry['kind'],
): Promise<CatalogUndone> {
  const { db } = place;
  const now = after?.uuid === undefined ? name : await nameOfUuid(db, after.uuid);
  const [info] = now === undefined ? [] : await readCatalog(db, now);
  if (info === undefined) return nothing;
  if (!isMade(info, after, kind)) return conflict({ database: db.databaseName, collection: name }, 'changed');
  if (info.type === 'view') {
    await dropCollection(place, info.name);
    return { changed: 1, conflicts: [] };
  }
  const holds = async (collection: string) => (await db.collection(collection).findOne({}, firstOnly)) !== null;
  const kept =
    kind === 'implicit' ? nothing : conflict({ database: db.databaseName, collection: name }, 'holds-documents');
  if (info.type === 'timeseries' || info.uuid === undefined) {
    if (await holds(info.name)) return kept;
    await dropCollection(place, info.name, info.uuid);
    return { changed: 1, conflicts: [] };
  }
  const aside = own.dropped(info.uuid);
  if (info.name !== aside) {
    // Under another name it is somebody else's by now.
    if (info.name !== name) return conflict({ database: db.databaseName, collection: name }, 'gone');
    if (await holds(info.name)) return kept;
    await renameCollection(place, info.name, aside, info.uuid);
  }
  if (await holds(aside)) {
    await renameCollection(place, aside, name, info.uuid).catch((error) => {
      // Somebody made the name again in this moment: the documents stay in the tombstone.
      if (serverCode(error) !== serverCodes.NamespaceExists) throw error;
    });
    return kept;
  }
  await dropCollection(place, aside, info.uuid);
  return { changed: 1, conflicts: [] };
}

/** By its UUID it was found; of what has none, only its definition tells whether it is still the migration's. */
export function isMade(
  info: Pick<CollectionInfo, 'type' | 'rawOptions'>,
  after: CatalogState | undefined,
  kind: UndoEntry['kind'],
): boolean {
  if (after === undefined) return kind === 'implicit' && info.type !== 'view';
  if (info.type !== 'view' && after.type !== 'view') return true;
  return info.type === after.type && hasOptions(info, after);
}

/**
 * Removes a collection that a write or `createIndexes` brought into being beside what it did; where it holds documents by
 * now, only those indexes. What was only intended is known by them, and by having nothing else.
 */
async function removeBeside(place: Place, own: OwnNames, entry: UndoEntry): Promise<CatalogUndone> {
  const { namespace, catalog, state } = entry;
  const { collection: name = '' } = namespace;
  const after = catalog?.after;
  const info = await findByState(place, name, after?.uuid);
  if (info === undefined) return nothing;
  const indexing = catalog?.type === 'create-indexes';
  const indexes = indexing ? madeIndexes(info, entry).names : [];
  const likeIt = isBare(info, indexes.length) && (!indexing || indexes.length > 0);
  if (state !== 'intent' || likeIt) {
    const removed = await removeMade(place, own, name, after, 'implicit');
    if (removed.changed > 0 || removed.conflicts.length > 0) return removed;
  }
  return { changed: await dropIndexes(place, info, indexes), conflicts: [] };
}

/** Whether it has no options, and beside the one of `_id` so many indexes. */
function isBare({ type, rawOptions, rawIndexes }: CollectionInfo, indexes: number): boolean {
  return type === 'collection' && sameBytes(rawOptions, emptyDocument) && rawIndexes.length === 1 + indexes;
}

const firstOnly = { projection: { _id: 1 } } as const;

/** A dropped collection: its tombstone gets its name back, and then what lets its documents expire. */
async function bringBack(place: Place, own: OwnNames, name: string, state: CatalogState): Promise<CatalogUndone> {
  const { db } = place;
  const namespace = { database: db.databaseName, collection: name };
  if (state.type === 'view') return bringBackView(place, name, state);
  if (state.uuid === undefined) return nothing;
  const now = await nameOfUuid(db, state.uuid);
  if (now === undefined) return conflict(namespace, 'gone');
  let changed = 0;
  if (now === own.dropped(state.uuid)) {
    if (!(await renamedTo(place, now, name, state.uuid))) return conflict(namespace, 'name-taken');
    changed = 1;
  } else if (now !== name) return conflict(namespace, 'gone');
  const [info] = await readCatalog(db, name);
  if (info === undefined || info.uuid !== state.uuid) return conflict(namespace, 'gone');
  await restoreExpiry(place, info, state);
  return { changed, conflicts: [] };
}

async function bringBackView(place: Place, name: string, state: CatalogState): Promise<CatalogUndone> {
  const { db } = place;
  const [present] = await readCatalog(db, name);
  if (present?.type === 'view') return nothing;
  if (present !== undefined) return conflict({ database: db.databaseName, collection: name }, 'name-taken');
  const options = Object.fromEntries(orderedDocument(bytesOf(state.options)));
  await patiently(place, () => db.command({ create: name, ...options, writeConcern: { w: 'majority' } }));
  return { changed: 1, conflicts: [] };
}

async function renameBack(place: Place, own: OwnNames, entry: UndoEntry): Promise<CatalogUndone> {
  const { db } = place;
  const { before, to, replaced } = entry.catalog ?? {};
  const from = entry.namespace.collection ?? '';
  const target = to?.collection ?? '';
  // The server refuses that; who died before the answer has left the intent.
  if (from === target) return nothing;
  const now = before?.uuid === undefined ? undefined : await nameOfUuid(db, before.uuid);
  if (now === undefined) return conflict(entry.namespace, 'gone');
  let changed = 0;
  if (now === target) {
    if (!(await renamedTo(place, now, from, before?.uuid))) return conflict(entry.namespace, 'name-taken');
    changed = 1;
  } else if (now !== from) return conflict(entry.namespace, 'gone');
  if (replaced === undefined) return { changed, conflicts: [] };
  const back = await bringBack(place, own, target, replaced);
  return { changed: changed + back.changed, conflicts: back.conflicts };
}

/** What took a collection's place is put aside, as if it had been dropped: nobody knows whether others wrote to it. */
async function swapBack(place: Place, own: OwnNames, { namespace, catalog, state }: UndoEntry): Promise<CatalogUndone> {
  const { db } = place;
  const { after, replaced, to, aside } = catalog ?? {};
  const name = (to ?? namespace).collection ?? '';
  let changed = 0;
  if (state === 'intent') {
    // The server may be at it still: it does not stop when the process dies.
    await place.ready?.();
    await endOut(db.client.db('admin'), { database: db.databaseName, collection: aside ?? name });
    if (aside === undefined && replaced === undefined) {
      const [present] = await readCatalog(db, name);
      return present === undefined
        ? nothing
        : conflict({ database: db.databaseName, collection: name }, 'maker-unknown');
    }
    const [left] = aside === undefined ? [] : await readCatalog(db, aside);
    if (left !== undefined) await dropCollection(place, left.name, left.uuid);
  }
  if (after?.uuid !== undefined) {
    const now = await nameOfUuid(db, after.uuid);
    if (now === name) {
      await renameCollection(place, now, own.dropped(after.uuid), after.uuid);
      changed = 1;
    }
  }
  if (replaced === undefined) return { changed, conflicts: [] };
  const back = await bringBack(place, own, name, replaced);
  return { changed: changed + back.changed, conflicts: back.conflicts };
}

/** False where somebody has made the name again. */
async function renamedTo(place: Place, from: string, to: string, uuid: string | undefined): Promise<boolean> {
  try {
    await renameCollection(place, from, to, uuid);
    return true;
  } catch (error) {
    if (serverCode(error) === serverCodes.NamespaceExists) return false;
    throw error;
  }
}

function conflict(
  { database, collection }: EntryNamespace,
  reason: Extract<UndoConflict, { kind: 'collection' }>['reason'],
): CatalogUndone {
  return { changed: 0, conflicts: [{ kind: 'collection', namespace: `${database}.${collection}`, reason }] };
}
