import type { ArchiveManifest } from '../../backup/manifest.ts';
import { serverCode } from '../../mongo/server-error.ts';
import type { ReleaseError } from '../../observe/error.ts';
import { majorOf } from '../../sandbox/version.ts';

/** OutOfDiskSpace (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). */
const outOfDiskSpace = 14031;

/**
 * Whether an error says of the backup that it cannot be restored, and not of the sandbox. `sandboxVersion` is undefined where
 * there was none yet. Pure.
 */
export function isUnrestorable(
  { code, cause }: ReleaseError,
  { server }: Pick<ArchiveManifest, 'server'>,
  sandboxVersion: string | undefined,
): boolean {
  if (code === 'IDENTITY_WRONG') return true;
  if (code === 'RESTORE_FAILED') return serverCode(cause) !== outOfDiskSpace;
  return code === 'BACKUP_INCOMPATIBLE' && majorOf(sandboxVersion ?? '') === majorOf(server.version);
}
