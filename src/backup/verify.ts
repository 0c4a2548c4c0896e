import type { ArchiveMeta } from './archive/format.ts';
import { type ArchiveContents, type ArchiveManifest, manifestTotals, withArchive } from './manifest.ts';
import { type ReadOptions, readBackup } from './read-backup.ts';
import type { ArchiveSource, BackupStore } from './stores/store.ts';

export interface VerifyOptions extends ReadOptions {
  /** Bytes of documents read so far, uncompressed, of those that the manifest states. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly bytes: number;
  readonly totalBytes: number;
}

/** An archive that has been read from its first to its last byte. */
export interface VerifiedArchive {
  readonly contents: ArchiveContents;
  /** As the archive describes the collections. */
  readonly metas: readonly ArchiveMeta[];
}

export interface VerifiedBackup extends VerifiedArchive {
  readonly manifest: ArchiveManifest;
}

/**
 * Reads a whole backup and compares it with its manifest; needs no server. That it comes back means that the file is
 * the one that was written, that every document is in it, and it can be restored as far as a file can say so. The store
 * remembers it, for its retention.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, `ARCHIVE_NEEDED`, `ARCHIVE_DAMAGED`, `IDENTITY_MISSING`,
 * `IDENTITY_WRONG`, `STORE_FAILED`; the signal's reason when aborted.
 */
export async function verifyBackup(
  store: BackupStore,
  id: string,
  options: VerifyOptions = {},
): Promise<VerifiedBackup> {
  const manifest = withArchive(await store.readManifest(id));
  const { bytes: totalBytes } = manifestTotals(manifest);
  let bytes = 0;
  let metas: readonly ArchiveMeta[] = [];
  for await (const event of readBackup(store, manifest, options)) {
    if (event.kind === 'prelude') metas = event.metas;
    if (event.kind !== 'documents') continue;
    bytes += event.documents.bytes.length;
    options.onProgress?.({ bytes, totalBytes });
  }
  await rememberVerified(store, manifest);
  return { manifest, contents: manifest, metas };
}

/** In the store, for its retention. Throws nothing: whoever may only read the store verifies it all the same. */
export async function rememberVerified(store: BackupStore, { id, archive }: ArchiveManifest): Promise<void> {
  await store.markVerified(id, { at: new Date().toISOString(), sha256: archive.sha256 }).catch(() => {});
}

/** The collections as the archive describes them, compared with its manifest; no document is read. Throws as `readBackup` does. */
export async function readMetas(
  source: ArchiveSource,
  contents: ArchiveContents,
  options: ReadOptions = {},
): Promise<readonly ArchiveMeta[]> {
  for await (const event of readBackup(source, contents, options)) if (event.kind === 'prelude') return event.metas;
  return [];
}
