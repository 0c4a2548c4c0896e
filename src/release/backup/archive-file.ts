import { type ArchiveDatabase, type ArchiveFile, readArchiveFile } from '../../backup/archive-file.ts';
import { isBackupId } from '../../backup/backup-id.ts';
import { manifestTotals } from '../../backup/manifest.ts';
import { type BackedUpPosition, backedUpPosition } from '../../migration/history/without-run.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import { ReleaseError } from '../../observe/error.ts';
import { bytesProgress } from '../progress.ts';
import { namesOf, type Run } from '../run.ts';
import type { FileFacts } from './backup-facts.ts';
import { identitiesOf } from './keys.ts';

/** Whether the argument names a file, such as ./dump.archive: no id has a dot or a slash. */
export function namesFile(argument: string): boolean {
  return !isBackupId(argument);
}

/** Reads an archive that is in no store whole. Throws as `readArchiveFile`. */
export async function readFileOf(run: Run, file: string): Promise<ArchiveFile> {
  return readArchiveFile(file, {
    own: namesOf(run),
    identities: await identitiesOf(run),
    signal: run.signal,
    onProgress: bytesProgress(run.log, 'Verifying.'),
  });
}

/**
 * The database of an archive that is meant: the one of this name, or the only one that there is. Throws
 * `BACKUP_NAMESPACE_UNKNOWN`.
 */
export function databaseIn({ file, databases }: ArchiveFile, wanted: string): ArchiveDatabase {
  const found = databases.find(({ name }) => name === wanted) ?? (databases.length === 1 ? databases[0] : undefined);
  if (found !== undefined) return found;
  const names = databases.map(({ name }) => name);
  throw new ReleaseError(
    'BACKUP_NAMESPACE_UNKNOWN',
    names.length === 0
      ? `${file} holds no collection of any database.`
      : `${file} holds the databases ${names.join(', ')}, and none of the name ${wanted}.`,
    {
      hint:
        names.length === 0
          ? `Look at what is in it: mongo-release inspect ${file}`
          : `Name the one to take, and where it is to go: --database ${names[0]} --into ${wanted}.`,
    },
  );
}

/**
 * Where in history the data of an archive are, by the records of ours that were backed up with them; undefined where
 * there are none.
 */
export function positionIn({ history }: ArchiveDatabase): BackedUpPosition | undefined {
  const records = history as readonly HistoryRecord[] | undefined;
  const whole = records?.every((one) => typeof one._id === 'string' && typeof one.checksum === 'string');
  return records !== undefined && whole ? backedUpPosition(records) : undefined;
}

export function factsOfFile({ file, stored, writtenAt, serverVersion, databases, oplog }: ArchiveFile): FileFacts {
  const totals = databases.map(({ name, namespaces }) => ({
    name,
    collections: namespaces.length,
    ...manifestTotals({ namespaces }),
  }));
  return {
    id: file,
    engine: 'file',
    location: file,
    createdAt: writtenAt.toISOString(),
    serverVersion,
    databases: totals,
    documents: totals.reduce((sum, { documents }) => sum + documents, 0),
    bytes: totals.reduce((sum, { bytes }) => sum + bytes, 0),
    archiveBytes: stored.archive.bytes,
    compression: stored.compression,
    encrypted: stored.encryption !== undefined,
    oplogEntries: oplog?.entries,
  };
}
