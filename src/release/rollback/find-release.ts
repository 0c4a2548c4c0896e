import { isHalfDone } from '../../migration/beginning.ts';
import { listed } from '../../migration/files/find.ts';
import { readHistory } from '../../migration/history/history.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { isDeployed } from '../record/outcomes.ts';
import { deploysOf, latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import { namesOf, type Run } from '../run.ts';
import type { Earlier } from './earlier.ts';
import { openRollback } from './open.ts';

/**
 * The release of that id, or the one that the rollback of that id takes back; without an id the newest. Throws
 * `RELEASE_UNKNOWN`, also where the newest changed nothing: whoever types no id may mean that one, and not the one before,
 * unless that is on its way back.
 */
export async function findRelease(run: Run, connection: Connection, asked: string | undefined): Promise<ReleaseRecord> {
  const records = new ReleaseRecords(connection.db, run);
  if (asked === undefined) return newest(run, connection, records);
  const found = await records.find(asked);
  if (found?.kind === 'migrate' || found?.kind === 'release') return found;
  if (found?.kind === 'rollback' && found.of !== undefined) return findRelease(run, connection, found.of);
  // A release whose own record is gone has one of its rollback.
  const rollback = await new RollbackRecords(connection.db, run).newestOf(asked);
  if (rollback !== null) return { ...rollback, _id: asked };
  throw unknown(connection.db.databaseName, `no release ${asked}${found === null ? '' : `: that is a ${found.kind}`}`);
}

async function newest(run: Run, connection: Connection, records: ReleaseRecords): Promise<ReleaseRecord> {
  const [latest, begun] = await Promise.all([records.newest(), records.newestBegun()]);
  // One that had nothing to do when it was run again is no other one.
  if (begun !== null && (latest === null || latestBegan(begun) >= latestBegan(latest))) return begun;
  if (latest === null) throw unknown(connection.db.databaseName, 'no release that could be taken back');
  // That is why the newest was stopped, and it has to come to its end first.
  const open = await openRollback(run, connection);
  if (open?.of !== undefined) return findRelease(run, connection, open.of);
  const what = `The newest release, ${latest._id}, changed nothing: it began neither to migrate nor to deploy.`;
  if (begun === null) throw named(what, undefined);
  const back = await new RollbackRecords(connection.db, run).newestOf(begun._id);
  const there = isDeployed(begun, back?.state === 'rolled-back' ? back : undefined) !== 'no';
  throw named(what, there ? { release: begun._id, half: [] } : await standing(run, connection));
}

/** The newest release of which something is in the data. */
interface Standing {
  /** Its id. */
  readonly release: string;
  /** Its migrations that have not reached their end. */
  readonly half: readonly string[];
}

/** By the history: what is half-done stands on all the rest. Only reads. */
async function standing(run: Run, { db }: Connection): Promise<Standing | undefined> {
  const records = new ReleaseRecords(db, run);
  const there = (await readHistory(db, namesOf(run), { brief: true }))
    .filter((one) => one.state === 'applied' || isHalfDone(one))
    .map((one) => ({ one, release: one.appliedAt === undefined ? one.releaseId : one.appliedIn }));
  const newestFirst = there.sort(
    (a, b) => Number(isHalfDone(b.one)) - Number(isHalfDone(a.one)) || b.one.sequence - a.one.sequence,
  );
  for (const release of new Set(newestFirst.map((each) => each.release))) {
    const found = release === undefined ? null : await records.find(release);
    if (found?.kind !== 'migrate' && found?.kind !== 'release') continue;
    const half = there.filter((each) => each.release === found._id && isHalfDone(each.one)).map(({ one }) => one._id);
    return { release: found._id, half };
  }
  return undefined;
}

/**
 * What comes back where nothing of the newest release is left, and no other one was named: a sentence on the newest one
 * that is. Throws `RELEASE_UNKNOWN` where a migration of that is half-done, or where the newest changed nothing.
 */
export async function otherThanNewest(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  earlier: Earlier,
  why: string,
): Promise<string> {
  const other = await standing(run, connection);
  if (other === undefined) return '';
  const changed = release.state === 'applied' || earlier.record !== undefined || deploysOf(release).length > 0;
  if (other.half.length > 0 || !changed) throw named(why, other);
  return ` ${inWords(other)} To take that back, type mongo-release rollback ${other.release}.`;
}

function inWords({ release, half }: Standing): string {
  const left = half.length === 0 ? '' : `, and it left ${listed(half)} half-way`;
  return `The newest one of which something is there is ${release}${left}.`;
}

function named(what: string, other: Standing | undefined): ReleaseError {
  if (other === undefined)
    return new ReleaseError('RELEASE_UNKNOWN', `${what} Nothing of any other release is there.`, {
      hint: 'mongo-release audit lists the releases, and mongo-release status what is applied.',
    });
  return new ReleaseError('RELEASE_UNKNOWN', `${what} ${inWords(other)}`, {
    hint: `If that is the one to take back, type mongo-release rollback ${other.release}.`,
  });
}

function unknown(database: string, what: string): ReleaseError {
  return new ReleaseError('RELEASE_UNKNOWN', `Database ${database} has a record of ${what}.`, {
    hint: 'mongo-release audit lists the releases, and mongo-release status what is applied; mongo-release down takes single migrations back.',
  });
}
