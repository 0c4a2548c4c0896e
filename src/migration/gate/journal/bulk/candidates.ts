import type { Document } from 'mongodb';
import { elementsOf, emptyDocument, idKey } from '../../../../mongo/raw-bson.ts';
import type { RawSession } from '../../raw.ts';
import { mentions } from '../batches/now.ts';
import { choosesAtRandom } from '../batches/whole.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import { exactTypes, isById, readDocuments } from '../imaging.ts';
import { idOf, type Statement, type StatementList } from './list.ts';

/** Documents that statements may change: their bytes before, and by what they are found again after. */
export interface Candidates {
  readonly before: readonly Uint8Array[];
  readonly ids: readonly unknown[];
}

/** More than a list of statements should find: the list is divided then, or looked at statement by statement. */
export interface Bound {
  readonly documents: number;
  readonly bytes: number;
}

/**
 * The documents that a list of statements can change, read before its first one. That is every document that any of its
 * filters finds now: one that only fits a later filter because of an earlier statement was found by that one's, or is
 * inserted by the list. Undefined where there are more than the bound, or where what they find cannot be known.
 */
export async function candidatesOf(
  context: JournalContext,
  list: StatementList,
  statements: readonly Statement[],
  session: RawSession,
  bound: Bound | undefined,
): Promise<Candidates | undefined> {
  const ids: unknown[] = [];
  const given: unknown[] = [];
  const groups = new Map<string, { readonly filters: object[]; readonly finding: Document }>();
  for (const [at, { kind, op }] of statements.entries()) {
    if (kind === 'insert') {
      given.push(idOf(op));
      continue;
    }
    const filter = (op.q ?? {}) as object;
    if (op.collation === undefined && namesItsDocument(filter)) {
      ids.push((filter as { _id: unknown })._id);
      continue;
    }
    if (bound !== undefined && isUncertain(filter)) return undefined;
    const alone = standsAlone(filter);
    const key = alone ? `alone ${at}` : JSON.stringify(op.collation ?? null);
    const group = groups.get(key) ?? {
      filters: [],
      finding: { collation: op.collation, let: list.fields[kind].let, hint: alone ? op.hint : undefined },
    };
    group.filters.push(filter);
    groups.set(key, group);
  }
  const before: Uint8Array[] = [];
  const known = ids.length;
  if (ids.length > 0) before.push(...(await read(context, list, session, { _id: { $in: ids } })));
  for (const { filters, finding } of groups.values()) {
    for (let at = 0; at < filters.length; at += branches) {
      const some = filters.slice(at, at + branches);
      const filter = some.length === 1 ? (some[0] ?? {}) : { $or: some };
      const limit = bound === undefined ? undefined : bound.documents + 1;
      const found = await readDocuments(context, list.namespace, session, filter, { ...finding, limit });
      before.push(...found);
      if (bound !== undefined && before.length > bound.documents + known) return undefined;
    }
  }
  if (bound !== undefined && statements.length > 1) {
    const bytes = before.reduce((sum, document) => sum + document.length, 0);
    if (bytes > bound.bytes) return undefined;
  }
  if (groups.size === 0) return { before, ids: [...ids, ...given] };
  // Several filters may find the same one.
  const different = [...new Map(before.map((document) => [idKey(document), document])).values()];
  return { before: different, ids: [...ids, ...different.map((document) => exactId(context, document)), ...given] };
}

/** Of documents by their `_id`s, as bytes. */
export function read(
  context: JournalContext,
  { namespace }: StatementList,
  session: RawSession,
  filter: object,
): Promise<Uint8Array[]> {
  return readDocuments(context, namespace, session, filter);
}

/** Branches of one `$or`: a command is at most 16 MB, and planning takes longer than proportionally. */
const branches = 250;

/** Whether a filter asks for one `_id` by value, with or without more conditions. */
function namesItsDocument(filter: object): boolean {
  return '_id' in filter && isById({ _id: filter._id });
}

/** Operators that no `$or` takes, or that decide on the index. */
function standsAlone(filter: object): boolean {
  return mentions(filter, (inner) => inner === '$text' || inner === '$near' || inner === '$nearSphere');
}

/** Whether a filter finds others each time, by chance or by the clock: nothing read before tells what it will find. */
function isUncertain(filter: object): boolean {
  return choosesAtRandom(filter) || mentions(filter, (inner) => inner === '$$NOW' || inner === '$$CLUSTER_TIME');
}

/** The `_id` of a document, such that it finds just that one. */
export function exactId({ driver }: JournalContext, document: Uint8Array): unknown {
  // The server keeps it in front: no more than that is read of most documents.
  return classesOf(driver).BSON.deserialize(idOnly(document), exactTypes)._id;
}

function idOnly(document: Uint8Array): Uint8Array {
  for (const { name, start, end } of elementsOf(document)) {
    if (name !== '_id') continue;
    const bytes = Buffer.alloc(end - start + 5);
    bytes.writeInt32LE(bytes.length);
    bytes.set(document.subarray(start, end), 4);
    return bytes;
  }
  return emptyDocument;
}
