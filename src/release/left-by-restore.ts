import { type LeftByRestore, leftByRestore } from '../backup/restore/left.ts';
import { asidePrefix } from '../backup/restore/record.ts';
import { listed } from '../migration/files/find.ts';
import type { Connection } from '../mongo/connect.ts';
import type { OwnNames } from '../mongo/own.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { formatTime, plural } from '../report/format.ts';
import { namesOf, type Run } from './run.ts';

/** As `leftByRestore` of the room of backups. Throws what `asServerFailure` makes of a server's failure. */
export function readLeftByRestore(run: Run, { db }: Connection): Promise<LeftByRestore | undefined> {
  return leftByRestore(db, namesOf(run)).catch((error: unknown) => {
    throw asServerFailure(error, 'looking for what a restore has left');
  });
}

/** What it is, and what takes it away. */
export function leftByRestoreWarning({ what, backupId, since, collections }: LeftByRestore, own: OwnNames): string {
  const heard = `last heard of at ${formatTime(since)}`;
  if (what === 'replaced')
    return `A restore of backup ${backupId}, ${heard}, is in place, and was cut off while it dropped what it had replaced: ${listed(collections, 20)} left. The next restore removes that; it is in nobody's way but for the room that it takes, and can be dropped in mongosh, too.`;
  const each = new Set(collections.map((name) => name.slice(0, name.lastIndexOf('.') + 1)));
  const drops = [...each].map(
    (prefix) =>
      `for (const name of db.getCollectionNames()) if (name.startsWith('${prefix}')) db.getCollection(name).drop()`,
  );
  return `A restore of backup ${backupId}, ${heard}, was cut off while it built copies, and has replaced nothing: ${plural(collections.length, 'copy', 'copies')} left in ${asidePrefix(own)}*. The next restore, of whichever backup, removes them before it asks; so does this in mongosh: ${drops.join('; ')}`;
}
