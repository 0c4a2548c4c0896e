import { createHash } from 'node:crypto';
import { BSON, type Db, type Document } from 'mongodb';
import { compareDatabases, describeDifference } from '../../src/mongo/compare.ts';
import { ownNames } from '../../src/mongo/own.ts';
import type { Shape } from './shapes/index.ts';

const own = ownNames();

/**
 * In what a database differs from the one of an undisturbed run, as sentences: bytes, options, indexes. Of collections
 * where two runs differ, or where users wrote, everything but those fields and documents.
 */
export async function differences(shape: Shape, expected: Db, seen: Db): Promise<string[]> {
  const loose = new Set([...Object.keys(shape.random ?? {}), ...(shape.users ?? [])]);
  const found = await compareDatabases(expected, seen, { own });
  const strict = found.filter(
    ({ kind, collection }) => !loose.has(collection) || !['count', 'documents', 'field-order'].includes(kind),
  );
  const sentences = strict.map(describeDifference);
  for (const collection of loose) {
    const leaveOut = [...(shape.random?.[collection] ?? []), ...(shape.users?.includes(collection) ? ['hits'] : [])];
    const [left, right] = await Promise.all([expected, seen].map((db) => multiset(db, collection, leaveOut)));
    for (const [digest, example] of only(left!, right!)) sentences.push(`${collection}: missing ${example} ${digest}`);
    for (const [digest, example] of only(right!, left!)) sentences.push(`${collection}: added ${example} ${digest}`);
  }
  return sentences.length > 5 ? [...sentences.slice(0, 5), `… and ${sentences.length - 5} more`] : sentences;
}

type Multiset = Map<string, { count: number; example: string }>;

async function multiset(db: Db, name: string, leaveOut: readonly string[]): Promise<Multiset> {
  const documents: Multiset = new Map();
  const cursor = db.collection(name).find({ byUser: { $exists: false } }, { promoteValues: false });
  for await (const document of cursor as AsyncIterable<Document>) {
    for (const field of leaveOut) delete document[field];
    const digest = createHash('sha256').update(BSON.serialize(document)).digest('hex').slice(0, 12);
    const entry = documents.get(digest) ?? { count: 0, example: BSON.EJSON.stringify(document).slice(0, 300) };
    entry.count += 1;
    documents.set(digest, entry);
  }
  return documents;
}

function only(these: Multiset, those: Multiset): [string, string][] {
  return [...these]
    .filter(([digest, { count }]) => count > (those.get(digest)?.count ?? 0))
    .map(([digest, { example }]) => [digest, example]);
}
