import type { Collection, Db } from 'mongodb';
import type { HistoryRecord } from '../migration/types.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import { attemptOf, fieldsOfAttempt, pushed, type ReleaseAttempt, thisAttempt } from './attempt.ts';
import { backupsInUse } from './in-use.ts';
import { outcomeOfError } from './outcome.ts';
import type { Waiver } from './rehearsal/result.ts';
import type { Step } from './result.ts';
import type { DataTakenBack, RollbackResult } from './rollback/result.ts';
import { namesOf, type Run, targetOf } from './run.ts';

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
  readonly planDigest?: string;
  /** The backup that a restore would bring back. */
  readonly backupId?: string;
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
  /** Of the lease of the run that is, or was, at a rollback: a later one takes it over by a higher one. */
  readonly fence?: number;
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
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
  /** The process that was at it latest. */
  readonly attemptId?: string;
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
  | 'backupId'
  | 'positionBefore'
  | 'migrations'
  | 'of'
  | 'reason'
  | 'proofId'
  | 'waivers'
  | RollbackField
>;

type RollbackField = 'strategy' | 'why' | 'steps' | 'data' | 'fence';

/** What is known of a release before it has the lease. */
export type RecordOpening = Pick<ReleaseRecord, 'kind' | 'planDigest'> & Partial<Pick<ReleaseRecord, 'migrations'>>;

/** How a run ended. Of the error the record keeps code and message. */
export interface RecordEnd extends Pick<ReleaseRecord, 'steps' | 'error' | 'followedBy'> {
  readonly outcome: Outcome;
}

/**
 * The release records of a target. Written with majority, intent before effect; nothing here is ever deleted, and a
 * restore does not touch it.
 */
export class ReleaseRecords {
  readonly #records: Collection<ReleaseRecord>;
  readonly #history: Collection<HistoryRecord>;
  readonly #run: Run;

  /** `run` is the one that `start` and `finish` are about. */
  constructor(db: Db, run: Run) {
    this.#run = run;
    const { releases, history } = namesOf(run);
    const majority = { writeConcern: { w: 'majority' }, readConcern: { level: 'majority' } } as const;
    // What a step or a result leaves out would be stored as null.
    this.#records = db.collection<ReleaseRecord>(releases, { ...majority, ignoreUndefined: true });
    this.#history = db.collection<HistoryRecord>(history, majority);
  }

  /**
   * Puts a release on record before it has the lease, and once more when more is known of it: also one that is stopped
   * before it may change anything is a release. What another process has open is not touched: only the lease tells
   * whether that one is over. Throws what `asServerFailure` makes of a server's failure.
   */
  async open({ migrations = [], ...opening }: RecordOpening): Promise<void> {
    try {
      const found = await this.find(this.#run.releaseId);
      if (found?.state === 'running' && found.attemptId !== thisAttempt) return;
      await this.#begin(found, { ...opening, migrations: hasBegun(found) ? undefined : migrations }, patience);
    } catch (error) {
      throw asServerFailure(error, 'putting the release on record');
    }
  }

  /**
   * Puts the intent on record, under the lease. A run that joins a release (its second half after the deploy, or a new
   * attempt) opens its record again: the way back leads to where the release began, so that stays once it moved history.
   * What was on record of the attempt before goes to `attempts`, and nothing of it is left beside.
   */
  async start(start: RecordStart): Promise<void> {
    const joined = await this.find(this.#run.releaseId);
    const before = hasBegun(joined) ? joined : undefined;
    const began = before !== undefined && before.positionBefore !== start.positionBefore ? before : start;
    await this.#begin(joined, {
      ...start,
      positionBefore: began.positionBefore,
      backupId: began.backupId,
      migrations: [...new Set([...(before?.migrations ?? []), ...start.migrations])],
    });
  }

  async #begin(
    joined: ReleaseRecord | null,
    fields: Partial<ReleaseRecord>,
    options: { readonly writeConcern?: WriteConcernSettings } = {},
  ): Promise<void> {
    const run = this.#run;
    const target = targetOf(run);
    const { actor, host, pid, runUrl, commit } = run.origin;
    const again = joined !== null && joined.attemptId !== thisAttempt;
    const set = withoutUndefined({
      ...fields,
      ...{ state: 'running' as const, target: target.name, environment: target.environment },
      acceptedLoss: run.invocation.flags['accept-loss'],
      ...{ actor, host, pid, runUrl, commit, toolVersion: run.toolVersion, attemptId: thisAttempt },
      reopenedAt: again ? new Date() : undefined,
    });
    const gone = [...(again ? fieldsOfAttempt(joined) : []), 'finishedAt', 'error'].filter((field) => !(field in set));
    await this.#records.updateOne(
      { _id: run.releaseId },
      {
        $set: set,
        $setOnInsert: { startedAt: new Date() },
        $unset: Object.fromEntries(gone.map((field) => [field, ''])),
        ...(again && pushed(attemptOf(joined), joined)),
      },
      { upsert: true, ...options },
    );
    onRecord.add(run.releaseId);
  }

  /** Opens the record once more where a restore by Atlas took it away with everything else. Best effort: the data is back. */
  async startAgain(start: RecordStart): Promise<void> {
    await this.start(start).catch((error: unknown) => {
      const { code } = asServerFailure(error, 'putting the restore on record');
      this.#run.log.warn('The restore could not be put on record again: the cluster came back without it.', {
        error: code,
      });
    });
  }

  /**
   * Puts on record how far a rollback is. Throws `LEASE_LOST` where another run goes on with it, and what `asServerFailure`
   * makes of a server's failure: what was not put on record may not be begun.
   */
  async keep(fence: number, fields: Pick<ReleaseRecord, 'steps' | 'data'>): Promise<void> {
    const record = { _id: this.#run.releaseId, fence };
    const { matchedCount } = await this.#records.updateOne(record, { $set: fields }).catch((error: unknown) => {
      throw asServerFailure(error, 'putting a step of the rollback on record');
    });
    if (matchedCount === 1) return;
    throw new ReleaseError('LEASE_LOST', 'Another run goes on with this rollback.', {
      hint: 'Look at that one; mongo-release status says whether it still has the lease.',
    });
  }

  /** Ends this process's attempt: the latest, one that another process has followed since, or one beside another's. */
  async finish({ outcome, error, steps, followedBy }: RecordEnd): Promise<void> {
    const _id = this.#run.releaseId;
    const end = withoutUndefined({
      ...{ steps, followedBy, error: error && { code: error.code, message: this.#run.secrets.scrub(error.message) } },
      ...{ state: outcome, finishedAt: new Date() },
    });
    const latest = await this.#records.updateOne({ _id, attemptId: thisAttempt }, { $set: end }, patience);
    if (latest.matchedCount === 1) return;
    const inAttempts = Object.fromEntries(Object.entries(end).map(([field, value]) => [`attempts.$.${field}`, value]));
    const followed = { _id, 'attempts.attemptId': thisAttempt };
    const earlier = await this.#records.updateOne(followed, { $set: inAttempts }, patience);
    if (earlier.matchedCount === 1) return;
    const record = await this.find(_id);
    if (record === null) return;
    const { actor, host, pid, runUrl, commit } = this.#run.origin;
    const attempt = withoutUndefined({
      ...{ startedAt: end.finishedAt, actor, host, pid, runUrl, commit },
      ...{ toolVersion: this.#run.toolVersion, attemptId: thisAttempt, ...end },
    }) as ReleaseAttempt;
    await this.#records.updateOne({ _id }, pushed(attempt, record), patience);
  }

  /**
   * `finish` for where the work itself has ended: how it ended stands, whether or not that can be put on record. What
   * cannot stays `running`, which says that nobody knows more.
   */
  async close(end: RecordEnd): Promise<void> {
    await this.finish(end).catch((error: unknown) => {
      const { code } = asServerFailure(error, 'putting the end of the release on record');
      this.#run.log.warn('The end of this release could not be put on record.', { error: code });
    });
  }

  /** Runs what the record is about. Where that throws, the record says why; what may have changed something has a code that says so. */
  async around<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const error = asReleaseError(thrown);
      await this.close({ outcome: outcomeOfError(error, false), error });
      throw error;
    }
  }

  /** Everything on record. Throws `asServerFailure`'s errors. */
  all(): Promise<ReleaseRecord[]> {
    return this.#records
      .find()
      .toArray()
      .catch((error: unknown) => {
        throw asServerFailure(error, 'reading the records of releases');
      });
  }

  async find(releaseId: string): Promise<ReleaseRecord | null> {
    const found = await this.#records.findOne({ _id: releaseId });
    if (found !== null) onRecord.add(releaseId);
    return found;
  }

  /** The newest rollback of a release, finished or not. */
  rollbackOf(releaseId: string): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', of: releaseId }, { sort: { startedAt: -1 } });
  }

  /** The newest rollback of all, finished or not. */
  newestRollback(): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback' }, { sort: { startedAt: -1 } });
  }

  /** Releases that were to apply this migration and have a backup of before, the newest first. */
  withBackup(migration: string): Promise<ReleaseRecord[]> {
    return this.#records
      .find({ kind: { $in: ['migrate', 'release'] }, migrations: migration, backupId: { $exists: true } })
      .sort({ startedAt: -1 })
      .limit(20)
      .toArray();
  }

  /** Whether this backup was restored here by its name, or was to be. */
  async haveRestored(backupId: string): Promise<boolean> {
    return (await this.#records.findOne({ kind: 'restore', backupId })) !== null;
  }

  /** Backups that must not go: see in-use.ts. */
  async backupsInUse(): Promise<ReadonlySet<string>> {
    const [records, history] = await Promise.all([
      this.#records.find().project<ReleaseRecord>({ kind: 1, state: 1, of: 1, backupId: 1, finishedAt: 1 }).toArray(),
      this.#history.find().project<HistoryRecord>({ state: 1, releaseId: 1, appliedIn: 1 }).toArray(),
    ]);
    return backupsInUse(records, history);
  }

  /**
   * The newest release that began to apply something, also when it was taken back already: whoever asks twice for the
   * newest to go must not lose the one before it. Null when there is none.
   */
  async newest(): Promise<ReleaseRecord | null> {
    const begun = { positionBefore: { $exists: true }, 'migrations.0': { $exists: true } };
    const found = await this.#records.findOne(
      { kind: { $in: ['migrate', 'release'] }, ...begun },
      { sort: { startedAt: -1 } },
    );
    if (found !== null) onRecord.add(found._id);
    return found;
  }
}

/** Whether something of it was to be done in the target. What has no position in history is only ever opened to do it. */
function hasBegun(record: ReleaseRecord | null): record is ReleaseRecord {
  if (record === null) return false;
  return record.positionBefore !== undefined || (record.kind !== 'release' && record.kind !== 'migrate');
}

type WriteConcernSettings = { readonly w: 'majority'; readonly wtimeoutMS: number };

/** Nothing of the target hangs on it: where no majority answers, the run ends all the same. */
const patience = { writeConcern: { w: 'majority', wtimeoutMS: 30_000 } } as const;

const onRecord = new Set<string>();

/** Whether this process has seen a release on record, or put it there. */
export function isOnRecord(releaseId: string): boolean {
  return onRecord.has(releaseId);
}

/** The driver would store an absent value as null. */
function withoutUndefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
