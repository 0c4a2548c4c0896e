import type { Collection, Db, Filter } from 'mongodb';
import type { HistoryRecord } from '../../migration/types.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { namesOf, type Run } from '../run.ts';
import { backupsInUse } from './in-use.ts';
import { type Presence, presenceOf } from './presence.ts';
import { deploysOf, type ReleaseRecord } from './record.ts';

/** A release without an end, and whether its run is still at it. */
export interface Unended {
  readonly record: ReleaseRecord;
  readonly presence: Presence;
}

/** The collection of a target's release records: what is on record is read and written with majority. */
export function recordsIn(db: Db, run: Run): Collection<ReleaseRecord> {
  // What a step or a result leaves out would be stored as null.
  return db.collection<ReleaseRecord>(namesOf(run).releases, { ...majority, ignoreUndefined: true });
}

const majority = { writeConcern: { w: 'majority' }, readConcern: { level: 'majority' } } as const;

/** What is on record of a target's releases. Nothing here is ever deleted, and a restore does not touch it. */
export class ReleaseRecords {
  readonly #records: Collection<ReleaseRecord>;
  readonly #history: Collection<HistoryRecord>;

  constructor(db: Db, run: Run) {
    this.#records = recordsIn(db, run);
    this.#history = db.collection<HistoryRecord>(namesOf(run).history, majority);
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

  /**
   * Releases without an end that have begun to deploy, but `except`: of those that began after the latest one that came to a
   * good end, or was taken back. The newest first. What was cut off before that the history tells.
   */
  async unended(except: string): Promise<Unended[]> {
    const latest = { $ifNull: ['$reopenedAt', '$startedAt'] };
    const newest = [
      { $set: { latest } },
      { $sort: { latest: -1 } },
      { $limit: 50 },
      { $unset: ['latest', 'attempts'] },
    ];
    const records = await this.#records
      .aggregate<ReleaseRecord>([{ $match: { _id: { $ne: except } } }, ...newest])
      .toArray();
    const ended = records.findIndex(endedWell);
    const open = records.slice(0, ended === -1 ? undefined : ended).filter(isOpen);
    if (open.length === 0) return [];
    const now = await serverNow(this.#records);
    return open.map((record) => ({ record, presence: presenceOf(record, now) }));
  }

  /** Backups that must not go: see in-use.ts. */
  async backupsInUse(): Promise<ReadonlySet<string>> {
    const [records, history] = await Promise.all([
      this.#records.find().project<ReleaseRecord>({ kind: 1, state: 1, of: 1, backupId: 1, finishedAt: 1 }).toArray(),
      this.#history.find().project<HistoryRecord>({ state: 1, releaseId: 1, appliedIn: 1 }).toArray(),
    ]);
    return backupsInUse(records, history);
  }

  /** The rollback that has shut users out of the target, or may have, as long as they are. */
  trafficStopped(): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', traffic: { $exists: true } }).catch((error: unknown) => {
      throw asServerFailure(error, 'looking whether a rollback has stopped traffic');
    });
  }

  /** Whether a release began to deploy after this moment. */
  async deployedAfter(moment: Date): Promise<boolean> {
    const step = withStep({ ...deployed, startedAt: { $gt: moment } });
    return (await this.#records.findOne(step, { projection: { _id: 1 } })) !== null;
  }

  /** The release that was tried latest, unless it did not deploy and had nothing to do, or another run was at it. Null when there is none. */
  newest(): Promise<ReleaseRecord | null> {
    const tried = { state: { $ne: 'nothing-to-do' as const }, 'error.code': { $ne: 'LEASE_HELD' } };
    return this.#latest({ $or: [tried, withStep(deployed)] });
  }

  /** The newest release that began to apply something, or to deploy, also when it was taken back already. */
  newestBegun(): Promise<ReleaseRecord | null> {
    const begun = { positionBefore: { $exists: true }, 'migrations.0': { $exists: true } };
    return this.#latest({ $or: [begun, withStep(deployed)] });
  }

  async #latest(which: Filter<ReleaseRecord>): Promise<ReleaseRecord | null> {
    const [found] = await this.#records
      .aggregate<ReleaseRecord>([
        { $match: { kind: { $in: ['migrate', 'release'] }, ...which } },
        { $set: { latest: { $ifNull: ['$reopenedAt', '$startedAt'] } } },
        { $sort: { latest: -1 } },
        { $limit: 1 },
        { $unset: 'latest' },
      ])
      .toArray();
    if (found === undefined) return null;
    onRecord.add(found._id);
    return found;
  }
}

/** The server's time: by it signs of life are told. */
export async function serverNow({ db }: Pick<Collection, 'db'>): Promise<Date> {
  const { localTime } = await db.command({ hello: 1 });
  return localTime;
}

const deployed = { name: 'deploy' as const, state: { $ne: 'skipped' as const } };

function isOpen({ state, steps }: ReleaseRecord): boolean {
  return state === 'running' && deploysOf({ steps }).length > 0;
}

/** Also one of code alone that was deployed. */
function endedWell({ state, steps }: ReleaseRecord): boolean {
  return (
    state === 'applied' || state === 'rolled-back' || (state === 'nothing-to-do' && deploysOf({ steps }).length > 0)
  );
}

/** In any of its attempts. */
function withStep(step: object): Filter<ReleaseRecord> {
  return { $or: [{ steps: { $elemMatch: step } }, { attempts: { $elemMatch: { steps: { $elemMatch: step } } } }] };
}

const onRecord = new Set<string>();

/** Whether this process has seen a release on record, or put it there. */
export function isOnRecord(releaseId: string): boolean {
  return onRecord.has(releaseId);
}

/** Says that it has. */
export function isNowOnRecord(releaseId: string): void {
  onRecord.add(releaseId);
}
