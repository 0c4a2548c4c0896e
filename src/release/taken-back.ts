import { readHistory } from '../migration/history/history.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import { latestBegan, type ReleaseRecord } from './record/record.ts';
import { ReleaseRecords } from './record/records.ts';
import { namesOf, type Run } from './run.ts';

/** What there was of rollbacks of this release before its deploy began: compared with what there is after it. */
export async function rollbackBefore(run: Run, { db }: Connection): Promise<string | undefined> {
  return nameOf(await new ReleaseRecords(db, run).rollbackOf(run.releaseId).catch(failed));
}

/**
 * Nobody has the lease while an application is deployed, so what it needs may have been taken back meanwhile. Throws
 * `TAKEN_BACK` where a rollback of this release was begun since `before`, or one of its migrations is applied no more.
 */
export async function refuseTakenBack(
  run: Run,
  connection: Connection,
  migrations: readonly string[],
  before: string | undefined,
): Promise<void> {
  const { rollback, history } = await look(run, connection, run.releaseId);
  const applied = new Set(history.filter(({ state }) => state === 'applied').map(({ _id }) => _id));
  const gone = migrations.filter((name) => !applied.has(name));
  const by = nameOf(rollback) === before ? undefined : rollback;
  if (by === undefined && gone.length === 0) return;
  const hint = `Bring the application of before back too: mongo-release rollback ${run.releaseId}. Or correct the cause and release again.`;
  throw takenBack(run.releaseId, gone, by, hint);
}

/** The same for a release whose application somebody else has deployed: since it was begun, its latest attempt. */
export async function refuseTakenBackSince(run: Run, connection: Connection, record: ReleaseRecord): Promise<void> {
  const { _id, fence = 0, migrations } = record;
  const { rollback, history } = await look(run, connection, _id);
  const gone = history
    .filter((one) => one.state === 'rolled-back' && one.fence > fence && migrations.includes(one._id))
    .map((one) => one._id);
  const by = rollback !== null && isNewer(rollback, record) ? rollback : undefined;
  // One that has only just begun, or that only lets users in, has taken nothing back.
  if (gone.length === 0 && by?.state !== 'rolled-back') return;
  const hint = 'Bring the application of before back too. Or correct the cause and release again.';
  throw takenBack(_id, gone, by, hint);
}

/** By the fences of their leases; one that had nothing to apply had none. */
function isNewer(rollback: ReleaseRecord, { fence, ...record }: ReleaseRecord): boolean {
  if (fence === undefined) return latestBegan(rollback) > latestBegan(record);
  return (rollback.fence ?? 0) > fence;
}

async function look(run: Run, { db }: Connection, releaseId: string) {
  const [rollback, history] = await Promise.all([
    new ReleaseRecords(db, run).rollbackOf(releaseId).catch(failed),
    readHistory(db, namesOf(run), { brief: true }).catch(failed),
  ]);
  return { rollback, history };
}

function takenBack(
  releaseId: string,
  gone: readonly string[],
  by: ReleaseRecord | null | undefined,
  hint: string,
): ReleaseError {
  const what = gone.length === 0 ? 'it was taken back' : `${gone.join(', ')} of it was taken back`;
  return new ReleaseError(
    'TAKEN_BACK',
    `While release ${releaseId} was being deployed, or since, ${what}${by ? ` by rollback ${by._id}` : ''}. The application that it deployed may be on the data of before.`,
    { hint },
  );
}

/** Each run that is at it has a fence of its own. */
function nameOf(rollback: ReleaseRecord | null): string | undefined {
  return rollback === null ? undefined : `${rollback._id} ${rollback.fence}`;
}

function failed(error: unknown): never {
  throw asServerFailure(error, 'looking whether the release was taken back meanwhile');
}
