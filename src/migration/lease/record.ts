import { type Collection, type Db, type Document, Long, ReadPreference } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { OwnerProcess } from './owner-process.ts';

/** Who holds a lease, for people who wait for it. */
export interface LeaseHolder {
  readonly host: string;
  readonly pid: number;
  readonly actor?: string;
  readonly runUrl?: string;
  readonly releaseId: string;
  readonly command: string;
  /**
   * What others on this machine know by that it has ended. Absent where that cannot be told, and where no fence holds
   * back what is left of an ended run: its lease has to run out then.
   */
  readonly process?: OwnerProcess;
}

/** The document `{ _id: 'lease' }`. Every time in it is the server's; no client's clock takes part. */
export interface LeaseDocument {
  readonly _id: 'lease';
  /** UUID of one acquisition; null when the lease was given back. */
  readonly owner: string | null;
  /** Counts up by one with each acquisition, never down. */
  readonly fence: number;
  readonly ttlMs?: number;
  readonly acquiredAt?: Date;
  readonly heartbeatAt?: Date;
  readonly expiresAt: Date;
  readonly holder?: LeaseHolder;
}

/** The lease, and the server's time at which it was read. */
export interface LeaseReading {
  readonly document: LeaseDocument;
  readonly now: Date;
}

// An answer of one member alone is no lease: with w: 1 two owners got the same fence across a failover.
const majority = { writeConcern: { w: 'majority' as const }, ignoreUndefined: true };

/** The single-document operations on a lease; each is one compare-and-set, and each may be repeated when unanswered. */
export class LeaseRecord {
  readonly #db: Db;
  readonly #own: OwnNames;
  readonly #leases: Collection<LeaseDocument>;

  constructor(db: Db, own: OwnNames) {
    this.#db = db;
    this.#own = own;
    this.#leases = db.collection<LeaseDocument>(own.lease, { readPreference: ReadPreference.primary });
  }

  /** The lease as the majority knows it; undefined where this target never had one. */
  async read(): Promise<LeaseReading | undefined> {
    const [found] = await this.#leases
      .aggregate<LeaseReading>([{ $match: { _id: 'lease' } }, { $replaceWith: { document: '$$ROOT', now: '$$NOW' } }], {
        readConcern: { level: 'majority' },
      })
      .toArray();
    return found;
  }

  /**
   * Makes the lease document where there is none, free. Its fence starts at the highest number that the history knows:
   * somebody may have dropped the collection, and a fence that counts from 1 again would be older than the records.
   */
  async seed(): Promise<void> {
    const history = this.#db.collection(this.#own.history, { readPreference: ReadPreference.primary });
    const newest = await history.findOne({}, { sort: { fence: -1 }, projection: { fence: 1 } });
    const free = { owner: null, fence: Number(newest?.fence ?? 0), expiresAt: new Date(0) };
    await this.#leases
      .updateOne({ _id: 'lease' }, { $setOnInsert: free }, { upsert: true, ...majority })
      .catch((error: unknown) => {
        // Another run seeded it in the same moment.
        if (serverCode(error) !== serverCodes.DuplicateKey) throw error;
      });
  }

  /**
   * Takes the lease when it has expired by the server's clock; undefined when it has not, or was never seeded. Also
   * when this very owner has it already: the answer of an earlier attempt may have been lost on the way.
   */
  async take(owner: string, ttlMs: number, holder: LeaseHolder): Promise<LeaseDocument | undefined> {
    const taken = await this.#leases.findOneAndUpdate(
      { _id: 'lease', $or: [{ $expr: { $lte: ['$expiresAt', '$$NOW'] } }, { owner }] },
      [
        {
          $set: {
            owner,
            fence: { $add: ['$fence', 1] },
            ttlMs: { $literal: ttlMs },
            acquiredAt: '$$NOW',
            heartbeatAt: '$$NOW',
            expiresAt: later(ttlMs),
            holder: { $literal: holder },
          },
        },
      ],
      { returnDocument: 'after', ...majority },
    );
    return taken ?? undefined;
  }

  /** A sign of life. `taken-over` means that this owner has the lease no more, for certain. */
  async beat(owner: string, fence: number, ttlMs: number): Promise<'held' | 'taken-over'> {
    const beaten = await this.#leases.updateOne(
      { _id: 'lease', owner, fence },
      [{ $set: { heartbeatAt: '$$NOW', expiresAt: later(ttlMs) } }],
      majority,
    );
    return beaten.matchedCount === 1 ? 'held' : 'taken-over';
  }

  /** Frees the lease if this owner still has it; `undefined` as fence frees whatever this owner took. */
  async free(owner: string, fence?: number): Promise<'freed' | 'not-held'> {
    const filter = fence === undefined ? { _id: 'lease' as const, owner } : { _id: 'lease' as const, owner, fence };
    // Not $$NOW: after a failover to a member whose clock is behind, the free lease would still look held.
    const freed = await this.#leases.updateOne(filter, { $set: { owner: null, expiresAt: new Date(0) } }, majority);
    return freed.matchedCount === 1 ? 'freed' : 'not-held';
  }

  /** Frees somebody else's lease, if nothing about it changed since it was read. */
  async clear(read: LeaseDocument): Promise<'freed' | 'moved'> {
    const freed = await this.#leases.updateOne(
      { _id: 'lease', owner: read.owner, fence: read.fence, heartbeatAt: read.heartbeatAt },
      { $set: { owner: null, expiresAt: new Date(0) } },
      majority,
    );
    return freed.matchedCount === 1 ? 'freed' : 'moved';
  }
}

/** The expiry never shrinks: a new primary's clock may be behind the one that promised the present expiry. */
function later(ttlMs: number): Document {
  return { $max: ['$expiresAt', { $add: ['$$NOW', Long.fromNumber(ttlMs)] }] };
}
