import { type Db, type MongoClient, Timestamp } from 'mongodb';
import { findCollection } from '../../../mongo/catalog.ts';
import type { OwnNames } from '../../../mongo/own.ts';
import { idKey, sameBytes } from '../../../mongo/raw-bson.ts';
import { RawInsertError } from '../../../mongo/raw-sequence.ts';
import { awaitMajority, insertRaw } from '../../../mongo/raw-write.ts';
import { type Followed, writesSince } from '../../../mongo/writes-since.ts';
import { readByIds } from '../current.ts';
import type { UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';

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

/** What others made under a name while the migration replaced what was there: it went aside at once. */
export async function displacedBy(client: MongoClient, { catalog, namespace }: UndoEntry): Promise<Aside[]> {
  const { displaced = [], to = namespace } = catalog ?? {};
  const conflicts: Aside[] = [];
  for (const tombstone of displaced) {
    // On record before it went there: who died in between has left it under its name.
    if ((await findCollection(client.db(to.database), tombstone)) === undefined) continue;
    conflicts.push({ kind: 'aside', why: 'displaced', tombstone, namespace: shownNamespace(to) });
  }
  return conflicts;
}

/** Documents of one read. */
const mostAtOnce = 500;

interface CarryOver {
  readonly from: string;
  readonly into: string;
  /** Awaited before each write; without, nothing is written, and it tells how many there would be. */
  readonly carries?: () => Promise<void>;
}

/**
 * Puts documents of one collection into another one of its database, as they are. One whose `_id` another document has
 * there, or that the server refuses there, stays out. Comes back with how many are in it, also from an earlier call that
 * was interrupted. Throws the driver's errors and those of `carries`.
 */
async function carryOver(db: Db, ids: readonly unknown[], { from, into, carries }: CarryOver): Promise<number> {
  let there = 0;
  for (let at = 0; at < ids.length; at += mostAtOnce) {
    const some = ids.slice(at, at + mostAtOnce);
    const known = new Map((await readByIds(db, into, some)).map((document) => [idKey(document), document]));
    const missing: Uint8Array[] = [];
    for (const document of await readByIds(db, from, some)) {
      const other = known.get(idKey(document));
      if (other === undefined) missing.push(document);
      else if (sameBytes(other, document)) there += 1;
    }
    there += carries === undefined ? missing.length : await insert(db, into, missing, carries);
  }
  if (carries !== undefined && there > 0) await awaitMajority(db, into);
  return there;
}

async function insert(
  db: Db,
  into: string,
  documents: readonly Uint8Array[],
  ready: () => Promise<void>,
): Promise<number> {
  let inserted = 0;
  for (const document of documents) {
    await ready();
    try {
      await insertRaw(db, into, [[document]]);
      inserted += 1;
    } catch (error) {
      if (!(error instanceof RawInsertError)) throw error;
    }
  }
  return inserted;
}
