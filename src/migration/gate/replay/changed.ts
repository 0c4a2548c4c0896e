import { bytesOf } from '../../../mongo/raw-bson.ts';
import { type Attempt, type ImagesDocument, type JournalEntry, ofAttempt } from '../../journal/documents.ts';
import { documentOf, unpackImages } from '../../journal/images.ts';
import type { Namespace } from '../call.ts';
import type { CollectionKinds } from '../journal/collection-kinds.ts';
import type { RawClient } from '../raw.ts';
import { rawIdName } from './ids.ts';

/** What the attempt itself changed in a collection, as far as its images tell. */
export interface Changed {
  /** Names (`ids.ts`) of the ids of all documents that it changed; undefined for one that has no name. */
  ids(namespace: Namespace): AsyncIterable<string | undefined>;
  /** Whether the images tell everything: of a collection, no view, and no entry without images may have written to it. */
  known(namespace: Namespace): Promise<boolean>;
}

export interface ChangedOptions {
  readonly client: RawClient;
  /** The target's database, and the journal's collection in it. */
  readonly database: string;
  readonly journal: string;
  readonly attempt: Attempt;
  readonly entries: readonly JournalEntry[];
  readonly kinds: CollectionKinds;
}

export class ChangedByImages implements Changed {
  readonly #options: ChangedOptions;

  constructor(options: ChangedOptions) {
    this.#options = options;
  }

  async known(namespace: Namespace): Promise<boolean> {
    if (this.#options.entries.some((entry) => blind(entry, namespace))) return false;
    const kind = await this.#options.kinds.of(namespace);
    return kind === 'plain' || kind === 'absent' || kind === 'capped';
  }

  async *ids({ database, collection }: Namespace): AsyncGenerator<string | undefined> {
    const { client, database: home, journal, attempt } = this.#options;
    const filter = {
      ...ofAttempt(attempt),
      kind: 'images',
      'namespace.database': database,
      'namespace.collection': collection,
    };
    const found = client
      .db(home)
      .collection<ImagesDocument>(journal)
      .find(filter as object, { readConcern: { level: 'majority' }, readPreference: 'primary' })
      .sort({ _id: 1 });
    let parts: Uint8Array[] = [];
    for await (const document of found) {
      if (document.part === 0) parts = [];
      parts.push(bytesOf(document.data));
      if (parts.length < document.parts) continue;
      for (const image of unpackImages(parts)) {
        const document = documentOf(image);
        if (document !== undefined) yield rawIdName(document);
      }
      parts = [];
    }
  }
}

const movesDocuments = new Set(['drop-collection', 'rename-collection', 'replace-collection']);

/** Whether an entry may have changed documents of the collection without images of them. */
function blind({ kind, state, images, namespace, catalog }: JournalEntry, asked: Namespace): boolean {
  if (state === 'refused') return false;
  switch (kind) {
    case 'unfenced':
      // Where `$merge` and raw commands write to, the entry does not say.
      return true;
    case 'transaction':
      return !images;
    case 'write':
      return !images && same(namespace, asked);
    case 'implicit':
    case 'catalog':
      return movesDocuments.has(catalog?.type ?? '') && (same(namespace, asked) || same(catalog?.to, asked));
  }
}

function same(a: Namespace | undefined, b: Namespace): boolean {
  return a !== undefined && a.database === b.database && (a.collection ?? b.collection) === b.collection;
}
