import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../backup/manifest.ts';
import { openStore } from '../../backup/stores/open-store.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ownPrefix, removeAbandoned } from '../../observe/abandoned.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { archiveEngineOf } from '../backup/engine.ts';
import { identitiesOf, keysForRehearsal } from '../backup/keys.ts';
import { standingOf, takeInto } from '../backup/take-backup.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';

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
  await removeAbandoned(tmpdir, folders);
  const folder = await mkdtemp(join(tmpdir, ownPrefix(folders)));
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

/** Folders that hold a whole database. */
const folders = 'mongo-release-backup-';
