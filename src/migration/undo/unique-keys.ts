import { type ClientSession, type CollationOptions, type Collection, type Document, ReadPreference } from 'mongodb';
import { bsonTypes } from '../../mongo/raw-bson.ts';
import { exactValue } from '../../mongo/raw-build.ts';
import type { UniqueKey } from '../../mongo/raw-sequence.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import { mostReadBytes } from './current.ts';
import type { IndexKey } from './index-key.ts';
import { fieldsIn } from './index-values.ts';
import type { Refusal } from './store.ts';
import type { WhyLeft } from './why-left.ts';

/** Keys of one read: each is a range of the index by itself. */
const mostKeys = 500;

/** An index compares by it, whatever the collection's own collation is. */
const simple = { locale: 'simple' } as const;

/** Of a key that the server has refused. Throws the driver's errors. */
export async function refusalOf(collection: Collection, { pattern, value }: UniqueKey): Promise<Refusal> {
  const fields = Object.keys(pattern);
  const indexes = (await collection.indexes()).filter(
    ({ key, unique }) => unique === true && JSON.stringify(key) === JSON.stringify(pattern),
  );
  const index = indexes.length === 1 ? indexes[0]?.name : undefined;
  const why: WhyLeft = { reason: 'unique', fields, ...(index !== undefined && { index }) };
  // By its name: a hint of a pattern that several indexes have is refused, and so is one of an index that is hidden.
  const keys = indexes.flatMap(({ name, hidden, collation = simple, partialFilterExpression: partial }): IndexKey[] => {
    if (name === undefined || hidden === true) return [];
    return [{ index: name, fields, why, collation: collation as CollationOptions, partial }];
  });
  // Of another collation the server names no values.
  const [plain] = keys.filter(({ collation }) => collation === simple);
  return { why, keys, holders: plain === undefined ? [] : await holdersOf(collection, plain, value) };
}

/** The `_id`s of the documents that have this key. */
async function holdersOf(collection: Collection, key: IndexKey, value: Document): Promise<Uint8Array[]> {
  const filter = Object.fromEntries(Object.entries(value).map(([name, $eq]) => [name, { $eq }]));
  const options = { hint: key.index, collation: simple, projection: { _id: 1 }, raw: true } as const;
  const found = collection.find(inIndex(key, filter), { ...options, readPreference: ReadPreference.primary });
  return ((await found.toArray().catch(unlessRefused)) ?? []) as unknown as Uint8Array[];
}

/** Of those that are in the index. */
function inIndex({ partial }: IndexKey, filter: Document): Document {
  return partial === undefined ? filter : { $and: [filter, partial] };
}

/** See `UndoStore.having`: of each document its `_id` and the fields of the key. */
export async function having(
  collection: Collection,
  key: IndexKey,
  documents: readonly Uint8Array[],
  session: ClientSession,
): Promise<Uint8Array[]> {
  const { index, fields: names, collation = simple } = key;
  const found: Uint8Array[] = [];
  let keys: Document[] = [];
  let bytes = 0;
  // One of a document and one of a field in it do not go together.
  const projection = Object.fromEntries(['_id', ...names].map((name) => [name.split('.')[0], 1]));
  const options = { session, hint: index, collation, projection, raw: true } as const;
  const read = async () => {
    if (keys.length === 0) return;
    const some = await collection.find(inIndex(key, { $or: keys }), { ...options, batchSize: mostKeys }).toArray();
    found.push(...(some as unknown as Uint8Array[]));
    keys = [];
    bytes = 0;
  };
  for (const document of documents) {
    const fields = fieldsIn(document, names);
    // A sparse index finds none of these, and another one has one at most.
    if (fields === undefined || fields.every(({ element: { type } }) => type === bsonTypes.null)) continue;
    const size = fields.reduce((sum, { element: { valueStart, end } }) => sum + end - valueStart, 0);
    // Its own command could not hold it.
    if (size > mostReadBytes) continue;
    if (keys.length === mostKeys || bytes + size > mostReadBytes) await read();
    keys.push(
      Object.fromEntries(fields.map(({ within, element }, at) => [names[at], { $eq: exactValue(within, element) }])),
    );
    bytes += size;
  }
  await read();
  return found;
}
