import type { UndoNumbers } from '../../migration/undo/result.ts';
import type { ProbeResult } from '../../verify/probe.ts';
import type { AppliedMigration, CollectionCount, FailedMigration, RestoreResult, Step } from '../result.ts';

export type RollbackStrategy = 'undo' | 'down' | 'restore';

/** Writes of users that a restore would lose, or does not bring back; `null` where nobody can count them. */
export type RestoreLoss = (
  | {
      readonly writes: number;
      /** Cluster time of the backup, ISO: counted from there on. */
      readonly since: string;
      readonly collections: readonly { readonly collection: string; readonly writes: number }[];
      /** Time series that are replaced: no change stream tells of writes to them. Absent where there are none. */
      readonly notCounted?: readonly string[];
    }
  | { readonly writes: null; readonly why: string }
) & {
  /** What came after the last count, and was more than was agreed to: it is in these, which are the replaced ones. */
  readonly kept?: readonly (NonNullable<RestoreResult['displaced']>[number] & {
    readonly writes: number | 'unknown';
  })[];
};

export interface UndoneMigration extends UndoNumbers {
  readonly name: string;
  /** Those of the migration that were undone. Absent in what older versions have put on record. */
  readonly attempts?: readonly number[];
}

/** One that went back with a restore: nobody counts what that does to each. */
export interface RestoredAway {
  readonly name: string;
  readonly durationMs?: undefined;
  readonly effects?: undefined;
}

/** What became of the data on the way back. */
export interface DataTakenBack {
  /** In the order in which they were taken back. */
  readonly reverted: readonly (AppliedMigration | RestoredAway)[];
  readonly failed?: FailedMigration;
  /** What was left as it is: collections added since (restore), documents with users' writes (undo). */
  readonly kept: readonly string[];
  /** Documents that stay as the users left them, in quarantine. */
  readonly conflicts: readonly CollectionCount[];
  /** With the strategy `undo`: in a dry run what would be done, else what was. */
  readonly undo?: readonly UndoneMigration[];
  /** With the strategy `restore`. */
  readonly restore?: RestoreResult;
  /** With the strategy `restore`: what users had written since the backup. */
  readonly loss?: RestoreLoss;
}

/** Each collection once, with its documents of all of these. */
export function inAll(counts: readonly CollectionCount[]): CollectionCount[] {
  return [...Map.groupBy(counts, ({ collection }) => collection)].map(([collection, of]) => {
    return { collection, documents: of.reduce((sum, { documents }) => sum + documents, 0) };
  });
}

export interface RollbackResult extends DataTakenBack {
  readonly releaseId?: string;
  /** Its own, once it is on record. */
  readonly rollbackId?: string;
  /** `none`: there was nothing of the release in the target. */
  readonly strategy: RollbackStrategy | 'none';
  readonly probes?: readonly ProbeResult[];
  /** Each as it went the last time, also where that was in an earlier run; in the order of that. */
  readonly steps?: readonly Step[];
}
