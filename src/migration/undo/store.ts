import type { ClientSession } from 'mongodb';
import { idKey } from '../../mongo/raw-bson.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import type { Apart } from './apart.ts';
import type { CatalogUndone } from './catalog/place.ts';
import type { UndoCount } from './counted.ts';
import type { IndexKey } from './index-key.ts';
import type { Piece } from './pieces.ts';
import type { Quarantine } from './quarantine.ts';
import type { UndoEntry } from './read.ts';
import { type LeftInCatalog, shownNamespace } from './result.ts';
import type { WhyLeft } from './why-left.ts';

/**
 * `strict`: it stops at a write of somebody else. `look`: the same, but goes on to find all of them; for a preview.
 * `tolerant`: what others have written stays.
 */
export type UndoMode = 'strict' | 'look' | 'tolerant';

/** A pack of which some images are gone back over each by itself, and all those of which that is true by now. */
export interface Over {
  readonly pack: string;
  readonly apart: Apart;
}

/** Of documents, all, or those with these keys of their `_id`. */
export type Out = 'all' | ReadonlySet<string>;

/** What becomes of one document. */
export interface Change {
  readonly now: Uint8Array | undefined;
  /** Undefined where it goes. */
  readonly back: Uint8Array | undefined;
  /** `midway`: older images of it are still to be put back. `down`: a `downDocument` made it so. */
  readonly stage: 'midway' | 'back' | 'down';
  /** It goes over one image by itself, and as a whole later where it cannot. */
  readonly isStep?: boolean;
}

/** The server refuses a document as it was; the transaction is aborted. */
export class PutRefused extends Error {
  override readonly name = 'PutRefused';
  readonly code: number;
  readonly present: EntryNamespace;
  /** Which one, by `keyAt`; undefined where that is not known. */
  readonly document: string | undefined;

  constructor(code: number, present: EntryNamespace, document: string | undefined, cause: unknown) {
    super(`The server refused a document (${code}).`, { cause });
    this.code = code;
    this.present = present;
    this.document = document;
  }
}

/** What is in the way of a document that the server refuses. */
export interface Refusal {
  readonly why: WhyLeft;
  /** The unique indexes of the key that was refused, as far as documents can be looked for by them. */
  readonly keys: readonly IndexKey[];
  /** The documents that have the unique value, with their `_id` at least; none where that cannot be told. */
  readonly holders: readonly Uint8Array[];
}

/** Names one document where its collection stands. */
export function keyAt(present: EntryNamespace, document: Uint8Array, id = idKey(document)): string {
  return `${shownNamespace(present)}\n${id}`;
}

/** Where the versions of documents are kept that an undo does not simply put back. */
export type KeptVersions = Pick<
  Quarantine,
  | 'read'
  | 'left'
  | 'countLeft'
  | 'countBroughtBack'
  | 'add'
  | 'broughtBack'
  | 'placeOf'
  | 'keepOpen'
  | 'close'
  | 'setBefore'
>;

/**
 * What an undo of one attempt works on: the database, or a preview of it that takes every step in memory. All that they
 * have in common is decided once, by the walk.
 */
export interface UndoStore {
  readonly quarantine: KeptVersions;
  /** To be called at the top of a walk, which may begin where an earlier one stopped. Throws the driver's errors. */
  begin(): Promise<void>;
  /** Where a collection of the journal stands by now; undefined where it is gone. */
  presentOf(namespace: EntryNamespace): EntryNamespace | undefined;
  /** Does work in one transaction, again from its top where the server asks for that: see `UndoTransactions`. */
  run<T>(work: (session: ClientSession) => Promise<T>, onConflict?: () => boolean): Promise<T>;
  /**
   * Does work beside that of `before`, in a transaction that is committed after it; it is tried once. Absent where that
   * is no faster.
   */
  behind?<T>(before: Promise<unknown>, work: (session: ClientSession) => Promise<T>): Promise<T>;
  /** Whether a read has to be given the newest image of this document: it knows that this is what made it what it is. */
  isAsNewest?(present: EntryNamespace, document: Uint8Array): boolean;
  /** What the documents of these images are by now, by the key of their `_id`. Throws the driver's errors. */
  read(present: EntryNamespace, images: readonly Image[], session?: ClientSession): Promise<Map<string, Uint8Array>>;
  /** A document that a query of the collection has brought, as it is by now; undefined where it is gone. */
  over(present: EntryNamespace, document: Uint8Array): Uint8Array | undefined;
  /** Documents that are in the collection by now, and that no query brings. */
  inserted(present: EntryNamespace): Iterable<Uint8Array>;
  /**
   * `out`: those that are deleted first and inserted last, by the key of their `_id`, so that they may swap unique values;
   * what users write to one of these meanwhile finds none. Throws `PutRefused`, and the driver's errors.
   */
  write(present: EntryNamespace, changes: readonly Change[], session: ClientSession, out?: Out): Promise<void>;
  /** What is to be found out of it. Throws the driver's errors. */
  refusal(refused: PutRefused): Promise<Refusal>;
  /**
   * Documents that have keys of these, in an index that a `Refusal` has named, with `_id` and the fields of the key at least;
   * others, too. Throws `IndexGone`, and the driver's errors.
   */
  having(
    present: EntryNamespace,
    key: IndexKey,
    documents: readonly Uint8Array[],
    session: ClientSession,
  ): Promise<readonly Uint8Array[]>;
  /** Takes back one change of the catalog; what stood in its way is given back. Throws `LEASE_LOST`, the driver's errors. */
  catalog(entry: UndoEntry): Promise<CatalogUndone>;
  /** Puts on record what is undone by these pieces, with what was counted. `over`: see `Over`. */
  mark(pieces: readonly Piece[], counted: UndoCount, session: ClientSession, over?: readonly Over[]): Promise<void>;
  /** What stays of the catalog as others have it, also by an earlier undo. Throws the driver's errors. */
  leftInCatalog(): Promise<LeftInCatalog[]>;
}
