import { serverCode } from '../../../../mongo/server-code.ts';
import type { Namespace } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { unheard } from '../unheard.ts';
import { run } from './commands.ts';
import { databaseOf } from './look.ts';

/**
 * What others inserted while a name was free for a moment, and that stands in tombstones, goes into the collection that has
 * the name now: the server does it, so every byte stays. Not to be repeated: what users have deleted there since would come
 * again. A document whose `_id` another one has there, or that the server refuses there, is in its tombstone alone: of these
 * the names come back. Rejects where nobody heard whether it was done, and as `ready` does.
 */
export async function carryAlong(
  context: JournalContext,
  { database, collection }: Namespace,
  tombstones: readonly string[],
  ready: () => Promise<void>,
): Promise<string[]> {
  const db = databaseOf(context, database);
  const [into] = await db.listCollections({ name: collection }, { nameOnly: false, bsonRegExp: true }).toArray();
  // There the first documents would go for them.
  if (into?.options?.capped === true) return [...tombstones];
  const kept: string[] = [];
  for (const tombstone of tombstones) {
    const $merge = { into: collection, on: '_id', whenMatched: 'keepExisting', whenNotMatched: 'insert' };
    const merge = { aggregate: tombstone, pipeline: [{ $merge }], cursor: {} };
    try {
      await run(context, database, merge, { session: undefined, ready });
      const [others] = await db.collection(tombstone).aggregate(notIn(collection)).toArray();
      if (others !== undefined) kept.push(tombstone);
    } catch (error) {
      if (serverCode(error) === undefined || unheard(error)) throw error;
      kept.push(tombstone);
    }
  }
  return kept;
}

/** One of the documents that are not in the other collection as they are here; nothing where there is none. */
function notIn(collection: string | undefined): object[] {
  const same = [
    { $match: { $expr: { $eq: ['$_id', '$$id'] } } },
    { $match: { $expr: { $eq: ['$$ROOT', '$$document'] } } },
    { $project: { _id: 1 } },
  ];
  const $lookup = { from: collection, let: { id: '$_id', document: '$$ROOT' }, pipeline: same, as: 'there' };
  return [{ $lookup }, { $match: { 'there.0': { $exists: false } } }, { $limit: 1 }, { $project: { _id: 1 } }];
}
