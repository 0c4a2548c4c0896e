import type { Readable, Writable } from 'node:stream';
import { ReleaseError } from '../../observe/error.ts';
import type { Manifest } from '../manifest.ts';

/** Where backups are. Adapters: folder.ts; test/backup/stores/store-suite.ts is what each of them must pass. */
export interface BackupStore {
  /** For people: a path or address without any secret. */
  readonly location: string;
  /** All backups, the newest first. One whose manifest cannot be read is listed as damaged, not left out. */
  list(): Promise<StoredBackup[]>;
  /** Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`. */
  readManifest(id: string): Promise<Manifest>;
  /** The archive's bytes as stored; `bytes` is their number. Throws `ARCHIVE_DAMAGED` when the archive is not there. */
  openArchive(manifest: Manifest): Promise<{ readonly stream: Readable; readonly bytes: number }>;
  /** Begins a backup, of which nothing can be seen before its `commit`. `ending` is the archive's, such as `.archive.zst`. */
  create(id: string, ending: string): Promise<PendingBackup>;
}

export type StoredBackup =
  | { readonly state: 'readable'; readonly id: string; readonly manifest: Manifest }
  | { readonly state: 'damaged'; readonly id: string; readonly problem: ReleaseError };

export interface PendingBackup {
  /** Takes the archive; end it before `commit`. */
  readonly writable: Writable;
  /** The archive's name in the store, for the manifest. */
  readonly file: string;
  /** Where the backup is once committed. */
  readonly location: string;
  /** Makes the archive last, then the manifest: the backup is there, whole. */
  commit(manifest: Manifest): Promise<void>;
  /** Leaves nothing behind. Does nothing after a commit. */
  abort(): Promise<void>;
}

export function backupNotFound(id: string, location: string): ReleaseError {
  return new ReleaseError('BACKUP_NOT_FOUND', `There is no backup ${JSON.stringify(id)} in ${location}.`, {
    hint: 'List the backups with mongo-release inspect; --store DIR says where they are kept.',
    details: { backup: id },
  });
}

/** `doing` completes "while …". The cause's text holds paths at most. */
export function storeFailed(doing: string, location: string, cause: unknown): ReleaseError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  const why = typeof code === 'string' ? ` (${code})` : '';
  return new ReleaseError('STORE_FAILED', `The store ${location} failed${why} while ${doing}.`, {
    hint: 'Check that the folder exists or can be made, that this user may write there, and that the disk has room.',
    cause,
  });
}
