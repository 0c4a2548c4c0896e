import type { RehearsalLevel } from '../../config/schema.ts';
import type { ChangedFields } from '../../migration/journal/changed-fields.ts';
import type { ProbeResult } from '../../verify/probe.ts';
import type { AppliedMigration, FailedMigration } from '../result.ts';

/** What a sandbox showed of one migration beside its effects. */
export interface MigrationSeen {
  /** Of the documents that were there before and after it; undefined where no journal was kept. */
  readonly fields?: ChangedFields;
  readonly indexBuilds: readonly IndexBuild[];
  /** In the collections that it wrote to, after it. */
  readonly violations: readonly Violations[];
  /** As BSON; undefined where no journal was kept. */
  readonly journalBytes?: number;
  /** All that it wrote to the oplog, journal included; undefined where that could not be read. */
  readonly oplogBytes?: number;
  /** It was more than that, which is all that the oplog of the sandbox holds. */
  readonly oplogMore?: boolean;
}

/** The calls that built these indexes of one collection, together. */
export interface IndexBuild {
  readonly collection: string;
  readonly indexes: readonly string[];
  readonly durationMs: number;
}

/** Documents that do not fulfil their collection's validator. */
export interface Violations {
  readonly collection: string;
  /** `null` where that could not be looked at. */
  readonly documents: number | null;
  /** Whether there are more: they are counted up to a limit. */
  readonly more: boolean;
  /** Of some. Ids of type ObjectId, UUID or number; others as a hash. */
  readonly ids: readonly string[];
}

export interface RehearsedMigration extends AppliedMigration {
  readonly seen?: MigrationSeen;
  readonly onTarget?: ExpectedOnTarget;
}

/** What a migration may take on the target, and what that is reckoned from. */
export interface ExpectedOnTarget extends Pick<MigrationSeen, 'oplogBytes' | 'oplogMore'> {
  readonly durationMs: number;
  readonly basis: string;
}

/** Documents that a migration failed on. Ids as in `Violations`. */
export type Offending =
  | DuplicateKey
  | MixedTypes
  | Unconvertible
  /** What a loop over a cursor was given last. */
  | { readonly kind: 'last-read'; readonly collection: string; readonly id: string };

export interface DuplicateKey {
  readonly kind: 'duplicate-key';
  readonly collection: string;
  readonly fields: readonly string[];
  /**
   * `present`: they were there, and a unique index was to be built. `made`: without the index the migration would have
   * given them the same key. `written`: the key that was to be written is theirs.
   */
  readonly found: 'present' | 'made' | 'written';
  /** Ids of documents whose keys are equal. */
  readonly groups: readonly (readonly string[])[];
  /** Ids of those that have nothing in any of the fields, which an index takes for equal keys. Absent where there are none. */
  readonly lacking?: readonly string[];
  readonly more: boolean;
}

export interface MixedTypes {
  readonly kind: 'mixed-types';
  readonly collection: string;
  readonly field: string;
  /** As `$type` names them, `missing`, and `number` for all that JavaScript has one type for. */
  readonly usual: string;
  readonly others: readonly { readonly type: string; readonly documents: number; readonly ids: readonly string[] }[];
}

/** Texts that a conversion of the server does not take. */
export interface Unconvertible {
  readonly kind: 'unconvertible';
  readonly collection: string;
  readonly field: string;
  /** As `$convert` names it. */
  readonly to: string;
  readonly documents: number;
  /** Of the first ones. */
  readonly ids: readonly string[];
}

/** What a rehearsal of everything needs on the machine that it runs on. */
export interface RehearsalNeed {
  /** For certain: restored data and the archive. */
  readonly leastBytes: number;
  /** Where each migration changes every document. */
  readonly diskBytes: number;
  /** Where the sandbox keeps its data; `null` where nobody can tell, as of a server that was given. */
  readonly freeBytes: number | null;
  readonly seconds: number;
  /** What the time is reckoned from. */
  readonly basis: string;
}

/** What stands for a rehearsal when production is applied to: one that passed. */
export interface ProofUsed {
  /** In the store; undefined where there is none to keep it in. */
  readonly id?: string;
  readonly level: 'full';
  /** When it passed, ISO. */
  readonly at: string;
  /** As of when the data are that it ran on, ISO. */
  readonly dataAt: string;
  /** The backup that it ran on, where that is in the store. */
  readonly backupId?: string;
  /** The server version of its sandbox, where that was of another major version than the target. */
  readonly sandboxVersion?: string;
}

/** What was let pass without the evidence that is wanted for it, by whom and why. */
export interface Waiver {
  readonly what: 'rehearsal';
  readonly reason: string;
  readonly actor?: string;
  /** What was known by then, and passed over. */
  readonly failed?: FailedRehearsal;
}

/** A rehearsal of the same on the same target, which failed and was the latest one. */
export interface FailedRehearsal {
  /** In the store, where its error is. */
  readonly proofId: string;
  readonly releaseId: string;
  /** When it failed, ISO. */
  readonly at: string;
}

/** What an apply relied on that had to be rehearsed; of a dry run, the proof that it leaves. */
export interface ReliedOn {
  readonly proof?: ProofUsed;
  readonly waiver?: Waiver;
}

export interface RehearsalResult {
  readonly level: Exclude<RehearsalLevel, 'none'>;
  readonly need?: RehearsalNeed;
  /** What was restored: undefined of a sample. `at` is the time of its data, ISO; one taken for the rehearsal has no `id`. */
  readonly backup?: { readonly id?: string; readonly at: string };
  readonly migrations: readonly RehearsedMigration[];
  readonly failed?: FailedMigration;
  /** Names of those after it, of which nothing is known. */
  readonly remaining?: readonly string[];
  /** Of the target, where it could be read: what the migrations write has to fit in it. */
  readonly oplog?: { readonly maxBytes: number; readonly reachMs: number };
  readonly serverVersion: string;
  /** Where the sandbox's mongod came from, such as `mongod on PATH` or `Docker image mongo:7`. */
  readonly sandbox: string;
  readonly restoredDocuments: number;
  readonly restoredBytes: number;
  readonly durationMs: number;
  readonly probes?: readonly ProbeResult[];
  readonly wayBack?: WayBackRehearsal;
  /** What it could not show, a sentence each. */
  readonly uncovered: readonly string[];
}

/** Both ways back, as they went in the sandbox after everything was applied there. */
export interface WayBackRehearsal {
  /** By the journal. */
  readonly undo: RehearsedWay;
  /** By each migration's own `down`. */
  readonly down?: RehearsedWay;
  /** What a rollback is verified by, asked before the migrations: that is where it leads. */
  readonly probes?: readonly ProbeResult[];
}

export interface RehearsedWay {
  /**
   * `equal`: the database was what it had been before. `not-compared`: it went, and nothing told what had been there.
   * `impossible`: there is no such way, for the reason in `why`.
   */
  readonly state: 'equal' | 'differs' | 'not-compared' | 'impossible' | 'failed';
  /** Why it does not lead further, or nowhere. */
  readonly why?: string;
  /** Those that were taken back, in that order. */
  readonly migrations: readonly { readonly name: string; readonly durationMs: number }[];
  /** In what the database differs, a line each; names and counts, no value. */
  readonly differences: readonly string[];
  /** What is not as it was, and is as good: the order of fields, a timestamp. */
  readonly notes: readonly string[];
  readonly durationMs: number;
}
