import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Run } from '../run.ts';

/**
 * The release of that id, or the one that the rollback of that id takes back; without an id the newest. Throws
 * `RELEASE_UNKNOWN`, also where the newest changed nothing: whoever types no id may mean that one, and not the one before.
 */
export async function findRelease(run: Run, connection: Connection, asked: string | undefined): Promise<ReleaseRecord> {
  const records = new ReleaseRecords(connection.db, run);
  if (asked === undefined) return newest(records, connection.db.databaseName);
  const found = await records.find(asked);
  if (found?.kind === 'migrate' || found?.kind === 'release') return found;
  if (found?.kind === 'rollback' && found.of !== undefined) return findRelease(run, connection, found.of);
  // A release whose own record is gone has one of its rollback.
  const rollback = await new RollbackRecords(connection.db, run).newestOf(asked);
  if (rollback !== null) return { ...rollback, _id: asked };
  throw unknown(connection.db.databaseName, `no release ${asked}${found === null ? '' : `: that is a ${found.kind}`}`);
}

async function newest(records: ReleaseRecords, database: string): Promise<ReleaseRecord> {
  const [latest, begun] = await Promise.all([records.newest(), records.newestBegun()]);
  if (begun === null) throw unknown(database, 'no release that could be taken back');
  if (latest?._id === begun._id) return begun;
  throw new ReleaseError(
    'RELEASE_UNKNOWN',
    `The newest release, ${latest?._id}, changed nothing: it began neither to migrate nor to deploy. The newest one that did is ${begun._id}.`,
    { hint: `If that is the one to take back, type mongo-release rollback ${begun._id}.` },
  );
}

function unknown(database: string, what: string): ReleaseError {
  return new ReleaseError('RELEASE_UNKNOWN', `Database ${database} has a record of ${what}.`, {
    hint: 'mongo-release audit lists the releases, and mongo-release status what is applied; mongo-release down takes single migrations back.',
  });
}
