import type { Collection, Db } from 'mongodb';
import { attemptPrefix } from '../../migration/journal/documents.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import type { RestoreResult, Step } from '../result.ts';
import type { DataTakenBack } from '../rollback/result.ts';
import type { Run } from '../run.ts';
import type { ReleaseRecord } from './record.ts';
import { latestFirst, recordsIn } from './records.ts';

/** A collection that a restore, or a rollback by one, has put aside for what users wrote to it. */
export interface KeptAside {
  readonly name: string;
  readonly tombstone: string;
  /** How many came late to the one that was replaced. Absent of one that users made under its name meanwhile. */
  readonly writes?: Displaced['writes'];
  /** Absent where it was no rollback. */
  readonly rollbackId?: string;
  readonly since: Date;
  /** As `restore.displaced` has it. */
  readonly expiring?: Displaced['expiring'];
}

type Displaced = NonNullable<RestoreResult['displaced']>[number];

/** What is on record of a target's rollbacks, finished or not. */
export class RollbackRecords {
  readonly #records: Collection<ReleaseRecord>;

  constructor(db: Db, run: Run) {
    this.#records = recordsIn(db, run);
  }

  /** The newest one of a release. */
  newestOf(releaseId: string): Promise<ReleaseRecord | null> {
    return this.#records.findOne({ kind: 'rollback', of: releaseId }, { sort: { startedAt: -1 } });
  }

  /** All of these releases. */
  of(releases: readonly string[]): Promise<ReleaseRecord[]> {
    return this.#records.find({ kind: 'rollback', of: { $in: releases } }).toArray();
  }

  /** Those whose undo has left documents to users: by the prefix of each attempt that it has undone its id. */
  async leftDocuments(): Promise<ReadonlyMap<string, string>> {
    const found = this.#records.find({ kind: 'rollback', 'data.undo.quarantined': { $gt: 0 } });
    const byAttempt = new Map<string, string>();
    for await (const { _id, data } of found)
      for (const { name: migration, attempts = [] } of data?.undo ?? [])
        for (const number of attempts) byAttempt.set(attemptPrefix({ migration, number }), _id);
    return byAttempt;
  }

  /** What restores have put aside and kept, the oldest first, whether it is still there or not. */
  async keptAside(): Promise<KeptAside[]> {
    const fields = ['data.loss.kept', 'data.restore.displaced', 'keptAside'];
    const found = this.#records.find(
      { kind: { $in: ['rollback', 'restore'] }, $or: fields.map((field) => ({ [field]: { $exists: true } })) },
      {
        sort: { startedAt: 1 },
        projection: Object.fromEntries(['kind', 'startedAt', ...fields].map((one) => [one, 1])),
      },
    );
    const kept = new Map<string, KeptAside>();
    for await (const { _id, kind, startedAt: since, data, keptAside = [] } of found) {
      const by = kind === 'rollback' && { rollbackId: _id };
      const all = [...(data?.loss?.kept ?? []), ...(data?.restore?.displaced ?? []), ...keptAside];
      // Whoever has finished it later has it on record as well.
      for (const { name, tombstone, writes, expiring } of all)
        if (!kept.has(tombstone))
          kept.set(tombstone, {
            ...{ name, tombstone, ...(writes !== undefined && { writes }) },
            ...{ ...by, since, ...(expiring && { expiring }) },
          });
    }
    return [...kept.values()];
  }

  /**
   * Puts on record what a restore has done that a rollback had begun, and another run has brought to its end: on the newest
   * that is not complete and has come to restoring this backup. Throws what `asServerFailure` makes of a server's failure.
   */
  async tell(backupId: string, data: Pick<DataTakenBack, 'loss' | 'restore'>): Promise<void> {
    const begun = { 'data.loss': { $exists: true }, strategy: 'restore' as const };
    const set = Object.fromEntries(Object.entries(data).map(([field, value]) => [`data.${field}`, value]));
    await this.#records
      .findOneAndUpdate(
        { kind: 'rollback', backupId, state: { $ne: 'rolled-back' }, ...begun },
        { $set: set },
        { sort: { startedAt: -1 } },
      )
      .catch((error: unknown) => {
        throw asServerFailure(error, 'putting on record what the restore of a rollback has done');
      });
  }

  /**
   * Those that are not complete and have come to the data, also where nothing was to be done there, or are to restore them, the
   * latest first: down to the latest that came to its end and had changed some.
   */
  async left(): Promise<ReleaseRecord[]> {
    const begun = { steps: { $elemMatch: { name: 'data' as const, state: { $in: cameTo } } } };
    // One that failed may be half-way, and go on after the data once another command has taken them back.
    const restoring = { strategy: 'restore' as const };
    const touched = ['data.failed', 'data.reverted.0', 'data.restore'].map((field) => ({ [field]: { $exists: true } }));
    const found = await latestFirst(
      this.#records,
      {
        kind: 'rollback',
        $or: [{ state: { $ne: 'rolled-back' }, $or: [begun, restoring] }, ...touched],
      },
      mostLeft,
    );
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

const cameTo: Step['state'][] = ['done', 'running', 'unknown', 'skipped'];

/** Each costs three questions. */
const mostLeft = 20;
