import type { CollectionInfo } from './catalog.ts';
import { expected, type Place, patiently, renameCollection } from './catalog-changes.ts';
import { expiriesOf, stopExpiry } from './expiry.ts';
import { serverCode, serverCodes } from './server-error.ts';

/**
 * Has nothing expire in a collection that becomes a tombstone: it may be kept. Without the right to collMod that goes on.
 * Comes back with what renames it. Both throw the driver's errors and those of `ready`, but where somebody has dropped or
 * renamed it since the look: its name is free.
 */
export async function toPutAside(
  place: Place,
  { name, uuid, rawOptions, rawIndexes }: CollectionInfo,
  tombstone: string,
): Promise<(w?: 1) => Promise<void>> {
  const { db, topology } = place;
  await stopExpiry(expiriesOf(rawOptions, rawIndexes), (change) =>
    unlessGone(() =>
      patiently(place, () =>
        db.command({ collMod: name, ...change, ...expected(topology, uuid), writeConcern: { w: 'majority' } }),
      ),
    ),
  );
  return (w) => unlessGone(() => renameCollection(place, name, tombstone, uuid, w));
}

async function unlessGone(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const code = serverCode(error);
    if (code !== serverCodes.NamespaceNotFound && code !== serverCodes.CollectionUUIDMismatch) throw error;
  }
}
