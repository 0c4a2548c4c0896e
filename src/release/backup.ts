import type { BackupStore } from '../backup/stores/store.ts';
import { backupEncryption } from '../guard/guards/backup-encryption.ts';
import { environment } from '../guard/guards/environment.ts';
import { listed } from '../migration/files/find.ts';
import { backedUpPosition } from '../migration/history/without-run.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import type { ErrorCode } from '../observe/error-codes.ts';
import { keysForOthers } from './backup/keys.ts';
import { removeExpired } from './backup/retain.ts';
import { factsOfTaken, type Standing, standingOf, storeOf, type Taken, takeInto } from './backup/take-backup.ts';
import { doubtsAbout } from './doubts.ts';
import { lookGuards } from './guards.ts';
import { listFiles, readRecords } from './migrate-mongo.ts';
import type { Ended } from './result.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { readSituation } from './situation/situation.ts';

/** `backup`: one backup into the store, with the position in history that `migrate --backup` compares. */
export async function backup(run: Run): Promise<Ended<'backup'>> {
  const store = storeOf(run);
  await using connection = await openTarget(run, 'read');
  const warnings: string[] = [];
  const taken = await take(run, connection, store, warnings);
  const { manifest } = taken;
  await removeExpired(run, connection, store, manifest.id);
  if (manifest.engine !== 'atlas') warnings.push(...doubtsAbout(manifest, connection));
  const looked = await lookGuards(run, connection, false, [backupEncryption, environment]);
  warnings.push(...looked.flatMap(({ findings }) => findings).map(({ message, next }) => `${message} ${next}`));
  return {
    command: 'backup',
    outcome: 'applied',
    result: factsOfTaken(taken),
    target: aboutTarget(run, connection),
    releaseId: run.releaseId,
    warnings,
  };
}

/** How often a backup is begun before it gives up on a history that keeps moving. */
const attempts = 3;

/** Begins again where a migration began or ended meanwhile: the history is then another one than that of the data. */
async function take(run: Run, connection: Connection, store: BackupStore, warnings: string[]): Promise<Taken> {
  for (let attempt = 1; ; attempt++) {
    const said: string[] = [];
    const standing = await readStanding(run, connection, said);
    try {
      const taken = await takeInto(run, connection, store, standing, { keys: keysForOthers });
      warnings.push(...said);
      const { halfDone = [] } = standing.position;
      if (halfDone.length > 0) {
        const names = listed(halfDone.map(({ name }) => name));
        warnings.push(`A part of ${names} is in the data of this backup: it was not at its end.`);
      }
      return taken;
    } catch (error) {
      if (!(error instanceof ReleaseError) || error.code !== 'BACKUP_MOVED' || attempt === attempts) throw error;
      run.log.warn('The history moved while the backup was taken; beginning again.', { attempt });
    }
  }
}

/** Failures that are about the project's files. */
const aboutFiles: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MIGRATIONS_DIR_MISSING',
  'MIGRATION_DUPLICATE',
  'MIGRATION_INVALID',
  'MODELS_INVALID',
  'TSX_MISSING',
  'DRIVER_UNSUPPORTED',
]);

/** Files that are broken or not there keep nobody from a backup: it then says nothing of what is pending. */
async function readStanding(run: Run, connection: Connection, warnings: string[]): Promise<Standing> {
  try {
    return standingOf(await readSituation(run, connection));
  } catch (error) {
    if (!(error instanceof ReleaseError) || !aboutFiles.has(error.code)) throw error;
    const { records } = await readRecords(run, connection, await listFiles(run).catch(() => []));
    if (error.code !== 'MIGRATIONS_DIR_MISSING' || records.length > 0)
      warnings.push(`The manifest does not say what was pending: ${error.message} [${error.code}]`);
    return { position: backedUpPosition(records) };
  }
}
