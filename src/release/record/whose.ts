import { ReleaseError } from '../../observe/error.ts';
import { formatTime } from '../../report/format.ts';
import { thisAttempt } from './attempt.ts';
import { hookAtIt } from './presence.ts';
import { latestBegan, type ReleaseRecord } from './record.ts';
import type { ReleaseRecords } from './records.ts';

// Whose a record is that a run finds under its own id.

/** The record, where another process has it open, or the deploy hook of that is still at it: with the record that would be forgotten. */
export async function whoIsAtIt(
  records: ReleaseRecords,
  found: ReleaseRecord | null,
): Promise<ReleaseRecord | undefined> {
  if (found === null || found.attemptId === thisAttempt || found.state !== 'running') return undefined;
  const [seen] = await records.look([found]);
  if (seen === undefined) return undefined;
  return seen.presence === 'here' || hookAtIt(seen.record) !== undefined ? seen.record : undefined;
}

/** Throws `USAGE` where the id is that of a run of another kind: a release may be applied by one command and tried again by the other; all else would be written over. */
export function refuseTaken(found: ReleaseRecord | null, kind: ReleaseRecord['kind']): void {
  const applies = (one: ReleaseRecord['kind']) => one === 'migrate' || one === 'release';
  if (found === null || found.kind === kind || (applies(found.kind) && applies(kind))) return;
  throw new ReleaseError('USAGE', `${found._id} is on record as the id of a ${found.kind}, and this is a ${kind}.`, {
    hint: 'Leave --release-id out, or name one that is not on record yet: mongo-release audit lists them.',
  });
}

export function atItAlready({ _id, pid, host, heard, ...record }: ReleaseRecord): ReleaseError {
  const at = formatTime(heard?.at ?? latestBegan(record));
  const message = `Another run is at release ${_id}, or has gone on with it since: process ${pid} on ${host}, last heard of at ${at}. It is left to that one.`;
  return new ReleaseError('HISTORY_CONFLICT', message, {
    hint: 'Wait for the end of that run, or stop it. Once nothing was heard of it for as long as lease.ttl says, run this again.',
  });
}

/** Whether another process has gone on with it since this one. */
export function isEarlier({ attemptId, attempts = [] }: ReleaseRecord): boolean {
  return attemptId !== thisAttempt && attempts.some((one) => one.attemptId === thisAttempt);
}
