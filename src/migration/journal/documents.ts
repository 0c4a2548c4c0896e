import type { Binary, Document } from 'mongodb';
import type { AskedIndex } from './asked-indexes.ts';
import type { CatalogState } from './catalog-state.ts';

/**
 * What the journal's documents look like: entries, one for each operation of a migration, and the images of what it
 * changed. Both are in one collection and in the order of `_id`, which is that of the transactions that changed the
 * same documents: images stand right behind their entry, those of its later transactions where these were committed.
 */

/** One run of a migration from its top, with all the times that it was taken up again. */
export interface Attempt {
  readonly migration: string;
  /** Counts up with each beginning of that migration in this target, in either direction. */
  readonly number: number;
}

/**
 * `done`: effect and entry were committed together. `refused`: the server refused it, and nothing was changed.
 * `intent`: written before a change that no transaction takes; whether that was made is not known from here.
 * `progress`: a change in several transactions, done up to its checkpoint.
 */
export type EntryState = 'done' | 'refused' | 'intent' | 'progress';

/**
 * `write`: documents of one collection. `transaction`: a transaction of the migration's own, with its calls.
 * `catalog`: a collection, index, validator, name. `unfenced`: anything else that no transaction takes.
 * `implicit`: a collection that a write brought into being, or that `dropDatabase` dropped; no call of user code of its
 * own stands behind it.
 */
export type EntryKind = 'write' | 'transaction' | 'catalog' | 'unfenced' | 'implicit';

export interface EntryNamespace {
  readonly database: string;
  readonly collection?: string;
}

/** A value that the driver gave to user code, to be given again on a replay. */
export interface StoredResult {
  /** `plain`: as it stands. `bulk`: what a BulkWriteResult holds. `nothing`: undefined. `omitted`: too large to keep. */
  readonly form: 'plain' | 'bulk' | 'nothing' | 'omitted';
  readonly value?: unknown;
}

/** An error of the driver, to be thrown again on a replay. */
export interface StoredError {
  /** The driver's class, such as `MongoServerError` or `MongoBulkWriteError`. */
  readonly name: string;
  readonly message: string;
  readonly code?: number;
  /** What the server answered: `code`, `codeName`, `keyPattern`, … */
  readonly response?: Document;
  /** Of a bulk write: what its result holds. */
  readonly result?: Document;
}

/** A read that was answered before the entry's operation was begun, and since the entry before. */
export interface StoredRead {
  readonly fingerprint: string;
  readonly occurrence: number;
  /** `value`: what was answered. `documents`: what a cursor has given out so far. `digest`: of either, where too large. */
  readonly form: 'value' | 'documents' | 'digest';
  readonly value?: unknown;
  /** Of a cursor: how many documents were given out, and whether it has ended. */
  readonly count?: number;
  readonly ended?: boolean;
  /** What it was refused with, in place of a value or of a cursor's further documents. */
  readonly error?: StoredError;
}

/** A call within a migration's own transaction. */
export interface StoredCall {
  readonly fingerprint: string;
  readonly method: string;
  readonly namespace: EntryNamespace;
  readonly result?: StoredResult;
  /** What the driver refused it with by itself: what the server refuses aborts the transaction. */
  readonly error?: StoredError;
}

/** How far a change in several transactions has got. */
export interface Checkpoint {
  /** Everything up to and with this is done: an `_id` in the order of `_id`, or an index into the call's list. */
  readonly through: unknown;
  readonly counts: {
    readonly matched: number;
    readonly modified: number;
    readonly inserted: number;
    readonly deleted: number;
  };
  /** What else the operation has to know to go on, such as the one value of `$$NOW`. */
  readonly constants?: Document;
  /** It was written with the answer: the counts are of the whole call. */
  readonly last?: true;
}

/** A catalog change: what was there before, and what its way back needs. */
export interface CatalogChange {
  readonly type:
    | 'create-collection'
    | 'drop-collection'
    | 'rename-collection'
    | 'modify-collection'
    | 'create-indexes'
    | 'drop-indexes'
    | 'replace-collection';
  /** What stood under the namespace before; absent when there was nothing. Expiry that was stopped has its old value here. */
  readonly before?: CatalogState;
  /** What stands there after; of a rename and a replaced collection under `to`. */
  readonly after?: CatalogState;
  /** Where the dropped or replaced collection waits until it expires; absent where it was dropped for real. */
  readonly tombstone?: string;
  /** Where `$out` writes before that is put in place; absent where the stage runs as it is. `after` is known from then on. */
  readonly aside?: string;
  /** The second name: of a rename, or of the collection that was replaced. */
  readonly to?: EntryNamespace;
  /** What stood under `to` before. */
  readonly replaced?: CatalogState;
  /** Of created indexes: those that the call asks for, whether or not they were there. Others may build theirs meanwhile. */
  readonly asked?: readonly AskedIndex[];
  /** Tombstones of collections that others made under `to` while it was free for a moment; on record before they go there. */
  readonly displaced?: readonly string[];
  /**
   * Those of them whose documents were being put into what stands under `to`: on record before, and it is not done twice. In
   * the end `displaced` has those alone of which documents are in no other place.
   */
  readonly carried?: readonly string[];
}

export interface JournalEntry {
  readonly _id: string;
  readonly kind: EntryKind;
  readonly state: EntryState;
  /** The driver's method, or `command NAME`. */
  readonly method: string;
  readonly namespace: EntryNamespace;
  readonly fingerprint: string;
  readonly result?: StoredResult;
  readonly error?: StoredError;
  /** The error ended the run: a later one does not answer from here, but asks the server anew. */
  readonly endedRun?: true;
  readonly reads?: readonly StoredRead[];
  readonly calls?: readonly StoredCall[];
  readonly checkpoint?: Checkpoint;
  readonly catalog?: CatalogChange;
  /** Whether images were kept of every document that it changed. */
  readonly images: boolean;
  /** Why it cannot be taken up again or undone, for people. */
  readonly note?: string;
  /** Major version of the driver that made it: what another one gives to user code may differ. */
  readonly driver?: number;
  /** By the clock of the machine that ran the migration; the journal's expiry counts from it. */
  readonly at: Date;
  /** Set, in the transaction that put its images back, when it was undone. */
  readonly undone?: Date;
  /** What its undo left of the catalog as it is: conflicts, for people. */
  readonly left?: readonly Document[];
  /** How far its undo has got where that takes several commands: on record before the first of them. */
  readonly midway?: Midway;
  /** What the transactions of its undo have put back that were marked with it. */
  readonly undoCount?: Readonly<Record<string, number>>;
}

/** What an undo takes away on its way: once it is gone, the catalog does not tell whose doing that was. */
export interface Midway {
  /** Name of an index that is dropped, and then built as it was: one after the other, so that there is one at a time. */
  readonly dropped?: string;
  /** UUID of a collection that is renamed out of reach, and then dropped, where nothing else in the entry tells it. */
  readonly aside?: string;
  /** What others made under the name of a collection that goes back, before it goes to its tombstone. */
  readonly displaced?: readonly Displaced[];
}

/** What others made under a name that something else goes back to. */
export interface Displaced {
  /** The name that it had. */
  readonly name: string;
  readonly tombstone: string;
  /** Of its documents, in the order of their `_id`s, how many are in what is back by now, and how many stay here alone. */
  readonly carried?: number;
  readonly kept?: number;
  /** Whether that is all of them. */
  readonly done?: boolean;
  /** The migration was at putting its documents into what it had put there: it is left as it is. */
  readonly inDoubt?: true;
}

/** Images of documents of one collection: see `images.ts` for the bytes. `_id`: see `imagesId`. */
export interface ImagesDocument {
  readonly _id: string;
  readonly kind: 'images';
  /** The entry, where a later transaction of it than the first made the change. */
  readonly of?: string;
  readonly namespace: EntryNamespace;
  /** How many documents. */
  readonly count: number;
  /** A part of what `packImages` made: `part` of `parts`, from 0. */
  readonly part: number;
  readonly parts: number;
  readonly data: Binary | Uint8Array;
  readonly at: Date;
  /**
   * Of the first part: how many of the documents, from the last one, an undo has put back. Those that have an older image
   * before the next change of the catalog go back at that, and are not counted here.
   */
  readonly undone?: number;
  /** Of the first part: those over which an undo has gone back each by itself, whatever their place. See `isApart`. */
  readonly apart?: Binary;
  /** As of an entry. */
  readonly undoCount?: Readonly<Record<string, number>>;
}

/** No file has a slash in its name, so names cannot run into each other. */
export function attemptPrefix({ migration, number }: Attempt): string {
  return `${migration}/${padded(number, 6)}/`;
}

export function entryId(attempt: Attempt, sequence: number): string {
  return `${attemptPrefix(attempt)}${padded(sequence, 10)}`;
}

/** `place`: the entry's id; of later transactions an id with a number of their own. */
export function imagesId(place: string, part: number): string {
  return `${place}/${padded(part, 6)}`;
}

/** Whether an id is of images: an entry's has one part less. */
export function isOfImages(_id: string): boolean {
  return _id.split('/').length === 4;
}

/** What all images have in common that one transaction of an entry wrote. */
export function placeOfImages(_id: string): string {
  return _id.slice(0, _id.lastIndexOf('/'));
}

/** The id of the entry that images belong to. */
export function entryOf({ _id, of }: Pick<ImagesDocument, '_id' | 'of'>): string {
  return of ?? placeOfImages(_id);
}

/** The number of an entry, or of images, within their attempt. */
export function sequenceOf(id: string): number {
  return Number(id.split('/')[2]);
}

/** A filter for all documents of an attempt: `0` follows `/` in code units. */
export function ofAttempt(attempt: Attempt): { readonly _id: { readonly $gte: string; readonly $lt: string } } {
  const prefix = attemptPrefix(attempt);
  return { _id: { $gte: prefix, $lt: `${prefix.slice(0, -1)}0` } };
}

/** A filter for its entries alone: the key tells, so that no images are fetched. Their ids have one part more. */
export function entriesOf(attempt: Attempt): { readonly _id: object } {
  return { _id: { ...ofAttempt(attempt)._id, $regex: /^[^/]*\/\d+\/\d+$/ } };
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}

/**
 * One of the documents `lane.0`, `lane.1`, … beside the lease: each transaction of the gate first writes into one of
 * them, matching its fence. A takeover writes its own fence into all of them before anything else, which waits for the
 * transactions that are open and shuts out the later ones. Several, since parallel transactions on one document conflict.
 */
export interface LaneDocument {
  readonly _id: string;
  readonly fence: number;
  readonly migration?: string;
  readonly attempt?: number;
  /** Entries that were committed through this lane in this attempt: together the number of the journal's. */
  readonly entries: number;
  readonly turns: number;
}

export const laneCount = 8;

export function laneId(lane: number): string {
  return `lane.${lane}`;
}
