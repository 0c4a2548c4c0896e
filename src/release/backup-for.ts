import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../backup/manifest.ts';
import { openStore } from '../backup/stores/open-store.ts';
import type { BackupStore } from '../backup/stores/store.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import type { Run } from './run.ts';
import type { Situation } from './situation.ts';
import { storeOf, takeInto } from './take-backup.ts';

/** A backup to rehearse on; disposing it removes what was only taken for that. */
export interface RehearsalBackup extends AsyncDisposable {
  readonly store: BackupStore;
  readonly id: string;
}

/** The backup that `--backup` names, checked against the history as it stands; without one a temporary backup. */
export async function backupFor(run: Run, connection: Connection, situation: Situation): Promise<RehearsalBackup> {
  const { backup } = run.invocation.flags;
  if (backup !== undefined) {
    const store = storeOf(run);
    checkBackup(await store.readManifest(backup), connection.db.databaseName, situation);
    return { store, id: backup, async [Symbol.asyncDispose]() {} };
  }
  const folder = await mkdtemp(join(sandboxEnvironment(run.env).tmpdir, 'mongo-release-backup-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const store = openStore(folder, { baseDir: folder });
    const { manifest } = await takeInto(run, connection, store, situation);
    return { store, id: manifest.id, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Throws `BACKUP_MOVED` when the history or the plan moved since the backup was taken, or it is another database's. */
export function checkBackup(manifest: Manifest, database: string, { position, wholePlan }: Situation): void {
  const again = { hint: 'Take a new backup: mongo-release backup.' };
  if (manifest.target.database !== database) {
    throw new ReleaseError(
      'BACKUP_MOVED',
      `Backup ${manifest.id} is of database ${manifest.target.database}, not of ${database}.`,
      again,
    );
  }
  if (manifest.position.digest !== position.digest) {
    throw new ReleaseError(
      'BACKUP_MOVED',
      `The history of ${database} moved since backup ${manifest.id} was taken.`,
      again,
    );
  }
  if (manifest.planDigest !== undefined && manifest.planDigest !== wholePlan.digest) {
    throw new ReleaseError(
      'BACKUP_MOVED',
      `The pending migrations changed since backup ${manifest.id} was taken.`,
      again,
    );
  }
}
