import { type ClientSession, type Collection, type Document, type IndexDescriptionInfo, ReadPreference } from 'mongodb';
import { bsonTypes } from '../../mongo/raw-bson.ts';
import { exactValue } from '../../mongo/raw-build.ts';
import type { RawInsertError } from '../../mongo/raw-sequence.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import { mostReadBytes } from './current.ts';
import { fieldsIn, type PlainKey } from './holders.ts';

/** Keys of one read: each is a range of the index by itself. */
const mostKeys = 500;

/** An index compares by it, whatever the collection's own collation is. */
const simple = { locale: 'simple' } as const;

/** See `UndoStore.plainKey`. Throws the driver's errors. */
export async function plainKeyOf(collection: Collection, pattern: Document): Promise<PlainKey | undefined> {
  const fields = Object.keys(pattern);
  if (fields.some((name) => name.includes('.'))) return undefined;
  const index = await plainIndex(collection, pattern);
  return index === undefined ? undefined : { index, fields };
}

/** By its name: a hint of a pattern that several indexes have is refused, and so is one of an index that is hidden. */
async function plainIndex(collection: Collection, pattern: Document): Promise<string | undefined> {
  const indexes = await uniqueIndexes(collection, pattern);
  return indexes.find(({ hidden, collation, partialFilterExpression }) => {
    const ofAll = collation === undefined && partialFilterExpression === undefined;
    return ofAll && hidden !== true;
  })?.name;
}

async function uniqueIndexes(collection: Collection, pattern: Document): Promise<IndexDescriptionInfo[]> {
  const indexes = await collection.indexes();
  return indexes.filter(({ key, unique }) => unique === true && JSON.stringify(key) === JSON.stringify(pattern));
}

/** For people: the fields of a key that the server has refused, and the index where no other one has these. */
export async function namesOfKey(
  collection: Collection,
  pattern: Document,
): Promise<{ readonly fields: readonly string[]; readonly index?: string }> {
  const [index, ...others] = await uniqueIndexes(collection, pattern);
  const name = others.length === 0 ? index?.name : undefined;
  return { fields: Object.keys(pattern), ...(name !== undefined && { index: name }) };
}

/** The `_id`s of the documents that have a key that the server has refused to another one: see `UndoStore.holders`. */
export async function holdersOf(
  collection: Collection,
  { pattern, value }: NonNullable<RawInsertError['key']>,
): Promise<Uint8Array[]> {
  const index = await plainIndex(collection, pattern);
  if (index === undefined) return [];
  const filter = Object.fromEntries(Object.entries(value).map(([name, $eq]) => [name, { $eq }]));
  const options = { hint: index, collation: simple, projection: { _id: 1 }, raw: true } as const;
  const found = collection.find(filter, { ...options, readPreference: ReadPreference.primary });
  return ((await found.toArray().catch(unlessRefused)) ?? []) as unknown as Uint8Array[];
}

/** See `UndoStore.having`: of each document its `_id` and the fields of the key. */
export async function having(
  collection: Collection,
  { index, fields: names }: PlainKey,
  documents: readonly Uint8Array[],
  session: ClientSession,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let keys: Document[] = [];
  let bytes = 0;
  const projection = Object.fromEntries(['_id', ...names].map((name) => [name, 1]));
  const options = { session, hint: index, collation: simple, projection, raw: true } as const;
  const read = async () => {
    if (keys.length === 0) return;
    const some = await collection.find({ $or: keys }, { ...options, batchSize: mostKeys }).toArray();
    found.push(...(some as unknown as Uint8Array[]));
    keys = [];
    bytes = 0;
  };
  for (const document of documents) {
    const fields = fieldsIn(document, names);
    // A sparse index finds none of these, and another one has one at most.
    if (fields === undefined || fields.every(({ type }) => type === bsonTypes.null)) continue;
    const size = fields.reduce((sum, { valueStart, end }) => sum + end - valueStart, 0);
    // Its own command could not hold it.
    if (size > mostReadBytes) continue;
    if (keys.length === mostKeys || bytes + size > mostReadBytes) await read();
    keys.push(Object.fromEntries(fields.map((field) => [field.name, { $eq: exactValue(document, field) }])));
    bytes += size;
  }
  await read();
  return found;
}
