import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReleaseError } from '../../observe/error.ts';
import { FolderStore } from './folder.ts';
import { type S3Settings, S3Store } from './s3.ts';
import type { BackupStore } from './store.ts';

export interface StoreOptions {
  readonly baseDir: string;
  readonly s3?: S3Settings;
}

/**
 * The store that `where` names: a path, relative to `baseDir`, a `file:///` address, or `s3://BUCKET/PREFIX`. Nothing is
 * opened or made yet. Throws `STORE_UNSUPPORTED` for addresses of other kinds, or with more in them.
 */
export function openStore(where: string, { baseDir, s3 }: StoreOptions): BackupStore {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(where)?.[1]?.toLowerCase();
  if (scheme === undefined) return new FolderStore(path.resolve(baseDir, where));
  if (/^file:\/\/(localhost)?\//i.test(where)) return new FolderStore(fileURLToPath(where));
  if (scheme === 's3') return openS3(where, s3);
  throw new ReleaseError('STORE_UNSUPPORTED', `Backups cannot be kept in a store of the kind ${scheme}:.`, {
    hint: 'Name a folder, for example --store ./backups (with ./ before a name that has a colon), or a bucket, --store s3://BUCKET/PREFIX.',
  });
}

/** Bucket names: 3 to 63 of these characters, as S3 has them. */
const address = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/[^?#@]*)?$/i;

function openS3(where: string, settings: S3Settings | undefined): BackupStore {
  const [, bucket, rest = ''] = address.exec(where) ?? [];
  if (bucket === undefined) {
    // What stands before an @ may be a password.
    throw new ReleaseError('STORE_UNSUPPORTED', 'The address of the store is not of the form s3://BUCKET/PREFIX.', {
      hint: /^s3:\/\/[^/]/i.test(where)
        ? "Leave credentials and options out of it: credentials come from the environment as for Amazon's own tools, endpoint and region from backup.s3 in mongo-release.yml."
        : 'Write two slashes and the name of a bucket behind s3:, for example --store s3://shop-backups/prod.',
    });
  }
  return new S3Store(bucket, rest.replace(/^\/+|\/+$/g, ''), settings);
}
