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
import { identitiesOf, keysForRehearsal } from './keys.ts';
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
  /** What it is read with, where it is encrypted. */
  readonly identities: readonly string[];
  /** What a rehearsal on it does not show, a sentence each. */
  readonly uncovered: readonly string[];
}

/**
 * The backup that the apply relies on, which proves that it can be restored; without one, or where this run cannot read
 * it, a temporary backup.
 */
export async function rehearsalBackup(
  run: Run,
  connection: Connection,
  situation: Situation,
  behind: StoredBackup | undefined,
): Promise<RehearsalBackup> {
  const identities = await identitiesOf(run);
  const closed = behind && whyClosed(await behind.store.readManifest(behind.id), identities);
  if (behind !== undefined && closed === undefined)
    return { ...behind, identities, uncovered: [], async [Symbol.asyncDispose]() {} };
  if (closed !== undefined) run.log.info(`${closed.said}: a temporary backup is rehearsed on instead.`);
  const { tmpdir } = sandboxEnvironment(run.env);
  await removeAbandoned(tmpdir);
  const folder = await mkdtemp(join(tmpdir, `${temporaryPrefix}${process.pid}-`));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const store = openStore(folder, { baseDir: folder });
    const keys = await keysForRehearsal(run);
    const how = { engine: archiveEngineOf(run), keys: () => keys };
    const { manifest } = await takeInto(run, connection, store, standingOf(situation), how);
    const uncovered = closed === undefined ? [] : [closed.uncovered];
    return { store, id: manifest.id, identities: keys.identities, uncovered, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Why this run cannot restore a backup into a sandbox; undefined where it can, as far as one knows before. */
function whyClosed(manifest: Manifest, identities: readonly string[]) {
  const { id } = manifest;
  const uncovered = (what: string) =>
    `Whether backup ${id} can be restored: ${what}, and the rehearsal ran on another.`;
  if (manifest.engine === 'atlas') {
    const said = `Only Atlas can restore backup ${id}, and no sandbox`;
    return { said, uncovered: uncovered('it is a snapshot of Atlas') };
  }
  if (manifest.encryption === undefined || identities.length > 0) return undefined;
  const said = `Backup ${id} is encrypted, and no identity to read it was given`;
  return { said, uncovered: uncovered('it is encrypted, no identity was given') };
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
