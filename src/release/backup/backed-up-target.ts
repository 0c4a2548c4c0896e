import type { Manifest } from '../../backup/manifest.ts';
import { type BackedUpTarget, otherTarget } from '../../backup/same-target.ts';
import { clusterIdentity } from '../../mongo/cluster.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { aboutTarget, type Run } from '../run.ts';

/** What a backup of this run's target says that it is of. */
export function backedUpTarget(run: Run, connection: Connection): BackedUpTarget {
  return { ...aboutTarget(run, connection), cluster: clusterIdentity(connection.topology) };
}

/** Says so where what is going to be restored is of another target: that may well be meant, and is never to go unseen. */
export function sayForeign(run: Run, connection: Connection, id: string, of: BackedUpTarget): void {
  const other = otherTarget(of, { ...backedUpTarget(run, connection), database: of.database });
  if (other !== undefined) run.log.warn(`Backup ${id} is ${other}.`);
}

/**
 * Throws `BACKUP_MOVED` where the backup of a release is not of what the release was about, as where a whole database was
 * copied with the records in it. One that was restored here before is the way back all the same.
 */
export async function refuseForeign(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  { id, target }: Manifest,
): Promise<void> {
  const here = { ...backedUpTarget(run, connection), name: release.target, environment: release.environment };
  const other = otherTarget(target, here);
  if (other === undefined || (await new ReleaseRecords(connection.db, run).haveRestored(id))) return;
  throw new ReleaseError('BACKUP_MOVED', `Backup ${id} of release ${release._id} is ${other}.`, {
    hint: `When that is what this database should hold, type mongo-release restore ${id}.`,
  });
}
