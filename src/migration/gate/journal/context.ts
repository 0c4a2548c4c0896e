import type { OwnNames } from '../../../mongo/own.ts';
import type { Attempt, EntryNamespace, JournalEntry, StoredRead } from '../../journal/documents.ts';
import type { Image } from '../../journal/images.ts';
import type { Counts } from '../../types.ts';
import type { Call, Namespace, Operation } from '../call.ts';
import type { Catalog } from '../catalog.ts';
import type { Driver, RawClient, RawSession } from '../raw.ts';
import type { CollectionKinds } from './collection-kinds.ts';

/** What the parent says about the journal of this run. */
export interface JournalJob {
  readonly attempt: Attempt;
  /** Of the lease under which the run was begun. */
  readonly fence: number;
  /** Whether before- and after-images are kept. Without them it can be taken up again, but not undone. */
  readonly images: boolean;
  /** Whether the attempt may have entries: it was begun by a run that ended in the middle. */
  readonly resumes: boolean;
  /** How many entries it must have then. */
  readonly entries?: number;
  /** Default `usualPatienceMs`. */
  readonly patienceMs?: number;
}

/** An entry without what the transaction adds: `_id` and the server's time. */
export type EntryDraft = Omit<JournalEntry, '_id' | 'at' | 'driver' | 'undone'>;

/** Images of documents of one collection. */
export interface ImagesOf {
  readonly namespace: EntryNamespace;
  readonly images: readonly Image[];
}

/** One transaction of the gate's, with the fence written already. */
export interface Tx {
  readonly session: RawSession;
  /**
   * Adds an entry with its images. To be called after the effect: the number is given out now, and an effect on the same
   * documents cannot come before this transaction's commit, so entries of conflicting effects are in their order.
   */
  record(draft: EntryDraft, images?: readonly Image[]): Promise<string>;
  /** Changes fields of an entry that an earlier transaction wrote, and adds images: to be called after the effect, too. */
  amend(id: string, fields: Partial<EntryDraft>, images?: ImagesOf): Promise<void>;
}

export interface TransactOptions {
  /**
   * How often it is tried again after a conflict with another write. Default: for as long as the transactor is patient.
   * 0 lets the conflict through at once, so that a batch can be halved.
   */
  readonly conflicts?: number;
  /** Called with each attempt that was in vain. */
  readonly onConflict?: (error: unknown) => void;
}

/** Runs work in transactions of its own: fence first, then the work, then the commit with majority. */
export interface Transactor {
  /**
   * `work` may run several times, each time from its top and in a new transaction: it may have no effects beside those
   * of the session. Rejects with the error of `work` where that is no passing one; nothing was changed then. Rejects
   * with `LEASE_LOST` where a newer run has taken over, and with `COMMIT_UNKNOWN`
   * where it stays unknown whether the commit was done: then nothing more is sent at all.
   */
  transact<T>(work: (tx: Tx) => Promise<T>, options?: TransactOptions): Promise<T>;
}

/** Awaited between two batches: waits for as long as the servers ask for a pause. */
export interface Throttle {
  pause(): Promise<void>;
}

/** What every part of the journal works with. */
export interface JournalContext {
  readonly client: RawClient;
  readonly driver: Driver;
  /** The target's database. */
  readonly database: string;
  readonly own: OwnNames;
  readonly images: boolean;
  readonly attempt: Attempt;
  readonly transactor: Transactor;
  readonly catalog: Catalog;
  readonly kinds: CollectionKinds;
  readonly throttle: Throttle;
  /** Puts on record, once, why the migration can be taken up again or undone only in part; names and no values. */
  note(text: string): void;
  /**
   * Tells what a call in several transactions has committed so far, in all, its earlier runs included: for whoever
   * looks on, and for the truth when it ends in the middle.
   */
  progress?(call: Call, counts: Counts): void;
  /** Tells that a call is answered by the journal, before it is. */
  replayed?(call: Call): void;
  /** Tells that a call brought a collection into being in an earlier run. */
  created?(call: Call, namespace: Namespace): void;
  /** Throws when nothing may be sent any more. */
  refuseWhenClosed(): void;
}

/** A call that has been claimed or is new: what its handler needs beside the operation itself. */
export interface Turn {
  readonly fingerprint: string;
  /** Reads to be stored with the operation's entry. */
  takeReads(): readonly StoredRead[];
  /** What an earlier run left of this very call: state `intent` or `progress`. */
  readonly begun?: JournalEntry;
}

/** Carries out one kind of operation with its entry. Rejects with what user code is to see. */
export type Handler = <T>(context: JournalContext, operation: Operation<T>, turn: Turn) => Promise<T>;
