import { type Db, type Document, Timestamp } from 'mongodb';
import { isPast, operationTime, whyUnknown } from './writes-since.ts';

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
  const started = performance.now();
  try {
    const until = await operationTime(db);
    if (until === undefined) return undefined;
    const wanted = { operationType: { $in: ['insert', 'update', 'replace', 'delete', 'rename', 'drop'] } };
    // Of the database: that of a collection ends where it is renamed.
    const stream = db.watch([{ $match: wanted }, { $project: { operationType: 1, ns: 1, to: 1 } }], {
      startAtOperationTime: Timestamp.fromBits(since.getLowBits() + 1, since.getHighBits()),
      ...{ maxAwaitTimeMS: 100, maxTimeMS: limitMs, batchSize: 5000, readPreference: 'primary' },
    });
    try {
      while (named.size > 0) {
        if (performance.now() - started > limitMs) return undefined;
        const event = (await stream.tryNext()) as Document | null;
        if (event === null) {
          if (isPast(stream.resumeToken, until)) break;
          continue;
        }
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
      }
    } finally {
      await stream.close();
    }
  } catch (error) {
    if (whyUnknown(error) === undefined) throw error;
    return undefined;
  }
  return found;
}
