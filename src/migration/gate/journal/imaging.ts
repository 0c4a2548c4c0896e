import { asBuffer, idKey } from '../../../mongo/raw-bson.ts';
import type { EntryNamespace } from '../../journal/documents.ts';
import type { Image } from '../../journal/images.ts';
import type { RawSession } from '../raw.ts';
import type { JournalContext } from './context.ts';

/** What finds documents beside a filter: of the operation's own options. */
export interface Finding {
  readonly sort?: unknown;
  readonly collation?: unknown;
  readonly hint?: unknown;
  readonly let?: unknown;
  readonly limit?: number;
}

/** The documents of a filter as the server has them in this session, as bytes. */
export async function readDocuments(
  context: JournalContext,
  namespace: EntryNamespace,
  session: RawSession,
  filter: object,
  finding: Finding = {},
): Promise<Uint8Array[]> {
  const { database, collection = '' } = namespace;
  const found = context.client
    .db(database)
    .collection(collection)
    .find(filter, { ...defined(finding), session, raw: true, batchSize: 10_000 } as object);
  return (await found.toArray()) as unknown as Uint8Array[];
}

/** The `_id` of the one document that a statement for one would choose; undefined where none fits. */
export async function chooseOne(
  context: JournalContext,
  namespace: EntryNamespace,
  session: RawSession,
  filter: object,
  finding: Finding = {},
): Promise<{ readonly id: unknown } | undefined> {
  const [id] = await chooseMany(context, namespace, session, filter, { ...finding, limit: 1 });
  return id === undefined ? undefined : { id };
}

/** The `_id`s of the documents that a filter finds. */
export async function chooseMany(
  context: JournalContext,
  { database, collection = '' }: EntryNamespace,
  session: RawSession,
  filter: object,
  finding: Finding = {},
): Promise<unknown[]> {
  const found = context.client
    .db(database)
    .collection(collection)
    .find(filter, { ...defined(finding), ...exactTypes, session, projection: { _id: 1 }, batchSize: 10_000 } as object);
  return (await found.toArray()).map(({ _id }) => _id);
}

/** Numbers and binaries stay what they are in BSON, so that the value finds its document again. */
export const exactTypes = { promoteValues: false, promoteLongs: false, promoteBuffers: false };

/** Pairs documents by `_id`; those that did not change are left out. */
export function pairImages(before: readonly Uint8Array[], after: readonly Uint8Array[]): Image[] {
  const later = new Map(after.map((document) => [idKey(document), document]));
  const images: Image[] = [];
  for (const document of before) {
    const key = idKey(document);
    const changed = later.get(key);
    later.delete(key);
    if (changed === undefined || !asBuffer(document).equals(changed)) images.push({ before: document, after: changed });
  }
  for (const document of later.values()) images.push({ after: document });
  return images;
}

/** Whether a filter is `{ _id: VALUE }` with a value that is no operator: it finds one document at most. */
export function isById(filter: unknown): filter is { readonly _id: unknown } {
  if (typeof filter !== 'object' || filter === null) return false;
  const keys = Object.keys(filter);
  return keys.length === 1 && keys[0] === '_id' && isPlainValue((filter as { _id: unknown })._id);
}

function isPlainValue(value: unknown): boolean {
  if (value === undefined || value instanceof RegExp) return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return false;
  const bson = (value as { _bsontype?: unknown })._bsontype;
  if (typeof bson === 'string') return bson !== 'BSONRegExp';
  return !Object.keys(value).some((key) => key.startsWith('$'));
}

/**
 * A filter for the document of an `_id`. Without an operator where the value allows it: the server goes to the document
 * at once then, which more than doubled the updates a second (6.0.5).
 */
export function filterOfId(id: unknown): object {
  const { _bsontype: type } = (id ?? {}) as { _bsontype?: unknown };
  const plain = typeof id !== 'object' || id === null || id instanceof Date || typeof type === 'string';
  return plain && isPlainValue(id) ? { _id: id } : { _id: { $eq: id } };
}

/** The filter, for this one document only. */
export function narrowed(filter: object, id: unknown): object {
  return '_id' in filter ? { $and: [filter, { _id: { $eq: id } }] } : { ...filter, _id: { $eq: id } };
}

export function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * Options that a transaction decides on by itself, which the server refuses inside one; and the one for ids that the
 * driver does not tell, since images are found by them.
 */
export function withoutConcerns(options: unknown): Record<string, unknown> {
  const {
    writeConcern,
    readConcern,
    readPreference,
    w,
    j,
    wtimeout,
    wtimeoutMS,
    journal,
    session,
    forceServerObjectId,
    ...rest
  } = (options ?? {}) as Record<string, unknown>;
  return rest;
}
