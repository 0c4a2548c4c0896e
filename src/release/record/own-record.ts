import { type Collection, Long, MongoServerError } from 'mongodb';
import { answerWithin } from '../../migration/lease/clock.ts';
import { type OwnerProcess, thisProcess } from '../../migration/lease/owner-process.ts';
import { fenceBehind } from '../../migration/lease/state.ts';
import { clusterIdentity } from '../../mongo/cluster.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { outcomeOfError } from '../outcome.ts';
import type { StoppedTraffic } from '../rollback/traffic.ts';
import { namesOf, type Run, targetOf } from '../run.ts';
import { attemptOf, fieldsOfAttempt, pushed, type ReleaseAttempt, thisAttempt } from './attempt.ts';
import { isDeploying } from './presence.ts';
import { hasBegun, type RecordEnd, type RecordOpening, type RecordStart, type ReleaseRecord } from './record.ts';
import { isNowOnRecord, ReleaseRecords, recordsIn } from './records.ts';
import { atItAlready, isEarlier, refuseTaken, whoIsAtIt } from './whose.ts';

/** What this run puts on record of itself: intent before effect. */
export class OwnRecord {
  readonly #records: Collection<ReleaseRecord>;
  readonly #run: Run;
  /** What was done to the target up to there says nothing of this attempt, once it deploys or has come to a good end. */
  #behind: number | undefined;
  readonly #all: ReleaseRecords;
  readonly #where: Pick<ReleaseRecord, 'database' | 'cluster'>;

  constructor({ db, topology }: Connection, run: Run) {
    this.#run = run;
    this.#where = { database: db.databaseName, cluster: clusterIdentity(topology) };
    this.#records = recordsIn(db, run);
    this.#all = new ReleaseRecords(db, run);
  }

  /**
   * Puts a release on record before it has the lease, and once more when more is known of it: also one that is stopped
   * before it may change anything is a release. What another process has open is not touched, unless that is over as far
   * as can be seen. Throws what `asServerFailure` makes of a server's failure.
   */
  async open(opening: RecordOpening): Promise<void> {
    await this.#open(opening);
  }

  /**
   * Puts on record that it goes on to deploy, with its steps so far: nobody has the lease meanwhile, so no two processes may
   * be at that. Throws `HISTORY_CONFLICT` where another one has the record open, or has had it since this one; else as `open`.
   */
  async claim(opening: RecordOpening, steps: RecordEnd['steps']): Promise<void> {
    const other = await this.#open(opening, steps);
    if (other !== undefined) throw atItAlready(other);
  }

  /** Comes back with the record where it is another process's to keep. With `steps` it deploys. */
  async #open({ migrations = [], ...opening }: RecordOpening, steps?: RecordEnd['steps']) {
    try {
      if (opening.planDigest !== undefined) this.#behind ??= await fenceBehind(this.#records.db, namesOf(this.#run));
      return await this.#upon(opening.kind, async (found) => {
        const here = await whoIsAtIt(this.#all, found);
        if (here !== undefined) return here;
        if (found !== null && isEarlier(found)) return found;
        const fields = { ...opening, steps, migrations: hasBegun(found) ? undefined : migrations };
        await this.#begin(found, fields, { ...patience, fence: steps && this.#behind });
        return undefined;
      });
    } catch (error) {
      throw asServerFailure(error, 'putting the release on record');
    }
  }

  /**
   * Puts the intent on record, under the lease. A run that joins a release (its second half after the deploy, or a new
   * attempt) opens its record again: the way back leads to where the release began, so that stays where it `goesOn` with
   * what is in the target of it.
   * What was on record of the attempt before goes to `attempts`, and nothing of it is left beside. Throws `USAGE` where the
   * id is that of a run of another kind, and `HISTORY_CONFLICT` where one deploys under it, which needs no lease.
   */
  start(start: RecordStart, { goesOn = false } = {}): Promise<void> {
    return this.#upon(start.kind, async (joined) => {
      const other = joined !== null && isDeploying(joined) ? await whoIsAtIt(this.#all, joined) : undefined;
      if (other !== undefined) throw atItAlready(other);
      const before = hasBegun(joined) ? joined : undefined;
      const began = goesOn && before !== undefined ? before : start;
      const fields = {
        ...start,
        positionBefore: began.positionBefore,
        backupId: began.backupId,
        migrations: [...new Set([...(before?.migrations ?? []), ...start.migrations])],
      };
      // The backup of an attempt of which nothing is in the target leads back past what was written since.
      await this.#begin(joined, fields, { gone: began === before ? [] : ['backupId'] });
    });
  }

  /**
   * Does it with what is on record, and once more where another process has put itself there meanwhile: seen as the primary
   * has it, since a majority may have it much later.
   */
  async #upon<T>(kind: ReleaseRecord['kind'], work: (found: ReleaseRecord | null) => Promise<T>): Promise<T> {
    for (;;) {
      const found = await this.#records.findOne({ _id: this.#run.releaseId }, onPrimary);
      refuseTaken(found, kind);
      try {
        return await work(found);
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
      }
    }
  }

  async #begin(
    joined: ReleaseRecord | null,
    fields: Partial<ReleaseRecord>,
    { fence, gone: alsoGone = [], ...options }: Beginning = {},
  ): Promise<void> {
    const run = this.#run;
    const target = targetOf(run);
    const { actor, host, pid, runUrl, commit } = run.origin;
    const again = joined !== null && joined.attemptId !== thisAttempt;
    const set = withoutUndefined({
      ...fields,
      ...{ state: 'running' as const, target: target.name, environment: target.environment },
      ...this.#where,
      into: run.into,
      acceptedLoss: run.invocation.flags['accept-loss'],
      ...{ actor, host, pid, process: thisProcess(), runUrl, commit },
      ...{ toolVersion: run.toolVersion, attemptId: thisAttempt },
      reopenedAt: again ? run.startedAt : undefined,
    });
    const old = [...(again ? fieldsOfAttempt(joined) : []), ...alsoGone, 'finishedAt', 'error'];
    const gone = old.filter((field) => !(field in set));
    await this.#records.updateOne(
      // Where that is another process's by now, its id is taken.
      { _id: run.releaseId, attemptId: joined?.attemptId ?? { $exists: false } },
      {
        $set: set,
        ...(fence !== undefined && { $max: { fence } }),
        $setOnInsert: { startedAt: run.startedAt },
        $unset: Object.fromEntries(gone.map((field) => [field, ''])),
        ...(again && pushed(attemptOf(joined), joined)),
      },
      { upsert: true, ...options },
    );
    isNowOnRecord(run.releaseId);
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
  async keep(fields: Pick<ReleaseRecord, 'steps' | 'data' | 'traffic'>): Promise<void> {
    const record = { _id: this.#run.releaseId, attemptId: thisAttempt };
    const { matchedCount } = await this.#records.updateOne(record, { $set: fields }).catch((error: unknown) => {
      throw asServerFailure(error, 'putting a step of the rollback on record');
    });
    if (matchedCount === 1) return;
    throw new ReleaseError('LEASE_LOST', 'Another run goes on with this rollback.', {
      hint: 'Look at that one; mongo-release status says whether it still has the lease.',
    });
  }

  /**
   * Puts it on record whether users are shut out of the target: on this rollback, which is at it now, and on no other.
   * Throws as `keep`.
   */
  async keepTraffic(traffic: StoppedTraffic | undefined): Promise<void> {
    if (traffic !== undefined) await this.keep({ traffic });
    const others = traffic === undefined ? {} : { _id: { $ne: this.#run.releaseId } };
    await this.#records
      .updateMany({ kind: 'rollback', traffic: { $exists: true }, ...others }, { $unset: { traffic: '' } })
      .catch((error: unknown) => {
        throw asServerFailure(error, 'putting on record whether traffic is stopped');
      });
  }

  /** Puts it there beside what is there. Best effort: the data are in place, and whoever tried again would restore anew. */
  async keepAside(displaced: NonNullable<ReleaseRecord['keptAside']>): Promise<void> {
    if (displaced.length === 0) return;
    const more = { $addToSet: { keptAside: { $each: displaced } } };
    await this.#records.updateOne({ _id: this.#run.releaseId }, more, patience).catch((error: unknown) => {
      const { code } = asServerFailure(error, 'putting on record what was kept aside');
      this.#run.log.warn('What the restore has kept aside could not be put on record.', { error: code });
    });
  }

  /** Ends this process's attempt: the latest, one that another process has followed since, or one beside another's. */
  async finish({ outcome, error, steps, followedBy }: RecordEnd): Promise<void> {
    const fence = error === undefined ? this.#behind : undefined;
    await this.#ofAttempt(fence, {
      ...{ steps, followedBy, error: error && { code: error.code, message: this.#run.secrets.scrub(error.message) } },
      ...{ state: outcome, finishedAt: new Date() },
    });
  }

  /**
   * A sign of life of this process's attempt, and nothing else: one that was long on its way takes nothing back that is on
   * record since. It waits for no majority, which may lag for longer than a sign lasts. Best effort.
   */
  async beat(lastsMs: number): Promise<void> {
    const until = { $add: ['$$NOW', Long.fromNumber(lastsMs)] };
    const latest = { _id: this.#run.releaseId, attemptId: thisAttempt };
    const sign = [{ $set: { heard: { at: '$$NOW', until } } }];
    const beat = this.#records.updateOne(latest, sign, { writeConcern: { w: 1 } });
    await answerWithin(lastsMs / 3, beat).catch(() => {});
  }

  #find(): Promise<ReleaseRecord | null> {
    return this.#all.find(this.#run.releaseId);
  }

  /** Puts on record which steps this process's attempt took so far. Throws what `asServerFailure` makes of a server's failure. */
  async reached(steps: RecordEnd['steps'], hook?: OwnerProcess): Promise<void> {
    await this.#ofAttempt(this.#behind, { steps, hook }).catch((error: unknown) => {
      throw asServerFailure(error, 'putting a step of the release on record');
    });
  }

  /** Sets what is of this process's attempt, wherever that stands by now. */
  async #ofAttempt(fence: number | undefined, fields: Partial<ReleaseRecord>): Promise<void> {
    const _id = this.#run.releaseId;
    const set = withoutUndefined(fields);
    // Its own lease has a higher one.
    const update = { $set: set, ...(fence !== undefined && { $max: { fence } }) };
    const latest = await this.#records.updateOne({ _id, attemptId: thisAttempt }, update, patience);
    if (latest.matchedCount === 1) return;
    const inAttempts = Object.fromEntries(Object.entries(set).map(([field, value]) => [`attempts.$.${field}`, value]));
    const followed = { _id, 'attempts.attemptId': thisAttempt };
    const earlier = await this.#records.updateOne(followed, { $set: inAttempts }, patience);
    if (earlier.matchedCount === 1) return;
    const record = await this.#find();
    if (record === null) return;
    const { actor, host, pid, runUrl, commit } = this.#run.origin;
    const attempt = withoutUndefined({
      ...{ startedAt: this.#run.startedAt, actor, host, pid, runUrl, commit },
      ...{ toolVersion: this.#run.toolVersion, attemptId: thisAttempt, ...set },
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
}

type WriteConcernSettings = { readonly w: 'majority'; readonly wtimeoutMS: number };

interface Beginning {
  readonly writeConcern?: WriteConcernSettings;
  readonly fence?: number;
  /** What is of no attempt any more, unless it is set. */
  readonly gone?: readonly (keyof ReleaseRecord)[];
}

/** Nothing of the target hangs on it: where no majority answers, the run ends all the same. */
const patience = { writeConcern: { w: 'majority', wtimeoutMS: 30_000 } } as const;

const onPrimary = { readConcern: { level: 'local' }, readPreference: 'primary' } as const;

const duplicateKey = 11000;

/** The driver would store an absent value as null. */
function withoutUndefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
