import type { OwnerProcess } from '../../migration/lease/owner-process.ts';
import type { AgreedPlan } from '../../migration/plan/agreed.ts';
import type { ClusterIdentity } from '../../mongo/cluster.ts';
import type { Outcome } from '../../observe/outcome.ts';
import type { Waiver } from '../rehearsal/result.ts';
import type { RestoreResult, Step } from '../result.ts';
import type { DataTakenBack, RollbackResult } from '../rollback/result.ts';
import type { StoppedTraffic } from '../rollback/traffic.ts';
import type { ReleaseAttempt } from './attempt.ts';
import type { Heard } from './presence.ts';

/** One run that may have changed a target: its audit trail, the document in `_mongo_release.releases`. */
export interface ReleaseRecord {
  /** The release's id; a rollback has one of its own. */
  readonly _id: string;
  readonly kind: 'migrate' | 'release' | 'down' | 'rollback' | 'restore' | 'baseline';
  /** `running` until it has an outcome: a run that was killed stays so. */
  readonly state: 'running' | Outcome;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  readonly target: string;
  readonly environment: string;
  /** Where that was, so that a copy of it can be told from it. */
  readonly database?: string;
  readonly cluster?: ClusterIdentity;
  readonly planDigest?: string;
  /** What that digest stood for when it was begun: whoever tries it again goes on with the rest of this, and nothing else. */
  readonly agreed?: AgreedPlan & {
    /** Whether it was begun on what showed all of that, or was let off it: not where half of another run was ended first. */
    readonly shown?: boolean;
  };
  /** The backup that a restore would bring back. */
  readonly backupId?: string;
  /** The cluster of Atlas that goes with it, all of it, where that backup is a snapshot and a rollback is to restore it. */
  readonly erases?: string;
  /** The database that a restore has made a copy in, beside its target's; also of what followed it there. */
  readonly into?: string;
  /** Digest of the history before the first change. */
  readonly positionBefore?: string;
  /** Names, in the order in which they were planned or are taken back. */
  readonly migrations: readonly string[];
  /** Of a rollback each is here before it begins. */
  readonly steps?: readonly RecordedStep[];
  /** The release that a rollback takes back. */
  readonly of?: string;
  /** The way that a rollback takes. */
  readonly strategy?: RollbackResult['strategy'];
  /** Why that one. */
  readonly why?: string;
  /** What a rollback has done to the data. */
  readonly data?: DataTakenBack;
  /** Of a rollback: users are shut out, or may be. On one record at most, and gone once they are in again. */
  readonly traffic?: StoppedTraffic;
  /** What changes the target after it has a higher one: of its latest lease, or where it deploys without one, of the last that was given back before it. */
  readonly fence?: number;
  /** What restores of this run have put aside, their own or one that it has finished, and left to users. */
  readonly keptAside?: RestoreResult['displaced'];
  /** The release that applied what was pending after a restore. */
  readonly followedBy?: string;
  readonly reason?: string;
  /** What a restore was allowed to lose, as `--accept-loss` had it. */
  readonly acceptedLoss?: string;
  /** Id of the proof of a rehearsal that it relies on. */
  readonly proofId?: string;
  /** What it was let off. */
  readonly waivers?: readonly Waiver[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly actor?: string;
  readonly host: string;
  /** Of the process on that host. */
  readonly pid?: number;
  /** The same process, as far as it can be told from every other one. */
  readonly process?: OwnerProcess;
  /** Of its deploy hook, once that has started: it may outlive the run. */
  readonly hook?: OwnerProcess;
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
  /** The process that was at it latest. */
  readonly attemptId?: string;
  /** Its latest sign of life: while it is `running` it gives one again and again. */
  readonly heard?: Heard;
  /** Of a rollback: the first moment of the run whose latest attempt it is; it looks, asks and waits for the lease before it begins. */
  readonly typedAt?: Date;
  /** When the latest attempt began, where it is not the first. */
  readonly reopenedAt?: Date;
  /** The attempts before the latest one, which all other fields are about; the newest last. */
  readonly attempts?: readonly ReleaseAttempt[];
  /** How many older ones there were than `attempts` has room for. */
  readonly attemptsLeftOut?: number;
}

/** A step, and who was at it. */
export type RecordedStep = Step & Pick<Partial<ReleaseRecord>, 'actor' | 'host' | 'runUrl'>;

export type RecordStart = Pick<
  ReleaseRecord,
  | 'kind'
  | 'planDigest'
  | 'agreed'
  | 'backupId'
  | 'positionBefore'
  | 'migrations'
  | 'of'
  | 'reason'
  | 'proofId'
  | 'waivers'
  | RollbackField
>;

type RollbackField = 'erases' | 'typedAt' | 'strategy' | 'why' | 'steps' | 'data' | 'fence' | 'traffic';

/** What is known of a release before it has the lease. */
export type RecordOpening = Pick<ReleaseRecord, 'kind' | 'planDigest'> & Partial<Pick<ReleaseRecord, 'migrations'>>;

/** How a run ended. Of the error the record keeps code and message. */
export interface RecordEnd extends Pick<ReleaseRecord, 'steps' | 'error' | 'followedBy'> {
  readonly outcome: Outcome;
}

/** Whether something of it was to be done in the target. What has no position in history is only ever opened to do it. */
export function hasBegun(record: ReleaseRecord | null): record is ReleaseRecord {
  if (record === null) return false;
  return record.positionBefore !== undefined || (record.kind !== 'release' && record.kind !== 'migrate');
}

/** Its deploys that were begun, in any of its attempts, or left to somebody else; the newest last. Nobody can tell then which application is there. */
export function deploysOf({ steps = [], attempts = [] }: Pick<ReleaseRecord, 'steps' | 'attempts'>): readonly Step[] {
  const all = [...attempts.map((one) => one.steps ?? []), steps].flat();
  return all.filter(({ name, state }) => name === 'deploy' && state !== 'skipped');
}

/** When the latest attempt at it began. */
export function latestBegan({ startedAt, reopenedAt }: Pick<ReleaseRecord, 'startedAt' | 'reopenedAt'>): Date {
  return reopenedAt ?? startedAt;
}
