import { expiredBackups } from '../backup/retention.ts';
import type { BackupStore } from '../backup/stores/store.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError } from '../observe/error.ts';
import { ReleaseRecords } from './record.ts';
import { type Run, targetOf } from './run.ts';

/**
 * Removes the backups that `backup.keep` and `backup.keep-for` let go, after a new one was taken. What fails here is a
 * warning: the backup is taken, and the next one tidies up again.
 */
export async function removeExpired(run: Run, { db }: Connection, store: BackupStore): Promise<string[]> {
  const { keep, 'keep-for': keepForMs } = run.invocation.settings.backup;
  if (keep === undefined && keepForMs === undefined) return [];
  const removed: string[] = [];
  try {
    const inUse = await new ReleaseRecords(db, run).backupsInUse();
    const of = { name: targetOf(run).name, database: db.databaseName };
    const expired = expiredBackups(await store.list(), { keep, keepForMs }, { now: new Date(), of, inUse });
    for (const manifest of expired) {
      await store.remove(manifest);
      removed.push(manifest.id);
      run.log.info(`Backup ${manifest.id} is removed: it was taken at ${manifest.createdAt}, and newer ones are kept.`);
    }
  } catch (error) {
    const { code, message } = asReleaseError(error);
    run.log.warn(`Old backups could not be removed: ${message} [${code}]`);
  }
  return removed;
}
