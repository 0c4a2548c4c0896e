import { BSON, type Db, type Timestamp } from 'mongodb';
import { eventsSince } from './events-since.ts';
import { operationTime } from './writes-since.ts';

/** A write to one document. */
export interface Changed {
  readonly at: Timestamp;
  /** The document as far as it is known: its `_id`. */
  readonly document: Uint8Array;
  /** Dotted, of an update that names them. */
  readonly fields: readonly string[];
}

export interface ChangedSinceOptions {
  /** Default 30,000 ms; what comes later is left out, and the last that it yields is `more`. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * What was written to one collection after a cluster time and until now, in that order, from a change stream: of a
 * replica set whose oplog reaches back to it. Throws the driver's errors and the signal's reason.
 */
export async function* changedSince(
  db: Db,
  collection: string,
  since: Timestamp,
  { limitMs = 30_000, signal }: ChangedSinceOptions = {},
): AsyncGenerator<Changed | 'more'> {
  const until = await operationTime(db);
  if (until === undefined) return;
  const match = { 'ns.coll': collection, operationType: { $in: ['insert', 'update', 'replace', 'delete'] } };
  const fields = { documentKey: 1, updateDescription: 1 };
  // An _id of another type is another one.
  const options = { promoteValues: false, limitMs, signal };
  for await (const event of eventsSince(db, { match, fields }, { since, until }, options)) {
    if (event === 'more') {
      yield 'more';
      return;
    }
    const { updatedFields = {}, removedFields = [] } = event.updateDescription ?? {};
    yield {
      at: event.clusterTime,
      document: BSON.serialize({ _id: event.documentKey._id }),
      fields: [...Object.keys(updatedFields), ...removedFields.map(String)],
    };
  }
}
