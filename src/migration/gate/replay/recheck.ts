import { canonicalText } from '../../journal/fingerprint.ts';
import { namespaceOf, type RawCollection } from '../raw.ts';
import type { Changed } from './changed.ts';
import { idName } from './ids.ts';

/** How documents that a read gave can be read once more, by their ids. */
export interface Again {
  readonly collection: RawCollection;
  /** Of the read: projection and options of BSON. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface Read {
  readonly again: Again;
  readonly id: unknown;
  readonly text: string;
}

/** So many ids are asked for at once. */
const atOnce = 1000;

/**
 * The documents that stored reads gave, for reading them once more before anything new is done: where a user has changed
 * one meanwhile, going on from the old answer would be wrong.
 *
 * Left out is what the attempt itself has changed; a collection of which the images do not tell what it changed; what is
 * without `_id`, projected by position or a condition, or known by a digest only; and reads that give no documents
 * (count, distinct, aggregate): they mix what the attempt changed with what users did.
 */
export class Rechecks {
  readonly #reads = new Map<string, Read[]>();
  readonly #changed: Changed | undefined;

  constructor(changed: Changed | undefined) {
    this.#changed = changed;
  }

  add(again: Again | undefined, documents: readonly unknown[]): void {
    if (again === undefined || this.#changed === undefined || conditional(again.options.projection)) return;
    for (const document of documents) {
      if (typeof document !== 'object' || document === null) continue;
      const { _id: id } = document as { _id?: unknown };
      if (idName(id) === undefined) continue;
      const { database, collection } = namespaceOf(again.collection);
      const name = `${database}.${collection}`;
      const reads = this.#reads.get(name);
      const read = { again, id, text: canonicalText(document) };
      if (reads === undefined) this.#reads.set(name, [read]);
      else reads.push(read);
    }
  }

  /** What differs, in words; undefined where nothing does. */
  async difference(): Promise<string | undefined> {
    for (const reads of this.#reads.values()) {
      const [first] = reads;
      if (first === undefined || this.#changed === undefined) continue;
      const namespace = namespaceOf(first.again.collection);
      if (!(await this.#changed.known(namespace))) continue;
      const own = await changedAmong(this.#changed.ids(namespace), reads);
      if (own === undefined) continue;
      const others = reads.filter(({ id }) => !own.has(idName(id)));
      if (await this.#differ(others)) return `documents of ${namespace.collection} were changed meanwhile`;
    }
    this.#reads.clear();
    return undefined;
  }

  async #differ(reads: readonly Read[]): Promise<boolean> {
    const groups = Map.groupBy(reads, ({ again }) => canonicalText(again.options));
    for (const group of groups.values()) {
      for (let at = 0; at < group.length; at += atOnce) if (await changed(group.slice(at, at + atOnce))) return true;
    }
    return false;
  }
}

async function changed(reads: readonly Read[]): Promise<boolean> {
  const [first] = reads;
  if (first === undefined) return false;
  const { collection, options } = first.again;
  const found = new Map<string | undefined, string>();
  const ids = reads.map(({ id }) => id);
  for await (const document of collection.find({ _id: { $in: ids } } as object, options as object)) {
    found.set(idName(document._id), canonicalText(document));
  }
  return reads.some(({ id, text }) => found.get(idName(id)) !== text);
}

/** Those of the reads' ids that the attempt changed; undefined where it is not known of all. */
async function changedAmong(
  ids: AsyncIterable<string | undefined>,
  reads: readonly Read[],
): Promise<Set<string | undefined> | undefined> {
  const asked = new Set(reads.map(({ id }) => idName(id)));
  const own = new Set<string | undefined>();
  for await (const id of ids) {
    if (id === undefined) return undefined;
    if (asked.has(id)) own.add(id);
  }
  return own;
}

function conditional(projection: unknown): boolean {
  return projection !== undefined && canonicalText(projection).includes('$');
}
