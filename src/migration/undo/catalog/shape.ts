import { BSON } from 'mongodb';
import type { CollectionInfo } from '../../../mongo/catalog.ts';
import { bytesOf } from '../../../mongo/raw-bson.ts';
import { orderedDocument } from '../../../mongo/raw-build.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';

/** An index's specification, every value of its type and every key at its place. */
export type IndexSpec = ReadonlyMap<string, unknown>;

/** Options and indexes of a collection, as the journal has them or as they are now; the index of `_id` is left out. */
export interface Shape {
  readonly options: ReadonlyMap<string, unknown>;
  readonly indexes: ReadonlyMap<string, IndexSpec>;
}

export function shapeOf({ options, indexes }: Pick<CatalogState, 'options' | 'indexes'>): Shape {
  return {
    options: orderedDocument(bytesOf(options)),
    indexes: byName(indexes.map((bytes) => orderedDocument(bytesOf(bytes)))),
  };
}

export function shapeNow({ rawOptions, rawIndexes }: Pick<CollectionInfo, 'rawOptions' | 'rawIndexes'>): Shape {
  return shapeOf({ options: rawOptions, indexes: rawIndexes });
}

function byName(specs: readonly IndexSpec[]): Map<string, IndexSpec> {
  return new Map(specs.filter((spec) => spec.get('name') !== '_id_').map((spec) => [String(spec.get('name')), spec]));
}

/**
 * What `collMod` is told for an option that was not there before: the server takes none of them away, except by these
 * values. `validationLevel` and `validationAction` stay, with what they are by default.
 */
export const absentOptions: Readonly<Record<string, unknown>> = {
  validator: {},
  validationLevel: 'strict',
  validationAction: 'error',
  expireAfterSeconds: 'off',
  changeStreamPreAndPostImages: { enabled: false },
  recordPreImages: false,
};

/** Names of the options that are not equal, up to the server's defaults. */
export function differingOptions(a: Shape['options'], b: Shape['options']): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => !sameOption(name, a, b));
}

export function sameOption(name: string, a: Shape['options'], b: Shape['options']): boolean {
  return sameValue(a.get(name) ?? absentOptions[name], b.get(name) ?? absentOptions[name]);
}

/** What `collMod` changes in an index. The server lists the last three only where they are true. */
export const modifiable: ReadonlySet<string> = new Set(['expireAfterSeconds', 'hidden', 'prepareUnique', 'unique']);

/** Added by `listIndexes`, by older servers. */
const listingOnly: ReadonlySet<string> = new Set(['ns']);

/** Whether two specifications say the same; the order of their fields has no meaning, that of the key has. */
export function sameIndex(a: IndexSpec, b: IndexSpec, leaveOut: ReadonlySet<string> = new Set()): boolean {
  return differingProperties(a, b).every((name) => leaveOut.has(name));
}

/** Names of the properties that are not equal. */
export function differingProperties(a: IndexSpec, b: IndexSpec): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => !listingOnly.has(name) && !sameProperty(name, a, b));
}

export function sameProperty(name: string, a: IndexSpec, b: IndexSpec): boolean {
  const [one, other] = [a.get(name), b.get(name)];
  if (name === 'expireAfterSeconds') return expiryOf(a) === expiryOf(b);
  if (modifiable.has(name)) return (one ?? false) === (other ?? false);
  return sameValue(one, other);
}

/** Undefined where nothing expires by it: the server passes over what is no number. */
export function expiryOf(spec: IndexSpec): number | undefined {
  const seconds = Number(spec.get('expireAfterSeconds') ?? Number.NaN);
  return Number.isNaN(seconds) ? undefined : seconds;
}

function sameValue(a: unknown, b: unknown): boolean {
  return Buffer.from(BSON.serialize({ v: a })).equals(BSON.serialize({ v: b }));
}
