import { expiredBackups } from '../../backup/retention.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError } from '../../observe/error.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Run } from '../run.ts';
import { backedUpTarget } from './backed-up-target.ts';

/**
 * Removes the backups that `backup.keep` and `backup.keep-for` let go, after `taken` was, which stays whatever the clocks
 * of the machines say that took others. What fails here is a
 * warning: the backup is taken, and the next one tidies up again.
 */
export async function removeExpired(
  run: Run,
  connection: Connection,
  store: BackupStore,
  taken: string,
): Promise<void> {
  const { keep, 'keep-for': keepForMs } = run.invocation.settings.backup;
  if (keep === undefined && keepForMs === undefined) return;
  try {
    const inUse = new Set(await new ReleaseRecords(connection.db, run).backupsInUse()).add(taken);
    const of = backedUpTarget(run, connection);
    const expired = expiredBackups(await store.list(), { keep, keepForMs }, { now: new Date(), of, inUse });
    for (const manifest of expired) {
      await store.remove(manifest);
      run.log.info(`Backup ${manifest.id} is removed: it was taken at ${manifest.createdAt}, and newer ones are kept.`);
    }
  } catch (error) {
    const { code, message } = asReleaseError(error);
    run.log.warn(`Old backups could not be removed: ${message} [${code}]`);
  }
}
