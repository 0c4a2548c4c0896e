import { BSON, type Db, type Document, type Timestamp } from 'mongodb';
import { eventsSince } from './events-since.ts';
import { serverCode, serverCodes } from './server-error.ts';

/** Documents of one collection that were written to, each counted as often as it was. */
export interface CollectionWrites {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export type WritesSince =
  | {
      readonly state: 'known';
      /** Cluster time of now: what comes after it is not counted. */
      readonly upTo: Timestamp;
      readonly byCollection: ReadonlyMap<string, CollectionWrites>;
      /** Collections that were dropped or renamed, with what was in them. */
      readonly gone: readonly string[];
      /** Of the collection to `follow`. */
      readonly followed?: Followed;
    }
  /** `history`: the server does not reach so far back. `limit`: reading all of it takes longer than it may. */
  | { readonly state: 'unknown'; readonly why: 'history' | 'limit' | 'not-authorized' | 'standalone' };

/** What is different in one collection. */
export interface Followed {
  /** `_id`s, of their BSON types, of documents that were inserted and not deleted again; the first 100,000. */
  readonly inserted: readonly unknown[];
  /** How often others than these were written to. */
  readonly others: number;
}

export interface WritesSinceOptions {
  /** Collections that do not count; nor does what was written in one transaction with them, before or after. */
  readonly leaveOut: (collection: string) => boolean;
  /** A restore of this backup takes away what is counted: of what it puts out of place the count starts anew. `record` is there meanwhile. */
  readonly restores?: { readonly backupId: string; readonly record: string };
  /** Counts for one collection alone, whatever it is called meanwhile: its name then and now. */
  readonly follow?: { readonly from: string; readonly to: string };
  /** The server reads for it what was written to all of its databases: on a busy one that is a lot. Default 60,000 ms. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Counts what was written to a database after a cluster time and until now, from a change stream: as long as the oplog
 * reaches, and with the right to read the database. Throws the driver's errors and the signal's reason; may be repeated.
 */
export async function writesSince(
  db: Db,
  since: Timestamp,
  { leaveOut, restores, follow, limitMs = 60_000, signal }: WritesSinceOptions,
): Promise<WritesSince> {
  const byCollection = new Map<string, Record<keyof CollectionWrites, number>>();
  const gone: string[] = [];
  let followed = follow?.from;
  let restoring = false;
  const documents = new FollowedDocuments();
  const transactions = new WholeTransactions(({ collection, kind, id }) => {
    const writes = byCollection.get(collection) ?? { inserted: 0, updated: 0, deleted: 0 };
    writes[kind] += 1;
    if (follow !== undefined) documents.add(kind, id);
    byCollection.set(collection, writes);
  });
  let upTo: Timestamp;
  try {
    const until = await operationTime(db);
    if (until === undefined) return { state: 'unknown', why: 'standalone' };
    upTo = until;
    const keys = follow === undefined ? {} : { documentKey: 1 };
    const ofRestore = { $eq: ['$ns.coll', { $literal: restores?.record ?? null }] };
    const backupId = { $cond: [ofRestore, '$fullDocument.backupId', '$$REMOVE'] };
    const fields = { ns: 1, to: 1, lsid: 1, txnNumber: 1, backupId, ...keys };
    // A number as large as that is no other one.
    const options = { promoteLongs: false, limitMs, signal };
    for await (const event of eventsSince(db, { fields }, { since, until }, options)) {
      if (event === 'more') return { state: 'unknown', why: 'limit' };
      const collection = String(event.ns?.coll ?? '');
      const kind = kinds[String(event.operationType)];
      transactions.come(transactionOf(event));
      if (followed === collection && event.operationType === 'rename') {
        followed = String(event.to?.coll ?? '');
        continue;
      }
      if (collection === restores?.record) restoring = isOf(restores.backupId, event, restoring);
      if (leaveOut(collection)) {
        transactions.leaveOut();
        continue;
      }
      if (followed !== undefined && followed !== collection) continue;
      if (kind === undefined) {
        if (!ends.has(String(event.operationType))) continue;
        gone.push(collection);
        // Nobody else makes a name of ours of it meanwhile.
        const to = event.to?.coll;
        if (restoring && (to === undefined || leaveOut(String(to)))) byCollection.delete(collection);
        continue;
      }
      transactions.add({ collection, kind, id: event.documentKey?._id });
    }
    transactions.come(undefined);
  } catch (error) {
    const why = whyUnknown(error);
    if (why === undefined) throw error;
    return { state: 'unknown', why };
  }
  // It has begun too late to see it under its first name.
  if (followed !== follow?.to) return { state: 'unknown', why: 'history' };
  return { state: 'known', upTo, byCollection, gone, ...(follow !== undefined && { followed: documents.result }) };
}

/** Whether a restore of this backup runs after this event of its record. */
function isOf(backupId: string, event: Document, before: boolean): boolean {
  if (event.operationType === 'insert') return event.backupId === backupId;
  return before && event.operationType === 'update';
}

interface Write {
  readonly collection: string;
  readonly kind: keyof CollectionWrites;
  readonly id: unknown;
}

/** What a transaction has written comes together: it counts once all of it was seen. */
class WholeTransactions {
  readonly #count: (write: Write) => void;
  #current: string | undefined;
  #leftOut = false;
  #writes: Write[] = [];

  constructor(count: (write: Write) => void) {
    this.#count = count;
  }

  /** The next event is of this one; undefined where it is of none, or there is no other event. */
  come(transaction: string | undefined): void {
    if (transaction !== undefined && transaction === this.#current) return;
    for (const write of this.#writes) this.#count(write);
    this.#writes = [];
    this.#leftOut = false;
    this.#current = transaction;
  }

  add(write: Write): void {
    if (!this.#leftOut) this.#writes.push(write);
  }

  /** Nothing of it counts. */
  leaveOut(): void {
    this.#leftOut = true;
    this.#writes = [];
  }
}

const mostInserted = 100_000;

class FollowedDocuments {
  readonly #inserted = new Map<string, unknown>();
  #others = 0;

  add(kind: keyof CollectionWrites, id: unknown): void {
    const key = BSON.EJSON.stringify({ id }, { relaxed: false });
    if (kind === 'inserted' && this.#inserted.size < mostInserted) this.#inserted.set(key, id);
    else if (!this.#inserted.has(key)) this.#others += 1;
    else if (kind === 'deleted') this.#inserted.delete(key);
  }

  get result(): Followed {
    return { inserted: [...this.#inserted.values()], others: this.#others };
  }
}

/** Only the writes of a transaction say which one they are of. */
function transactionOf({ lsid, txnNumber }: Document): string | undefined {
  return txnNumber === undefined ? undefined : `${lsid?.id} ${txnNumber}`;
}

/** Names of `operationType`. https://www.mongodb.com/docs/manual/reference/change-events/ */
const kinds: Readonly<Record<string, keyof CollectionWrites>> = {
  insert: 'inserted',
  update: 'updated',
  replace: 'updated',
  delete: 'deleted',
};
const ends: ReadonlySet<string> = new Set(['drop', 'rename']);

/** ChangeStreamHistoryLost, and CappedPositionLost where the oplog moved on meanwhile (`src/mongo/base/error_codes.yml`). */
const historyLost: ReadonlySet<number> = new Set([286, 136]);

/** Why a change stream that failed of this does not tell; undefined where that is nothing to be expected. */
export function whyUnknown(error: unknown): Extract<WritesSince, { state: 'unknown' }>['why'] | undefined {
  const code = serverCode(error);
  if (code === serverCodes.MaxTimeMSExpired) return 'limit';
  if (code === serverCodes.Unauthorized) return 'not-authorized';
  return code !== undefined && historyLost.has(code) ? 'history' : undefined;
}

/** Of the newest write; undefined on a standalone server, which has none. */
export async function operationTime(db: Db): Promise<Timestamp | undefined> {
  const answer = await db.command({ ping: 1 });
  return answer.operationTime as Timestamp | undefined;
}
