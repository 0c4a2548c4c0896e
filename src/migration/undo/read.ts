import type { Collection, Db, Document } from 'mongodb';
import { ReadPreference } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import {
  type Attempt,
  attemptPrefix,
  type EntryNamespace,
  type ImagesDocument,
  type JournalEntry,
  ofAttempt,
} from '../journal/documents.ts';
import { type Image, unpackImages } from '../journal/images.ts';

/** An entry without what only a replay needs. */
export type UndoEntry = Omit<JournalEntry, 'reads' | 'calls'>;

type Stored = JournalEntry | ImagesDocument;

const withoutReads = { reads: 0, calls: 0, 'error.response': 0, 'error.message': 0 } as const;

/** How many entries are fetched at a time. */
const pageSize = 200;

function journalOf(db: Db, own: OwnNames): Collection<Stored> {
  return db.collection<Stored>(own.journal, {
    readPreference: ReadPreference.primary,
    readConcern: { level: 'majority' },
  });
}

/**
 * All entries of an attempt in their order, without reads, calls and images. Throws the driver's errors; may be
 * repeated. Held in memory: for attempts whose length is not known, `summariseAttempt` counts on the server.
 */
export async function readAttempt(db: Db, own: OwnNames, attempt: Attempt): Promise<UndoEntry[]> {
  const filter = { ...ofAttempt(attempt), kind: { $ne: 'images' } } as Document;
  const found = journalOf(db, own).find(filter, { projection: withoutReads }).sort({ _id: 1 });
  return (await found.toArray()) as unknown as UndoEntry[];
}

/** The documents of an attempt in their order, without reads and without the images' bytes. */
export async function* readOutline(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
): AsyncGenerator<UndoEntry | Omit<ImagesDocument, 'data'>> {
  const found = journalOf(db, own)
    .find(ofAttempt(attempt) as Document, { projection: { ...withoutReads, data: 0 } })
    .sort({ _id: 1 });
  for await (const document of found) yield document as unknown as UndoEntry | Omit<ImagesDocument, 'data'>;
}

/** What one `packImages` of an entry held, in the order in which it was done. */
export interface Pack {
  /** `_id` of its first part. */
  readonly id: string;
  readonly namespace: EntryNamespace;
  readonly images: readonly Image[];
}

export type Backward =
  | { readonly kind: 'pack'; readonly entry: UndoEntry; readonly pack: Pack }
  /** Comes after all its packs. */
  | { readonly kind: 'entry'; readonly entry: UndoEntry };

/**
 * The entries of an attempt that were not undone yet, the newest first, and each one's images, the newest first. One
 * pack of images is in memory at a time. Throws the driver's errors, and `RangeError` for images that are damaged.
 */
export async function* readBackwards(db: Db, own: OwnNames, attempt: Attempt): AsyncGenerator<Backward> {
  const journal = journalOf(db, own);
  const prefix = attemptPrefix(attempt);
  let below: string = ofAttempt(attempt)._id.$lt;
  for (;;) {
    const entries = (await journal
      .find({ _id: { $gte: prefix, $lt: below }, kind: { $ne: 'images' } } as Document, { projection: withoutReads })
      .sort({ _id: -1 })
      .limit(pageSize)
      .toArray()) as unknown as UndoEntry[];
    const last = entries.at(-1);
    if (last === undefined) return;
    const open = entries.filter(({ undone }) => undone === undefined);
    const packs = readPacks(journal, last._id, below);
    try {
      let next = await packs.next();
      for (const entry of open) {
        // Packs of entries that were undone already lie in between.
        while (!next.done && next.value.id > `${entry._id}0`) next = await packs.next();
        while (!next.done && next.value.id.startsWith(`${entry._id}/`)) {
          yield { kind: 'pack', entry, pack: next.value };
          next = await packs.next();
        }
        yield { kind: 'entry', entry };
      }
    } finally {
      await packs.return(undefined);
    }
    below = last._id;
  }
}

/** The packs between an entry and an `_id`, the newest first. */
async function* readPacks(journal: Collection<Stored>, from: string, below: string): AsyncGenerator<Pack> {
  const found = journal
    .find({ _id: { $gt: from, $lt: below }, kind: 'images' } as Document)
    .sort({ _id: -1 })
    // A reply holds 16 MB at most, whatever their number.
    .batchSize(100);
  let parts: Uint8Array[] = [];
  for await (const document of found as unknown as AsyncIterable<ImagesDocument>) {
    parts.unshift(bytesOf(document.data));
    if (document.part > 0) continue;
    if (parts.length !== document.parts) throw new RangeError('A part of the images of the journal is missing.');
    const images = unpackImages(parts);
    parts = [];
    yield { id: document._id, namespace: document.namespace, images };
  }
}

function bytesOf(data: ImagesDocument['data']): Uint8Array {
  return data instanceof Uint8Array ? data : data.buffer.subarray(0, data.position);
}
