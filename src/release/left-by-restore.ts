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
  const at = `at ${formatTime(since)} or shortly after`;
  if (what === 'replaced')
    return `A restore of backup ${backupId} is in place, and was cut off while it dropped what it had replaced, ${at}. Left of that: ${listed(collections, 20)}. The next restore removes it; until then it only takes up room, and may be dropped in mongosh.`;
  // Of the copies of another restore that may have begun by then it takes none.
  const prefixes = new Set(collections.map((name) => name.slice(0, name.lastIndexOf('.') + 1)));
  const drops = [...prefixes].map(
    (prefix) =>
      `for (const name of db.getCollectionNames()) if (name.startsWith('${prefix}')) db.getCollection(name).drop()`,
  );
  const left = plural(collections.length, 'copy that it had built is', 'copies that it had built are');
  return `A restore of backup ${backupId} was cut off before it replaced anything, ${at}. The data are as they were; ${left} left (${asidePrefix(own)}*). The next restore, of whichever backup, removes that before it asks. Without one, in mongosh: ${drops.join('; ')}`;
}
