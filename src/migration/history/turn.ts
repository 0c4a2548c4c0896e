import { type ClientSession, type Collection, ReadPreference } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { asServerFailure, ignoreCode, serverCode, serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { ParentLanes } from '../journal/parent-lanes.ts';
import { prepareJournal } from '../journal/prepare.ts';
import { transactionOptions } from '../journal/transactions.ts';
import type { LeaseGuard } from '../lease/held.ts';
import type { HistoryRecord } from '../types.ts';

/** `{ _id: 'history' }` beside the lease: what every change of history writes first. */
interface TurnDocument {
  readonly _id: 'history';
  /** The highest fence under which history was ever changed. */
  readonly fence: number;
  readonly sequence: number;
  /** How often history was changed. */
  readonly turns?: number;
}

/** One change of history: its reads, its sequence numbers and its writes belong together. */
export interface Turn {
  readonly records: Collection<HistoryRecord>;
  /** To be passed to every operation of the turn; undefined on a standalone server, which has no transactions. */
  readonly session: ClientSession | undefined;
  /** The first of so many new numbers. */
  sequence(count?: number): Promise<number>;
  /** Undefined on a standalone server: nothing is journalled there. */
  readonly lanes: ParentLanes | undefined;
}

const majority = { w: 'majority' as const };

/**
 * Writes history under a lease's fence.
 *
 * A fence that is only looked at keeps nobody out: a takeover may come between the look and the write. So each change
 * first writes its fence into one document, matching an equal or older one, in the same transaction as the records: a
 * run whose lease was taken over conflicts or no longer matches. On a standalone server the two are separate writes,
 * each of them compare-and-set; what is left open there is the moment between them.
 */
export class HistoryTurns {
  readonly #connection: Connection;
  readonly #own: OwnNames;
  readonly #lease: LeaseGuard;
  readonly #lanes: ParentLanes;
  #prepared = false;

  constructor(connection: Connection, own: OwnNames, lease: LeaseGuard) {
    this.#connection = connection;
    this.#lanes = new ParentLanes(connection.db, own);
    this.#own = own;
    this.#lease = lease;
  }

  get fence(): number {
    return this.#lease.fence;
  }

  /**
   * Runs a change, again from its top where the server asks for that: it may have no effects beside the turn's.
   *
   * Throws `LEASE_LOST` when a newer owner has written, or the lease is lost before the server answers: the change may
   * then have been made or not. Throws what `asServerFailure` makes of the rest, with the same uncertainty.
   */
  async take<T>(what: string, change: (turn: Turn) => Promise<T>): Promise<T> {
    const { client, db, topology } = this.#connection;
    this.#lease.assertHeld();
    const run = async () => {
      if (!this.#prepared) await this.#prepare();
      this.#prepared = true;
      if (topology.kind === 'standalone') return change(await this.#open(undefined));
      return client.withSession(async (session) => {
        await this.#lanes.announce(session);
        return session.withTransaction(async () => change(await this.#open(session)), transactionOptions);
      });
    };
    try {
      return await this.#unlessLost(run());
    } catch (error) {
      if (serverCode(error) === serverCodes.DuplicateKey) {
        throw new ReleaseError('HISTORY_CONFLICT', 'The history of this target was changed by another run meanwhile.', {
          hint: 'Look at mongo-release status, then run the command again.',
          cause: error,
        });
      }
      throw asServerFailure(error, `${what} in the history of database ${db.databaseName}`);
    }
  }

  async #open(session: ClientSession | undefined): Promise<Turn> {
    const { db } = this.#connection;
    const turns = db.collection<TurnDocument>(this.#own.lease);
    const options = session === undefined ? { writeConcern: majority } : { session };
    const advance = async (count: number) => {
      const turn = await turns.findOneAndUpdate(
        { _id: 'history', fence: { $lte: this.fence } },
        // `turns` makes it a write in any case: an update that changes nothing conflicts with nobody, and fences nothing.
        { $set: { fence: this.fence }, $inc: { sequence: count, turns: 1 } },
        { ...options, returnDocument: 'after' },
      );
      if (turn !== null) return turn.sequence - count + 1;
      throw new ReleaseError('LEASE_LOST', 'A newer run has written history; this run writes no more.', {
        hint: 'Look at mongo-release status, then run the command again.',
      });
    };
    await advance(0);
    return {
      records: db.collection<HistoryRecord>(this.#own.history),
      session,
      sequence: (count = 1) => advance(count),
      lanes: session === undefined ? undefined : this.#lanes,
    };
  }

  /** Before the first transaction: MongoDB 4.2 makes no collections inside one, and later ones may conflict over it. */
  async #prepare(): Promise<void> {
    const { db } = this.#connection;
    for (const name of [this.#own.history, this.#own.lease]) {
      await db.createCollection(name, { writeConcern: majority }).catch(ignoreCode(serverCodes.NamespaceExists));
    }
    const newest = await db
      .collection<HistoryRecord>(this.#own.history, { readPreference: ReadPreference.primary })
      .findOne({}, { sort: { sequence: -1 }, projection: { sequence: 1 } });
    await db
      .collection<TurnDocument>(this.#own.lease)
      .updateOne(
        { _id: 'history' },
        { $setOnInsert: { fence: 0, sequence: newest?.sequence ?? 0 } },
        { upsert: true, writeConcern: majority },
      )
      .catch(ignoreCode(serverCodes.DuplicateKey));
    if (this.#connection.topology.kind === 'standalone') return;
    await prepareJournal(db, this.#own);
    await this.#lanes.seed();
    await this.#lanes.killOlderSessions(this.fence);
  }

  /** A silent server must not hold a run beyond its lease. */
  async #unlessLost<T>(operation: Promise<T>): Promise<T> {
    const { lost } = this.#lease;
    const stop = Promise.withResolvers<never>();
    const onLost = () => stop.reject(lost.reason);
    lost.addEventListener('abort', onLost);
    try {
      return await Promise.race([operation, stop.promise]);
    } finally {
      lost.removeEventListener('abort', onLost);
    }
  }
}
