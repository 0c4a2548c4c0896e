import type { Document } from 'mongodb';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import { expected, type Place, patiently } from '../../mongo/catalog-changes.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import { orderedDocument } from '../../mongo/raw-build.ts';
import { ignoreCode, serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { CatalogState } from '../journal/catalog-state.ts';
import type { UndoConflict } from './result.ts';

const majority = { writeConcern: { w: 'majority' } } as const;

/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const listingOnly = new Set(['ns', 'clustered']);

/** What makes an index impossible to build, from the server's `src/mongo/base/error_codes.yml`. */
const unbuildable: ReadonlySet<number | undefined> = new Set([
  67, // CannotCreateIndex
  85, // IndexOptionsConflict
  86, // IndexKeySpecsConflict
  171, // CannotIndexParallelArrays
  serverCodes.DuplicateKey,
]);

/** An index's specification, every value of its type and every key at its place. */
export type IndexSpec = ReadonlyMap<string, unknown>;

export function indexesOf(state: CatalogState | undefined): Map<string, IndexSpec> {
  return byName((state?.indexes ?? []).map((bytes) => orderedDocument(bytesOf(bytes))));
}

export function indexesNow(info: CollectionInfo): Map<string, IndexSpec> {
  return byName(info.rawIndexes.map(orderedDocument));
}

function byName(specs: readonly IndexSpec[]): Map<string, IndexSpec> {
  return new Map(specs.filter((spec) => spec.get('name') !== '_id_').map((spec) => [String(spec.get('name')), spec]));
}

/** Drops indexes by their names; those that are gone already are no matter. Gives back how many were sent. */
export async function dropIndexes(place: Place, info: CollectionInfo, names: readonly string[]): Promise<number> {
  for (const index of names) {
    await patiently(place, () =>
      place.db.command({ dropIndexes: info.name, index, ...expected(place.topology, info.uuid), ...majority }),
    ).catch(ignoreCode(serverCodes.IndexNotFound));
  }
  return names.length;
}

/** Builds indexes one after the other, as they were. What cannot be built any more is given back. */
export async function buildIndexes(
  place: Place,
  collection: string,
  specs: readonly IndexSpec[],
): Promise<UndoConflict[]> {
  const { db } = place;
  const conflicts: UndoConflict[] = [];
  for (const spec of specs) {
    const sent = new Map([...spec].filter(([key]) => !listingOnly.has(key)));
    try {
      await patiently(place, () => db.command({ createIndexes: collection, indexes: [sent], ...majority } as Document));
    } catch (error) {
      const code = serverCode(error);
      if (code === undefined || !unbuildable.has(code)) throw error;
      const namespace = `${db.databaseName}.${collection}`;
      conflicts.push({ kind: 'index', namespace, index: String(spec.get('name')), code });
    }
  }
  return conflicts;
}

/** Sets the expiry of indexes, and of a clustered collection, to what it was. Gives back how many were changed. */
export async function restoreExpiry(place: Place, info: CollectionInfo, state: CatalogState): Promise<number> {
  const { db, topology } = place;
  const guard = { ...expected(topology, info.uuid), ...majority };
  let changed = 0;
  const now = indexesNow(info);
  for (const [name, spec] of indexesOf(state)) {
    const expireAfterSeconds = spec.get('expireAfterSeconds');
    const present = now.get(name);
    // Anything but a number lets nothing expire.
    if (present === undefined || Number.isNaN(Number(expireAfterSeconds))) continue;
    if (Number(present.get('expireAfterSeconds')) === Number(expireAfterSeconds)) continue;
    await patiently(place, () => db.command({ collMod: info.name, index: { name, expireAfterSeconds }, ...guard }));
    changed += 1;
  }
  const whole = orderedDocument(bytesOf(state.options)).get('expireAfterSeconds');
  const presently = orderedDocument(info.rawOptions).get('expireAfterSeconds');
  if (whole !== undefined && Number(whole) !== Number(presently)) {
    await patiently(place, () => db.command({ collMod: info.name, expireAfterSeconds: whole, ...guard }));
    changed += 1;
  }
  return changed;
}
