import type { Counts, Effects } from '../types.ts';

export const noCounts: Counts = { matched: 0, modified: 0, inserted: 0, deleted: 0 };

export function sum(a: Counts, b: Counts): Counts {
  return {
    matched: a.matched + b.matched,
    modified: a.modified + b.modified,
    inserted: a.inserted + b.inserted,
    deleted: a.deleted + b.deleted,
    ...(a.quarantined || b.quarantined ? { quarantined: (a.quarantined ?? 0) + (b.quarantined ?? 0) } : {}),
  };
}

/** Effects with the names of namespaces already as they are shown: `places`, or `other.places` of another database. */
export interface NamedChange {
  readonly collection?: string;
  readonly counts?: Counts;
  readonly indexesCreated?: readonly string[];
  readonly indexesDropped?: readonly string[];
  readonly collectionsCreated?: readonly string[];
  readonly collectionsDropped?: readonly string[];
  readonly other?: string;
}

/** Adds effects up: one for the run, one for each open transaction, which joins the run's when it commits. */
export class Tally {
  operations = 0;
  /** Of those: what an earlier run had done, and the journal answered. */
  replayed = 0;
  unknown = 0;
  readonly #byCollection = new Map<string, Counts>();
  readonly #indexesCreated: string[] = [];
  readonly #indexesDropped: string[] = [];
  readonly #collectionsCreated: string[] = [];
  readonly #collectionsDropped: string[] = [];
  readonly #otherChanges = new Set<string>();

  add(change: NamedChange): void {
    if (change.collection !== undefined && change.counts !== undefined) {
      const before = this.#byCollection.get(change.collection) ?? noCounts;
      this.#byCollection.set(change.collection, sum(before, change.counts));
    }
    this.#indexesCreated.push(...(change.indexesCreated ?? []));
    this.#indexesDropped.push(...(change.indexesDropped ?? []));
    this.#collectionsCreated.push(...(change.collectionsCreated ?? []));
    this.#collectionsDropped.push(...(change.collectionsDropped ?? []));
    if (change.other !== undefined) this.#otherChanges.add(change.other);
  }

  join(tally: Tally): void {
    const effects = tally.effects();
    this.operations += tally.operations;
    this.replayed += tally.replayed;
    this.unknown += tally.unknown;
    for (const [collection, counts] of Object.entries(effects.byCollection)) this.add({ collection, counts });
    this.add(effects);
    for (const other of effects.otherChanges) this.add({ other });
  }

  effects(): Effects {
    let total = noCounts;
    for (const counts of this.#byCollection.values()) total = sum(total, counts);
    return {
      ...total,
      operations: this.operations,
      ...(this.replayed > 0 ? { replayed: this.replayed } : {}),
      byCollection: Object.fromEntries(this.#byCollection),
      indexesCreated: [...this.#indexesCreated],
      indexesDropped: [...this.#indexesDropped],
      collectionsCreated: [...this.#collectionsCreated],
      collectionsDropped: [...this.#collectionsDropped],
      otherChanges: [...this.#otherChanges],
      unknown: this.unknown,
    };
  }
}

/** The effects of having done nothing. */
export const noEffects: Effects = new Tally().effects();
