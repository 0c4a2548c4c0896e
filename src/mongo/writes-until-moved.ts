import type { Db, Timestamp } from 'mongodb';
import { eventsSince } from './events-since.ts';
import { operationTime, whyUnknown } from './writes-since.ts';

export interface WritesUntilMovedOptions {
  /** Default 60,000 ms. */
  readonly limitMs?: number;
}

/**
 * How often documents of these collections were written to after a cluster time and before each came under its last name,
 * which is told for its first one. Who has that first name afterwards is another one. Undefined where the oplog does not tell, or
 * not in time. Throws the driver's errors; may be repeated.
 */
export async function writesUntilMoved(
  db: Db,
  since: Timestamp,
  moves: ReadonlyMap<string, string>,
  { limitMs = 60_000 }: WritesUntilMovedOptions = {},
): Promise<ReadonlyMap<string, number> | undefined> {
  const found = new Map<string, number>();
  /** By its name at the time of the event its first one. */
  const named = new Map([...moves.keys()].map((name) => [name, name]));
  try {
    const until = await operationTime(db);
    if (until === undefined) return undefined;
    if (named.size === 0) return found;
    const match = { operationType: { $in: ['insert', 'update', 'replace', 'delete', 'rename', 'drop'] } };
    for await (const event of eventsSince(db, { match, fields: { ns: 1, to: 1 } }, { since, until }, { limitMs })) {
      if (event === 'more') return undefined;
      const now = String(event.ns?.coll ?? '');
      const name = named.get(now);
      if (name === undefined) continue;
      if (event.operationType !== 'rename' && event.operationType !== 'drop') {
        found.set(name, (found.get(name) ?? 0) + 1);
        continue;
      }
      named.delete(now);
      const to = String(event.to?.coll ?? '');
      if (event.operationType === 'rename' && to !== moves.get(name)) named.set(to, name);
      if (named.size === 0) break;
    }
  } catch (error) {
    if (whyUnknown(error) === undefined) throw error;
    return undefined;
  }
  return found;
}
