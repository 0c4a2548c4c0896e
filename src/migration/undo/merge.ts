import { asBuffer, elementsOf } from '../../mongo/raw-bson.ts';
import { rawDocument } from '../../mongo/raw-build.ts';
import type { IsRename } from './renames.ts';
import type { WhyLeft } from './why-left.ts';

export type Merged =
  | { readonly state: 'merged'; readonly document: Uint8Array }
  /** The migration and a user have changed the same. */
  | { readonly state: 'conflict'; readonly why: WhyLeft };

/** The bytes of each top-level field, in the order of the document. */
type Fields = ReadonlyMap<string, Field>;

interface Field {
  /** The whole element. */
  readonly element: Buffer;
  /** Type and value. */
  readonly value: string;
  /** Where the value begins in the element, behind type and name. */
  readonly nameEnd: number;
}

/**
 * Takes back what the migration did to a document that a user has changed since: top-level fields that only the
 * migration changed are as before, those that only users changed stay. Arrays and embedded documents are one value. A
 * field that the migration renamed, by what is known of it, gets its name back, with the value that it has now.
 */
export function mergeBack(before: Uint8Array, after: Uint8Array, current: Uint8Array, isRename: IsRename): Merged {
  const twice = new Set<string>();
  const [old, made, now] = [fieldsOf(before, twice), fieldsOf(after, twice), fieldsOf(current, twice)];
  // Two fields of one name have no way to be told apart.
  if (twice.size > 0) return conflict('name-twice', twice);
  const inTheWay = new Set<string>();
  const { renames, doubtful } = renamesBetween(old, made, isRename);
  // Whether a user's change of the one is a change of the other, nothing tells.
  for (const [from, to] of doubtful)
    if (now.has(from) || now.get(to)?.value !== made.get(to)?.value) inTheWay.add(from).add(to);
  const renamed = new Set(renames.values());
  const merged = new Map<string, Buffer>();
  for (const name of new Set([...old.keys(), ...made.keys(), ...now.keys()])) {
    const later = renames.get(name);
    if (later !== undefined) {
      const field = now.get(later);
      // Removed by a user, or there under both names.
      if (field === undefined || now.has(name)) inTheWay.add(name).add(later);
      else merged.set(name, withName(field, name));
      continue;
    }
    if (renamed.has(name)) continue;
    const [b, a, c] = [old.get(name), made.get(name), now.get(name)];
    const byMigration = b?.value !== a?.value;
    const byUser = c?.value !== a?.value;
    if (byMigration && byUser && c?.value !== b?.value) inTheWay.add(name);
    const kept = byMigration ? b : c;
    if (kept !== undefined) merged.set(name, kept.element);
  }
  if (inTheWay.size > 0) return conflict('same-fields', inTheWay);
  return { state: 'merged', document: rawDocument(inOrder(merged, old, now)) };
}

function conflict(reason: 'same-fields' | 'name-twice', fields: ReadonlySet<string>): Merged {
  return { state: 'conflict', why: { reason, fields: [...fields] } };
}

/**
 * From the name of before to the name of after, for each field that is gone while one of equal value has come, where the
 * migration is known to rename so. Where several have that value nobody can tell which one it was, and none counts.
 */
function renamesBetween(old: Fields, made: Fields, isRename: IsRename) {
  const gone = byValue(old, made);
  const come = byValue(made, old);
  const renames = new Map<string, string>();
  const doubtful: [from: string, to: string][] = [];
  for (const [value, names] of gone) {
    const later = come.get(value);
    const [from, to] = [names[0] as string, later?.[0] as string];
    if (names.length !== 1 || later?.length !== 1) continue;
    const known = isRename(from, to);
    if (known === 'yes') renames.set(from, to);
    if (known === 'maybe') doubtful.push([from, to]);
  }
  return { renames, doubtful };
}

/** Names of the fields that the other document lacks. */
function byValue(fields: Fields, other: Fields): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const [name, { value }] of fields) {
    if (!other.has(name)) names.set(value, [...(names.get(value) ?? []), name]);
  }
  return names;
}

/** As the fields stood before; what has come since stands behind them. */
function inOrder(merged: ReadonlyMap<string, Buffer>, old: Fields, now: Fields): Buffer[] {
  const names = new Set([...old.keys(), ...now.keys(), ...merged.keys()]);
  return [...names].flatMap((name) => merged.get(name) ?? []);
}

/** Fields of the one document that the other lacks, or has with another value; in both directions. */
export function changedFields(one: Uint8Array, other: Uint8Array): string[] {
  const [a, b] = [fieldsOf(one), fieldsOf(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name)?.value !== b.get(name)?.value);
}

/** `twice`: is told of names that stand twice. */
function fieldsOf(document: Uint8Array, twice?: Set<string>): Fields {
  const buffer = asBuffer(document);
  const fields = new Map<string, Field>();
  for (const { name, type, start, valueStart, end } of elementsOf(document)) {
    if (fields.has(name)) twice?.add(name);
    fields.set(name, {
      element: buffer.subarray(start, end),
      value: `${type}:${buffer.toString('latin1', valueStart, end)}`,
      nameEnd: valueStart - start,
    });
  }
  return fields;
}

function withName({ element, nameEnd }: Field, name: string): Buffer {
  return Buffer.concat([element.subarray(0, 1), Buffer.from(`${name}\0`), element.subarray(nameEnd)]);
}
