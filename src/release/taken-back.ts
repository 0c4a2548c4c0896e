import { readHistory } from '../migration/history/history.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import type { ReleaseRecord } from './record/record.ts';
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
  { db }: Connection,
  migrations: readonly string[],
  before: string | undefined,
): Promise<void> {
  const [rollback, history] = await Promise.all([
    new ReleaseRecords(db, run).rollbackOf(run.releaseId).catch(failed),
    readHistory(db, namesOf(run), { brief: true }).catch(failed),
  ]);
  const applied = new Set(history.filter(({ state }) => state === 'applied').map(({ _id }) => _id));
  const gone = migrations.filter((name) => !applied.has(name));
  const by = nameOf(rollback) === before ? '' : ` by rollback ${rollback?._id}`;
  if (by === '' && gone.length === 0) return;
  const what = gone.length === 0 ? 'it was taken back' : `${gone.join(', ')} of it was taken back`;
  throw takenBack(
    run.releaseId,
    `${what}${by}`,
    `Bring the application of before back too: mongo-release rollback ${run.releaseId}. Or correct the cause and release again.`,
  );
}

/** `what` was taken back, in part of a sentence. */
export function takenBack(releaseId: string, what: string, hint: string): ReleaseError {
  const message = `While release ${releaseId} was being deployed, ${what}. The application that it deployed may be on the data of before.`;
  return new ReleaseError('TAKEN_BACK', message, { hint });
}

/** Each run that is at it has a fence of its own. */
function nameOf(rollback: ReleaseRecord | null): string | undefined {
  return rollback === null ? undefined : `${rollback._id} ${rollback.fence}`;
}

function failed(error: unknown): never {
  throw asServerFailure(error, 'looking whether the release was taken back meanwhile');
}
