import { BSON, type Collection, type Db, type Document } from 'mongodb';
import { shownId } from '../../mongo/shown-id.ts';
import { fieldsNamed } from './mixed-types.ts';
import type { Unconvertible } from './result.ts';
import type { TimeLeft } from './time-left.ts';

const askedDocuments = 100_000;
const mostIds = 5;

/** What `$convert` can make of a text, by the operator that does the same. */
const operators: ReadonlyMap<string, string> = new Map(
  ['Int', 'Long', 'Double', 'Decimal', 'Date', 'ObjectId'].map((type) => [
    `$to${type}`,
    `${type.charAt(0).toLowerCase()}${type.slice(1)}`,
  ]),
);

/**
 * Fields that the text of a migration names and that hold texts of which a conversion that it names does not take some:
 * those with the fewest first, as these are what nobody thought of. One of which it takes none is another one's argument,
 * unless there is no other. Throws the driver's errors, and where time is over.
 */
export async function unconvertible(
  db: Db,
  collections: readonly string[],
  text: string,
  time: TimeLeft,
): Promise<Unconvertible[]> {
  const found: { readonly one: Unconvertible; readonly all: boolean }[] = [];
  for (const name of collections) {
    const collection = db.collection(name);
    for (const field of await fieldsNamed(collection, text, time)) {
      for (const to of conversionsIn(text)) {
        const texts = await collection.countDocuments(
          { [field]: { $type: 'string' } },
          { limit: askedDocuments, ...time.limits },
        );
        const refused = texts === 0 ? [] : await refusedBy(collection, time, field, to);
        const documents = refused.length;
        if (documents === 0) continue;
        const ids = refused.slice(0, mostIds);
        const one = { kind: 'unconvertible', collection: name, field, to, documents, ids } as const;
        found.push({ one, all: documents === texts });
      }
    }
  }
  const partly = found.filter(({ all }) => !all);
  return (partly.length > 0 || found.length > 1 ? partly : found)
    .map(({ one }) => one)
    .sort((a, b) => a.documents - b.documents);
}

function conversionsIn(text: string): Set<string> {
  const words = [...operators].flatMap(([operator, type]) => (text.includes(operator) ? [type] : []));
  const converted = [...text.matchAll(/\bto['"]?\s*:\s*['"`](\w+)['"`]/g)].map(([, type = '']) => type);
  const parsed = text.includes('$dateFromString') ? ['date'] : [];
  const known = new Set(operators.values());
  return new Set([...words, ...converted, ...parsed].filter((type) => known.has(type)));
}

/** Ids, as they may be shown, of documents with a text there that cannot be converted. */
async function refusedBy(collection: Collection, time: TimeLeft, field: string, to: string): Promise<string[]> {
  const converted = { $convert: { input: `$${field}`, to, onError: 'refused' } };
  const stages: Document[] = [
    { $match: { [field]: { $type: 'string' } } },
    { $limit: askedDocuments },
    { $match: { $expr: { $eq: [{ $type: converted }, 'string'] } } },
    { $project: { _id: 1 } },
  ];
  const found = await collection.aggregate(stages, { ...time.limits, promoteValues: false }).toArray();
  return found.map(({ _id }) => shownId(BSON.serialize({ _id })));
}
