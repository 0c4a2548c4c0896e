import type { ReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ReleaseError } from '../../observe/error.ts';
import { archiveDamaged, archiveMissing } from '../archive/damage.ts';
import { isBackupId } from '../backup-id.ts';
import {
  type ArchiveManifest,
  encodeManifest,
  type Manifest,
  parseManifest,
  type SnapshotManifest,
} from '../manifest.ts';
import { type DocumentKind, type Documents, documentsIn } from './documents.ts';
import { encodeVerification, filesOf, listBackups, manifestEnding, noManifest, verifiedEnding } from './listing.ts';
import {
  type BackupStore,
  backupNotFound,
  type CreateOptions,
  type PendingBackup,
  type StoredBackup,
  type Verification,
} from './store.ts';

/** Of files that are being written; an interrupted run leaves them behind. */
const partialEnding = '.partial';
const day = 86_400_000;

/**
 * Backups as files of one folder: `ID.archive.zst` and `ID.manifest.json`. Both are written under a temporary name,
 * flushed and renamed, the manifest last: a backup without its manifest does not exist.
 *
 * Partial files older than a day are removed when the next backup begins. Failures of the file system are `STORE_FAILED`.
 */
export class FolderStore implements BackupStore {
  readonly location: string;
  readonly local = true;

  /** An absolute path; the folder is made by the first backup. */
  constructor(folder: string) {
    this.location = folder;
  }

  async list(): Promise<StoredBackup[]> {
    return listBackups({
      names: await this.#names(),
      location: this.location,
      readManifest: (id) => this.readManifest(id),
      readText: (name) => readFile(this.#path(name), 'utf8').catch(ignoreMissing),
      sizeOf: async (name) => (await stat(this.#path(name)).catch(ignoreMissing))?.size,
    });
  }

  async readManifest(id: string): Promise<Manifest> {
    if (!isBackupId(id)) throw await this.#notFound(id);
    let text: string;
    try {
      text = await readFile(this.#path(id + manifestEnding), 'utf8');
    } catch (error) {
      if (isMissing(error)) throw await this.#notFound(id);
      throw storeFailed('reading a manifest', this.location, error);
    }
    return parseManifest(text, id);
  }

  async openArchive({ archive }: Pick<ArchiveManifest, 'archive'>): Promise<{ stream: ReadStream; bytes: number }> {
    const { file } = archive;
    if (path.basename(file) !== file) throw archiveDamaged('its name is no file name', file);
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.#path(file));
      const { size } = await handle.stat();
      return { stream: handle.createReadStream({ highWaterMark: 1024 * 1024 }), bytes: size };
    } catch (error) {
      await handle?.close();
      if (isMissing(error)) throw archiveMissing(file);
      throw storeFailed(`opening ${file}`, this.location, error);
    }
  }

  async create(id: string, { ending }: CreateOptions): Promise<PendingBackup> {
    const file = id + ending;
    const partial = this.#path(file + partialEnding);
    try {
      await mkdir(this.location, { recursive: true });
      await this.#removeStale();
      // Only its owner may read what holds a whole database.
      const handle = await open(partial, 'wx', 0o600);
      return new PendingFiles(this.location, file, id, handle);
    } catch (error) {
      throw storeFailed('beginning a backup', this.location, error);
    }
  }

  async keep(manifest: SnapshotManifest): Promise<string> {
    try {
      await mkdir(this.location, { recursive: true });
      return await writeManifest(this.location, manifest);
    } catch (error) {
      throw storeFailed('keeping a manifest', this.location, error);
    }
  }

  async markVerified(id: string, verified: Verification): Promise<void> {
    if (!isBackupId(id)) throw await this.#notFound(id);
    try {
      await writeWhole(this.#path(id + verifiedEnding), encodeVerification(verified));
    } catch (error) {
      throw storeFailed('noting that a backup is verified', this.location, error);
    }
  }

  async remove(manifest: Manifest): Promise<void> {
    const { id } = manifest;
    const names = filesOf(manifest);
    if (!isBackupId(id) || names.some((name) => path.basename(name) !== name)) throw await this.#notFound(id);
    try {
      for (const name of names) await rm(this.#path(name), { force: true });
    } catch (error) {
      throw storeFailed('removing a backup', this.location, error);
    }
  }

  documents(kind: DocumentKind): Documents {
    const folder = path.join(this.location, kind);
    const failed = (doing: string) => (error: unknown) => {
      throw storeFailed(`${doing} ${kind}`, this.location, error);
    };
    const file = (name: string) => path.join(folder, name);
    return documentsIn({
      location: folder,
      names: async () => (await readdir(folder).catch(ignoreMissing).catch(failed('listing'))) ?? [],
      readText: (name) => readFile(file(name), 'utf8').catch(ignoreMissing).catch(failed('reading')),
      async write(name, text) {
        try {
          await mkdir(folder, { recursive: true });
          await writeWhole(file(name), text);
          await flushFolder(folder);
        } catch (error) {
          failed('writing')(error);
        }
      },
      remove: (name) => rm(file(name), { force: true }).catch(failed('removing')),
    });
  }

  failure(doing: string, cause: unknown): ReleaseError {
    return storeFailed(doing, this.location, cause);
  }

  /** A folder that is not there at all is most often a mistyped one. */
  async #notFound(id: string): Promise<ReleaseError> {
    const folder = await stat(this.location).catch(() => undefined);
    if (folder === undefined) return backupNotFound(id, `${this.location}, a folder that does not exist`);
    return noManifest(id, this.location, await this.#names());
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.location);
    } catch (error) {
      if (isMissing(error)) return [];
      throw storeFailed('listing backups', this.location, error);
    }
  }

  async #removeStale(): Promise<void> {
    for (const name of await this.#names()) {
      const [id = '', kind = ''] = name.split('.');
      // Other people keep their files here too.
      const ours = isBackupId(id) && ['archive', 'manifest', 'verified'].includes(kind);
      if (!ours || !name.endsWith(partialEnding)) continue;
      // Whose run ends at this moment removes it itself.
      const file = await stat(this.#path(name)).catch(ignoreMissing);
      if (file !== undefined && Date.now() - file.mtimeMs > day) await rm(this.#path(name), { force: true });
    }
  }

  #path(name: string): string {
    return path.join(this.location, name);
  }
}

class PendingFiles implements PendingBackup {
  readonly writable;
  readonly file: string;
  readonly location: string;
  readonly #folder: string;
  readonly #id: string;
  readonly #handle: FileHandle;
  #done = false;

  constructor(folder: string, file: string, id: string, handle: FileHandle) {
    this.#folder = folder;
    this.#id = id;
    this.#handle = handle;
    this.file = file;
    this.location = path.join(folder, file);
    // `flush`: on disk before the stream has finished.
    this.writable = handle.createWriteStream({ highWaterMark: 4 * 1024 * 1024, flush: true });
  }

  async commit(manifest: ArchiveManifest): Promise<void> {
    try {
      await rename(this.location + partialEnding, this.location);
      await writeManifest(this.#folder, manifest);
      this.#done = true;
    } catch (error) {
      throw storeFailed('completing a backup', this.#folder, error);
    }
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.writable.destroy();
    await this.#handle.close().catch(() => {});
    await rm(this.location + partialEnding, { force: true });
    const manifest = path.join(this.#folder, this.#id + manifestEnding);
    await rm(manifest + partialEnding, { force: true });
    await rm(manifest, { force: true });
    await rm(this.location, { force: true });
  }
}

/** Comes back with its path, once it is on disk. */
async function writeManifest(folder: string, manifest: Manifest): Promise<string> {
  const file = path.join(folder, manifest.id + manifestEnding);
  await writeWhole(file, encodeManifest(manifest));
  await flushFolder(folder);
  return file;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const handle = await open(file + partialEnding, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(file + partialEnding, file);
}

/** A rename is on disk when its folder is; where folders cannot be opened (Windows) there is nothing to do. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT';
}

/** `doing` completes "while …". The cause's text holds paths at most. */
function storeFailed(doing: string, location: string, cause: unknown): ReleaseError {
  if (cause instanceof ReleaseError) return cause;
  const code = (cause as { code?: unknown } | undefined)?.code;
  const why = typeof code === 'string' ? ` (${code})` : '';
  return new ReleaseError('STORE_FAILED', `The store ${location} failed${why} while ${doing}.`, {
    hint: hintFor(code),
    cause,
  });
}

function hintFor(code: unknown): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full: make room, or keep fewer backups (backup.keep), and run this again.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'Let this user read what is there; one who takes backups has to write there too.';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'There is a file where the folder should be: name a folder with --store, or backup.store in mongo-release.yml.';
    default:
      return 'Check that the folder exists or can be made, and that its disk is in order.';
  }
}
