import { BSON, type Document } from 'mongodb';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import { expected, type Place, patiently } from '../../mongo/catalog-changes.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import { orderedDocument } from '../../mongo/raw-build.ts';
import type { CatalogState } from '../journal/catalog-state.ts';
import { buildIndexes, dropIndexes, type IndexSpec, indexesNow, indexesOf, restoreExpiry } from './indexes.ts';
import type { UndoConflict } from './result.ts';

const majority = { writeConcern: { w: 'majority' } } as const;

/**
 * What `collMod` is told for an option that was not there before: the server takes none of them away, except by these
 * values. `validationLevel` and `validationAction` stay, with what they are by default.
 */
const absent: Readonly<Record<string, unknown>> = {
  validator: {},
  validationLevel: 'strict',
  validationAction: 'error',
  expireAfterSeconds: 'off',
  changeStreamPreAndPostImages: { enabled: false },
  recordPreImages: false,
};

/** Names of `listCollections` for what `collMod` calls otherwise. */
const renamed: Readonly<Record<string, string>> = { size: 'cappedSize', max: 'cappedMax' };

/** Brings options and properties of indexes back to what they were. May be repeated. */
export async function undoModification(
  place: Place,
  info: CollectionInfo,
  before: CatalogState,
): Promise<{ readonly changed: number; readonly conflicts: UndoConflict[] }> {
  const { db, topology } = place;
  const guard = { ...(info.type === 'collection' && expected(topology, info.uuid)), ...majority };
  const options = changedOptions(orderedDocument(bytesOf(before.options)), orderedDocument(info.rawOptions));
  let changed = 0;
  if (Object.keys(options).length > 0) {
    await patiently(place, () => db.command({ collMod: info.name, ...options, ...guard }));
    changed += 1;
  }
  const conflicts: UndoConflict[] = [];
  const now = indexesNow(info);
  for (const [name, spec] of indexesOf(before)) {
    const present = now.get(name);
    if (present === undefined) continue;
    if (takesRebuilding(spec, present)) {
      await dropIndexes(place, info, [name]);
      conflicts.push(...(await buildIndexes(place, info.name, [spec])));
      changed += 1;
      continue;
    }
    for (const property of ['hidden', 'prepareUnique']) {
      const value = spec.get(property) === true;
      if (value === (present.get(property) === true)) continue;
      await patiently(place, () => db.command({ collMod: info.name, index: { name, [property]: value }, ...guard }));
      changed += 1;
    }
  }
  if (info.type === 'collection') changed += await restoreExpiry(place, info, before);
  return { changed, conflicts };
}

/** Whether the options are still those that the migration set. */
export function hasOptions(info: Pick<CollectionInfo, 'rawOptions'>, state: CatalogState): boolean {
  return differing(orderedDocument(bytesOf(state.options)), orderedDocument(info.rawOptions)).length === 0;
}

/** Names of the options that are not equal, up to the server's defaults. */
function differing(before: Map<string, unknown>, now: Map<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter(
    (name) => !sameValue(before.get(name) ?? absent[name], now.get(name) ?? absent[name]),
  );
}

/** The fields of a `collMod` that makes `now` into `before`, as far as it takes them. */
function changedOptions(before: Map<string, unknown>, now: Map<string, unknown>): Document {
  const change: Record<string, unknown> = {};
  for (const name of differing(before, now)) {
    const value = before.get(name) ?? absent[name];
    if (value !== undefined) change[renamed[name] ?? name] = value;
  }
  // The server takes both together only.
  const view = before.get('viewOn');
  if ('viewOn' in change || 'pipeline' in change) return { viewOn: view, pipeline: before.get('pipeline') ?? [] };
  return change;
}

/** `collMod` makes an index expire or unique, and not the contrary. */
function takesRebuilding(spec: IndexSpec, present: IndexSpec): boolean {
  const expires = (index: IndexSpec) => index.get('expireAfterSeconds') !== undefined;
  const unique = (index: IndexSpec) => index.get('unique') === true;
  return (expires(present) && !expires(spec)) || (unique(present) && !unique(spec));
}

function sameValue(a: unknown, b: unknown): boolean {
  return Buffer.from(BSON.serialize({ v: a })).equals(BSON.serialize({ v: b }));
}
