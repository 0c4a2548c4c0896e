import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReleaseError } from '../../observe/error.ts';
import { FolderStore } from './folder.ts';
import type { BackupStore } from './store.ts';

/**
 * The store that `where` names: a path, relative to `baseDir`, or a `file:` address. Nothing is opened or made yet.
 * Throws `STORE_UNSUPPORTED` for addresses of other kinds.
 */
export function openStore(where: string, options: { readonly baseDir: string }): BackupStore {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(where)?.[1]?.toLowerCase();
  if (scheme === 'file') return new FolderStore(fileURLToPath(where));
  if (scheme !== undefined) {
    throw new ReleaseError('STORE_UNSUPPORTED', `Backups cannot be kept in a store of the kind ${scheme}:// yet.`, {
      hint: 'Name a folder, for example --store ./backups.',
    });
  }
  return new FolderStore(path.resolve(options.baseDir, where));
}
