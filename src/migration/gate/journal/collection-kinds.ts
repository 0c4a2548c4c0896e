import type { Namespace } from '../call.ts';
import type { RawClient } from '../raw.ts';

/** `capped`, `time-series` and `system`: takes no writes in transactions. `unknown`: the catalog may not be looked at. */
export type CollectionKind = 'plain' | 'absent' | 'capped' | 'time-series' | 'view' | 'system' | 'unknown';

/** What kind of collection stands behind a name: on it depends whether a transaction takes writes to it. */
export class CollectionKinds {
  readonly #client: RawClient;
  readonly #seen = new Map<string, Promise<CollectionKind>>();

  constructor(client: RawClient) {
    this.#client = client;
  }

  /** Looked up once, and again after `forget`; what is absent is looked up each time. */
  async of(namespace: Namespace): Promise<CollectionKind> {
    const { database, collection } = namespace;
    if (collection === undefined) return 'unknown';
    const name = `${database}.${collection}`;
    let look = this.#seen.get(name);
    if (look === undefined) {
      look = this.#look(database, collection);
      this.#seen.set(name, look);
    }
    const kind = await look;
    if (kind === 'absent' || kind === 'unknown') this.#seen.delete(name);
    return kind;
  }

  /** After a change of the catalog. */
  forget(): void {
    this.#seen.clear();
  }

  async #look(database: string, collection: string): Promise<CollectionKind> {
    if (collection.startsWith('system.')) return 'system';
    try {
      // A validator may hold what JavaScript does not know as a regular expression.
      const listed = this.#client.db(database).listCollections({ name: collection }, { bsonRegExp: true });
      const [info] = await listed.toArray();
      if (info === undefined) return 'absent';
      if (info.type === 'view') return 'view';
      if (info.type === 'timeseries') return 'time-series';
      return (info as { options?: { capped?: unknown } }).options?.capped === true ? 'capped' : 'plain';
    } catch {
      return 'unknown';
    }
  }
}
