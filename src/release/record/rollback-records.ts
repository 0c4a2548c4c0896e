import type { Collection, Db } from 'mongodb';
import { asServerFailure } from '../../mongo/server-error.ts';
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

  /** The newest of all. */
  newest(): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback' }, newestFirst);
  }

  /** The one that has shut users out of the target, or may have, as long as they are. Throws `asServerFailure`'s errors. */
  trafficStopped(): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', traffic: { $exists: true } }).catch((error: unknown) => {
      throw asServerFailure(error, 'looking whether a rollback has stopped traffic');
    });
  }
}

const newestFirst = { sort: { startedAt: -1 } } as const;
