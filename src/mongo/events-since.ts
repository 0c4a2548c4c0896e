import { setImmediate } from 'node:timers/promises';
import { type ChangeStreamOptions, type Db, type Document, Timestamp } from 'mongodb';

export interface EventsSinceOptions {
  /** Milliseconds; of the first answer too, for which the server may read for as long as it wants. */
  readonly limitMs: number;
  /** In place of the values as they are: as the driver's options of the same names. */
  readonly promoteValues?: boolean;
  readonly promoteLongs?: boolean;
  readonly signal?: AbortSignal;
}

/** How long the server may wait for another event before it answers that there is none, in milliseconds. */
const waitMs = 100;

/** Which events are wanted, all without `match`; and what of them, their time among it. */
export interface Wanted {
  readonly match?: Document;
  readonly fields: Document;
}

/**
 * The events of a database after a cluster time and until another one, in that order; the last is `more` where that took
 * longer than the limit. Of the database: the stream of a collection ends where it is dropped or renamed; where the
 * database is dropped it goes on behind that. Throws the driver's errors and the signal's reason.
 */
export async function* eventsSince(
  db: Db,
  wanted: Wanted,
  { since, until }: { readonly since: Timestamp; readonly until: Timestamp },
  { limitMs, signal, ...values }: EventsSinceOptions,
): AsyncGenerator<Document | 'more'> {
  const pipeline = pipelineOf(wanted);
  const options: ChangeStreamOptions = {
    ...{ ...values, maxAwaitTimeMS: waitMs, maxTimeMS: limitMs, batchSize: 5000, readPreference: 'primary' },
  };
  const startAtOperationTime = Timestamp.fromBits(since.getLowBits() + 1, since.getHighBits());
  const started = performance.now();
  let stream = db.watch(pipeline, { ...options, startAtOperationTime });
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (performance.now() - started > limitMs) break;
      const event = (await stream.tryNext()) as Document | null;
      // While others write on there is no empty answer.
      if (event === null ? isPast(stream.resumeToken, until) : event.clusterTime.greaterThan(until)) return;
      if (event?.operationType === ended) {
        await stream.close();
        stream = db.watch(pipeline, { ...options, startAfter: event._id });
      } else if (event !== null) yield event;
      // An answer that did not come from the server keeps nobody else from their turn.
      else await setImmediate();
    }
  } finally {
    await stream.close();
  }
  yield 'more';
}

/** The database was dropped: the server sends no more after it. https://www.mongodb.com/docs/manual/reference/change-events/invalidate/ */
const ended = 'invalidate';

function pipelineOf({ match, fields }: Wanted): Document[] {
  const project = { $project: { ...fields, operationType: 1, clusterTime: 1 } };
  return match === undefined ? [project] : [{ $match: { $or: [match, { operationType: ended }] } }, project];
}

/**
 * Whether the stream has come past that time. The token of an empty answer is a key string: type 0x82, then the cluster
 * time (`src/mongo/db/pipeline/resume_token.h`).
 */
function isPast(token: unknown, until: Timestamp): boolean {
  const data = (token as { _data?: unknown } | undefined)?._data;
  if (typeof data !== 'string' || !data.startsWith('82')) return true;
  const at = new Timestamp({ t: Number.parseInt(data.slice(2, 10), 16), i: Number.parseInt(data.slice(10, 18), 16) });
  return at.greaterThanOrEqual(until);
}
