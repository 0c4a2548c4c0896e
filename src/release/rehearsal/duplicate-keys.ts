import { BSON, type CollationOptions, type Collection, type Document } from 'mongodb';
import { type JournalEntry, ofAttempt } from '../../migration/journal/documents.ts';
import { leftTargetAsItWas } from '../../migration/runner.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { FailedRun } from './offending.ts';
import type { DuplicateKey } from './result.ts';
import type { TimeLeft } from './time-left.ts';

const mostGroups = 5;
const mostIds = 5;
const exact = { promoteValues: false, bsonRegExp: true } as const;

/** A migration that took longer than this before it failed is not run again to find out more. Milliseconds. */
const longestAgain = 300_000;

/** What the server said of a duplicate key, as the journal keeps it. */
interface Refusal {
  readonly keyPattern?: Document;
  readonly keyValue?: Document;
  readonly collation?: CollationOptions;
}

/** Where a duplicate key ended the migration: which documents have it. Throws the driver's errors, and where time is over. */
export async function duplicateKeys(failed: FailedRun, time: TimeLeft): Promise<DuplicateKey | undefined> {
  const { db, own, attempt } = failed;
  if (attempt === undefined) return undefined;
  const refused = { state: 'refused', endedRun: true, 'error.code': serverCodes.DuplicateKey };
  const [entry] = await db
    .collection<JournalEntry>(own.journal, exact)
    .find({ ...ofAttempt(attempt), ...refused } as object, { ...exact, ...time.limits })
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  const refusal = (entry?.error?.response ?? {}) as Refusal;
  const name = entry?.namespace.collection;
  if (entry === undefined || name === undefined || refusal.keyPattern === undefined) return undefined;
  const collection = db.client.db(entry.namespace.database).collection(name);
  const about = { kind: 'duplicate-key', collection: name, fields: Object.keys(refusal.keyPattern) } as const;
  if (entry.kind === 'catalog') return { ...about, found: 'present', ...(await equalKeys(collection, time, refusal)) };
  // With a collation the server tells no value.
  const { keyValue, collation } = refusal;
  const holders = keyValue === undefined || collation !== undefined ? [] : await withKey(collection, time, keyValue);
  const all = await withoutIndex(failed, time, collection, refusal);
  if (all.groups.length > 0 || all.lacking !== undefined) return { ...about, found: 'made', ...all };
  if (holders.length > 0 && isNothing(Object.values(keyValue ?? {})))
    return { ...about, found: 'written', groups: [], lacking: holders, more: false };
  return { ...about, found: 'written', groups: holders.length === 0 ? [] : [holders], more: false };
}

type Groups = Pick<DuplicateKey, 'groups' | 'lacking' | 'more'>;

/**
 * The server names one of two. Without the index, in the sandbox alone, all is written, and equal keys stand side by side.
 * Only where nothing was changed before, so that the second run begins where the first did.
 */
async function withoutIndex(
  { end, again }: FailedRun,
  time: TimeLeft,
  collection: Collection,
  refusal: Refusal,
): Promise<Groups> {
  const none = { groups: [], more: false };
  if (again === undefined || !leftTargetAsItWas(end) || end.durationMs > longestAgain) return none;
  const index = (await collection.indexes()).find(
    ({ unique, key }) => unique && JSON.stringify(key) === JSON.stringify(plain(refusal.keyPattern ?? {})),
  );
  if (index?.name === undefined) return none;
  await collection.dropIndex(index.name);
  await again();
  const sparse = index.sparse ? { $or: Object.keys(index.key).map((field) => ({ [field]: { $exists: true } })) } : {};
  return equalKeys(collection, time, refusal, { $and: [index.partialFilterExpression ?? {}, sparse] });
}

/** Numbers as JavaScript has them: directions of an index. */
function plain(key: Document): Document {
  return BSON.deserialize(BSON.serialize(key));
}

/** Ids of documents, among these, that have the same key. */
async function equalKeys(
  collection: Collection,
  time: TimeLeft,
  { keyPattern = {}, collation }: Refusal,
  among: Document = {},
): Promise<Groups> {
  const fields = Object.keys(keyPattern);
  const keys = fields.map((field, i) => [`k${i}`, { $ifNull: [`$${field}`, null] }]);
  const equal = await collection
    .aggregate(
      [
        { $match: among },
        { $group: { _id: Object.fromEntries(keys), documents: { $sum: 1 } } },
        { $match: { documents: { $gt: 1 } } },
        { $limit: mostGroups + 1 },
      ],
      { ...exact, ...time.limits, collation, allowDiskUse: true },
    )
    .toArray();
  const groups: string[][] = [];
  let lacking: string[] | undefined;
  for (const { _id } of equal.slice(0, mostGroups)) {
    const key = Object.fromEntries(fields.map((field, i) => [field, _id[`k${i}`]]));
    const ids = await withKey(collection, time, { $and: [key, among] }, collation);
    if (isNothing(Object.values(key))) lacking = ids;
    else groups.push(ids);
  }
  return { groups, ...(lacking !== undefined && { lacking }), more: equal.length > mostGroups };
}

function isNothing(values: readonly unknown[]): boolean {
  return values.every((value) => value === null);
}

async function withKey(
  collection: Collection,
  time: TimeLeft,
  filter: Document,
  collation?: CollationOptions,
): Promise<string[]> {
  const found = await collection
    .find(filter, { ...exact, ...time.limits, collation, projection: { _id: 1 }, limit: mostIds })
    .toArray();
  return found.map(({ _id }) => shownId(BSON.serialize({ _id })));
}
