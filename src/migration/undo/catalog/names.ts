import type { MongoClient } from 'mongodb';
import { bucketsPrefix } from '../../../mongo/catalog.ts';
import type { Connection } from '../../../mongo/connect.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import type { Attempt, EntryNamespace } from '../../journal/documents.ts';
import { readEntries, type UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';
import { MakesWay, type Standing } from './makes-way.ts';

export type Listed = Standing;

/** What going back over an entry comes to. */
export interface WentBack {
  /** What is in the way of it. */
  readonly conflicts: readonly UndoConflict[];
  /** What others made under a name that something goes back to: it makes way for that. */
  readonly displaced: readonly Displaces[];
}

interface Displaces {
  readonly namespace: EntryNamespace;
  readonly theirs: Listed & { readonly uuid: string };
  /** What gets the name, where it stands now. */
  readonly back: Listed;
}

const unhindered: WentBack = { conflicts: [], displaced: [] };

/**
 * Where the collections of the past stand now: going backwards through an attempt, every rename, drop and creation
 * changes which collection a name stood for. Known from one look at the catalog, until that is asked for another one;
 * nothing is changed.
 */
export class NamesOfThePast {
  readonly #client: MongoClient;
  readonly makesWay: MakesWay;
  /** Of each database, what stands in it. */
  readonly #listed = new Map<string, Map<string, Listed>>();
  /** By the name of then, the UUID of what stood there; undefined where that was nothing, or has none. */
  readonly #past = new Map<string, string | undefined>();

  constructor({ client, db }: Pick<Connection, 'client' | 'db'>, own: OwnNames) {
    this.#client = client;
    this.makesWay = new MakesWay(db, own);
  }

  /** The present name of what a name stood for at this point; undefined where there was nothing. */
  presentOf(namespace: EntryNamespace): EntryNamespace | undefined {
    const name = shownNamespace(namespace);
    if (!this.#past.has(name)) {
      const listed = this.#listed.get(namespace.database);
      return listed === undefined || listed.has(namespace.collection ?? '') ? namespace : undefined;
    }
    const uuid = this.#past.get(name);
    for (const listed of this.#listed.get(namespace.database)?.values() ?? [])
      if (uuid !== undefined && listed.uuid === uuid) return { database: namespace.database, collection: listed.name };
    return undefined;
  }

  /** What an undo leaves under the name that it has now. */
  stays(namespace: EntryNamespace, { uuid }: Listed): void {
    this.#past.set(shownNamespace(namespace), uuid);
  }

  /** From here on a name under which nothing stands is known to stand for nothing. Throws the driver's errors. */
  async look(database: string): Promise<void> {
    await this.#list(database);
  }

  /** Looks at the catalog anew: something has been changed in it. Throws the driver's errors. */
  async lookAgain(): Promise<void> {
    for (const database of this.#listed.keys()) this.#listed.set(database, await this.#look(database));
  }

  /** Whether anything stands now under the present name of this one. */
  async infoOf(namespace: EntryNamespace): Promise<Listed | undefined> {
    const present = this.presentOf(namespace);
    if (present?.collection === undefined) return undefined;
    return (await this.#list(present.database)).get(present.collection);
  }

  /** Goes back over one entry. */
  async goBack({ catalog, namespace, state }: UndoEntry): Promise<WentBack> {
    if (catalog === undefined || state === 'refused') return unhindered;
    this.makesWay.pass({ catalog });
    const { before, after, to, replaced } = catalog;
    switch (catalog.type) {
      case 'create-collection':
        if (before === undefined) return this.#unmade(namespace, after?.uuid);
        return unhindered;
      case 'create-indexes':
      case 'drop-indexes':
      case 'modify-collection':
        return before === undefined ? this.#unmade(namespace, after?.uuid) : unhindered;
      case 'drop-collection':
        return before === undefined ? unhindered : this.#returns(namespace, before.uuid);
      case 'rename-collection': {
        if (to === undefined || before === undefined || shownNamespace(to) === shownNamespace(namespace))
          return unhindered;
        const [at, target] = [await this.infoOf(to), this.presentOf(to)?.collection ?? ''];
        // The old name is free, or has what went back to it in an undo that was interrupted.
        const first = await this.#returns(namespace, before.uuid, target);
        // Only going back frees the new name: who died half-way has put nothing there, and what stands there else stays.
        if (first.conflicts.length === 0 && at?.uuid === before.uuid) this.#past.set(shownNamespace(to), undefined);
        if (replaced === undefined) return first;
        const second = await this.#returns(to, replaced.uuid);
        return {
          conflicts: [...first.conflicts, ...second.conflicts],
          displaced: [...first.displaced, ...second.displaced],
        };
      }
      case 'replace-collection': {
        const target = to ?? namespace;
        const present = await this.infoOf(target);
        const asItIs = after === undefined && catalog.aside === undefined && replaced === undefined;
        if (asItIs && present !== undefined) return hindered(target, 'maker-unknown');
        if (present === undefined || present.uuid === after?.uuid) this.#past.set(shownNamespace(target), undefined);
        return replaced === undefined ? unhindered : this.#returns(target, replaced.uuid);
      }
    }
  }

  /** What stands there now with that UUID, whatever it is called. */
  async withUuid(database: string, uuid: string): Promise<Listed | undefined> {
    for (const listed of (await this.#list(database)).values()) if (listed.uuid === uuid) return listed;
    return undefined;
  }

  async #unmade(namespace: EntryNamespace, uuid: string | undefined): Promise<WentBack> {
    const present = await this.infoOf(namespace);
    this.#past.set(shownNamespace(namespace), undefined);
    if (uuid === undefined || present?.uuid === uuid) return unhindered;
    // What the migration made is gone already, or stands under a name that somebody else gave it.
    const place = await this.withUuid(namespace.database, uuid);
    return place === undefined || isAside(place) ? unhindered : hindered(namespace, 'gone');
  }

  /**
   * The collection of that UUID stands under the name again; a view has none, and needs the name free. `from`: where the
   * migration had put it; without, its tombstone.
   */
  async #returns(namespace: EntryNamespace, uuid: string | undefined, from?: string): Promise<WentBack> {
    const present = await this.infoOf(namespace);
    const place = uuid === undefined ? undefined : await this.withUuid(namespace.database, uuid);
    this.#past.set(shownNamespace(namespace), uuid);
    if (uuid !== undefined && present?.uuid === uuid) return unhindered;
    if (uuid === undefined)
      return present === undefined || present.type === 'view' ? unhindered : hindered(namespace, 'name-taken');
    const found = place !== undefined && (from === undefined ? isAside(place) : place.name === from);
    if (!found) return hindered(namespace, 'gone');
    if (present === undefined) return unhindered;
    const { uuid: theirs } = present;
    if (theirs === undefined || !(await this.makesWay.isIt(present))) return hindered(namespace, 'name-taken');
    return { conflicts: [], displaced: [{ namespace, theirs: { ...present, uuid: theirs }, back: place }] };
  }

  async #list(database: string): Promise<Map<string, Listed>> {
    const listed = this.#listed.get(database) ?? (await this.#look(database));
    this.#listed.set(database, listed);
    return listed;
  }

  async #look(database: string): Promise<Map<string, Listed>> {
    // Of a view or a validator, what JavaScript does not know as a regular expression.
    const exact = { nameOnly: false, bsonRegExp: true } as const;
    const entries = await this.#client.db(database).listCollections({}, exact).toArray();
    const uuids = new Map(
      entries.map(({ name, info }) => [name, info?.uuid && Buffer.from(info.uuid.buffer).toString('hex')]),
    );
    return new Map(
      entries.map(({ name, type, options }) => [
        name,
        {
          ...{ name, type: String(type), uuid: uuids.get(bucketsPrefix + name) ?? uuids.get(name) },
          plain: Object.keys(options ?? {}).length === 0,
        },
      ]),
    );
  }
}

/** Whether it is under the name that an undo, or a gate that drops, gives to what is out of the way. */
function isAside({ name, uuid }: Listed): boolean {
  return name.endsWith(`.dropped.${uuid}`);
}

/** The names as they stood before the changes of the catalog that an earlier undo of the attempt has taken back. */
export async function namesBehind(connection: Connection, own: OwnNames, attempt: Attempt): Promise<NamesOfThePast> {
  const names = new NamesOfThePast(connection, own);
  await names.look(connection.db.databaseName);
  for (const entry of await undoneCatalogEntries(connection, own, attempt)) await names.goBack(entry);
  return names;
}

/** The newest first. Throws the driver's errors. */
export function undoneCatalogEntries({ db }: Connection, own: OwnNames, attempt: Attempt): Promise<UndoEntry[]> {
  return readEntries(db, own, attempt, { undone: { $exists: true }, catalog: { $exists: true } });
}

export function inTheWay(
  namespace: EntryNamespace,
  reason: Extract<UndoConflict, { kind: 'collection' }>['reason'],
): UndoConflict {
  return { kind: 'collection', namespace: shownNamespace(namespace), reason };
}

function hindered(namespace: EntryNamespace, reason: Parameters<typeof inTheWay>[1]): WentBack {
  return { conflicts: [inTheWay(namespace, reason)], displaced: [] };
}
