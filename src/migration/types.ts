/** The words of this room. */

import type { Severity } from '../observe/finding.ts';

export type Phase = 'before-deploy' | 'after-deploy';

/** A migration as its file stands on disk; nothing of it has been run. */
export interface MigrationFile {
  /** The file's name without its extension: the migration's identity in history, flags and reports. */
  readonly name: string;
  /** With the extension. */
  readonly fileName: string;
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly checksum: string;
}

/** What a migration declares about itself; known only by loading the module, which a child process does. */
export interface MigrationFacts {
  readonly form: 'migrate-mongo' | 'context';
  readonly description?: string;
  readonly phase: Phase;
  readonly hasDown: boolean;
  /** Whether it says how a single document goes back that an undo cannot put back by itself. */
  readonly hasDownDocument?: boolean;
  /** The reason, when the migration says that it cannot be undone. */
  readonly irreversible?: string;
  /** Why its file cannot be loaded, where that is borne. */
  readonly unusable?: string;
  /** The whole of `up` in one transaction. */
  readonly transaction: boolean;
  readonly requires?: { readonly server?: string; readonly featureCompatibility?: string };
}

/** What the gate saw, in documents. */
export interface Counts {
  readonly matched: number;
  readonly modified: number;
  readonly inserted: number;
  readonly deleted: number;
  /** Left as they were and put aside: `batch` with `onError: 'quarantine'`. Absent where there are none. */
  readonly quarantined?: number;
}

/** Everything that the gate saw a migration do. */
export interface Effects extends Counts {
  /** Writes and catalog changes that were sent. 0 means that the target is as it was. */
  readonly operations: number;
  /** Of those: what an earlier run had done, and was not sent again. Absent where there are none. */
  readonly replayed?: number;
  readonly byCollection: Readonly<Record<string, Counts>>;
  /** As `collection.index`. */
  readonly indexesCreated: readonly string[];
  readonly indexesDropped: readonly string[];
  readonly collectionsCreated: readonly string[];
  readonly collectionsDropped: readonly string[];
  /** Catalog changes without a list of their own, such as `collMod places` or `rename a → b`. */
  readonly otherChanges: readonly string[];
  /** Operations whose result never arrived: they may or may not have happened. */
  readonly unknown: number;
}

export const recordStates = ['running', 'applied', 'failed', 'interrupted', 'rolled-back'] as const;
export type RecordState = (typeof recordStates)[number];

/** Where the journal has what a run of a migration did. */
export interface RunJournal {
  /** Names its entries, together with the migration: the sequence number of the run's first record. */
  readonly attempt: number;
  /** Of the file as it was when the run began. */
  readonly checksum: string;
  /** Whether before- and after-images were kept. */
  readonly images: boolean;
  /** How many entries there must be; known once the run has ended or was found interrupted. */
  readonly entries?: number;
  /** Why it can be taken up again or undone only in part. */
  readonly notes?: readonly string[];
}

/** One migration of the target's history; the document in `_mongo_release.history`. */
export interface HistoryRecord {
  readonly _id: string;
  readonly state: RecordState;
  /** What `running` is doing, and what `failed` or `interrupted` was doing. */
  readonly direction: 'up' | 'down';
  /** `undo`: it is, or was, taken back by the journal of its `up`, and not by its `down`. `journal` is that one then. */
  readonly way?: 'undo';
  readonly checksum: string;
  readonly fileName: string;
  readonly description?: string;
  readonly phase: Phase;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  /** Set while the migration counts as applied, and while it is on its way down. */
  readonly appliedAt?: Date;
  /** The release that ran its `up`, while it counts as applied; `releaseId` is the one that wrote the record last. */
  readonly appliedIn?: string;
  /** Counts up with each change of state in this target: the order in which migrations were applied. */
  readonly sequence: number;
  readonly releaseId: string;
  readonly actor?: string;
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
  readonly durationMs?: number;
  readonly effects?: Effects;
  readonly error?: { readonly code: string; readonly message: string };
  /** How the record came about where no migration ran: `baseline`, `restore` of this backup, a run of migrate-mongo. */
  readonly origin?: { readonly kind: 'baseline' | 'restore' | 'migrate-mongo'; readonly backupId?: string };
  /** Name of migrate-mongo's changelog, where the migration has an entry there. */
  readonly changelog?: string;
  /** Of the run that the record is about; absent where nothing could be kept. */
  readonly journal?: RunJournal;
  /** Of the `up` that applied it, while it counts as applied. */
  readonly appliedJournal?: RunJournal;
  /** Of a `down` that ended half-way and was undone, by the release that wrote the record last. */
  readonly undoneDown?: RunJournal;
  /** Fence number of the lease under which it was written. */
  readonly fence: number;
}

/** What a target's history amounts to; two equal digests have the same migrations applied with the same content. */
export interface Position {
  readonly digest: string;
  readonly applied: readonly { readonly name: string; readonly checksum: string }[];
}

/** What is kept of each write. `operations`: that it was done; `images`: the documents before and after it, too. */
export type JournalKind = 'images' | 'operations' | 'none';

/** Something about how a migration is going to be run. */
export interface RunNote {
  readonly rule: string;
  readonly severity: Severity;
  /** A predicate: the migration's name stands before it. No value of a document or of the source. */
  readonly message: string;
  readonly next: string;
  readonly line?: number;
}

/** How a migration is going to be run, as far as its facts, its text and the target tell beforehand. */
export interface RunPlan {
  readonly journal: JournalKind;
  /** The whole of it in one transaction. */
  readonly transaction: boolean;
  /** Whether large `updateMany` and `deleteMany` are cut into batches. */
  readonly batches: boolean;
  /** Whether a run that was killed goes on where it was: nothing that is known beforehand speaks against it. */
  readonly resumable: boolean;
  /** Whether what it did can be undone by the journal when it ends half-way: it keeps images of all of it, as far as is known. */
  readonly undoable: boolean;
  readonly notes: readonly RunNote[];
}

export interface PlannedMigration {
  readonly name: string;
  readonly fileName: string;
  readonly phase: Phase;
  readonly checksum: string;
  readonly description?: string;
  readonly transaction: boolean;
  /** Whether before- and after-images are kept. */
  readonly journal: boolean;
  readonly reversible: boolean;
  /** How it is going to be run, and what speaks against the best way. */
  readonly run: RunPlan;
}

/** Which of the pending migrations are meant; all of them without any of these. `to` and `name` exclude each other. */
export interface PlanScope {
  /** Up to this one by file name, itself included. */
  readonly to?: string;
  /** This one alone, whatever else is pending. */
  readonly name?: string;
  readonly phase?: Phase;
}
