import type { ClientSession, Document } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import type { Call, Namespace } from './call.ts';
import { shownName } from './names.ts';
import type { RawClient } from './raw.ts';

/**
 * What the gate has to know of the catalog to say what a call did to it: the driver's answers do not tell whether a
 * collection came into being by an insert, or which indexes were there before.
 *
 * Reads outside of any session. Where the user may not list collections, nothing is known and nothing is claimed.
 */
export class Catalog {
  readonly #client: RawClient;
  readonly #own: OwnNames;
  readonly #home: string;
  /** Collections that were seen to exist. */
  readonly #present = new Set<string>();
  readonly #looks = new Map<string, Promise<boolean | undefined>>();

  constructor(client: RawClient, own: OwnNames, home: string) {
    this.#client = client;
    this.#own = own;
    this.#home = home;
  }

  /** True when the collection does not exist now; false when it does or when that could not be seen. */
  async absent(namespace: Namespace): Promise<boolean> {
    if (namespace.collection === undefined) return false;
    const name = shownName(namespace, this.#home);
    if (this.#present.has(name)) return false;
    // Parallel calls share one look.
    let look = this.#looks.get(name);
    if (look === undefined) {
      look = this.#exists(namespace.database, namespace.collection);
      this.#looks.set(name, look);
      void look.then(() => this.#looks.delete(name));
    }
    const exists = await look;
    if (exists === true) this.#present.add(name);
    return exists === false;
  }

  /** Notes that a collection exists; true for the first to notice. */
  appeared(namespace: Namespace): boolean {
    const name = shownName(namespace, this.#home);
    if (this.#present.has(name)) return false;
    this.#present.add(name);
    return true;
  }

  /** Looks whether a collection that was missing has come into being; true for the first to notice. */
  async emerged(namespace: Namespace): Promise<boolean> {
    if (namespace.collection === undefined) return false;
    const exists = await this.#exists(namespace.database, namespace.collection);
    return exists === true && this.appeared(namespace);
  }

  /** Forgets what was seen of a collection: it was dropped or renamed, or the transaction that made it was aborted. */
  forget(shown: string): void {
    this.#present.delete(shown);
  }

  /** Which of its namespaces a call may bring into being and which are missing now. */
  async missing(call: Call): Promise<Namespace[]> {
    if (!call.mayCreate) return [];
    const target = call.also ?? call.namespace;
    return (await this.absent(target)) ? [target] : [];
  }

  /** Names of the indexes; empty for a collection that does not exist or may not be looked at. */
  async indexNames(namespace: Namespace): Promise<string[]> {
    if (namespace.collection === undefined) return [];
    try {
      const collection = this.#client.db(namespace.database).collection(namespace.collection);
      // A partial index may hold what JavaScript does not know as a regular expression.
      const list = await collection.listIndexes({ bsonRegExp: true }).toArray();
      return list.map((index: Document) => String(index.name));
    } catch {
      return [];
    }
  }

  /** Collections and views of a database that user code sees: neither ours nor the server's. Views come first. */
  async collections(database: string): Promise<{ mine: string[]; ours: boolean }> {
    const list = await this.#client.db(database).listCollections({}, { nameOnly: true }).toArray();
    const entries = list.map((entry) => ({ name: entry.name, view: entry.type === 'view' }));
    const mine = entries.filter(({ name }) => !this.#own.owns(name) && !name.startsWith('system.'));
    return {
      mine: mine.sort((a, b) => Number(b.view) - Number(a.view)).map(({ name }) => name),
      ours: entries.some(({ name }) => this.#own.owns(name)),
    };
  }

  async #exists(database: string, name: string): Promise<boolean | undefined> {
    try {
      return await this.#client.db(database).listCollections({ name }, { nameOnly: true }).hasNext();
    } catch {
      return undefined;
    }
  }
}

/** Inside a transaction the catalog cannot be listed as the transaction sees it. */
export function inTransaction(session: ClientSession | undefined): boolean {
  return session?.inTransaction() === true;
}
