import type { Connection } from '../../mongo/connect.ts';
import type { Run } from '../run.ts';
import { deploysOf, latestBegan, type ReleaseRecord } from './record.ts';
import { ReleaseRecords } from './records.ts';
import { RollbackRecords } from './rollback-records.ts';

/** What became of the target's releases, the latest first, without those that were taken back since: their ends say nothing of now. */
export async function* standingOutcomes(run: Run, { db }: Connection): AsyncGenerator<ReleaseRecord> {
  const rollbacks = new RollbackRecords(db, run);
  for (const record of await new ReleaseRecords(db, run).outcomes()) {
    if (record.state === 'rolled-back') continue;
    const back = await rollbacks.newestOf(record._id);
    if (back === null || !hasTakenBack(back, record)) yield record;
  }
}

/** Whether this rollback of it has come to its end, and began after its latest attempt. */
export function hasTakenBack(back: ReleaseRecord, release: ReleaseRecord): boolean {
  return back.state === 'rolled-back' && latestBegan(back) > latestBegan(release);
}

/** Whether the next one need not look after what it has left. */
export function endedWell({ state }: Pick<ReleaseRecord, 'state'>): boolean {
  return state === 'applied' || state === 'nothing-to-do' || state === 'rolled-back';
}

/**
 * Whether an application was deployed for it that this rollback, its newest, has not brought back: also by one that went on over
 * a rollback which did not know of it. Of somebody else's nobody saw when it ended, nor of one whose run was killed: its hook may
 * have outlived that.
 */
export function isDeployed(release: ReleaseRecord, back: ReleaseRecord | undefined): 'yes' | 'no' | 'unknown' {
  const last = deploysOf(release).at(-1);
  if (last === undefined) return 'no';
  if (back === undefined) return 'yes';
  const { startedAt, durationMs } = last;
  if (Number(startedAt) + (durationMs ?? 0) > Number(latestBegan(back))) return 'yes';
  return durationMs === undefined ? 'unknown' : 'no';
}
