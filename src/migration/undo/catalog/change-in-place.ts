import type { Document } from 'mongodb';
import type { CollectionInfo } from '../../../mongo/catalog.ts';
import { expected, patiently } from '../../../mongo/catalog-changes.ts';
import { ignoreCode, serverCode, serverCodes } from '../../../mongo/server-error.ts';
import type { UndoConflict } from '../result.ts';
import { type IndexBack, type InPlace, withInPlace } from './in-place.ts';
import type { CatalogUndone, UndoPlace } from './place.ts';
import { absentOptions, expiryOf, type IndexSpec, type Shape, sameProperty, shapeNow } from './shape.ts';

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

/** Names of `listCollections` for what `collMod` calls otherwise. */
const renamed: Readonly<Record<string, string>> = { size: 'cappedSize', max: 'cappedMax' };

/** Carries out what was decided. What the server refuses to build is given back. Throws the driver's errors. */
export async function changeInPlace(place: UndoPlace, info: CollectionInfo, decided: InPlace): Promise<CatalogUndone> {
  const { db, topology } = place;
  const guard = { ...(info.type === 'collection' && expected(topology, info.uuid)), ...majority };
  const modify = (change: object) =>
    patiently(place, () => db.command({ collMod: info.name, ...change, ...guard } as Document));
  const conflicts = [...decided.conflicts];
  let changed = 0;
  const options = optionsBack(decided, withInPlace(shapeNow(info), decided));
  if (Object.keys(options).length > 0) {
    await modify(options);
    changed += 1;
  }
  for (const index of decided.indexes) {
    const { name, now, back } = index;
    const properties = modifications(index);
    for (const property of properties ?? []) await modify({ index: { name, ...property } });
    if (properties !== undefined) {
      changed += properties.length;
      continue;
    }
    // Where it is cut off in between, nobody else has dropped that index.
    if (now !== undefined && back !== undefined) await place.record({ dropped: name });
    if (now !== undefined) await dropIndex(place, info, name);
    const refused = back === undefined ? undefined : await buildIndex(place, info.name, back);
    if (refused === undefined) changed += 1;
    else conflicts.push(refused);
  }
  return { changed, conflicts };
}

/** The fields of a `collMod`, as far as it takes them. */
function optionsBack({ options }: InPlace, next: Shape): Document {
  const change: Record<string, unknown> = {};
  for (const [name, option] of options) {
    const value = option ?? absentOptions[name];
    if (value !== undefined) change[renamed[name] ?? name] = value;
  }
  // The server takes both together only.
  if (!options.has('viewOn') && !options.has('pipeline')) return change;
  return { viewOn: next.options.get('viewOn'), pipeline: next.options.get('pipeline') ?? [] };
}

/** What `collMod` is told of an index, one after the other; undefined where that index has to be built or dropped. */
function modifications({ now, back }: IndexBack): object[] | undefined {
  if (now === undefined || back === undefined) return undefined;
  // It makes an index expire or unique, and not the contrary.
  if (expiryOf(now) !== undefined && expiryOf(back) === undefined) return undefined;
  if (now.get('unique') === true && back.get('unique') !== true) return undefined;
  const differing = ['hidden', 'prepareUnique', 'expireAfterSeconds'].filter((name) => !sameProperty(name, now, back));
  return differing.map((name) => ({ [name]: back.get(name) ?? false }));
}

async function dropIndex({ db, topology, ready }: UndoPlace, info: CollectionInfo, index: string): Promise<void> {
  await patiently({ ready }, () =>
    db.command({ dropIndexes: info.name, index, ...expected(topology, info.uuid), ...majority }),
  ).catch(ignoreCode(serverCodes.IndexNotFound));
}

/** Comes back with what is in the way, where it cannot be built any more. */
async function buildIndex(place: UndoPlace, collection: string, spec: IndexSpec): Promise<UndoConflict | undefined> {
  const { db } = place;
  const sent = new Map([...spec].filter(([key]) => !listingOnly.has(key)));
  try {
    await patiently(place, () => db.command({ createIndexes: collection, indexes: [sent], ...majority } as Document));
    return undefined;
  } catch (error) {
    const code = serverCode(error);
    if (code === undefined || !unbuildable.has(code)) throw error;
    const namespace = `${db.databaseName}.${collection}`;
    return { kind: 'index', namespace, index: String(spec.get('name')), code };
  }
}
