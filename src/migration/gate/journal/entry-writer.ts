import { type Attempt, entryId, imagesId, ofAttempt, sequenceOf } from '../../journal/documents.ts';
import { packImages } from '../../journal/images.ts';
import type { RawClient, RawSession } from '../raw.ts';
import type { EntryDraft, ImagesOf } from './context.ts';

/** Where the entries of an attempt are. */
export interface JournalPlace {
  readonly client: RawClient;
  readonly database: string;
  /** Name of the journal's collection. */
  readonly journal: string;
  readonly attempt: Attempt;
}

export interface EntryWriterOptions extends JournalPlace {
  /** The highest number that the attempt has given out already. */
  readonly lastSequence: number;
  /** Of the project's driver, for the record: entries of another one are not replayed. */
  readonly driverMajor: number;
}

/** The highest number that an attempt has given out: of an entry, or of images. 0 where it has none. */
export async function lastSequence({ client, database, journal, attempt }: JournalPlace): Promise<number> {
  const [last] = await client
    .db(database)
    .collection(journal)
    .find(ofAttempt(attempt) as object, {
      ...{ readConcern: { level: 'majority' }, readPreference: 'primary', projection: { _id: 1 } },
    })
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  return last === undefined ? 0 : sequenceOf(String(last._id));
}

/** Writes entries and images, in sessions that have a transaction open. */
export class EntryWriter {
  readonly #options: EntryWriterOptions;
  #sequence: number;

  constructor(options: EntryWriterOptions) {
    this.#options = options;
    this.#sequence = options.lastSequence;
  }

  /** Adds an entry, and its images right behind it. */
  async record(session: RawSession, draft: EntryDraft, images: readonly ImagesOf[] = []): Promise<string> {
    const _id = this.#nextId();
    const at = new Date();
    const entry = { _id, ...draft, driver: this.#options.driverMajor, at };
    await this.#insert(session, [entry, ...images.flatMap(imageDocuments(_id, { at }))]);
    return _id;
  }

  /**
   * Changes fields of an entry that an earlier transaction wrote. Images that are added get a number of their own: other
   * calls may have changed the same documents since that transaction, and undo has to meet all of it in its order.
   */
  async amend(session: RawSession, id: string, fields: Partial<EntryDraft>, images?: ImagesOf): Promise<void> {
    if (images !== undefined && images.images.length > 0) {
      await this.#insert(session, imageDocuments(this.#nextId(), { at: new Date(), of: id })(images));
    }
    await this.#collection().updateOne({ _id: id as never }, { $set: fields }, { session, ignoreUndefined: true });
  }

  #nextId(): string {
    this.#sequence += 1;
    return entryId(this.#options.attempt, this.#sequence);
  }

  async #insert(session: RawSession, documents: readonly object[]): Promise<void> {
    await this.#collection().insertMany(documents as never[], { session, ignoreUndefined: true });
  }

  #collection() {
    return this.#options.client.db(this.#options.database).collection(this.#options.journal);
  }
}

/** So many images make a pack at most: two transactions of an undo take no part of the same one. */
const mostOfPack = 1000;

/** Makes documents that follow one another behind `place`. */
function imageDocuments(place: string, more: { readonly at: Date; readonly of?: string }) {
  let number = 0;
  return ({ namespace, images }: ImagesOf): object[] => {
    const documents: object[] = [];
    for (let from = 0; from < images.length; from += mostOfPack) {
      const some = images.slice(from, from + mostOfPack);
      const packed = packImages(some);
      for (const [part, data] of packed.entries()) {
        const _id = imagesId(place, number++);
        documents.push({
          _id,
          kind: 'images',
          namespace,
          count: some.length,
          part,
          parts: packed.length,
          data,
          ...more,
        });
      }
    }
    return documents;
  };
}
