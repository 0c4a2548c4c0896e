import type { MongoClient } from 'mongodb';
import { readCatalog } from '../../mongo/catalog.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { isMade } from './catalog.ts';
import { madeIndexes } from './made-indexes.ts';
import { hasOptions } from './modified.ts';
import { inTheWay, NamesOfThePast } from './names.ts';
import type { UndoEntry } from './read.ts';
import { type ConflictList, shownNamespace } from './result.ts';

/** Finds what others did to collections, indexes and options that an undo would meet. Changes nothing. */
export class CatalogLook {
  readonly #client: MongoClient;
  /** Those that are found from here on go into it. */
  conflicts: ConflictList;
  readonly #names: NamesOfThePast;
  /** By present name: how many documents the migration has added to it since this point. */
  readonly #added = new Map<string, number>();
  /** Views that the migration changed later, also where it is not known whether it did. */
  readonly #redefined = new Set<string>();
  /** Collections whose options were looked at. */
  readonly #modified = new Set<string>();

  constructor(client: MongoClient, conflicts: ConflictList) {
    this.#client = client;
    this.conflicts = conflicts;
    this.#names = new NamesOfThePast(client);
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

  /** Goes back over an entry whose conflicts are known. */
  async pass(entry: UndoEntry): Promise<void> {
    await this.#names.goBack(entry);
  }

  async entry(entry: UndoEntry): Promise<void> {
    const { catalog, namespace, state, kind } = entry;
    if (catalog === undefined || state === 'refused') {
      return this.pass(entry);
    }
    const makes = catalog.type === 'create-collection' && catalog.before === undefined && kind !== 'implicit';
    if (makes) await this.#foreseeRemoval(entry);
    if (catalog.type === 'modify-collection') await this.#foreseeModification(entry);
    if (catalog.type === 'create-indexes') await this.#foreseeIndexes(entry);
    if (catalog.displaced?.length) this.conflicts.add(inTheWay(catalog.to ?? namespace, 'name-taken'));
    this.conflicts.add(...(await this.#names.goBack(entry)));
  }

  /** A collection that the migration made has to be empty once the migration's documents are out of it. */
  async #foreseeRemoval({ namespace, catalog, kind }: UndoEntry): Promise<void> {
    const present = await this.#names.infoOf(namespace);
    if (present === undefined) return;
    const after = catalog?.after;
    if (after === undefined || after.type === 'view') {
      // Its definition is looked at with the migration's newest change of it.
      if (after !== undefined && this.#redefined.has(shownNamespace(namespace))) return;
      const [info] = await readCatalog(this.#client.db(namespace.database), present.name);
      if (info !== undefined && !isMade(info, after, kind)) this.conflicts.add(inTheWay(namespace, 'changed'));
      return;
    }
    if (after.uuid !== undefined && present.uuid !== after.uuid) return;
    const db = this.#client.db(namespace.database);
    const documents = await db.collection(present.name).countDocuments({});
    const added = this.#added.get(`${namespace.database}.${present.name}`) ?? 0;
    if (documents !== added) this.conflicts.add(inTheWay(namespace, 'holds-documents'));
  }

  /** Indexes that may be of somebody else stay, and whether there are such ones only the catalog tells. */
  async #foreseeIndexes(entry: UndoEntry): Promise<void> {
    const { namespace, catalog, error } = entry;
    const told = catalog?.asked !== undefined ? error === undefined : catalog?.after !== undefined;
    if (told || catalog?.before === undefined) return;
    const present = await this.#names.infoOf(namespace);
    if (present === undefined || present.uuid !== catalog.before.uuid) return;
    const [info] = await readCatalog(this.#client.db(namespace.database), present.name);
    if (info !== undefined && madeIndexes(info, entry).unsure) this.conflicts.add(inTheWay(namespace, 'changed'));
  }

  /** The options must be those that the newest change of the migration has set. */
  async #foreseeModification({ namespace, catalog, state }: UndoEntry): Promise<void> {
    const present = await this.#names.infoOf(namespace);
    if (present?.type === 'view') this.#redefined.add(shownNamespace(namespace));
    if (present === undefined || catalog?.before === undefined || catalog.after === undefined) return;
    const where = `${namespace.database}.${present.name}`;
    if (this.#modified.has(where) || state !== 'done') return;
    this.#modified.add(where);
    const [info] = await readCatalog(this.#client.db(namespace.database), present.name);
    if (info === undefined) return;
    const known = hasOptions(info, catalog.after) || hasOptions(info, catalog.before);
    if (!known) this.conflicts.add(inTheWay(namespace, 'changed'));
  }
}
