import { readHistory } from '../../migration/history/history.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { type ReleaseRecord, ReleaseRecords } from '../record.ts';
import { namesOf, type Run } from '../run.ts';

/** Whether a rollback of a release was begun before, and did not come to its end. */
export type Earlier =
  | { readonly state: 'none' }
  /** It can be gone on with. `dataBack`: all that is left is what comes after the data. */
  | { readonly state: 'unfinished'; readonly record: ReleaseRecord; readonly dataBack: boolean }
  /** Somebody else has changed the history since: what was done then says nothing of now. */
  | { readonly state: 'overtaken'; readonly record: ReleaseRecord };

/** Looks for an earlier rollback. Only reads. Throws what `asServerFailure` makes of a server's failure. */
export async function earlierRollback(run: Run, { db }: Connection, releaseId: string): Promise<Earlier> {
  try {
    const record = await new ReleaseRecords(db, run).rollbackOf(releaseId);
    if (record === null || record.state === 'rolled-back') return { state: 'none' };
    const { fence = 0, steps = [] } = record;
    const history = await readHistory(db, namesOf(run), { brief: true });
    // A newer fence alone is no sign: whoever takes the lease first marks with it what a killed run has left.
    const overtaken = history.some((one) => one.fence > fence && one.releaseId !== record._id);
    if (overtaken) return { state: 'overtaken', record };
    return {
      state: 'unfinished',
      record,
      dataBack: steps.some(({ name, state }) => name === 'data' && state === 'done'),
    };
  } catch (error) {
    throw asServerFailure(error, 'looking for an earlier rollback');
  }
}
