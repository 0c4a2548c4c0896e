import { shownField } from '../../mongo/differing-fields.ts';

/** Why an undo leaves a document to its user. Names, no value. */
export type WhyLeft =
  /**
   * `same-fields`: users wrote to these, and so did the migration. `inserted`: the migration made the document, and users
   * wrote to these. `name-twice`: these stand twice in it, and nobody can tell which is which.
   */
  | { readonly reason: 'same-fields' | 'inserted' | 'name-twice'; readonly fields: readonly string[] }
  /** Another document has the value of these by now. `index`: where that is certain. */
  | { readonly reason: 'unique'; readonly fields: readonly string[]; readonly index?: string }
  /** The server does not take it as it was, such as for a validator that was set since. */
  | { readonly reason: 'refused'; readonly code: number }
  /**
   * `made-again`: the migration deleted it, and users made one with its `_id`. `gone`: it, or its collection, is gone
   * from where it has to go back. `too-large`: what has to be known of it on its way fits into no document. `unknown`:
   * nobody has put it on record.
   */
  | { readonly reason: 'made-again' | 'gone' | 'too-large' | 'unknown' }
  /** Users created it since, and a `downDocument` brought it back. */
  | { readonly reason: 'created' };

/** Documents of a collection that stay as users left them for the same reason. */
export interface LeftDocuments {
  readonly collection: string;
  readonly reason: WhyLeft['reason'];
  readonly documents: number;
  /** As they may be shown, those of most documents first; not all where there are many. */
  readonly fields?: readonly string[];
  readonly index?: string;
  readonly code?: number;
}

const mostFields = 20;

/** Counts documents by their collection and reason. */
export class LeftCount {
  readonly #rows = new Map<string, Row>();

  add(collection: string, why: WhyLeft, documents = 1): void {
    const { reason, fields = [], ...named } = { ...why } as Omit<LeftDocuments, 'collection' | 'documents'>;
    const key = JSON.stringify([collection, reason, named.index, named.code]);
    const row = this.#rows.get(key) ?? { about: { collection, reason, ...named }, documents: 0, fields: new Map() };
    this.#rows.set(key, row);
    row.documents += documents;
    for (const name of new Set(fields.map(shownField))) row.fields.set(name, (row.fields.get(name) ?? 0) + documents);
  }

  get documents(): number {
    return [...this.#rows.values()].reduce((sum, { documents }) => sum + documents, 0);
  }

  get all(): LeftDocuments[] {
    return [...this.#rows.values()].flatMap(({ about, documents, fields }) => {
      const names = [...fields].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
      const most = names.slice(0, mostFields).map(([name]) => name);
      return documents === 0 ? [] : [{ ...about, documents, ...(most.length > 0 && { fields: most }) }];
    });
  }
}

interface Row {
  readonly about: Omit<LeftDocuments, 'documents' | 'fields'>;
  documents: number;
  readonly fields: Map<string, number>;
}

/** Those of several undos: each collection and reason once. */
export function allLeft(left: readonly LeftDocuments[]): LeftDocuments[] {
  const count = new LeftCount();
  for (const { collection, documents, ...why } of left) count.add(collection, why as WhyLeft, documents);
  return count.all;
}
