import { type Db, Timestamp } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { writesSince } from '../../mongo/writes-since.ts';
import type { UndoEntry } from './read.ts';
import { shownNamespace, type UndoConflict } from './result.ts';

/** The clock of the machine that ran the migration may be ahead of the server's by this much, in seconds. */
const mostSkew = 600;

/**
 * Whether others wrote to what a `$out` put in a collection's place, which goes aside with it: the journal has no images
 * of that, so the oplog tells, as far back as it reaches. `present`: where it stands now. Throws the driver's errors.
 */
export async function writesToReplacement(
  db: Db,
  own: OwnNames,
  { catalog, namespace, at }: UndoEntry,
  present: string,
): Promise<UndoConflict[]> {
  const { aside, after, to } = catalog ?? {};
  const writes = aside === undefined ? 'unknown' : await countWrites(db, own, at, { from: aside, to: present });
  if (writes === 0) return [];
  const tombstone = own.dropped(after?.uuid ?? '');
  return [{ kind: 'aside', namespace: shownNamespace(to ?? namespace), tombstone, why: 'replaced', writes }];
}

async function countWrites(db: Db, own: OwnNames, at: Date, follow: { from: string; to: string }) {
  const since = new Timestamp({ t: Math.floor(at.getTime() / 1000) - mostSkew, i: 0 });
  const found = await writesSince(db, since, { follow, leaveOut: (name) => own.owns(name) });
  if (found.state === 'unknown') return 'unknown';
  let writes = 0;
  for (const { inserted, updated, deleted } of found.byCollection.values()) writes += inserted + updated + deleted;
  return writes;
}

/** What others made under a name while the migration replaced what was there: it went aside at once. */
export function displacedBy({ catalog, namespace }: UndoEntry): UndoConflict[] {
  return (catalog?.displaced ?? []).map((tombstone) => ({
    ...{ kind: 'aside', why: 'displaced', tombstone },
    namespace: shownNamespace(catalog?.to ?? namespace),
  }));
}
