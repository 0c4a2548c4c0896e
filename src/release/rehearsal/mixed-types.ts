import { BSON, type Collection, type Db, type Document } from 'mongodb';
import { shownField } from '../../mongo/differing-fields.ts';
import { asBuffer, bsonTypes, elementsOf } from '../../mongo/raw-bson.ts';
import { rawDocuments } from '../../mongo/raw-listing.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { MixedTypes } from './result.ts';
import type { TimeLeft } from './time-left.ts';

/** How many documents show which fields there are, and how many are asked for the types of these. */
const shownDocuments = 200;
const askedDocuments = 100_000;
const mostFields = 20;
const deepest = 3;
const mostIds = 5;

/** JavaScript has one type for these. */
const numbers: ReadonlySet<string> = new Set(['int', 'long', 'double']);

/**
 * Fields that the text of a migration names and that are not of one type in all documents, or not there in all: those
 * with the fewest exceptions first, as these are what nobody thought of. Throws the driver's errors, and where time is over.
 */
export async function mixedTypes(
  db: Db,
  collections: readonly string[],
  text: string,
  time: TimeLeft,
): Promise<MixedTypes[]> {
  const found: MixedTypes[] = [];
  for (const name of collections) {
    const collection = db.collection(name);
    for (const field of await fieldsNamed(collection, text, time)) {
      const mixed = await typesOf(collection, time, field);
      if (mixed !== undefined) found.push(mixed);
    }
  }
  return found.sort((a, b) => exceptions(a) - exceptions(b));
}

function exceptions({ others }: MixedTypes): number {
  return others.reduce((sum, { documents }) => sum + documents, 0);
}

/** Paths of fields, all of whose names are words of the text. Throws the driver's errors. */
export async function fieldsNamed(collection: Collection, text: string, time: TimeLeft): Promise<string[]> {
  // In an expression of the server a field has a dollar before its name.
  const words = new Set((text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? []).map((word) => word.replace(/^\$(?=.)/, '')));
  const documents = await rawDocuments(
    collection.find({}, { limit: shownDocuments, raw: true, ...time.limits }) as {
      toArray(): Promise<unknown[]>;
    },
  );
  const paths = new Set<string>();
  const visit = (bytes: Buffer, offset: number, prefix: string, depth: number) => {
    for (const { name, type, valueStart } of elementsOf(bytes, offset)) {
      if (name === '_id' || !words.has(name) || shownField(name) !== name) continue;
      paths.add(prefix + name);
      if (type === bsonTypes.document && depth < deepest) visit(bytes, valueStart, `${prefix}${name}.`, depth + 1);
    }
  };
  for (const document of documents) visit(asBuffer(document), 0, '', 1);
  return [...paths].slice(0, mostFields);
}

async function typesOf(collection: Collection, time: TimeLeft, field: string): Promise<MixedTypes | undefined> {
  const counted = await collection
    .aggregate<{ _id: string; documents: number }>(
      [{ $limit: askedDocuments }, { $group: { _id: { $type: `$${field}` }, documents: { $sum: 1 } } }],
      time.limits,
    )
    .toArray();
  const documents = new Map<string, number>();
  for (const one of counted) {
    const type = numbers.has(one._id) ? 'number' : one._id;
    documents.set(type, (documents.get(type) ?? 0) + one.documents);
  }
  const [usual, ...others] = [...documents].sort(([, a], [, b]) => b - a);
  if (usual === undefined || others.length === 0) return undefined;
  return {
    kind: 'mixed-types',
    collection: collection.collectionName,
    field,
    usual: usual[0],
    others: await Promise.all(
      others.map(async ([type, documents]) => ({ type, documents, ids: await idsOf(collection, time, field, type) })),
    ),
  };
}

async function idsOf(collection: Collection, time: TimeLeft, field: string, type: string): Promise<string[]> {
  const filter: Document = { [field]: type === 'missing' ? { $exists: false } : { $type: type } };
  const found = await collection
    .find(filter, { projection: { _id: 1 }, limit: mostIds, ...time.limits, promoteValues: false })
    .toArray();
  return found.map(({ _id }) => shownId(BSON.serialize({ _id })));
}
