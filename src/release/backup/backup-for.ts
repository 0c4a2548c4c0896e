import { isExpired, type Manifest } from '../../backup/manifest.ts';
import { type BackedUpTarget, otherTarget } from '../../backup/same-target.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatDuration } from '../../report/format.ts';
import { type Run, targetOf } from '../run.ts';
import type { Situation } from '../situation/situation.ts';
import { askForSnapshot, assertComplete, atlasOf } from './atlas.ts';
import { backedUpTarget } from './backed-up-target.ts';
import { storeOf } from './take-backup.ts';

/** A backup in its store. */
export interface StoredBackup {
  readonly store: BackupStore;
  readonly id: string;
}

/**
 * The backup that an apply relies on: the one that `--backup` names, checked against the history as it stands; without
 * one the newest of this target in the store that was taken of this very position and is no older than
 * `rehearsal.max-age`. Undefined where there is none: a `down` has to do then.
 *
 * Throws `BACKUP_MOVED` for a named one that does not fit, `SNAPSHOT_GONE` where Atlas has it no more, `BACKUP_MISSING`
 * where production has none.
 */
export async function backupBehind(
  run: Run,
  connection: Connection,
  situation: Situation,
  apply: boolean,
): Promise<StoredBackup | undefined> {
  const { backup } = run.invocation.flags;
  const here = backedUpTarget(run, connection);
  if (backup !== undefined) {
    const store = storeOf(run);
    const manifest = await store.readManifest(backup);
    checkBackup(manifest, here, situation);
    const other = otherTarget(manifest.target, here);
    if (apply && other !== undefined) throw moved(`Backup ${backup} is ${other}.`);
    if (apply && manifest.engine === 'atlas') assertComplete(manifest, await askForSnapshot(atlasOf(run), manifest));
    if (other !== undefined) run.log.warn(`Backup ${backup}, which is rehearsed on, is ${other}.`);
    return { store, id: backup };
  }
  if (!apply) return undefined;
  const store = run.invocation.store === undefined ? undefined : storeOf(run);
  const recent = store === undefined ? [] : await recentOf(run, store, situation);
  for (const manifest of recent) {
    if (store === undefined || otherTarget(manifest.target, here) !== undefined) continue;
    if (manifest.engine === 'atlas' && (await askForSnapshot(atlasOf(run), manifest)) !== 'completed') continue;
    run.log.info(`Backup ${manifest.id} stands behind this; it was taken at ${manifest.createdAt}.`);
    return { store, id: manifest.id };
  }
  if (targetOf(run).environment !== 'production') return undefined;
  const near = recent.find(({ target }) => target.database === here.database);
  const other = near && otherTarget(near.target, here);
  const maxAge = run.invocation.settings.rehearsal['max-age'];
  const where =
    store === undefined
      ? 'no store is named'
      : `${store.location} has none of that position in database ${here.database} that is no older than ${formatDuration(maxAge)} (rehearsal.max-age)`;
  throw new ReleaseError(
    'BACKUP_MISSING',
    `Production is migrated with a backup of its present position in history only, and ${where}${near && other ? `: ${near.id} is ${other}` : ''}.`,
    {
      hint: `Take one with mongo-release backup${store === undefined ? ' --store DIR, and name that store here too' : ''}, or name one of that position with --backup ID, whatever its age; mongo-release release --apply takes one itself.`,
    },
  );
}

/** Those of this position in history, of whatever target, that are young enough; the newest first. */
async function recentOf(run: Run, store: BackupStore, { position }: Situation): Promise<Manifest[]> {
  const now = new Date();
  const oldest = now.getTime() - run.invocation.settings.rehearsal['max-age'];
  const manifests = (await store.list()).flatMap((entry) => (entry.state === 'readable' ? [entry.manifest] : []));
  return manifests.filter(
    (one) => !isExpired(one, now) && one.position.digest === position.digest && Date.parse(one.createdAt) >= oldest,
  );
}

/** Throws `BACKUP_MOVED` when the history or the plan moved since the backup was taken, or it is another database's. */
function checkBackup(
  { id, target, position, planDigest }: Manifest,
  { database }: BackedUpTarget,
  situation: Situation,
): void {
  if (target.database !== database) throw moved(`Backup ${id} is of database ${target.database}, not of ${database}.`);
  if (position.digest !== situation.position.digest)
    throw moved(`The history of ${database} moved since backup ${id} was taken.`);
  if (planDigest !== undefined && planDigest !== situation.wholePlan.digest)
    throw moved(`The pending migrations changed since backup ${id} was taken.`);
}

function moved(message: string): ReleaseError {
  return new ReleaseError('BACKUP_MOVED', message, { hint: 'Take a new backup: mongo-release backup.' });
}
