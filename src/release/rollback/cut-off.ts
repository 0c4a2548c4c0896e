import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import { endedWell, standingOutcomes } from '../record/outcomes.ts';
import { latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Run } from '../run.ts';

export interface CutOff {
  /** Its id. */
  readonly release: string;
  /** A sentence or two. */
  readonly why: string;
}

/**
 * There where the release right before this one did not come to a good end and has applied something: a killed or failed
 * release that was typed again is two, and only the later one is taken back. Only reads.
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
  if (earlier?.kind !== 'release' && earlier?.kind !== 'migrate') return undefined;
  if (endedWell(earlier) || earlier.startedAt > release.startedAt) return undefined;
  for await (const { _id, state, ...one } of standingOutcomes(run, connection)) {
    if (latestBegan(one) <= latestBegan(earlier)) break;
    // It has gone on from there.
    if (_id !== release._id && one.startedAt < release.startedAt && endedWell({ state })) return undefined;
  }
  const names = applied.filter((one) => one.release === before).map(({ name }) => name);
  const how = earlier.state === 'running' ? 'never came to its end' : `did not come to a good end${codeOf(earlier)}`;
  const why = `Release ${before}, the one before, ${how}, and what it applied stays: ${listed(names)}. Afterwards mongo-release rollback ${before} takes that back, too.`;
  return { release: before, why };
}

function codeOf({ error }: ReleaseRecord): string {
  return error === undefined ? '' : ` [${error.code}]`;
}
