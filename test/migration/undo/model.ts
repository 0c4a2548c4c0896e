import type { ClientSession, Collection, Document } from 'mongodb';

export interface Numbered extends Document {
  _id: number;
}

export type State = ReadonlyMap<number, Document>;

export async function stateOf(collection: Collection<Numbered>, session?: ClientSession): Promise<State> {
  return new Map((await collection.find({}, { session }).toArray()).map((document) => [document._id, document]));
}

/** What has to come of one document: by hand, field by field. */
export function expected(was: Document | undefined, made: Document | undefined, now: Document | undefined) {
  const same = (x: unknown, y: unknown) => JSON.stringify(x) === JSON.stringify(y);
  if (same(was, made)) return { document: now, left: false };
  if (same(made, now)) return { document: was, left: false };
  // A user's deletion stands, and nothing of the document is kept.
  if (now === undefined) return { document: undefined, left: false };
  if (was === undefined || made === undefined) {
    return same(was, now) ? { document: now, left: false } : { document: now, left: true };
  }
  const fields = new Set([...Object.keys(was), ...Object.keys(made), ...Object.keys(now)]);
  const back: Document = {};
  for (const field of fields) {
    const byMigration = !same(was[field], made[field]);
    // One that a user has put back already is no conflict.
    const met = byMigration && !same(made[field], now[field]) && !same(was[field], now[field]);
    if (met) return { document: now, left: true };
    const value = byMigration ? was[field] : now[field];
    if (value !== undefined) back[field] = value;
  }
  return { document: back, left: false };
}
