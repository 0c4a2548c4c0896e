import type { Collection, Db, Filter } from 'mongodb';
import type { HistoryRecord } from '../../migration/types.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { namesOf, type Run } from '../run.ts';
import { backupsInUse } from './in-use.ts';
import { hookAtIt, type Presence, presenceOf } from './presence.ts';
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
  readonly #signs: Collection<ReleaseRecord>;
  readonly #history: Collection<HistoryRecord>;

  constructor(db: Db, run: Run) {
    this.#records = recordsIn(db, run);
    this.#signs = db.collection(namesOf(run).releases, { readConcern: { level: 'local' }, readPreference: 'primary' });
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

  /** Those that were begun on a plan whose digest begins with this, the one that was tried latest first. Throws `asServerFailure`'s errors. */
  async agreedOn(digest: string): Promise<ReleaseRecord[]> {
    const begins = { $gte: digest, $lt: `${digest}~` };
    const found = await latestFirst(this.#records, { ...releases, 'agreed.digest': begins }, mostAgreed).catch(
      (error: unknown) => {
        throw asServerFailure(error, 'looking for a release that was begun on this plan');
      },
    );
    for (const { _id } of found) onRecord.add(_id);
    return found;
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
   * Looks whether the runs of releases without an end are still at it: for the newest sign of life, which the primary has
   * before a majority has it. Throws `asServerFailure`'s errors.
   */
  async look(records: readonly ReleaseRecord[]): Promise<Unended[]> {
    if (records.length === 0) return [];
    const signs = await this.#signs
      .aggregate<Pick<ReleaseRecord, '_id' | 'heard' | 'process'> & { readonly now: Date }>([
        { $match: { _id: { $in: records.map(({ _id }) => _id) } } },
        { $project: { heard: 1, process: 1, now: '$$NOW' } },
      ])
      .toArray()
      .catch((error: unknown) => {
        throw asServerFailure(error, 'looking for signs of life of a release');
      });
    const seen = new Map(signs.map((sign) => [sign._id, sign]));
    return records.map((record) => {
      const sign = seen.get(record._id);
      if (sign === undefined) return { record, presence: 'here' };
      return { record: { ...record, heard: sign.heard }, presence: presenceOf(sign, sign.now) };
    });
  }

  /**
   * Releases without an end that have begun to deploy, but `except`, the newest first. Of those whose run is not at it any
   * more only such as were not taken back since, and after which nothing was deployed.
   */
  async unended(except: string): Promise<Unended[]> {
    const open = await latestFirst(
      this.#records,
      { _id: { $ne: except }, state: 'running', steps: { $elemMatch: deployed } },
      mostUnended,
    );
    const seen = await this.look(open);
    const over = await Promise.all(seen.map(({ record, presence }) => presence !== 'here' && this.#isFollowed(record)));
    return seen.filter((_, i) => !over[i]);
  }

  /** Releases whose deploy hook is seen to be still at it, and their run is not. */
  async hooksLeft(): Promise<Unended[]> {
    const open = await latestFirst(this.#records, { state: 'running', hook: { $exists: true } }, mostUnended);
    const seen = await this.look(open.filter((one) => hookAtIt(one) !== undefined));
    return seen.filter(({ presence }) => presence !== 'here');
  }

  /** Whether a release that deployed was taken back since, or another application was deployed. */
  async #isFollowed({ _id, steps }: ReleaseRecord): Promise<boolean> {
    const since = { $gt: deploysOf({ steps }).at(-1)?.startedAt ?? new Date(0) };
    const back = { kind: 'rollback' as const, of: _id, state: 'rolled-back' as const };
    // Of what is left to somebody else nobody sees more.
    const left = { state: 'unknown' as const, durationMs: { $exists: false } };
    const deploy = { name: 'deploy' as const, startedAt: since, $or: [{ state: 'done' as const }, left] };
    const found = await this.#records.findOne(
      {
        $or: [
          { ...back, $or: [{ startedAt: since }, { reopenedAt: since }] },
          { _id: { $ne: _id }, ...withStep(deploy) },
        ],
      },
      { projection: { _id: 1 } },
    );
    return found !== null;
  }

  /** Backups that must not go: see in-use.ts. */
  async backupsInUse(): Promise<ReadonlySet<string>> {
    const [records, history] = await Promise.all([
      this.#records.find().project<ReleaseRecord>({ kind: 1, state: 1, of: 1, backupId: 1, finishedAt: 1 }).toArray(),
      this.#history.find().project<HistoryRecord>({ state: 1, releaseId: 1, appliedIn: 1 }).toArray(),
    ]);
    return backupsInUse(records, history);
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
    return this.#latest({ $or: [begun, withStep(deployed)] });
  }

  /** The newest release that began to deploy, in any of its attempts. */
  newestDeployed(): Promise<ReleaseRecord | null> {
    return this.#latest(withStep(deployed));
  }

  /** Each `release` that did so, or went its whole way and found nothing to do, and each `migrate` that came to a good end; the latest first. */
  outcomes(): Promise<ReleaseRecord[]> {
    const release = { kind: 'release' as const, $or: [begun, withStep(deployed), { state: 'nothing-to-do' as const }] };
    const migrate = { kind: 'migrate' as const, $or: [{ state: 'applied' as const }, withStep(deployed)] };
    return latestFirst(this.#records, { $or: [release, migrate] }, mostOutcomes);
  }

  async #latest(which: Filter<ReleaseRecord>): Promise<ReleaseRecord | null> {
    const [found] = await latestFirst(this.#records, { ...releases, ...which }, 1);
    if (found === undefined) return null;
    onRecord.add(found._id);
    return found;
  }
}

/** By when their latest attempt began. */
export function latestFirst(
  records: Collection<ReleaseRecord>,
  which: Filter<ReleaseRecord>,
  most: number,
): Promise<ReleaseRecord[]> {
  return records
    .aggregate<ReleaseRecord>([
      { $match: which },
      { $set: { latest: { $ifNull: ['$reopenedAt', '$startedAt'] } } },
      { $sort: { latest: -1 } },
      { $limit: most },
      { $unset: 'latest' },
    ])
    .toArray();
}

const releases = { kind: { $in: ['migrate' as const, 'release' as const] } };

/** One job is not run again more often. */
const mostAgreed = 100;

/** Each costs two questions. */
const mostUnended = 20;

/** Each that was taken back costs one; all of so many in a row are hardly ever. */
const mostOutcomes = 20;

const deployed = { name: 'deploy' as const, state: { $ne: 'skipped' as const } };

/** In any of its attempts. */
function withStep(step: object): Filter<ReleaseRecord> {
  return { $or: [{ steps: { $elemMatch: step } }, { attempts: { $elemMatch: { steps: { $elemMatch: step } } } }] };
}

/** It had the lease, to apply something. */
const begun = { positionBefore: { $exists: true }, 'migrations.0': { $exists: true } };

const onRecord = new Set<string>();

/** Whether this process has seen a release on record, or put it there. */
export function isOnRecord(releaseId: string): boolean {
  return onRecord.has(releaseId);
}

/** Says that it has. */
export function isNowOnRecord(releaseId: string): void {
  onRecord.add(releaseId);
}
