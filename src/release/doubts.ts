import type { ArchiveManifest } from '../backup/manifest.ts';
import type { Connection } from '../mongo/connect.ts';

/** What whoever relies on a backup that was just taken may not expect of it. */
export function doubtsAbout({ consistency, namespaces }: ArchiveManifest, { db, topology }: Connection): string[] {
  const doubts: string[] = [];
  if (namespaces.length === 0)
    doubts.push(
      `There is nothing in the backup: the server has no collection of yours in database ${db.databaseName}. Check its name.`,
    );
  if (consistency === 'per-collection') {
    const why = topology.kind === 'standalone' ? 'A standalone server has no snapshots: every' : 'Every';
    doubts.push(`${why} collection is as it was when it was read, and the backup not of one point in time.`);
  }
  const capped = namespaces.filter((entry) => entry.readOutsideSnapshot).map(({ name }) => name);
  if (capped.length > 0)
    doubts.push(
      `Capped collections can be read at no point in time, so each is as it was when it was read: ${capped.join(', ')}.`,
    );
  return doubts;
}
