import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Run } from '../run.ts';

export interface CutOff {
  /** Its id. */
  readonly release: string;
  /** A sentence or two. */
  readonly why: string;
}

/**
 * There where the release right before this one never came to its end and has applied something: a killed release
 * that was typed again is two, and only the later one is taken back. Only reads.
 */
export async function cutOffBefore(
  run: Run,
  connection: Connection,
  release: Pick<ReleaseRecord, '_id' | 'startedAt'>,
): Promise<CutOff | undefined> {
  const { records } = await readRecords(run, connection, await listFiles(run), { brief: true });
  const applied = records
    .filter(({ state }) => state === 'applied')
    .map(({ _id: name, sequence, appliedIn }) => ({ name, sequence, release: appliedIn }))
    .sort((a, b) => a.sequence - b.sequence);
  const first = records
    .filter(({ releaseId, appliedIn }) => releaseId === release._id || appliedIn === release._id)
    .reduce((least, { sequence }) => Math.min(least, sequence), Number.POSITIVE_INFINITY);
  // One that has nothing in the history stands on all that is there.
  const before = applied.findLast(({ sequence }) => sequence < first)?.release;
  if (before === undefined || before === release._id) return undefined;
  const earlier = await new ReleaseRecords(connection.db, run).find(before);
  if (earlier?.state !== 'running' || earlier.startedAt > release.startedAt) return undefined;
  const names = applied.filter((one) => one.release === before).map(({ name }) => name);
  const why = `Release ${before}, the one before, never came to its end, and what it applied stays: ${listed(names)}. Afterwards mongo-release rollback ${before} takes that back, too.`;
  return { release: before, why };
}
