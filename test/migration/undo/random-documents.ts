import fc from 'fast-check';
import { BSON, Decimal128, type Document, Double, Int32, Long, ObjectId, Timestamp } from 'mongodb';
import type { IsRename } from '../../../src/migration/undo/renames.ts';

/** A document as its top-level fields in their order, each value one that keeps its BSON type. */
export type Fields = readonly (readonly [name: string, value: unknown])[];

export const fieldNames = ['a', 'b', 'c', 'd', 'e'] as const;

/** Few different ones, so that equal values meet, and equal numbers of different types. */
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -1, max: 1 }).map((n) => new Int32(n)),
  fc.integer({ min: -1, max: 1 }).map((n) => new Double(n)),
  fc.integer({ min: -1, max: 1 }).map((n) => Long.fromNumber(n)),
  fc.constantFrom(
    null,
    true,
    '',
    'text',
    new Date(0),
    new ObjectId('656565656565656565656565'),
    Decimal128.fromString('1.0'),
    new Double(Number.NaN),
    new Timestamp({ t: 0, i: 0 }),
  ),
);

export const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('x', 'y', '0'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

export const fields: fc.Arbitrary<Fields> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...fieldNames), value), { selector: ([name]) => name, maxLength: 5 })
  .map((list) => list as Fields);

export type Edit =
  | { readonly kind: 'set'; readonly name: string; readonly value: unknown }
  | { readonly kind: 'unset'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string };

const name = fc.constantFrom(...fieldNames);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('set'), name, value }) },
  fc.record({ kind: fc.constant('unset'), name }),
  fc.record({ kind: fc.constant('rename'), name, to: fc.constantFrom('a', 'b', 'z') }),
);

/** As the server does it: a set keeps the place of a field, a rename puts it at the end. */
export function edited(document: Fields, edits: readonly Edit[]): Fields {
  let fields = document;
  for (const edit of edits) fields = editedOnce(fields, edit);
  return fields;
}

function editedOnce(fields: Fields, edit: Edit): Fields {
  const rest = fields.filter(([name]) => name !== edit.name);
  const had = fields.find(([name]) => name === edit.name);
  switch (edit.kind) {
    case 'unset':
      return rest;
    case 'set':
      if (had === undefined) return [...fields, [edit.name, edit.value]];
      return fields.map((field) => (field === had ? ([edit.name, edit.value] as const) : field));
    case 'rename':
      if (had === undefined || edit.to === edit.name) return fields;
      return [...rest.filter(([name]) => name !== edit.to), [edit.to, had[1]]];
  }
}

/** The same for the server. */
export function updateOf(edit: Edit): Document {
  switch (edit.kind) {
    case 'unset':
      return { $unset: { [edit.name]: 1 } };
    case 'set':
      return { $set: { [edit.name]: edit.value } };
    case 'rename':
      return edit.to === edit.name ? { $unset: { nowhere: 1 } } : { $rename: { [edit.name]: edit.to } };
  }
}

/** `undefined`: both have changed the same, so all of it stays the user's. */
export type Model = ReadonlyMap<string, unknown> | undefined;

/** What has to come of a document, field by field: told from what it was, what the migration made of it, and what it is. */
export function modelOf(was: Fields, made: Fields, now: Fields, isRename: IsRename = () => 'yes'): Model {
  const [before, after, current] = [was, made, now].map((fields) => new Map(fields)) as [Map1, Map1, Map1];
  const back = new Map(current);
  const gone = was.filter(([name]) => !after.has(name));
  const come = made.filter(([name]) => !before.has(name));
  const renamed = new Set<string>();
  for (const [from, value] of gone) {
    const [to, second] = come.filter(([, other]) => same(value, other));
    const alone = gone.filter(([, other]) => same(value, other)).length === 1;
    if (to === undefined || second !== undefined || !alone) continue;
    const known = isRename(from, to[0]);
    if (known === 'maybe' && (current.has(from) || !equal(after, current, to[0]))) return undefined;
    if (known !== 'yes') continue;
    if (!current.has(to[0]) || current.has(from)) return undefined;
    back.delete(to[0]);
    back.set(from, current.get(to[0]));
    renamed.add(from).add(to[0]);
  }
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (renamed.has(name) || equal(before, after, name)) continue;
    if (!equal(after, current, name) && !equal(before, current, name)) return undefined;
    if (before.has(name)) back.set(name, before.get(name));
    else back.delete(name);
  }
  return back;
}

type Map1 = Map<string, unknown>;

function equal(one: Map1, other: Map1, name: string): boolean {
  return one.has(name) === other.has(name) && same(one.get(name), other.get(name));
}

export function same(a: unknown, b: unknown): boolean {
  return shown(a) === shown(b);
}

/** With types, and the order of embedded fields. */
export function shown(value: unknown, { typed = true }: { readonly typed?: boolean } = {}): string {
  return BSON.EJSON.stringify({ value }, { relaxed: !typed });
}

export function bytes(fields: Fields, _id = 1): Uint8Array {
  return BSON.serialize(new Map<string, unknown>([['_id', _id], ...fields]) as unknown as Document);
}

/** The fields of a document without its `_id`. */
export function fieldsOf(document: Uint8Array): Fields {
  const { _id, ...rest } = BSON.deserialize(document, { promoteValues: false, promoteLongs: false });
  return Object.entries(rest);
}
