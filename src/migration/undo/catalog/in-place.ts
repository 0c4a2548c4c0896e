import { neverExpires } from '../../../mongo/expiry.ts';
import { keyText } from '../../journal/asked-indexes.ts';
import type { CatalogState } from '../../journal/catalog-state.ts';
import type { UndoEntry } from '../read.ts';
import { shownNamespace, type UndoConflict } from '../result.ts';
import { inTheWay } from './names.ts';
import {
  differingOptions,
  differingProperties,
  expiryOf,
  type IndexSpec,
  modifiable,
  type Shape,
  sameIndex,
  sameOption,
  shapeOf,
} from './shape.ts';

/** What has to change in options and indexes, so that an entry is undone; decided before anything is done. */
export interface InPlace {
  /** By name, what they become; undefined where there was none. */
  readonly options: ReadonlyMap<string, unknown>;
  readonly indexes: readonly IndexBack[];
  /** What is left as it is, since others have changed it. */
  readonly conflicts: readonly UndoConflict[];
}

export interface IndexBack {
  readonly name: string;
  readonly now?: IndexSpec;
  readonly back?: IndexSpec;
}

/**
 * What undoes an entry in options and indexes. Three versions are compared: only what the entry changed goes back, and
 * only where it is still as the entry left it; else it is somebody else's by now.
 */
export function inPlaceBack(entry: UndoEntry, now: Shape): InPlace {
  const { catalog } = entry;
  if (catalog?.type === 'create-indexes') return creationBack(entry, now);
  if (catalog?.before === undefined) return nothing;
  const before = shapeOf(catalog.before);
  // What was only intended may have been done: then by nobody else, as far as anybody can tell.
  const after = catalog.after === undefined ? now : shapeOf(catalog.after);
  const changed = changedIndexes(entry, before, after);
  const indexes = indexesBack(entry, changed, now);
  if (catalog.type !== 'modify-collection') return { ...nothing, ...indexes };
  const names = differingOptions(before.options, after.options).filter(
    (name) => !sameOption(name, now.options, before.options),
  );
  // A validator and its level belong together: all go back or none.
  const theirs = names.filter((name) => !sameOption(name, now.options, after.options));
  if (theirs.length > 0) {
    const conflict = { ...inTheWay(entry.namespace, 'changed'), options: theirs };
    return { ...indexes, options: new Map(), conflicts: [conflict, ...indexes.conflicts] };
  }
  return { ...indexes, options: new Map(names.map((name) => [name, before.options.get(name)])) };
}

/** What makes documents expire again in a collection that comes back from its tombstone, where that was stopped. */
export function expiryBack(state: CatalogState, now: Shape): InPlace {
  const then = shapeOf(state);
  const indexes = [...then.indexes].flatMap(([name, spec]): IndexBack[] => {
    const present = now.indexes.get(name);
    if (present === undefined || expiryOf(present) !== neverExpires) return [];
    if ([undefined, neverExpires].includes(expiryOf(spec))) return [];
    const expireAfterSeconds = spec.get('expireAfterSeconds');
    return [{ name, now: present, back: new Map([...present, ['expireAfterSeconds', expireAfterSeconds]]) }];
  });
  const whole = then.options.get('expireAfterSeconds');
  const stopped = whole !== undefined && now.options.get('expireAfterSeconds') === undefined;
  return { ...nothing, indexes, options: new Map(stopped ? [['expireAfterSeconds', whole]] : []) };
}

/** A collection once that is carried out. */
export function withInPlace(shape: Shape, { options, indexes }: InPlace): Shape {
  const next = { options: new Map(shape.options), indexes: new Map(shape.indexes) };
  for (const [name, value] of options) {
    if (value === undefined) next.options.delete(name);
    else next.options.set(name, value);
  }
  for (const { name, back } of indexes) {
    if (back === undefined) next.indexes.delete(name);
    else next.indexes.set(name, back);
  }
  return next;
}

const nothing: InPlace = { options: new Map(), indexes: [], conflicts: [] };

interface ChangedIndex {
  readonly name: string;
  readonly before?: IndexSpec;
  readonly after?: IndexSpec;
}

/** What that kind of entry can have changed; others may have changed more between the two looks. */
function changedIndexes({ catalog, midway }: UndoEntry, before: Shape, after: Shape): ChangedIndex[] {
  return [...before.indexes].flatMap(([name, old]): ChangedIndex[] => {
    const made = after.indexes.get(name);
    if (made === undefined) {
      return catalog?.type === 'drop-indexes' || midway?.dropped === name ? [{ name, before: old }] : [];
    }
    const modified = catalog?.type !== 'drop-indexes' && !sameIndex(old, made) && sameIndex(old, made, modifiable);
    return modified ? [{ name, before: old, after: made }] : [];
  });
}

function indexesBack(
  { namespace, midway }: UndoEntry,
  changed: readonly ChangedIndex[],
  { indexes }: Shape,
): Pick<InPlace, 'indexes' | 'conflicts'> {
  const backs: IndexBack[] = [];
  const conflicts: UndoConflict[] = [];
  for (const { name, before, after } of changed) {
    const now = indexes.get(name);
    if (same(now, before)) continue;
    const undoDroppedIt = now === undefined && midway?.dropped === name;
    if (undoDroppedIt || isBetween(now, before, after)) backs.push({ name, now, back: before });
    else conflicts.push({ kind: 'index', namespace: shownNamespace(namespace), index: name });
  }
  return { indexes: backs, conflicts };
}

/** An undo sets one property after the other, and may have been cut off among them. */
function isBetween(now: IndexSpec | undefined, before: IndexSpec | undefined, after: IndexSpec | undefined): boolean {
  if (now === undefined || before === undefined || after === undefined) return same(now, after);
  const set = differingProperties(now, after);
  return differingProperties(now, before).every((name) => !set.includes(name));
}

function same(a: IndexSpec | undefined, b: IndexSpec | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameIndex(a, b);
}

/** Others build theirs at any time, also between the two looks: only what the call asked for is the migration's. */
function creationBack(entry: UndoEntry, now: Shape): InPlace {
  const { catalog, error, namespace } = entry;
  const asked = catalog?.asked;
  const before = catalog?.before && shapeOf(catalog.before);
  const after = catalog?.after && shapeOf(catalog.after);
  const made = [...(after ?? now).indexes]
    .filter(([name]) => before?.indexes.has(name) !== true)
    .filter(([name, spec]) => asked?.some((index) => index.name === name && hasKey(spec, index.key)) ?? true)
    .map(([name, spec]) => ({ name, after: spec }));
  // The entry is from before calls were on record; or the server refused one of the indexes, and then makes none of
  // them, up to shards that were faster.
  const unsure = (asked === undefined && after === undefined) || (asked !== undefined && error !== undefined);
  if (!unsure) return { ...nothing, ...indexesBack(entry, made, now) };
  const there = made.some(({ name }) => now.indexes.has(name));
  return { ...nothing, conflicts: there ? [inTheWay(namespace, 'changed')] : [] };
}

function hasKey(spec: IndexSpec, asked: string | undefined): boolean {
  const key = spec.get('key');
  return asked === undefined || !(key instanceof Map) || keyText(key as Map<string, unknown>) === asked;
}
