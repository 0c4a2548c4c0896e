import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isExpired, type Manifest } from '../backup/manifest.ts';
import { openStore } from '../backup/stores/open-store.ts';
import type { BackupStore } from '../backup/stores/store.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { processRuns } from '../observe/process.ts';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import { archiveEngineOf } from './engine.ts';
import { type Run, targetOf } from './run.ts';
import type { Situation } from './situation.ts';
import { standingOf, storeOf, takeInto } from './take-backup.ts';

/** A backup in its store. */
export interface StoredBackup {
  readonly store: BackupStore;
  readonly id: string;
}

/**
 * The backup that an apply relies on: the one that `--backup` names, checked against the history as it stands; without
 * one the newest in the store that was taken of this very position and is no older than `rehearsal.max-age`. Undefined
 * where there is none: a `down` has to do then.
 *
 * Throws `BACKUP_MOVED` for a named one that does not fit, `BACKUP_MISSING` where production has none.
 */
export async function backupBehind(
  run: Run,
  connection: Connection,
  situation: Situation,
  apply: boolean,
): Promise<StoredBackup | undefined> {
  const { backup } = run.invocation.flags;
  const { databaseName } = connection.db;
  if (backup !== undefined) {
    const store = storeOf(run);
    checkBackup(await store.readManifest(backup), databaseName, situation);
    return { store, id: backup };
  }
  if (!apply) return undefined;
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  const store = run.invocation.store === undefined ? undefined : storeOf(run);
  const fits = (await store?.list())?.find(
    (entry) =>
      entry.state === 'readable' &&
      !isExpired(entry.manifest, new Date()) &&
      entry.manifest.target.database === databaseName &&
      entry.manifest.position.digest === situation.position.digest &&
      Date.parse(entry.manifest.createdAt) >= oldest,
  );
  if (store !== undefined && fits?.state === 'readable') {
    run.log.info(`Backup ${fits.id} stands behind this; it was taken at ${fits.manifest.createdAt}.`);
    return { store, id: fits.id };
  }
  if (targetOf(run).environment !== 'production') return undefined;
  const where = store === undefined ? 'no store is named' : `${store.location} has none that is recent`;
  throw new ReleaseError(
    'BACKUP_MISSING',
    `Production is migrated with a backup of its present position in history only, and ${where} of database ${databaseName}.`,
    {
      hint: `Take one with mongo-release backup${store === undefined ? ' --store DIR, and name that store here too' : ''}; mongo-release release --apply does both.`,
    },
  );
}

/** A backup to rehearse on; disposing it removes what was only taken for that. */
export interface RehearsalBackup extends StoredBackup, AsyncDisposable {
  /** What a rehearsal on it does not show, a sentence each. */
  readonly uncovered: readonly string[];
}

/**
 * The backup that the apply relies on, which proves that it can be restored; without one, or where only Atlas could
 * restore it, a temporary backup.
 */
export async function rehearsalBackup(
  run: Run,
  connection: Connection,
  situation: Situation,
  behind: StoredBackup | undefined,
): Promise<RehearsalBackup> {
  const managed = behind !== undefined && (await behind.store.readManifest(behind.id)).engine === 'atlas';
  if (behind !== undefined && !managed) return { ...behind, uncovered: [], async [Symbol.asyncDispose]() {} };
  if (managed)
    run.log.info(
      `Only Atlas can restore backup ${behind.id}, and no sandbox: a temporary backup is rehearsed on instead.`,
    );
  const { tmpdir } = sandboxEnvironment(run.env);
  await removeAbandoned(tmpdir);
  const folder = await mkdtemp(join(tmpdir, `${temporaryPrefix}${process.pid}-`));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const store = openStore(folder, { baseDir: folder });
    const uncovered = managed
      ? [
          `Whether backup ${behind.id} can be restored: it is a snapshot of Atlas, and the rehearsal ran on a backup of its own.`,
        ]
      : [];
    const { manifest } = await takeInto(run, connection, store, standingOf(situation), archiveEngineOf(run));
    return { store, id: manifest.id, uncovered, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const temporaryPrefix = 'mongo-release-backup-';

/** Removes the temporary backups of runs that were killed: they hold a whole database. Best effort. */
async function removeAbandoned(tmpdir: string): Promise<void> {
  for (const name of await readdir(tmpdir).catch(() => [])) {
    const pid = new RegExp(`^${temporaryPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || processRuns(Number(pid))) continue;
    await rm(join(tmpdir, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Throws `BACKUP_MOVED` when the history or the plan moved since the backup was taken, or it is another database's. */
function checkBackup(manifest: Manifest, database: string, { position, wholePlan }: Situation): void {
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
