import type { Db } from 'mongodb';
import { isCapped, readCatalog } from '../../../mongo/catalog.ts';
import { idElement, idKey, sameBytes } from '../../../mongo/raw-bson.ts';
import { exactValue } from '../../../mongo/raw-build.ts';
import { RawInsertError } from '../../../mongo/raw-sequence.ts';
import { awaitMajority, insertRaw } from '../../../mongo/raw-write.ts';
import { readByIds } from '../current.ts';

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
  for (let at = 0; at < ids.length; at += mostAtOnce)
    there += await carry(db, await readByIds(db, from, ids.slice(at, at + mostAtOnce)), into, carries);
  if (carries !== undefined && there > 0) await awaitMajority(db, into);
  return there;
}

/**
 * The same of all that a collection holds, in the order of the `_id`s and `behind` so many of them: of each part how many
 * documents it has, and how many of them are in the other collection.
 */
export async function* carryAll(
  db: Db,
  { from, into, carries, behind = 0 }: CarryOver & { readonly behind?: number },
): AsyncGenerator<{ readonly all: number; readonly there: number }> {
  // There the first documents would go for them.
  const [info] = await readCatalog(db, into);
  const takes = info !== undefined && !isCapped(info);
  const found = db
    .collection(from, { readPreference: 'primary' })
    .find({}, { sort: { _id: 1 }, skip: behind, raw: true, batchSize: mostAtOnce });
  let some: Uint8Array[] = [];
  const part = async () => {
    const documents = some;
    some = [];
    const there = takes ? await carry(db, documents, into, carries) : 0;
    if (carries !== undefined && there > 0) await awaitMajority(db, into);
    return { all: documents.length, there };
  };
  for await (const document of found) {
    some.push(document as unknown as Uint8Array);
    if (some.length === mostAtOnce) yield await part();
  }
  if (some.length > 0) yield await part();
}

async function carry(
  db: Db,
  documents: readonly Uint8Array[],
  into: string,
  carries: CarryOver['carries'],
): Promise<number> {
  const { there, missing } = await compare(db, documents, into);
  if (carries === undefined || missing.length === 0) return there + missing.length;
  await carries();
  try {
    await insertRaw(db, into, [missing]);
    return there + missing.length;
  } catch (error) {
    if (!(error instanceof RawInsertError)) throw error;
  }
  const after = await compare(db, missing, into);
  return there + after.there + (await insertEach(db, into, after.missing, carries));
}

/** How many of them are there as they are, and those of whose `_id` there is none. */
async function compare(db: Db, documents: readonly Uint8Array[], into: string) {
  const ids = documents.map((document) => exactValue(document, idElement(document)));
  const known = new Map((await readByIds(db, into, ids)).map((document) => [idKey(document), document]));
  let there = 0;
  const missing: Uint8Array[] = [];
  for (const document of documents) {
    const other = known.get(idKey(document));
    if (other === undefined) missing.push(document);
    else if (sameBytes(other, document)) there += 1;
  }
  return { there, missing };
}

async function insertEach(
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
