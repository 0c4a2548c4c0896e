import { serverCode } from '../../../../mongo/server-code.ts';
import type { Namespace } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { run } from './commands.ts';
import { databaseOf } from './look.ts';

/**
 * What others inserted while a name was free for a moment, and that stands in tombstones, goes into the collection that has
 * the name now: the server does it, so every byte stays. Can be repeated. A document whose `_id` there is already, or that
 * the server refuses there, is in its tombstone alone: of these the names come back. Rejects with the driver's errors, and
 * as `ready` does.
 */
export async function carryAlong(
  context: JournalContext,
  { database, collection }: Namespace,
  tombstones: readonly string[],
  ready: () => Promise<void>,
): Promise<string[]> {
  const kept: string[] = [];
  for (const tombstone of tombstones) {
    const from = databaseOf(context, database).collection(tombstone);
    const there = { from: collection, localField: '_id', foreignField: '_id', as: 'there' };
    const twice = [{ $lookup: there }, { $match: { 'there.0': { $exists: true } } }, { $count: 'documents' }];
    const $merge = { into: collection, on: '_id', whenMatched: 'keepExisting', whenNotMatched: 'insert' };
    const merge = { aggregate: tombstone, pipeline: [{ $merge }], cursor: {} };
    try {
      const [some] = await from.aggregate(twice).toArray();
      await run(context, database, merge, { session: undefined, ready });
      if (some !== undefined) kept.push(tombstone);
    } catch (error) {
      if (serverCode(error) === undefined) throw error;
      kept.push(tombstone);
    }
  }
  return kept;
}
