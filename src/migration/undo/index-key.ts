import type { CollationOptions, Document } from 'mongodb';
import type { EntryNamespace } from '../journal/documents.ts';
import { comparable, fieldsIn } from './index-values.ts';
import { isSurelyIn } from './partial.ts';
import { shownNamespace } from './result.ts';
import type { WhyLeft } from './why-left.ts';

/** A unique index by which documents can be looked for. */
export interface IndexKey {
  readonly index: string;
  readonly fields: readonly string[];
  /** Names the index only where no other one has the same fields. */
  readonly why: WhyLeft;
  /** By which it compares. */
  readonly collation?: CollationOptions;
  /** Which documents are in it; all where there is none. */
  readonly partial?: Document;
}

/** What a document has in an index, as one text; undefined where it has none there for certain: see `fieldsIn`, `isSurelyIn`. */
export function keyIn(document: Uint8Array, key: IndexKey): string | undefined {
  if (key.partial !== undefined && !isSurelyIn(document, key.partial, key.collation)) return undefined;
  return valueIn(document, key);
}

/** The same of one that is in it; only the fields of the index have to be there. */
export function valueIn(document: Uint8Array, { fields }: IndexKey): string | undefined {
  return fieldsIn(document, fields)?.map(comparable).join('\n');
}

/** An index is dropped, or hidden, since it was learnt: nothing is to be looked for by it; the transaction is aborted. */
export class IndexGone extends Error {
  override readonly name = 'IndexGone';
  readonly present: EntryNamespace;
  readonly index: string;

  constructor(present: EntryNamespace, index: string, cause: unknown) {
    super('A unique index is gone.', { cause });
    this.present = present;
    this.index = index;
  }
}

/** By collection, the unique indexes whose values the server has refused: between two changes of the catalog. */
export class IndexKeys {
  /** Undefined of one that is gone. */
  readonly #keys = new Map<string, Map<string, IndexKey | undefined>>();

  of(present: EntryNamespace): IndexKey[] {
    return [...this.#of(present).values()].filter((key) => key !== undefined);
  }

  /** Whether any of these was not known. */
  learn(present: EntryNamespace, keys: readonly IndexKey[]): boolean {
    const known = this.#of(present);
    const news = keys.filter(({ index }) => !known.has(index));
    for (const key of news) known.set(key.index, key);
    return news.length > 0;
  }

  forget({ present, index }: IndexGone): void {
    this.#of(present).set(index, undefined);
  }

  clear(): void {
    this.#keys.clear();
  }

  #of(present: EntryNamespace): Map<string, IndexKey | undefined> {
    const name = shownNamespace(present);
    const known = this.#keys.get(name) ?? new Map();
    this.#keys.set(name, known);
    return known;
  }
}
