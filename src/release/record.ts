import type { Collection, Db } from 'mongodb';
import type { Outcome } from '../observe/outcome.ts';
import type { Step } from './result.ts';
import { namesOf, type Run, targetOf } from './run.ts';

/** One run that may have changed a target: its audit trail, the document in `_mongo_release.releases`. */
export interface ReleaseRecord {
  /** The release's id; a rollback has one of its own. */
  readonly _id: string;
  readonly kind: 'migrate' | 'release' | 'down' | 'rollback' | 'restore';
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
  readonly steps?: readonly Step[];
  /** The release that a rollback takes back. */
  readonly of?: string;
  readonly reason?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly actor?: string;
  readonly host: string;
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
}

export type RecordStart = Pick<
  ReleaseRecord,
  'kind' | 'planDigest' | 'backupId' | 'positionBefore' | 'migrations' | 'of' | 'reason'
>;

/**
 * The release records of a target. Written with majority, intent before effect; nothing here is ever deleted, and a
 * restore does not touch it.
 */
export class ReleaseRecords {
  readonly #records: Collection<ReleaseRecord>;
  readonly #run: Run;

  /** `run` is the one that `start` and `finish` are about. */
  constructor(db: Db, run: Run) {
    this.#run = run;
    this.#records = db.collection<ReleaseRecord>(namesOf(run).releases, {
      writeConcern: { w: 'majority' },
      readConcern: { level: 'majority' },
    });
  }

  /** Puts the intent on record. A run that joins a release that failed before opens its record again. */
  async start(start: RecordStart): Promise<void> {
    const run = this.#run;
    const target = targetOf(run);
    const { actor, host, runUrl, commit } = run.origin;
    const fields = {
      ...start,
      state: 'running' as const,
      target: target.name,
      environment: target.environment,
      actor,
      host,
      runUrl,
      commit,
      toolVersion: run.toolVersion,
    };
    await this.#records.updateOne(
      { _id: run.releaseId },
      {
        $set: withoutUndefined(fields),
        $setOnInsert: { startedAt: new Date() },
        $unset: { finishedAt: '', error: '' },
      },
      { upsert: true },
    );
  }

  async finish(end: Pick<ReleaseRecord, 'error' | 'steps'> & { readonly outcome: Outcome }): Promise<void> {
    const { outcome, ...rest } = end;
    await this.#records.updateOne(
      { _id: this.#run.releaseId },
      { $set: { ...withoutUndefined(rest), state: outcome, finishedAt: new Date() } },
    );
  }

  find(releaseId: string): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ _id: releaseId });
  }

  /** The newest release that changed, or may have changed, the target and was not taken back; null when there is none. */
  async newest(): Promise<ReleaseRecord | null> {
    const taken = await this.#records.distinct('of', { kind: 'rollback', state: 'rolled-back' });
    return this.#records.findOne(
      {
        kind: { $in: ['migrate', 'release'] },
        _id: { $nin: taken.filter((id) => id !== undefined) },
        'migrations.0': { $exists: true },
      },
      { sort: { startedAt: -1 } },
    );
  }
}

/** The driver would store an absent value as null. */
function withoutUndefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
