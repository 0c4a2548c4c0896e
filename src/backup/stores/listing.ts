import { ReleaseError } from '../../observe/error.ts';
import { archiveDamaged, archiveMissing } from '../archive/damage.ts';
import { isBackupId } from '../backup-id.ts';
import type { Manifest } from '../manifest.ts';
import { backupNotFound, type StoredBackup, type Verification } from './store.ts';

/** `ID.manifest.json`, `ID.verified.json`, and `ID.archive` with the endings of its compression and encryption. */
export const manifestEnding = '.manifest.json';
export const verifiedEnding = '.verified.json';
export const archiveName = /^(.+)\.archive(\.zst|\.gz)?(\.age)?$/;

/** Requests for manifests under way at the same time. */
const atOnce = 8;

interface Shelf {
  /** Of everything that is in the store. */
  readonly names: readonly string[];
  readonly location: string;
  readManifest(id: string): Promise<Manifest>;
  /** The file's text; undefined where there is none. */
  readText(name: string): Promise<string | undefined>;
  /** Bytes; undefined where there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
}

/** The backups that these names are, the newest first. */
export async function listBackups({ names, location, readManifest, readText, sizeOf }: Shelf): Promise<StoredBackup[]> {
  const all = new Set(names);
  const backups: StoredBackup[] = [];
  const look = async (name: string) => {
    if (!name.endsWith(manifestEnding)) return;
    const id = name.slice(0, -manifestEnding.length);
    if (!isBackupId(id)) return;
    try {
      const manifest = await readManifest(id);
      if (manifest.engine !== 'atlas') {
        const { file, bytes } = manifest.archive;
        const size = all.has(file) ? await sizeOf(file) : undefined;
        // It may be removed at this moment: then it is of no backup any more.
        if (size !== bytes) await readManifest(id);
        if (size === undefined) throw archiveMissing(file);
        if (size !== bytes) throw archiveDamaged(`it has ${size} bytes in place of ${bytes}`, file);
      }
      const text = all.has(id + verifiedEnding) ? await readText(id + verifiedEnding) : undefined;
      backups.push({ state: 'readable', id, manifest, verified: parseVerification(text, manifest) });
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      // Removed since its name was read.
      if (error.code === 'BACKUP_NOT_FOUND') return;
      if (error.code !== 'MANIFEST_DAMAGED' && error.code !== 'ARCHIVE_DAMAGED') throw error;
      backups.push({ state: 'damaged', id, problem: error });
    }
  };
  const rest = names.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const name of rest) await look(name);
    }),
  );
  for (const name of names) {
    const id = archiveName.exec(name)?.[1];
    if (id === undefined || !isBackupId(id) || all.has(id + manifestEnding)) continue;
    backups.push({ state: 'damaged', id, problem: manifestMissing(id, name, location) });
  }
  return backups.sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
}

/** Why there is no manifest of this id: there is no backup, or only its archive. */
export function noManifest(id: string, location: string, names: readonly string[]): ReleaseError {
  const archive = names.find((name) => archiveName.exec(name)?.[1] === id);
  return archive === undefined ? backupNotFound(id, location) : manifestMissing(id, archive, location);
}

function manifestMissing(id: string, archive: string, location: string): ReleaseError {
  const where = `${location}/${archive}`;
  const local = /^[a-z0-9]+:\/\//i.test(location) ? `./${archive}` : where;
  return new ReleaseError(
    'MANIFEST_DAMAGED',
    `The manifest of backup ${id} is missing, only the archive is there: ${where}.`,
    {
      hint: `An archive is restored without its manifest as a file${local === where ? '' : ', once it is downloaded'}: mongo-release restore ${local}`,
      details: { backup: id },
    },
  );
}

export function encodeVerification(verified: Verification): string {
  return `${JSON.stringify(verified)}\n`;
}

/** The names of everything that belongs to a backup: what says that it is there first. */
export function filesOf(manifest: Manifest): string[] {
  const archive = manifest.engine === 'atlas' ? [] : [manifest.archive.file];
  return [manifest.id + manifestEnding, ...archive, manifest.id + verifiedEnding];
}

/** Undefined where it is not about this archive, or cannot be read: then nobody has verified it. */
function parseVerification(text: string | undefined, manifest: Manifest): Verification | undefined {
  if (manifest.engine === 'atlas') return undefined;
  try {
    const { at, sha256 } = JSON.parse(text ?? '');
    return typeof at === 'string' && sha256 === manifest.archive.sha256 ? { at, sha256 } : undefined;
  } catch {
    return undefined;
  }
}

/** Damaged ones by their id, which begins with the time. */
function timeOf(backup: StoredBackup): string {
  return backup.state === 'readable' ? backup.manifest.createdAt.replace(/[-:.]/g, '') : backup.id;
}
