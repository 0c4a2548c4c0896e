import type { Readable, Writable } from 'node:stream';
import { ReleaseError } from '../../observe/error.ts';
import type { ArchiveContents, ArchiveManifest, Manifest, SnapshotManifest } from '../manifest.ts';
import type { DocumentKind, Documents } from './documents.ts';

/** Where the bytes of an archive come from. */
export interface ArchiveSource {
  /**
   * The archive's bytes as stored; `bytes` is their number. Throws `ARCHIVE_DAMAGED` when the archive is not there.
   */
  openArchive(of: Pick<ArchiveContents, 'archive'>): Promise<{ readonly stream: Readable; readonly bytes: number }>;
  /** What an error of one of its streams becomes: `STORE_FAILED` with the next step. `doing` completes "while …". */
  failure(doing: string, cause: unknown): ReleaseError;
}

/** Where backups are. Adapters: folder.ts, s3.ts; test/backup/stores/store-suite.ts is what each of them must pass. */
export interface BackupStore extends ArchiveSource {
  /** For people: a path or address without any secret. */
  readonly location: string;
  /** Whether it is gone with this machine. */
  readonly local: boolean;
  /** All backups, the newest first. One whose manifest cannot be read is listed as damaged, not left out. */
  list(): Promise<StoredBackup[]>;
  /** Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`. */
  readManifest(id: string): Promise<Manifest>;
  /** Begins a backup, of which nothing can be seen before its `commit`, and removes what one of yesterday left unfinished. */
  create(id: string, options: CreateOptions): Promise<PendingBackup>;
  /** Keeps the manifest of a backup that is elsewhere, whole or not at all. Comes back with where it is. */
  keep(manifest: SnapshotManifest): Promise<string>;
  /** Notes that the archive has been read whole and is what was written. */
  markVerified(id: string, verified: Verification): Promise<void>;
  /** Removes a backup: what says that it is there first. Nothing happens where it is gone already. */
  remove(manifest: Manifest): Promise<void>;
  /** What is kept beside the backups, of one kind. */
  documents(kind: DocumentKind): Documents;
}

export interface CreateOptions {
  /** Of the archive's name, such as `.archive.zst`. */
  readonly ending: string;
  /** How large the archive may become, roughly and rather too large; in bytes. */
  readonly expectedBytes: number;
}

export interface Verification {
  /** ISO 8601. */
  readonly at: string;
  /** Of the archive that was read: another file of that name is not verified. */
  readonly sha256: string;
}

export type StoredBackup =
  | { readonly state: 'readable'; readonly id: string; readonly manifest: Manifest; readonly verified?: Verification }
  | { readonly state: 'damaged'; readonly id: string; readonly problem: ReleaseError };

export interface PendingBackup {
  /** Takes the archive; end it before `commit`. */
  readonly writable: Writable;
  /** The archive's name in the store, for the manifest. */
  readonly file: string;
  /** Where the backup is once committed. */
  readonly location: string;
  /** Makes the archive last, then the manifest: the backup is there, whole. */
  commit(manifest: ArchiveManifest): Promise<void>;
  /** Leaves nothing behind. Does nothing after a commit. */
  abort(): Promise<void>;
}

export function backupNotFound(id: string, location: string): ReleaseError {
  return new ReleaseError('BACKUP_NOT_FOUND', `There is no backup ${JSON.stringify(id)} in ${location}.`, {
    hint: 'List the backups with mongo-release inspect; --store DIR says where they are kept. A file is named with its path, such as ./dump.',
    details: { backup: id },
  });
}
