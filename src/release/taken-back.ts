import { readHistory } from '../migration/history/history.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import { latestBegan, type ReleaseRecord } from './record/record.ts';
import { ReleaseRecords } from './record/records.ts';
import { namesOf, type Run } from './run.ts';

/**
 * Nobody has the lease while an application is deployed, so what it needs may have been taken back meanwhile. Throws
 * `TAKEN_BACK` where a rollback of this release, or another way back of one of its migrations, was begun since its latest
 * attempt.
 */
export async function refuseTakenBack(run: Run, { db }: Connection, releaseId: string): Promise<void> {
  const records = new ReleaseRecords(db, run);
  const [record, rollback, history] = await Promise.all([
    records.find(releaseId).catch(failed),
    records.rollbackOf(releaseId).catch(failed),
    readHistory(db, namesOf(run), { brief: true }).catch(failed),
  ]);
  // One that nobody put on record has nothing that could be gone.
  if (record?.kind !== 'migrate' && record?.kind !== 'release') return;
  const { fence = 0, migrations, kind } = record;
  const gone = history
    .filter((one) => one.state === 'rolled-back' && one.fence > fence && migrations.includes(one._id))
    .map((one) => one._id);
  const by = rollback !== null && isNewer(rollback, record) ? rollback : undefined;
  // One that stopped before it came to anything has taken nothing back.
  if (gone.length === 0 && by?.state !== 'rolled-back' && by?.state !== 'running') return;
  const what = gone.length === 0 ? 'it was taken back' : `${gone.join(', ')} of it was taken back`;
  const too = kind === 'release' ? ` too: mongo-release rollback ${releaseId}` : ' too';
  throw new ReleaseError(
    'TAKEN_BACK',
    `While release ${releaseId} was being deployed, or since, ${what}${by === undefined ? '' : ` by rollback ${by._id}`}. The application that it deployed may be on the data of before.`,
    { hint: `Bring the application of before back${too}. Or correct the cause and release again.` },
  );
}

/** By the fences of their leases; an attempt that had nothing to apply had none. */
function isNewer(rollback: ReleaseRecord, { fence, ...record }: ReleaseRecord): boolean {
  if (fence === undefined) return latestBegan(rollback) > latestBegan(record);
  return (rollback.fence ?? 0) > fence;
}

function failed(error: unknown): never {
  throw asServerFailure(error, 'looking whether the release was taken back meanwhile');
}
