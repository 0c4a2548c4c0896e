import { isHalfDone } from '../../migration/beginning.ts';
import { readHistory } from '../../migration/history/history.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { latestBegan, type RecordedStep, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import { namesOf, type Run } from '../run.ts';
import { stateIn } from './traffic.ts';

/** Whether a rollback of a release was begun before, and did not come to its end. */
export type Earlier =
  /** `record`: of the newest that did, if any. */
  | { readonly state: 'none'; readonly record?: ReleaseRecord }
  /** It can be gone on with. `dataBack`: all that is left is what comes after the data. */
  | { readonly state: 'unfinished'; readonly record: ReleaseRecord; readonly dataBack: boolean }
  /** Somebody else has applied or deployed something since: what was done then says nothing of now. */
  | { readonly state: 'overtaken'; readonly record: ReleaseRecord };

/** Looks for an earlier rollback. Only reads. Throws what `asServerFailure` makes of a server's failure. */
export async function earlierRollback(run: Run, { db }: Connection, releaseId: string): Promise<Earlier> {
  try {
    const record = await new RollbackRecords(db, run).newestOf(releaseId);
    if (record === null) return { state: 'none' };
    if (record.state === 'rolled-back') return { state: 'none', record };
    const history = await readHistory(db, namesOf(run), { brief: true });
    const overtaken =
      history.some((one) => overtakes(one, record)) ||
      (await new ReleaseRecords(db, run).deployedAfter(latestBegan(record)));
    if (overtaken) return { state: 'overtaken', record };
    // Whoever names the restore all the same means it.
    const { strategy: named = 'auto' } = run.invocation.flags;
    const dataBack =
      stateIn(record.steps ?? [], 'data') === 'done' ||
      wasRestored(history, record) ||
      (record.strategy === 'restore' && named === 'auto' && isTakenSince(history, record));
    return { state: 'unfinished', record, dataBack };
  } catch (error) {
    throw asServerFailure(error, 'looking for an earlier rollback');
  }
}

/**
 * The steps of the rollback that is gone on with. That of the data is done, also where it never came to it, where a restore is
 * found at its end, be it its own or another one, or another command has taken back what it was to replace: once that is on
 * record nobody asks the fence again, which is then that of the run that goes on.
 */
export function stepsBefore(earlier: Earlier): readonly RecordedStep[] {
  if (earlier.state !== 'unfinished') return [];
  const { dataBack, record } = earlier;
  const { steps = [] } = record;
  const begun = steps.find(({ name }) => name === 'data');
  if (!dataBack || begun?.state === 'done' || begun?.state === 'skipped') return steps;
  return [...steps.filter((step) => step !== begun), { ...begun, name: 'data', state: 'done', note: undefined }];
}

/**
 * Who takes something back by another command does what the rollback would have done; who applies something builds on
 * what is there, as does a restore that has brought back what was on its way out. A newer fence alone is no sign: whoever
 * takes the lease first marks with it what a killed run has left.
 */
function overtakes(one: HistoryRecord, { _id, fence = 0, migrations, backupId }: ReleaseRecord): boolean {
  const { state, direction, origin } = one;
  if (one.fence <= fence || one.releaseId === _id) return false;
  // By its own backup, whoever restores that, it is on its way.
  if (origin?.kind === 'restore' && (origin.backupId === backupId || !migrations.includes(one._id))) return false;
  return direction === 'up' && (state === 'applied' || isHalfDone(one));
}

/** Whether its restore came to its end, also where its run could not say so any more, or another one has taken the data back since. */
export function wasRestored(history: readonly HistoryRecord[], { migrations, fence = 0 }: ReleaseRecord): boolean {
  const byRestore = ({ origin, fence: at }: HistoryRecord) => origin?.kind === 'restore' && at >= fence;
  const own = history.filter(({ _id }) => migrations.includes(_id));
  return history.some(byRestore) && own.every((one) => one.state === 'rolled-back' || byRestore(one));
}

/** Whether nothing of it is left by another command, such as `down`, and not by a restore. */
export function isTakenOtherwise(history: readonly HistoryRecord[], { migrations }: ReleaseRecord): boolean {
  const own = history.filter(({ _id }) => migrations.includes(_id));
  return own.length > 0 && own.every(({ state, origin }) => state === 'rolled-back' && origin?.kind !== 'restore');
}

/** The same, where that was after this rollback had begun: what was not there any more by then it was to replace all the same. */
function isTakenSince(history: readonly HistoryRecord[], record: ReleaseRecord): boolean {
  const { _id, migrations, fence = 0 } = record;
  const since = (one: HistoryRecord) => migrations.includes(one._id) && one.fence > fence && one.releaseId !== _id;
  return isTakenOtherwise(history, record) && history.some(since);
}
