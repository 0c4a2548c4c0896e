import { join } from 'node:path';
import { unknownChecksum } from '../../migration/files/files.ts';
import type { HistoryRecord, MigrationFile } from '../../migration/types.ts';
import type { Run } from '../run.ts';

/** The file of a record as it was, without its content. */
export function missingFile({ invocation }: Run, { _id: name, fileName }: HistoryRecord): MigrationFile {
  return { name, fileName, path: join(invocation.migrationsDir, fileName), checksum: unknownChecksum };
}
