import type { Binary, ClientSession, Collection, Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { ignoreCode, serverCodes } from '../../mongo/server-error.ts';
import { type Attempt, type LaneDocument, laneCount, laneId } from './documents.ts';

interface StoredLane extends LaneDocument {
  /** Ids of sessions that transactions of this run may be open in. */
  readonly sessions?: readonly Binary[];
}

/** The lanes from the side of the run that holds the lease: see `LaneDocument`. */
export class ParentLanes {
  readonly #db: Db;
  readonly #lanes: Collection<StoredLane>;

  constructor(db: Db, own: OwnNames) {
    this.#db = db;
    this.#lanes = db.collection<StoredLane>(own.lease);
  }

  /** Makes those that are missing. Only the parent does: a lane made late by an old run would carry its old fence. */
  async seed(): Promise<void> {
    const operations = Array.from({ length: laneCount }, (_, lane) => ({
      updateOne: {
        filter: { _id: laneId(lane) },
        update: { $setOnInsert: { fence: 0, entries: 0, turns: 0 } },
        upsert: true,
      },
    }));
    await this.#lanes
      .bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority' } })
      .catch(ignoreCode(serverCodes.DuplicateKey));
  }

  /**
   * Ends the sessions of older runs: a process that is frozen or dead may have left a transaction open, which would
   * hold its lane, and the documents it wrote, for a minute. Never throws: without the right to do it, that minute passes.
   */
  async killOlderSessions(fence: number): Promise<void> {
    try {
      const older = await this.#lanes.find({ _id: { $regex: /^(lane\.|history$)/ }, fence: { $lt: fence } }).toArray();
      const ids = older.flatMap((document) => document.sessions ?? []);
      if (ids.length > 0) await this.#db.admin().command({ killSessions: ids.map((id) => ({ id })) });
    } catch {
      // The transactions end by themselves.
    }
  }

  /** Writes down the session that history is about to be changed in, for the same end. */
  async announce({ id }: ClientSession): Promise<void> {
    if (id === undefined) return;
    await this.#lanes.updateOne(
      { _id: 'history' },
      { $set: { sessions: [id.id] } },
      { writeConcern: { w: 'majority' } },
    );
  }

  /** Shuts every older run out, and waits for its transactions that are open. */
  async takeOver(fence: number, session: ClientSession | undefined): Promise<void> {
    await this.#lanes.updateMany(
      { _id: { $regex: /^lane\./ } },
      { $set: { fence, sessions: [] }, $inc: { turns: 1 } },
      { session },
    );
  }

  /** Gives all lanes to an attempt that has so many entries already. */
  async assign(attempt: Attempt, fence: number, entries: number, session: ClientSession | undefined): Promise<void> {
    const { migration, number } = attempt;
    await this.#lanes.updateMany(
      { _id: { $regex: /^lane\./ } },
      { $set: { fence, migration, attempt: number, entries: 0, sessions: [] }, $inc: { turns: 1 } },
      { session },
    );
    if (entries > 0) await this.#lanes.updateOne({ _id: laneId(0) }, { $set: { entries } }, { session });
  }

  /** How many entries were committed for an attempt; undefined when the lanes are another one's by now. */
  async entriesOf({ migration, number }: Attempt, session: ClientSession | undefined): Promise<number | undefined> {
    const lanes = await this.#lanes.find({ migration, attempt: number }, { session }).toArray();
    return lanes.length === 0 ? undefined : lanes.reduce((sum, lane) => sum + lane.entries, 0);
  }
}
