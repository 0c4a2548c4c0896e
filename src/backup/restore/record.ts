import { randomUUID } from 'node:crypto';
import type { Collection, Db, Timestamp } from 'mongodb';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import type { Expiry } from '../../mongo/expiry.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { ManifestPosition } from '../manifest.ts';

/** One name of the database, and what the swap does to it. Every step can be run again: the catalog says what is done. */
export type SwapStep =
  /** The old collection becomes a tombstone, the one built aside takes its name. */
  | {
      readonly kind: 'replace';
      readonly name: string;
      readonly aside: string;
      readonly uuid: string;
      readonly old?: Old;
    }
  /** Cannot be renamed (time series, `system.js`): emptied or dropped, and filled from the documents held aside. */
  | {
      readonly kind: 'refill';
      readonly name: string;
      readonly aside: string;
      readonly type: CollectionInfo['type'];
      readonly metadata: string;
      readonly old?: Old;
    }
  | { readonly kind: 'view'; readonly name: string; readonly metadata: string; readonly old?: Old }
  /** Was added since the backup. */
  | { readonly kind: 'remove'; readonly name: string; readonly old: Old };

/** What stood under the name when the swap was decided. */
export interface Old {
  readonly type: CollectionInfo['type'];
  readonly uuid?: string;
  /** What had its documents expire. */
  readonly expiry?: readonly Expiry[];
}

/**
 * A collection that somebody made under a restored name while the swap ran, and where its documents are kept; with `writes` the
 * one that was replaced, to which that many were made after the last count, more than was agreed to.
 */
export interface Displaced {
  readonly name: string;
  readonly tombstone: string;
  readonly writes?: number | 'unknown';
  /** What had its documents expire before; they do not any more. */
  readonly expiry?: readonly Expiry[];
  /** What has them expire still: stopping it takes the right to collMod. */
  readonly expiring?: readonly Expiry[];
}

/** One that was replaced. */
export type KeptForWrites = Displaced & Required<Pick<Displaced, 'writes'>>;

/** What users wrote since the backup, counted before the first collection is replaced, and how much of it may go. */
export interface Counted {
  /** ISO: of the backup. */
  readonly since: string;
  /** Cluster time; what comes later is counted once all are replaced. */
  readonly upTo: Timestamp;
  readonly collections: readonly WrittenTo[];
  /** How many writes may go, in all; `null`: any number. */
  readonly agreed: number | null;
}

export interface WrittenTo {
  readonly collection: string;
  readonly writes: number;
}

/** Where in history restored data are: at this position, or where migrate-mongo's changelog, which is among them, says. */
export type Placement = 'changelog' | PlacedAt;

interface PlacedAt {
  readonly applied: readonly ManifestPosition['applied'][number][];
  readonly halfDone?: readonly NonNullable<ManifestPosition['halfDone']>[number][];
}

/** Makes history say where the data that now stand here are. May be repeated. */
export type SetHistory = (backupId: string, placement: Placement) => Promise<void>;

/**
 * The document that says what a restore is doing; there is one at most. `building`: nothing of the user's was touched,
 * and what was built can be dropped. `swapping`: everything is built, and the steps can be run to their end. `placing`:
 * all is in place, and history may still say where the replaced data were. `clearing`: that is right too, and tombstones
 * are left to drop; by now the collections are in use again, and what was restored may be gone or replaced.
 */
export interface RestoreRecord {
  readonly _id: 'current';
  readonly owner: string;
  readonly backupId: string;
  readonly state: 'building' | 'swapping' | 'placing' | 'clearing';
  readonly startedAt: Date;
  /** By the server's clock; renewed while the owner lives. */
  readonly aliveAt: Date;
  readonly steps: readonly SwapStep[];
  readonly displaced: readonly Displaced[];
  /** Absent: nobody asks what users lose. */
  readonly counted?: Counted;
  /** Absent: history stays as it is. */
  readonly placement?: Placement;
}

const heartbeatMs = 1000;

/** How long an owner must have been silent to count as gone, in milliseconds: ten heartbeats. */
export const defaultGoneAfterMs = 10_000;

const majority = { writeConcern: { w: 'majority' } } as const;

export function restoreCollection(own: OwnNames): string {
  return `${own.prefix}.restore`;
}

/** Prefix of the names under which collections are built aside. */
export function asidePrefix(own: OwnNames): string {
  return `${own.prefix}.restoring.`;
}

/** The record of the restore under way, and the right to write it. Disposing it ends the heartbeat, not the record. */
export class RestoreTenure implements Disposable {
  readonly owner: string;
  readonly #collection: Collection<RestoreRecord>;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(collection: Collection<RestoreRecord>, owner: string) {
    this.#collection = collection;
    this.owner = owner;
    this.#heartbeat = setInterval(() => {
      // A missed beat is made up for by the next; who took over is noticed at the next change of state.
      collection.updateOne({ _id: 'current', owner }, [{ $set: { aliveAt: '$$NOW' } }]).catch(() => {});
    }, heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Throws `RESTORE_IN_PROGRESS` when there is a record already. */
  static async begin(db: Db, own: OwnNames, backupId: string, placement?: Placement): Promise<RestoreTenure> {
    const collection = db.collection<RestoreRecord>(restoreCollection(own));
    const owner = randomUUID();
    // An upsert by pipeline, so that the times are the server's.
    const fresh = { owner, backupId, state: 'building', steps: [], displaced: [], ...(placement && { placement }) };
    try {
      const { upsertedCount } = await collection.updateOne(
        { _id: 'current', owner },
        [{ $set: { ...literals(fresh), startedAt: '$$NOW', aliveAt: '$$NOW' } }],
        { upsert: true, ignoreUndefined: true, ...majority },
      );
      if (upsertedCount !== 1) throw inProgress(db);
    } catch (error) {
      if (serverCode(error) === serverCodes.DuplicateKey) throw inProgress(db);
      throw error;
    }
    return new RestoreTenure(collection, owner);
  }

  /** Takes over the record of an owner that is gone. Throws `RESTORE_IN_PROGRESS` when somebody else was faster. */
  static async takeOver(db: Db, own: OwnNames, from: string): Promise<RestoreTenure> {
    const collection = db.collection<RestoreRecord>(restoreCollection(own));
    const owner = randomUUID();
    const { matchedCount } = await collection.updateOne(
      { _id: 'current', owner: from },
      [{ $set: { owner, aliveAt: '$$NOW' } }],
      majority,
    );
    if (matchedCount !== 1) throw inProgress(db);
    return new RestoreTenure(collection, owner);
  }

  /** Throws `RESTORE_IN_PROGRESS` when another run has taken the record over. */
  async update(change: Partial<Pick<RestoreRecord, 'state' | 'steps' | 'displaced' | 'counted'>>): Promise<void> {
    const { matchedCount } = await this.#collection.updateOne(
      { _id: 'current', owner: this.owner },
      { $set: change },
      majority,
    );
    if (matchedCount !== 1) throw inProgress(this.#collection.db);
  }

  /** The restore is over, one way or the other. */
  async end(): Promise<void> {
    this[Symbol.dispose]();
    await this.#collection.deleteOne({ _id: 'current', owner: this.owner }, majority);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
  }
}

/** The record, and for how many milliseconds of the server's clock its owner has been silent. */
export async function readRecord(
  db: Db,
  own: OwnNames,
): Promise<{ readonly record: RestoreRecord; readonly silentMs: number } | undefined> {
  const [found] = await db
    .collection(restoreCollection(own))
    .aggregate<RestoreRecord & { silentMs: number }>(
      [{ $match: { _id: 'current' } }, { $set: { silentMs: { $subtract: ['$$NOW', '$aliveAt'] } } }],
      { readConcern: { level: 'majority' } },
    )
    .toArray();
  if (found === undefined) return undefined;
  const { silentMs, ...record } = found;
  return { record, silentMs: Number(silentMs) };
}

export function inProgress(db: Db): ReleaseError {
  return new ReleaseError('RESTORE_IN_PROGRESS', `Another run is restoring into database ${db.databaseName}.`, {
    hint: 'Wait until it has ended, then run this again.',
    details: { database: db.databaseName },
  });
}

/** In a pipeline a text that begins with `$` would be a field. */
function literals(values: Record<string, unknown>): Record<string, { $literal: unknown }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { $literal: value }]));
}
