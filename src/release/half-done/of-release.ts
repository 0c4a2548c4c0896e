import type { OfRelease } from '../../migration/beginning.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Run } from '../run.ts';

/** The release that has left a migration half-way. Only reads. Throws what `asServerFailure` makes of a server's failure. */
export async function ofRelease(run: Run, { db }: Connection, { releaseId }: HistoryRecord): Promise<OfRelease> {
  try {
    const record = await new ReleaseRecords(db, run).find(releaseId);
    if (record?.kind !== 'release' && record?.kind !== 'migrate') return { command: 'migrate' };
    const begun = await new RollbackRecords(db, run).newestOf(releaseId);
    // That goes on with the strategy that it began with, and of itself each begins with this one.
    const otherwise = begun !== null && begun.state !== 'rolled-back' && begun.strategy !== 'undo';
    const command = `mongo-release rollback ${releaseId}${otherwise ? ' --strategy undo' : ''}`;
    const back = `${command} takes its release back: it undoes by the journal what was done, and keeps what users wrote since`;
    return { command: record.kind, back };
  } catch (error) {
    throw asServerFailure(error, 'looking for the release of a half-done migration');
  }
}
