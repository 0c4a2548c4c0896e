import { nameOfUuid, readCatalog } from '../../../mongo/catalog.ts';
import { dropCollection, patiently } from '../../../mongo/catalog-changes.ts';
import { endOut } from '../../../mongo/end-out.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import { bytesOf } from '../../../mongo/raw-bson.ts';
import { orderedDocument } from '../../../mongo/raw-build.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';
import type { UndoEntry } from '../read.ts';
import type { UndoConflict } from '../result.ts';
import { changeInPlace } from './change-in-place.ts';
import { expiryBack } from './in-place.ts';
import { type CatalogUndone, conflicting, nothing, type UndoPlace } from './place.ts';
import { writesToReplacement } from './replaced.ts';
import { bringAlong, giveBack, moveOn, nameTaken, toReturn } from './returned.ts';
import { shapeNow } from './shape.ts';

/** A dropped collection: its tombstone gets its name back, and then what lets its documents expire. */
export async function bringBack(
  place: UndoPlace,
  own: OwnNames,
  name: string,
  state: CatalogState,
): Promise<CatalogUndone> {
  const { db } = place;
  const namespace = { database: db.databaseName, collection: name };
  if (state.type === 'view') return bringBackView(place, name, state);
  if (state.uuid === undefined) return nothing;
  const now = await nameOfUuid(db, state.uuid);
  const tombstone = own.dropped(state.uuid);
  if (now !== name && now !== tombstone) {
    const { changed, conflicts } = conflicting(namespace, 'gone');
    return { changed, conflicts: [...(await bringAlong(place, name, false)), ...conflicts] };
  }
  const back = now === name || (await giveBack(place, own, { name, uuid: state.uuid, from: tombstone }));
  const along = await bringAlong(place, name, back);
  if (!back) return { changed: 0, conflicts: [...along, ...nameTaken(place, name)] };
  const [info] = await readCatalog(db, name);
  if (info === undefined || info.uuid !== state.uuid) return conflicting(namespace, 'gone');
  await changeInPlace(place, info, expiryBack(state, shapeNow(info)));
  return { changed: now === name ? 0 : 1, conflicts: along };
}

/** Where there was nothing, what others made under the name meanwhile is told. */
async function bringReplacedBack(
  place: UndoPlace,
  own: OwnNames,
  name: string,
  replaced: CatalogState | undefined,
): Promise<CatalogUndone> {
  if (replaced !== undefined) return bringBack(place, own, name, replaced);
  return { changed: 0, conflicts: await bringAlong(place, name, false) };
}

async function bringBackView(place: UndoPlace, name: string, state: CatalogState): Promise<CatalogUndone> {
  const { db } = place;
  const [present] = await readCatalog(db, name);
  if (present?.type === 'view') return nothing;
  if (present !== undefined) return conflicting({ database: db.databaseName, collection: name }, 'name-taken');
  const options = Object.fromEntries(orderedDocument(bytesOf(state.options)));
  await patiently(place, () => db.command({ create: name, ...options, writeConcern: { w: 'majority' } }));
  return { changed: 1, conflicts: [] };
}

/** A renamed collection gets its name back, and then what it had replaced. */
export async function renameBack(place: UndoPlace, own: OwnNames, entry: UndoEntry): Promise<CatalogUndone> {
  const { db } = place;
  const { before, to, replaced } = entry.catalog ?? {};
  const from = entry.namespace.collection ?? '';
  const target = to?.collection ?? '';
  // The server refuses that; who died before the answer has left the intent.
  if (from === target) return nothing;
  const now = before?.uuid === undefined ? undefined : await nameOfUuid(db, before.uuid);
  let moved: CatalogUndone = nothing;
  if (before?.uuid !== undefined && (now === target || now === from)) {
    // What it had replaced takes its name as it goes.
    const behind = now === target ? await toReturn(place, own, target, replaced) : undefined;
    const back = now === from || (await giveBack(place, own, { name: from, uuid: before.uuid, from: target }, behind));
    const along = await bringAlong(place, from, back);
    moved = back
      ? { changed: now === from ? 0 : 1, conflicts: along }
      : { changed: 0, conflicts: [...along, ...nameTaken(place, from)] };
  } else moved = conflicting(entry.namespace, 'gone');
  // Also where that one is gone, or stays: what it had replaced is another one.
  const back = await bringReplacedBack(place, own, target, replaced);
  return { changed: moved.changed + back.changed, conflicts: [...moved.conflicts, ...back.conflicts] };
}

/** What took a collection's place is put aside, as if it had been dropped, with what others wrote to it. */
export async function swapBack(
  place: UndoPlace,
  own: OwnNames,
  entry: UndoEntry,
  alone: boolean,
): Promise<CatalogUndone> {
  const { db } = place;
  const { namespace, catalog, state } = entry;
  const { after, replaced, to, aside } = catalog ?? {};
  const name = (to ?? namespace).collection ?? '';
  if (state === 'intent') {
    // The server may be at it still: it does not stop when the process dies.
    await place.ready?.();
    await endOut(db.client.db('admin'), { database: db.databaseName, collection: aside ?? name });
  }
  if (after === undefined && aside === undefined && replaced === undefined) {
    const [present] = await readCatalog(db, name);
    return present === undefined
      ? nothing
      : conflicting({ database: db.databaseName, collection: name }, 'maker-unknown');
  }
  // Also of one that was refused its name at the end.
  const [left] = aside === undefined ? [] : await readCatalog(db, aside);
  if (left !== undefined) await dropCollection(place, left.name, left.uuid);
  const conflicts: UndoConflict[] = [];
  const now = after?.uuid === undefined ? undefined : await nameOfUuid(db, after.uuid);
  const tombstone = own.dropped(after?.uuid ?? '');
  if (now !== undefined && now === name) {
    const behind = await toReturn(place, own, name, replaced);
    await moveOn(place, { name: tombstone, uuid: after?.uuid ?? '', from: now }, behind);
  }
  const back = await bringReplacedBack(place, own, name, replaced);
  if (!alone && now !== undefined && (now === name || now === tombstone)) {
    // Out of everybody's reach: nothing is added to it from here on.
    const isBack = replaced?.uuid !== undefined && (await nameOfUuid(db, replaced.uuid)) === name;
    const into = replaced?.type === 'collection' && isBack ? name : undefined;
    const ready = place.ready ?? (async () => {});
    conflicts.push(...(await writesToReplacement(db, own, entry, { from: tombstone, into, carries: ready })));
  }
  return { changed: Number(now === name) + back.changed, conflicts: [...conflicts, ...back.conflicts] };
}
