import { type Db, Timestamp } from 'mongodb';
import type { OwnNames } from '../../../mongo/own.ts';
import { type Followed, writesSince } from '../../../mongo/writes-since.ts';
import type { UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';
import { type CarryOver, carryOver } from './carry.ts';

type Aside = Extract<UndoConflict, { kind: 'aside' }>;

/** The clock of the machine that ran the migration may be ahead of the server's by this much, in seconds. */
const mostSkew = 60;

/**
 * What becomes of writes of others to what a `$out` put in a collection's place: the journal has no images of that, so
 * the oplog tells, as far back as it reaches. Documents that they inserted are carried over into the collection that is
 * back, if one is; the others are kept aside and told. `from`: where they stand now. Throws the driver's errors.
 */
export async function writesToReplacement(
  db: Db,
  own: OwnNames,
  { catalog, namespace, at }: UndoEntry,
  { from, into, carries }: Omit<CarryOver, 'into'> & { readonly into: string | undefined },
): Promise<Aside[]> {
  const { aside, after, to } = catalog ?? {};
  const tombstone = own.dropped(after?.uuid ?? '');
  const conflict = { kind: 'aside', namespace: shownNamespace(to ?? namespace), tombstone, why: 'replaced' } as const;
  const found = aside === undefined ? undefined : await follow(db, own, at, { from: aside, to: from });
  if (found === undefined) return [{ ...conflict, writes: 'unknown' }];
  const { inserted, others } = found;
  const carried = into === undefined ? 0 : await carryOver(db, inserted, { from, into, carries });
  const writes = others + inserted.length - carried;
  return writes + carried === 0 ? [] : [{ ...conflict, writes, carried }];
}

async function follow(
  db: Db,
  own: OwnNames,
  at: Date,
  name: { from: string; to: string },
): Promise<Followed | undefined> {
  const since = new Timestamp({ t: Math.floor(at.getTime() / 1000) - mostSkew, i: 0 });
  const found = await writesSince(db, since, { follow: name, leaveOut: (collection) => own.owns(collection) });
  return found.state === 'known' ? found.followed : undefined;
}
