import type { Db } from 'mongodb';
import { type CollectionInfo, readCatalog } from '../../mongo/catalog.ts';
import { expected, patiently, renameCollection } from '../../mongo/catalog-changes.ts';
import type { Connection } from '../../mongo/connect.ts';
import { type Expiry, expiriesOf, stopExpiry } from '../../mongo/expiry.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Displaced } from './record.ts';

/**
 * Has nothing expire in a collection that becomes a tombstone: it may be kept. Without the right to collMod that goes on, as
 * `asSeen` says. Comes back with what renames it. Both throw
 * the driver's errors, but where somebody has dropped it since the look: its name is free.
 */
export async function toPutAside(
  connection: Connection,
  { name, uuid, rawOptions, rawIndexes }: CollectionInfo,
  tombstone: string,
): Promise<(w?: 1) => Promise<void>> {
  const { db, topology } = connection;
  await stopExpiry(expiriesOf(rawOptions, rawIndexes), (change) =>
    unlessGone(() =>
      patiently({}, () =>
        db.command({ collMod: name, ...change, ...expected(topology, uuid), writeConcern: { w: 'majority' } }),
      ),
    ),
  );
  return (w) => unlessGone(() => renameCollection(connection, name, tombstone, uuid, w));
}

async function unlessGone(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const code = serverCode(error);
    if (code !== serverCodes.NamespaceNotFound && code !== serverCodes.CollectionUUIDMismatch) throw error;
  }
}

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
