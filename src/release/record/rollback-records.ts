import type { Collection, Db } from 'mongodb';
import { asServerFailure } from '../../mongo/server-error.ts';
import type { Step } from '../result.ts';
import type { Run } from '../run.ts';
import type { ReleaseRecord } from './record.ts';
import { recordsIn } from './records.ts';

/** What is on record of a target's rollbacks, finished or not. */
export class RollbackRecords {
  readonly #records: Collection<ReleaseRecord>;

  constructor(db: Db, run: Run) {
    this.#records = recordsIn(db, run);
  }

  /** The newest one of a release. */
  newestOf(releaseId: string): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', of: releaseId }, newestFirst);
  }

  /** Those that have data on their way, or have changed some, the newest first: down to the newest that came to its end. */
  async inData(): Promise<ReleaseRecord[]> {
    const begun = { steps: { $elemMatch: { name: 'data' as const, state: { $in: onTheWay } } } };
    const touched = ['data.failed', 'data.reverted.0', 'data.restore'].map((field) => ({ [field]: { $exists: true } }));
    const which = {
      kind: 'rollback' as const,
      $or: [{ state: { $ne: 'rolled-back' as const }, ...begun }, ...touched],
    };
    const found = await this.#records.find(which, newestFirst).limit(mostInData).toArray();
    const ended = found.findIndex(({ state }) => state === 'rolled-back');
    return ended === -1 ? found : found.slice(0, ended);
  }

  /** The one that has shut users out of the target, or may have, as long as they are. Throws `asServerFailure`'s errors. */
  trafficStopped(): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', traffic: { $exists: true } }).catch((error: unknown) => {
      throw asServerFailure(error, 'looking whether a rollback has stopped traffic');
    });
  }
}

const onTheWay: Step['state'][] = ['done', 'running', 'unknown'];

/** Each costs three questions. */
const mostInData = 20;

const newestFirst = { sort: { startedAt: -1 } } as const;
