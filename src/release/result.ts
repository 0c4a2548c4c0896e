import type { CommandName } from '../config/commands.ts';
import type { Environment } from '../config/schema.ts';
import type { GuardResult } from '../guard/guard.ts';
import type { RunPlan } from '../migration/plan/run.ts';
import type { Effects, Phase } from '../migration/types.ts';
import type { ReleaseError } from '../observe/error.ts';
import type { Finding } from '../observe/finding.ts';
import type { Outcome } from '../observe/outcome.ts';
import type { ProbeResult } from '../verify/probe.ts';
import type { AuditResult } from './audit.ts';
import type { BackupFacts, FileFacts } from './backup/backup-facts.ts';
import type { DrillResult, DrillStep } from './drill/result.ts';
import type { Offending, RehearsalResult, ReliedOn } from './rehearsal/result.ts';
import type { RollbackResult } from './rollback/result.ts';
import type { LeaseStatus, StatusResult } from './status.ts';

/**
 * What the use cases have to say: the words of contract.md's "Results", which `--json` prints as they stand here and
 * `report/` renders for people. Types only. Dates become ISO texts in JSON, durations are milliseconds.
 *
 * No value of a document is in any of them.
 */

export interface PendingMigration {
  readonly name: string;
  readonly phase: Phase;
  readonly checksum: string;
  readonly transaction: boolean;
  readonly journal: boolean;
  readonly reversible: boolean;
  readonly description?: string;
  readonly run: RunPlan;
}

export interface PlanResult {
  readonly digest: string;
  /** `unknown` with `--offline`: no database was asked. */
  readonly pending: readonly PendingMigration[] | 'unknown';
  readonly findings: readonly Finding[];
}

export type BackupResult = BackupFacts;

export type InspectResult =
  | { readonly backups: readonly BackupFacts[] }
  | { readonly backup: BackupFacts | FileFacts; readonly verified: boolean };

/** A migration that ran to its end, in the direction the result is about. */
export interface AppliedMigration {
  readonly name: string;
  readonly durationMs: number;
  readonly effects: Effects;
}

/** The migration that the run ended at. `effects` tells how far it got, as far as that was seen. */
export interface FailedMigration {
  readonly name: string;
  readonly durationMs: number;
  readonly effects?: Effects;
  /** Which documents it failed on, as far as that was found. */
  readonly offending?: readonly Offending[];
}

export interface MigrateResult extends ReliedOn {
  readonly releaseId: string;
  /** That stands behind the release: a run that goes on with one has that of before its first change. */
  readonly backupId?: string;
  /** In the order in which they were applied; empty after a rehearsal. */
  readonly applied: readonly AppliedMigration[];
  readonly failed?: FailedMigration;
  /** Names of those that were not begun. */
  readonly remaining?: readonly string[];
  readonly rehearsal?: RehearsalResult;
}

export interface VerifyResult {
  readonly probes: readonly ProbeResult[];
}

export interface CollectionCount {
  readonly collection: string;
  readonly documents: number;
}

export interface RestoreResult {
  readonly backupId?: string;
  /** The database that was restored into. */
  readonly database?: string;
  readonly restored: readonly CollectionCount[];
  /** Collections that the backup does not hold, and that were removed. */
  readonly removed: readonly string[];
  /** The same, and kept. */
  readonly kept: readonly string[];
  /**
   * Collections that others made under a restored name while it was replaced, and where their documents are; with `writes`
   * the one that was replaced, and kept since more was written to it after the last count than was agreed to.
   */
  readonly displaced?: readonly {
    readonly name: string;
    readonly tombstone: string;
    readonly writes?: number | 'unknown';
    /** What had its documents expire, and does not any more; without `index` the collection itself. */
    readonly expiry?: readonly { readonly index?: string; readonly expireAfterSeconds: number }[];
    /** What has them expire still: stopping it takes the right to collMod. */
    readonly expiring?: readonly { readonly index?: string; readonly expireAfterSeconds: number }[];
  }[];
  /** Of Atlas, where all of it was restored: with everything in it, so no collection is listed. */
  readonly cluster?: string;
  /** `unchanged`: the backup does not say where in history its data are, or only some collections were restored. */
  readonly history?: 'set' | 'unchanged';
  /** With `--then-migrate`: what was applied afterwards. */
  readonly migrate?: MigrateResult;
}

export interface DeployResult {
  readonly durationMs: number;
}

/** All of them, each when its turn came. */
export interface ReleaseResult extends ReliedOn {
  readonly releaseId: string;
  readonly guards?: readonly GuardResult[];
  readonly plan?: PlanResult;
  readonly backup?: BackupResult;
  readonly rehearsal?: RehearsalResult;
  readonly migrate?: MigrateResult;
  readonly deploy?: DeployResult;
  readonly verify?: VerifyResult;
  readonly rollback?: RollbackResult;
}

export interface CreateResult {
  /** Path of the new file, relative to the working folder. */
  readonly file: string;
}

export interface BaselineResult {
  readonly releaseId: string;
  /** Names whose record changed; empty where they were recorded as applied with this content already. */
  readonly recorded: readonly string[];
}

export interface UnlockResult {
  /** The lease that was cleared; null where nobody held it. */
  readonly was: LeaseStatus | null;
}

export interface InitResult {
  /** The configuration that was written, relative to the working folder. */
  readonly file: string;
}

/** Which result belongs to which command. */
export interface Results {
  readonly status: StatusResult;
  readonly plan: PlanResult;
  readonly migrate: MigrateResult;
  readonly up: MigrateResult;
  readonly verify: VerifyResult;
  readonly backup: BackupResult;
  readonly inspect: InspectResult;
  readonly restore: RestoreResult;
  readonly release: ReleaseResult;
  readonly rollback: RollbackResult;
  readonly down: RollbackResult;
  readonly drill: DrillResult;
  readonly audit: AuditResult;
  readonly init: InitResult;
  readonly create: CreateResult;
  readonly baseline: BaselineResult;
  readonly unlock: UnlockResult;
}

/** Of a release, then of a rollback. */
export type StepName =
  | DrillStep
  | ('guards' | 'plan' | 'backup' | 'rehearsal' | 'apply' | 'deploy' | 'verify' | 'rollback')
  | ('stop-traffic' | 'data' | 'verify-data' | 'rollback-app' | `reconcile ${string}` | 'start-traffic');

export interface Step {
  readonly name: StepName;
  /** `planned`: in a dry run, which has not come to it. */
  readonly state: 'done' | 'failed' | 'skipped' | 'running' | 'unknown' | 'planned';
  readonly startedAt?: Date;
  readonly durationMs?: number;
  /** Of a rollback that was gone on with: which attempt at the step this is about, where it is not the first; where it was skipped, how many there were before. */
  readonly attempt?: number;
  /** A few words, such as why it was skipped, or what it would do. */
  readonly note?: string;
}

interface EndedCommand<C extends CommandName> {
  readonly command: C;
  readonly outcome: Outcome;
  /** What was on the way; undefined when the command failed before it had anything to say. */
  readonly result?: Results[C];
  readonly error?: ReleaseError;
  /** Undefined on commands without a target, and when it was not resolved. */
  readonly target?: { readonly name: string; readonly database?: string; readonly environment: Environment };
  readonly releaseId?: string;
  /** Whether the target has a record of that release: a rollback of any other knows of none. */
  readonly recorded?: boolean;
  readonly durationMs?: number;
  /** Of a release, in order. */
  readonly steps?: readonly Step[];
  /** What a person should know although nothing failed, a sentence each. */
  readonly warnings?: readonly string[];
}

/**
 * How a command ended: what `--json`, the terminal's text and the job summary are made from. Without an argument the
 * union of all commands, told apart by `command`.
 */
export type Ended<C extends CommandName = CommandName> = C extends CommandName ? EndedCommand<C> : never;
