import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ReleaseError } from '../observe/error.ts';
import { isBackupId } from './backup-id.ts';
import { archiveName, manifestEnding, verifiedEnding } from './stores/listing.ts';

/**
 * The file of an archive that somebody named. Throws `BACKUP_NOT_FOUND` for anything else, with what was probably meant: a
 * backup of a store, or the store itself.
 */
export async function archiveNamed(file: string): Promise<Stats> {
  let found: Stats;
  try {
    found = await stat(file);
  } catch (cause) {
    const { code = 'unknown error' } = cause as { code?: string };
    throw new ReleaseError('BACKUP_NOT_FOUND', `There is no archive ${file} that can be read (${code}).`, {
      hint:
        (await backupMeant(file)) ??
        'Name a file with its path, such as ./dump.archive; a backup of a store is named by its id, which mongo-release inspect lists.',
      cause,
    });
  }
  const beside = [manifestEnding, verifiedEnding].some((ending) => file.endsWith(ending));
  if (found.isFile() && !beside) return found;
  const what = found.isFile() ? 'what a store notes of a backup' : found.isDirectory() ? 'a folder' : 'no file';
  throw new ReleaseError('BACKUP_NOT_FOUND', `${file} is ${what}, and no archive.`, {
    hint:
      (await (found.isDirectory() ? storeMeant(file) : backupMeant(file))) ??
      'Take the dump as one file: mongodump --archive=FILE, with or without --gzip; mongo-release backup takes one without any tool.',
  });
}

/** Where the name is that of a backup, or of one of its files. */
async function backupMeant(file: string): Promise<string | undefined> {
  const { dir, base } = path.parse(file);
  const note = [manifestEnding, verifiedEnding].find((ending) => base.endsWith(ending));
  const id = note === undefined ? (archiveName.exec(base)?.[1] ?? base) : base.slice(0, -note.length);
  if (!isBackupId(id)) return undefined;
  const kept = await stat(path.join(dir, id + manifestEnding)).catch(() => undefined);
  if (kept !== undefined) return `A backup of a store is named by its id: ${id} --store ${dir === '' ? '.' : dir}`;
  return id === base ? undefined : `A backup of a store is named by its id: ${id}; --store says where it is kept.`;
}

async function storeMeant(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  if (!names.some((name) => name.endsWith(manifestEnding))) return undefined;
  return `It is a store of backups, which are named by their ids: mongo-release inspect --store ${folder} lists them.`;
}
