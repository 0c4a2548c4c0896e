import type { ProbeResult } from '../../verify/probe.ts';
import type { AppliedMigration, FailedMigration } from '../result.ts';

export type DrillStep = 'verify' | 'start' | 'restore' | 'count' | 'migrate' | 'probe';

/** One collection as it was restored, and as the manifest has it. */
export interface DrillCount {
  readonly collection: string;
  readonly state: 'equal' | 'differs';
  /** Of a time series its buckets. */
  readonly expected: { readonly documents: number; readonly bytes: number };
  readonly restored: { readonly documents: number; readonly bytes: number };
}

export interface DrillLimit {
  readonly name: 'recovery-time' | 'recovery-point';
  /** `unknown`: the drill did not get so far. */
  readonly state: 'kept' | 'exceeded' | 'unknown';
  readonly limitMs: number;
  readonly seenMs?: number;
}

export interface DrillResult {
  readonly backupId: string;
  /** Of the store. */
  readonly location: string;
  readonly createdAt: string;
  /** What the manifest says that the backup holds. */
  readonly documents: number;
  readonly bytes: number;
  /** Whether the archive was read whole and is what was written. */
  readonly verified: boolean;
  /** From the beginning until the last probe, without what is counted for the drill alone. Undefined where it did not get so far. */
  readonly recoveryTimeMs?: number;
  /** Of when the data are, and how long before the drill that was: what would be lost. */
  readonly recoveryPoint: { readonly at: string; readonly ageMs: number };
  /** Those that are configured. */
  readonly limits: readonly DrillLimit[];
  readonly counts: readonly DrillCount[];
  /** What brought the data to the schema of this checkout. */
  readonly migrations: readonly AppliedMigration[];
  readonly failed?: FailedMigration;
  readonly probes?: readonly ProbeResult[];
  readonly serverVersion?: string;
  readonly sandbox?: string;
  /** Where the drill is on record. */
  readonly record?: string;
}
