import type { Db } from 'mongodb';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { RawInsertError } from '../../mongo/raw-sequence.ts';
import { awaitMajority, insertRaw } from '../../mongo/raw-write.ts';
import { readByIds } from './current.ts';

/** Documents of one read. */
const mostAtOnce = 500;

export interface CarryOver {
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
export async function carryOver(db: Db, ids: readonly unknown[], { from, into, carries }: CarryOver): Promise<number> {
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
