import type { HistoryRecord } from '../../migration/types.ts';
import type { ReleaseRecord } from './record.ts';

type About = Pick<ReleaseRecord, '_id' | 'kind' | 'state' | 'of' | 'backupId' | 'finishedAt'>;
type Left = Pick<HistoryRecord, 'state' | 'releaseId' | 'appliedIn'>;

/**
 * The backups that runs lead back to which are not over. Pure. A run is not over while it is running, or was killed; and
 * where it did not come to a good end but left something in the target, until it was taken back or another one has come
 * to a good end after it.
 */
export function backupsInUse(records: readonly About[], history: readonly Left[]): ReadonlySet<string> {
  const open = records.filter(
    (one) => one.state === 'running' || (leftSomething(one, history) && !records.some((later) => endsWell(later, one))),
  );
  return new Set(open.flatMap(({ backupId }) => backupId ?? []));
}

function leftSomething({ _id, state }: About, history: readonly Left[]): boolean {
  if (state === 'failed-dirty' || state === 'unknown') return true;
  // Stopped between two migrations, or before the first: only the history tells which of the two.
  if (state !== 'failed-clean' && state !== 'blocked' && state !== 'cancelled') return false;
  return history.some((record) =>
    record.state === 'applied' ? record.appliedIn === _id : record.state !== 'rolled-back' && record.releaseId === _id,
  );
}

/** Whether `later` took `one` back, or went on from where it had left the target. */
function endsWell(later: About, one: About): boolean {
  if (one.finishedAt === undefined || later.finishedAt === undefined || later.finishedAt <= one.finishedAt)
    return false;
  if (later.kind === 'rollback') return later.state === 'rolled-back' && later.of === (one.of ?? one._id);
  return later.state === 'applied' && later.kind !== 'down' && later.kind !== 'baseline';
}
