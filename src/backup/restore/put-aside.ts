import type { Db } from 'mongodb';
import { readCatalog } from '../../mongo/catalog.ts';
import { type Expiry, expiriesOf } from '../../mongo/expiry.ts';
import type { Displaced } from './record.ts';

/** With what is seen to be stopped in `expiry`, and what is not in `expiring`. Throws the driver's errors. */
export async function asSeen<T extends Displaced>(
  db: Db,
  { expiry = [], expiring = [], ...one }: T,
): Promise<Omit<T, 'expiry' | 'expiring'> & Displaced> {
  const all = [...expiry, ...expiring];
  if (all.length === 0) return one;
  const [info] = await readCatalog(db, one.tombstone);
  const running = new Set(info && expiriesOf(info.rawOptions, info.rawIndexes).map(({ index }) => index));
  const stopped = all.filter(({ index }) => !running.has(index));
  const still = all.filter(({ index }) => running.has(index));
  return { ...one, ...(stopped.length > 0 && { expiry: stopped }), ...(still.length > 0 && { expiring: still }) };
}

/** Sentences that go on after one that says where it is; empty where nothing expired. */
export function expiryInWords({ expiry = [], expiring = [] }: Pick<Displaced, 'expiry' | 'expiring'>): string {
  if (expiring.length === 0)
    return expiry.length === 0 ? '' : ` Nothing expires there (expireAfterSeconds was ${secondsIn(expiry)}).`;
  return ` Documents go on expiring there (expireAfterSeconds is ${secondsIn(expiring)}): stopping that takes the right to collMod.`;
}

function secondsIn(expiries: readonly Expiry[]): string {
  const each = expiries.map(({ index, expireAfterSeconds }) =>
    index === undefined ? `${expireAfterSeconds} of the collection` : `${expireAfterSeconds} of index ${index}`,
  );
  return each.join(', ');
}
