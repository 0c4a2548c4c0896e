import type { MongoClient } from 'mongodb';
import { readCatalog } from '../../../mongo/catalog.ts';
import type { Connection } from '../../../mongo/connect.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';
import type { Displaced, EntryNamespace } from '../../journal/documents.ts';
import type { UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';
import { expiryBack, type InPlace, inPlaceBack, withInPlace } from './in-place.ts';
import { isMade } from './made.ts';
import { inTheWay, type Listed, NamesOfThePast } from './names.ts';
import { writesToReplacement } from './replaced.ts';
import { alongside, carried, displacedBefore } from './returned.ts';
import { type Shape, shapeNow } from './shape.ts';

/** Finds what others did to collections, indexes and options that an undo would meet. Changes nothing. */
export class CatalogLook {
  readonly #client: MongoClient;
  readonly #own: OwnNames;
  readonly #names: NamesOfThePast;
  /** By present name: how many documents the migration has added to it since this point. */
  readonly #added = new Map<string, number>();
  /** By present name: options and indexes as they are once all newer entries are undone. */
  readonly #shapes = new Map<string, Shape>();

  /** By present name: collections of others whose documents come along with it. */
  readonly #along = new Map<string, EntryNamespace[]>();

  constructor(connection: Pick<Connection, 'client' | 'db'>, own: OwnNames) {
    this.#client = connection.client;
    this.#own = own;
    this.#names = new NamesOfThePast(connection, own);
  }

  /** The present name of what a name stood for at this point; undefined where there was nothing. */
  presentOf(namespace: EntryNamespace): EntryNamespace | undefined {
    return this.#names.presentOf(namespace);
  }

  /** How many documents going back takes out of a collection, by its name of now. */
  takesOut(present: EntryNamespace, documents: number): void {
    const where = shownNamespace(present);
    this.#added.set(where, (this.#added.get(where) ?? 0) + documents);
  }

  /** Collections whose documents this one takes along, but those whose `_id` it has itself. */
  along(present: EntryNamespace): readonly EntryNamespace[] {
    return this.#along.get(shownNamespace(present)) ?? [];
  }

  /** See `NamesOfThePast`. */
  look(database: string): Promise<void> {
    return this.#names.look(database);
  }

  /** Goes back over an entry whose conflicts are known. */
  async pass(entry: UndoEntry): Promise<void> {
    await this.#names.goBack(entry);
  }

  /** Goes back over an entry; what its undo would leave as it is comes back. */
  async entry(entry: UndoEntry): Promise<UndoConflict[]> {
    const { catalog, namespace, state } = entry;
    if (catalog === undefined || state === 'refused') {
      await this.pass(entry);
      return [];
    }
    const { type, before, replaced, to } = catalog;
    const made = await this.#names.infoOf(namespace);
    const foreseen = await this.#foresee(entry);
    const { conflicts: hindrances, displaced } = await this.#names.goBack(entry);
    const conflicts = [...foreseen, ...(await this.#foreseeDisplaced(entry, hindrances)), ...hindrances];
    for (const { namespace, theirs, back } of displaced) {
      const one = { name: namespace.collection ?? '', tombstone: this.#own.dropped(theirs.uuid) };
      conflicts.push(...(await this.#foreseeAlong(namespace, theirs.name, one, back)));
    }
    if (made !== undefined && foreseen.some((one) => one.kind === 'collection' && one.reason === 'holds-documents'))
      this.#names.stays(namespace, made);
    if (type === 'drop-collection' && before !== undefined) await this.#foreseeReturn(namespace, before);
    if (to !== undefined && replaced !== undefined) await this.#foreseeReturn(to, replaced);
    return conflicts;
  }

  async #foresee(entry: UndoEntry): Promise<readonly UndoConflict[]> {
    const { catalog, kind } = entry;
    switch (catalog?.type) {
      case 'create-collection':
        return catalog.before === undefined && kind !== 'implicit' ? this.#foreseeRemoval(entry) : [];
      case 'replace-collection':
        return this.#foreseeSwap(entry);
      case 'modify-collection':
      case 'create-indexes':
      case 'drop-indexes':
        return this.#foreseeInPlace(entry);
      default:
        return [];
    }
  }

  /** A collection that the migration made has to be empty once the migration's documents are out of it. */
  async #foreseeRemoval({ namespace, catalog }: UndoEntry): Promise<UndoConflict[]> {
    const present = await this.#names.infoOf(namespace);
    if (present === undefined) return [];
    const after = catalog?.after;
    if (after === undefined || after.type === 'view') {
      const shape = await this.#shapeOf(namespace, present);
      const made = shape !== undefined && isMade({ type: present.type, shape }, after, false);
      return made ? [] : [inTheWay(namespace, 'changed')];
    }
    if (after.uuid !== undefined && present.uuid !== after.uuid) return [];
    const db = this.#client.db(namespace.database);
    const documents = await db.collection(present.name).countDocuments({});
    const added = this.#added.get(`${namespace.database}.${present.name}`) ?? 0;
    return documents === added ? [] : [inTheWay(namespace, 'holds-documents')];
  }

  async #foreseeSwap(entry: UndoEntry): Promise<UndoConflict[]> {
    const { catalog, namespace } = entry;
    const into = catalog?.to ?? namespace;
    const present = await this.#names.infoOf(into);
    if (present === undefined || catalog?.after?.uuid === undefined || present.uuid !== catalog.after.uuid) return [];
    const db = this.#client.db(into.database);
    const { replaced } = catalog;
    const old =
      replaced?.type === 'collection' ? await this.#names.withUuid(into.database, replaced.uuid ?? '') : undefined;
    const where = { from: present.name, into: old?.name };
    const conflicts = await writesToReplacement(db, this.#own, entry, where);
    for (const conflict of conflicts) {
      // Nothing of the migration's: what it made cannot be removed with them in it.
      if (old !== undefined) this.takesOut({ ...into, collection: old.name }, -(conflict.carried ?? 0));
    }
    return conflicts;
  }

  /** What others made while the migration put something else there, or an earlier undo that was cut off put it back. */
  async #foreseeDisplaced(entry: UndoEntry, hindrances: readonly UndoConflict[]): Promise<UndoConflict[]> {
    const { catalog, namespace } = entry;
    const { to = namespace, before, replaced } = catalog ?? {};
    const conflicts: UndoConflict[] = [];
    for (const one of displacedBefore(entry)) {
      const at = { database: to.database, collection: one.name };
      const { uuid } = (one.name === to.collection && catalog?.type !== 'drop-collection' ? replaced : before) ?? {};
      const stays = uuid === undefined || hindrances.some((other) => other.namespace === shownNamespace(at));
      const back = stays ? undefined : await this.#names.withUuid(at.database, uuid);
      conflicts.push(...(await this.#foreseeAlong(at, one.tombstone, one, back)));
    }
    return conflicts;
  }

  /** What others made under the name of what goes back: their documents come along. `from`: where these stand now. */
  async #foreseeAlong(
    namespace: EntryNamespace,
    from: string,
    theirs: Displaced,
    back: Listed | undefined,
  ): Promise<UndoConflict[]> {
    const db = this.#client.db(namespace.database);
    const counted = { ...(await carried(db, { ...theirs, tombstone: from }, back?.name)), tombstone: theirs.tombstone };
    // Of what the migration had made, its own documents are out of it by then.
    const added = this.#added.get(`${namespace.database}.${from}`) ?? 0;
    const along = Math.max(0, (counted.carried ?? 0) - added);
    if (back !== undefined && !theirs.done && !theirs.inDoubt)
      this.#comesAlong({ ...namespace, collection: back.name }, { ...namespace, collection: from }, along);
    return alongside(namespace, { ...counted, carried: along });
  }

  #comesAlong(present: EntryNamespace, from: EntryNamespace, documents: number): void {
    this.takesOut(present, -documents);
    this.#along.set(shownNamespace(present), [...this.along(present), from]);
  }

  async #foreseeInPlace(entry: UndoEntry): Promise<readonly UndoConflict[]> {
    const { namespace, catalog } = entry;
    const before = catalog?.before;
    if (before === undefined) return [];
    const present =
      before.uuid === undefined
        ? await this.#names.infoOf(namespace)
        : await this.#names.withUuid(namespace.database, before.uuid);
    // A view that comes back is not there yet.
    if (present === undefined && before.uuid === undefined) return [];
    if (present?.type !== before.type) return [inTheWay(namespace, present === undefined ? 'gone' : 'changed')];
    return (await this.#change(namespace, present, (now) => inPlaceBack(entry, now)))?.conflicts ?? [];
  }

  /** A collection comes back from its tombstone, where its documents do not expire. */
  async #foreseeReturn(namespace: EntryNamespace, state: CatalogState): Promise<void> {
    const present = await this.#names.infoOf(namespace);
    if (present?.uuid === state.uuid) await this.#change(namespace, present, (now) => expiryBack(state, now));
  }

  /** Decides as an undo does that has come to this point, and remembers what becomes of it. */
  async #change(
    namespace: EntryNamespace,
    present: Listed | undefined,
    decide: (now: Shape) => InPlace,
  ): Promise<InPlace | undefined> {
    const now = present && (await this.#shapeOf(namespace, present));
    if (present === undefined || now === undefined) return undefined;
    const decided = decide(now);
    this.#shapes.set(`${namespace.database}.${present.name}`, withInPlace(now, decided));
    return decided;
  }

  async #shapeOf({ database }: EntryNamespace, { name }: Listed): Promise<Shape | undefined> {
    const known = this.#shapes.get(`${database}.${name}`);
    if (known !== undefined) return known;
    const [info] = await readCatalog(this.#client.db(database), name);
    return info && shapeNow(info);
  }
}
