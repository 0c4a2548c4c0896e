import type { Db } from 'mongodb';
import { nameOfUuid, readCatalog } from '../../../mongo/catalog.ts';
import { renameCollection } from '../../../mongo/catalog-changes.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import { toPutAside } from '../../../mongo/put-aside.ts';
import { emptyDocument, sameBytes } from '../../../mongo/raw-bson.ts';
import { takeName } from '../../../mongo/take-name.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';
import type { Displaced, EntryNamespace } from '../../journal/documents.ts';
import type { UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';
import { carryAll } from './carry.ts';
import { conflicting, type UndoPlace } from './place.ts';

/** A collection that goes back to a name. */
export interface Return {
  readonly name: string;
  readonly uuid: string;
  /** Its name of now. */
  readonly from: string;
}

/** An application may make a collection anew each time that its name is free for a moment. */
const mostDisplaced = 50;

/** Of a collection that a tombstone keeps under the name that it had; undefined where it is not there. */
export async function toReturn(
  { db }: UndoPlace,
  own: OwnNames,
  name: string,
  state: CatalogState | undefined,
): Promise<Return | undefined> {
  if (state?.uuid === undefined) return undefined;
  const from = own.dropped(state.uuid);
  return (await nameOfUuid(db, state.uuid)) === from ? { name, uuid: state.uuid, from } : undefined;
}

/**
 * Renames a collection; who is behind it takes its old name at once, before an application that writes makes that anew.
 * Whether that came about the catalog tells. Throws the driver's errors.
 */
export async function moveOn(place: UndoPlace, { name, uuid, from }: Return, behind?: Return): Promise<void> {
  const move = () => renameCollection(place, from, name, uuid);
  if (behind === undefined) return move();
  // Else the second would wait for that behind the first.
  await place.ready?.();
  await takeName(move, () => renameCollection(place, behind.from, behind.name, behind.uuid));
}

/**
 * Gives a collection its name back. What others made under it meanwhile goes to a tombstone, which is on record before; its
 * documents `bringAlong` brings. False where what stands there is more than a write makes by the way: that keeps the
 * name. Throws the driver's errors.
 */
export async function giveBack(place: UndoPlace, own: OwnNames, goes: Return, behind?: Return): Promise<boolean> {
  const { db } = place;
  const { name, uuid } = goes;
  for (let tries = 0; tries < mostDisplaced; tries += 1) {
    const [present] = await readCatalog(db, name);
    if (present?.uuid === uuid) return true;
    let free = async () => {};
    if (present !== undefined) {
      const { uuid: theirs } = present;
      const plain = sameBytes(present.rawOptions, emptyDocument);
      if (theirs === undefined || !(await place.makesWay.isIt({ ...present, plain }))) return false;
      const tombstone = own.dropped(theirs);
      const putAside = await toPutAside(place, present, tombstone);
      await place.displaced.tell({ name, tombstone });
      free = () => putAside(1);
    }
    await place.ready?.();
    if (await takeName(free, () => moveOn(place, goes, behind))) return true;
  }
  return false;
}

/** What others made under names of an entry before this undo of it, by what is on record: while it ran, or was undone. */
export function displacedBefore({ midway, catalog, namespace }: UndoEntry): readonly Displaced[] {
  const { displaced = [], carried = [], to = namespace } = catalog ?? {};
  const known = midway?.displaced ?? [];
  const name = to.collection ?? '';
  const more = displaced.filter((tombstone) => known.every((one) => one.tombstone !== tombstone));
  const doubt = (tombstone: string) => carried.includes(tombstone) && ({ inDoubt: true } as const);
  return [...more.map((tombstone) => ({ name, tombstone, ...doubt(tombstone) })), ...known];
}

/**
 * Puts what others inserted under a name meanwhile into the collection that has it again; `back`: whether that is so. What
 * that does not take is kept where it is, and told. Throws the driver's errors and those of `ready`.
 */
export async function bringAlong(place: UndoPlace, name: string, back: boolean): Promise<UndoConflict[]> {
  const { db, ready = async () => {} } = place;
  const conflicts: UndoConflict[] = [];
  for (const one of place.displaced.all) {
    if (one.name !== name) continue;
    const counted = await carried(db, one, back ? name : undefined, ready, (now) => place.displaced.tell(now));
    conflicts.push(...alongside({ database: db.databaseName, collection: name }, counted));
  }
  return conflicts;
}

/**
 * Carries over what is left to carry of it, and comes back with the count of all; without `ready` and `tell` it only counts.
 * `into`: what has the name now, if that is back.
 */
export async function carried(
  db: Db,
  one: Displaced,
  into: string | undefined,
  ready?: () => Promise<void>,
  tell?: (one: Displaced) => Promise<void>,
): Promise<Displaced> {
  if (one.done) return one;
  const { carried = 0, kept = 0, tombstone: from } = one;
  if (into === undefined || one.inDoubt)
    return { ...one, kept: (await db.collection(from).countDocuments()) - carried };
  let now: Displaced = { ...one, carried, kept };
  // Behind what an earlier run has carried: users may have changed that since.
  for await (const { all, there } of carryAll(db, { from, into, carries: ready, behind: carried + kept })) {
    now = { ...now, carried: (now.carried ?? 0) + there, kept: (now.kept ?? 0) + all - there };
    await tell?.(now);
  }
  await tell?.({ ...now, done: true });
  return now;
}

/** What others made under the name of a collection that goes back; nothing where it holds nothing. */
export function alongside(
  namespace: EntryNamespace,
  { tombstone, carried = 0, kept = 0, inDoubt }: Displaced,
): UndoConflict[] {
  if (carried + kept === 0) return [];
  const writes = inDoubt ? 'unknown' : kept;
  return [{ kind: 'aside', why: 'meanwhile', namespace: shownNamespace(namespace), tombstone, writes, carried }];
}

export function nameTaken({ db }: UndoPlace, name: string): readonly UndoConflict[] {
  return conflicting({ database: db.databaseName, collection: name }, 'name-taken').conflicts;
}
