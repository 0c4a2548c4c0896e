import type { Collection, Db, Document } from 'mongodb';
import { ReadPreference } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import {
  type Attempt,
  type EntryNamespace,
  entriesOf,
  entryOf,
  type ImagesDocument,
  type JournalEntry,
  ofAttempt,
} from '../journal/documents.ts';
import { type Image, JournalDamage, unpackImages } from '../journal/images.ts';
import type { Apart } from './apart.ts';

/** An entry without what only a replay needs. */
export type UndoEntry = Omit<JournalEntry, 'reads' | 'calls'>;

type Stored = JournalEntry | ImagesDocument;

const withoutReads = { reads: 0, calls: 0, 'error.response': 0, 'error.message': 0 } as const;

function journalOf(db: Db, own: OwnNames): Collection<Stored> {
  return db.collection<Stored>(own.journal, {
    readPreference: ReadPreference.primary,
    readConcern: { level: 'majority' },
  });
}

export type Outlined = UndoEntry | Omit<ImagesDocument, 'data'>;

/** The documents of an attempt in their order, without reads and without the images' bytes. */
export async function* readOutline(db: Db, own: OwnNames, attempt: Attempt): AsyncGenerator<Outlined> {
  const found = journalOf(db, own)
    .find(ofAttempt(attempt) as Document, { projection: { ...withoutReads, data: 0 } })
    .sort({ _id: 1 });
  for await (const document of found) yield document as unknown as Outlined;
}

/** What one `packImages` of an entry held, in the order in which it was done. */
export interface Pack {
  /** `_id` of its first part. */
  readonly id: string;
  readonly namespace: EntryNamespace;
  readonly images: readonly Image[];
  /** Of all its images, which stay in memory as long as any of them does. */
  readonly bytes: number;
  /** How many of them an undo has put back, from the last one; and which ones each by itself: see `ImagesDocument`. */
  readonly undone: number;
  readonly apart: Apart;
}

export type Backward =
  | { readonly kind: 'pack'; readonly entry: UndoEntry; readonly pack: Pack }
  /** Comes after all its packs. Of the catalog also those that are undone. */
  | { readonly kind: 'entry'; readonly entry: UndoEntry };

/**
 * The entries of an attempt that were not undone yet and their images, the newest first: as parallel calls had their
 * turns, so that the packs of an entry in several transactions may have others' in between. The images of one transaction
 * are in memory at a time. Throws the driver's errors, and `JournalDamage` for images that are damaged.
 */
export async function* readBackwards(db: Db, own: OwnNames, attempt: Attempt): AsyncGenerator<Backward> {
  const journal = journalOf(db, own);
  const found = journal
    .find(ofAttempt(attempt) as Document, { projection: withoutReads })
    .sort({ _id: -1 })
    // A reply holds 16 MB at most, whatever their number.
    .batchSize(500);
  /** Entries whose later transactions were met, and they themselves not yet. */
  const begun = new Map<string, UndoEntry>();
  /** Images of the entry that comes next. */
  let packed: Packed[] = [];
  /** Of one pack: the last one comes first. */
  let parts: Uint8Array[] = [];
  for await (const document of found as unknown as AsyncIterable<Stored>) {
    if (document.kind === 'images') {
      parts.unshift(bytesOf(document.data));
      if (document.part > 0) continue;
      const pack = { first: document, parts };
      parts = [];
      if (document.of === undefined) {
        packed.push(pack);
        continue;
      }
      const entry = begun.get(document.of) ?? (await readEntry(db, own, document.of));
      if (entry === undefined) throw new JournalDamage('An entry of the journal is missing.');
      begun.set(document.of, entry);
      if (entry.undone === undefined) yield { kind: 'pack', entry, pack: unpacked(pack, entry) };
      continue;
    }
    if (parts.length > 0) throw new JournalDamage('A part of the images of the journal is missing.');
    if (document.undone === undefined) {
      for (const pack of packed) yield { kind: 'pack', entry: document, pack: unpacked(pack, document) };
    }
    if (document.undone === undefined || document.catalog !== undefined) yield { kind: 'entry', entry: document };
    begun.delete(document._id);
    packed = [];
  }
}

export type Forward =
  | { readonly kind: 'entry'; readonly entry: UndoEntry }
  /** `id`: see `Pack`. */
  | {
      readonly kind: 'images';
      readonly id: string;
      readonly namespace: EntryNamespace;
      readonly images: readonly Image[];
    };

/** All that an attempt did, undone or not, in its order; each entry before its images. Throws as `readBackwards` does. */
export async function* readForwards(db: Db, own: OwnNames, attempt: Attempt): AsyncGenerator<Forward> {
  const found = journalOf(db, own)
    .find(ofAttempt(attempt) as Document, { projection: withoutReads })
    .sort({ _id: 1 })
    .batchSize(500);
  let parts: Uint8Array[] = [];
  let id = '';
  for await (const document of found as unknown as AsyncIterable<Stored>) {
    if (document.kind !== 'images') {
      yield { kind: 'entry', entry: document };
      continue;
    }
    const { _id, part, parts: all, data, namespace } = document;
    if (part === 0) id = _id;
    parts.push(bytesOf(data));
    if (parts.length !== part + 1) throw new JournalDamage('A part of the images of the journal is missing.');
    if (part + 1 < all) continue;
    yield { kind: 'images', id, namespace, images: unpackImages(parts) };
    parts = [];
  }
}

/** An entry, or undefined where it is missing. Throws the driver's errors. */
export async function readEntry(db: Db, own: OwnNames, id: string): Promise<UndoEntry | undefined> {
  const entry = await journalOf(db, own).findOne({ _id: id } as Document, { projection: withoutReads });
  return (entry as unknown as UndoEntry | null) ?? undefined;
}

/** One pack again, as it is by now. Throws the driver's errors, and `JournalDamage`. */
export async function readPack(db: Db, own: OwnNames, id: string): Promise<Pack> {
  const journal = journalOf(db, own);
  const images = { kind: 'images' } as Document;
  let first: ImagesDocument | undefined;
  const parts: Uint8Array[] = [];
  for await (const document of journal.find({ ...images, _id: { $gte: id } }, { sort: { _id: 1 }, batchSize: 1 })) {
    const next = document as ImagesDocument;
    first ??= next;
    if (first._id !== id || next.part !== parts.length) break;
    parts.push(bytesOf(next.data));
    if (parts.length === next.parts) return packOf(first, parts);
  }
  throw new JournalDamage('A part of the images of the journal is missing.');
}

/** The entries of an attempt that a filter finds, the newest first. Throws the driver's errors. */
export async function readEntries(db: Db, own: OwnNames, attempt: Attempt, filter: Document): Promise<UndoEntry[]> {
  const found = journalOf(db, own).find({ ...entriesOf(attempt), ...filter } as Document, { projection: withoutReads });
  return (await found.sort({ _id: -1 }).toArray()) as unknown as UndoEntry[];
}

/** A pack as the journal has it. */
interface Packed {
  readonly first: ImagesDocument;
  readonly parts: readonly Uint8Array[];
}

function unpacked({ first, parts }: Packed, entry: UndoEntry): Pack {
  const whole = parts.length === first.parts && entryOf(first) === entry._id;
  if (!whole) throw new JournalDamage('A part of the images of the journal is missing.');
  return packOf(first, parts);
}

function packOf({ _id: id, namespace, undone = 0, apart }: ImagesDocument, parts: readonly Uint8Array[]): Pack {
  const bits = apart === undefined ? new Uint8Array() : bytesOf(apart);
  const images = unpackImages(parts);
  const bytes = images.reduce((sum, { before, after }) => sum + (before?.length ?? 0) + (after?.length ?? 0), 0);
  return { id, namespace, images, bytes, undone, apart: bits };
}
