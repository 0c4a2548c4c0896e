import { type ClientSession, type Db, type Document, type Filter, ReadPreference } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { byCodeUnit } from '../canonical.ts';
import { ParentLanes } from '../journal/parent-lanes.ts';
import type { LeaseGuard } from '../lease/held.ts';
import type { Effects, HistoryRecord, Phase, RecordState, RunJournal } from '../types.ts';
import { isUnsettled } from './position.ts';
import { HistoryTurns, type Turn } from './turn.ts';

/** Who writes: goes into every record that a run writes. */
export interface RunIdentity {
  readonly releaseId: string;
  readonly actor?: string;
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
}

/** What is about to be run. */
export interface Intent {
  readonly name: string;
  readonly fileName: string;
  readonly checksum: string;
  readonly description?: string;
  readonly phase: Phase;
  readonly direction: 'up' | 'down';
}

/** How it ended. `interrupted` means that nobody knows how far it got, or that it was stopped on purpose. */
export type Ending =
  | { readonly state: 'applied' | 'rolled-back'; readonly durationMs: number; readonly effects?: Effects }
  | {
      readonly state: 'failed' | 'interrupted';
      readonly durationMs: number;
      readonly effects?: Effects;
      /** No document's value may be in it. */
      readonly error: { readonly code: string; readonly message: string };
    };

/**
 * All records of a target, as the majority has them, in the order of their last change; `[]` for a target that was
 * never migrated. Of one that is `running` the entries of its journal are those that it has so far. Only reads. Throws
 * what `asServerFailure` makes of a server's failure.
 *
 * `brief` leaves out what a settled record may have beside when it was applied, and where it is mirrored: of 10,000
 * records that is most of the time.
 */
export async function readHistory(db: Db, own: OwnNames, { brief = false } = {}): Promise<HistoryRecord[]> {
  const history = db.collection<HistoryRecord>(own.history, { readPreference: ReadPreference.primary });
  const read = (filter: Filter<HistoryRecord>, projection?: Document) =>
    history.find(filter, { readConcern: { level: 'majority' }, batchSize: 10_000, projection }).toArray();
  try {
    const records = await read({}, brief ? briefly : undefined);
    const open = records.filter(isUnsettled);
    const whole = brief && open.length > 0 ? await read({ _id: { $in: open.map(({ _id }) => _id) } }) : open;
    const counted = new Map(await Promise.all(whole.map(async (one) => [one._id, await soFar(db, own, one)] as const)));
    return records
      .map((record) => counted.get(record._id) ?? record)
      .sort((a, b) => a.sequence - b.sequence || byCodeUnit(a._id, b._id));
  } catch (error) {
    throw asServerFailure(error, `reading the history of database ${db.databaseName}`);
  }
}

/** How many entries a running migration has is in the lanes until its end is put on record. */
async function soFar(db: Db, own: OwnNames, record: HistoryRecord): Promise<HistoryRecord> {
  const { _id, state, journal } = record;
  if (state !== 'running' || journal === undefined) return record;
  const entries = await new ParentLanes(db, own).entriesOf({ migration: _id, number: journal.attempt }, undefined);
  return { ...record, journal: { ...journal, entries } };
}

const briefly = {
  ...{ state: 1, direction: 1, checksum: 1, fileName: 1, phase: 1, startedAt: 1, finishedAt: 1, appliedAt: 1 },
  ...{ appliedIn: 1, sequence: 1, releaseId: 1, toolVersion: 1, changelog: 1, origin: 1, fence: 1 },
} satisfies Partial<Record<keyof HistoryRecord, 1>>;

/** The states from which a migration may be started. A failed or interrupted one runs again from its top. */
const startable: Record<'up' | 'down', readonly (RecordState | 'absent')[]> = {
  up: ['absent', 'failed', 'interrupted', 'rolled-back'],
  down: ['applied', 'failed', 'interrupted'],
};

/** A second place that is told what is applied, in the same transaction as the record where there are transactions. */
export interface HistoryMirror {
  /** Its name, which the records carry. */
  readonly collection: string;
  applied(record: Pick<HistoryRecord, 'fileName' | 'checksum'>, session: ClientSession | undefined): Promise<void>;
  takenBack(record: Pick<HistoryRecord, 'fileName'>, session: ClientSession | undefined): Promise<void>;
}

/** Changes the history of a target under a lease. Every method throws as `HistoryTurns.take` does. */
export class HistoryWriter {
  readonly #turns: HistoryTurns;
  readonly #run: RunIdentity;
  readonly #mirror: HistoryMirror | undefined;

  constructor(connection: Connection, own: OwnNames, lease: LeaseGuard, run: RunIdentity, mirror?: HistoryMirror) {
    this.#turns = new HistoryTurns(connection, own, lease);
    this.#run = run;
    this.#mirror = mirror;
  }

  /**
   * To be called first under a new lease. Closes history to every older lease, and marks as `interrupted` what an older
   * one left `running`: its run is gone, and how far it got is unknown. Comes back with those records.
   */
  async interruptStale(): Promise<HistoryRecord[]> {
    return this.#turns.take('marking what was interrupted', async (turn) => {
      const { records, session } = turn;
      await turn.lanes?.takeOver(this.#turns.fence, session);
      const stale = await records.find({ state: 'running', fence: { $lt: this.#turns.fence } }, { session }).toArray();
      const marked: HistoryRecord[] = [];
      for (const record of stale.sort((a, b) => a.sequence - b.sequence)) {
        const journal = await counted(turn, record);
        const error = { code: 'INTERRUPTED', message: interruption(record.releaseId, journal) };
        const { _id, ...rest } = record;
        const change = { ...rest, state: 'interrupted', error, journal, fence: this.#turns.fence };
        marked.push(
          await replace(turn, record, { ...change, sequence: await turn.sequence() }, { finishedAt: '$$NOW' }),
        );
      }
      return marked;
    });
  }

  /**
   * Records the intent to run a migration, before anything of it runs. Throws `HISTORY_CONFLICT` where the record's
   * state does not allow that direction: it is applied already, or running.
   *
   * With `journal` the run keeps one: of the attempt before, when it takes that up again, else of a new one.
   */
  async begin(intent: Intent, journal?: { images: boolean; resume?: RunJournal }): Promise<HistoryRecord> {
    return this.#turns.take(`recording the start of ${intent.name}`, async (turn) => {
      const { name, direction, ...rest } = intent;
      const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
      if (!startable[direction].includes(prior?.state ?? 'absent')) throw conflict(name, prior, `be run ${direction}`);
      // On its way down it still counts as applied, until it is rolled back.
      const applied =
        direction === 'down'
          ? {
              appliedAt: prior?.appliedAt,
              appliedIn: prior?.appliedIn,
              changelog: prior?.changelog,
              appliedJournal: prior?.appliedJournal,
            }
          : {};
      const origin = direction === 'down' ? prior?.origin : undefined;
      // What is applied is the content of then, also where the file was edited since.
      const checksum = direction === 'down' ? (prior?.checksum ?? intent.checksum) : intent.checksum;
      const record = {
        state: 'running',
        direction,
        ...rest,
        checksum,
        ...this.#run,
        ...applied,
        origin,
        fence: this.#turns.fence,
      };
      const sequence = await turn.sequence();
      const kept = turn.lanes === undefined ? undefined : journal;
      const attempt = kept?.resume?.attempt ?? sequence;
      const resumed = kept?.resume && prior ? await counted(turn, prior) : undefined;
      const entries = resumed?.entries ?? 0;
      if (kept !== undefined) {
        await turn.lanes?.assign({ migration: name, number: attempt }, this.#turns.fence, entries, turn.session);
      }
      const run = kept && {
        ...{ attempt, entries, checksum: intent.checksum, images: kept.images },
        notes: kept.resume?.notes,
      };
      return replace(turn, prior ?? name, { ...record, journal: run, sequence }, { startedAt: '$$NOW' });
    });
  }

  /**
   * Records how a begun migration ended. May be repeated when it failed without an answer: a second time changes
   * nothing. Throws `HISTORY_CONFLICT` where the migration is not running under this lease.
   */
  async finish(name: string, ending: Ending, notes: readonly string[] = []): Promise<HistoryRecord> {
    return this.#turns.take(`recording the end of ${name}`, async (turn) => {
      const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
      const ours = prior?.fence === this.#turns.fence;
      const fits =
        (ending.state !== 'applied' || prior?.direction === 'up') &&
        (ending.state !== 'rolled-back' || prior?.direction === 'down');
      if (prior !== null && ours && fits && prior.state === ending.state) return prior;
      if (prior === null || !ours || !fits || prior.state !== 'running') {
        throw conflict(name, prior, `become ${ending.state}`);
      }
      // First, where there is no transaction: an entry without its record is adopted, a record without its entry is not.
      if (ending.state === 'applied') await this.#mirror?.applied(prior, turn.session);
      if (ending.state === 'rolled-back') await this.#mirror?.takenBack(prior, turn.session);
      const { _id, appliedAt, appliedIn, changelog, appliedJournal, ...rest } = prior;
      const journal = await counted(turn, prior, notes);
      const applied =
        ending.state === 'applied'
          ? { appliedIn: this.#run.releaseId, changelog: this.#mirror?.collection, appliedJournal: journal }
          : ending.state === 'rolled-back'
            ? {}
            : { appliedAt, appliedIn, changelog, appliedJournal };
      const times: Times = { finishedAt: '$$NOW', ...(ending.state === 'applied' && { appliedAt: '$$NOW' }) };
      return replace(turn, prior, { ...rest, ...applied, ...ending, journal, sequence: await turn.sequence() }, times);
    });
  }

  /**
   * The record of a migration as it is now, with the entries of its journal counted anew; undefined where it has none.
   * Takes a turn: what it says holds as long as the lease.
   */
  async find(name: string): Promise<HistoryRecord | undefined> {
    return this.#turns.take(`looking for ${name}`, async (turn) => {
      const { records, session } = turn;
      const found = await records.findOne({ _id: name }, { session });
      if (found === null || !isUnsettled(found)) return found ?? undefined;
      return { ...found, journal: await counted(turn, found) };
    });
  }

  /**
   * Records that what an interrupted run had done was undone: on its way up the migration is not applied then, on its
   * way down it still is. Whoever goes on with a rollback finds what that came to. Throws `HISTORY_CONFLICT` where it is
   * neither failed nor interrupted.
   */
  async undone(name: string, taken: Pick<HistoryRecord, 'durationMs' | 'effects'>): Promise<HistoryRecord> {
    return this.#turns.take(`recording that ${name} was undone`, async (turn) => {
      const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
      if (prior?.state !== 'failed' && prior?.state !== 'interrupted') throw conflict(name, prior, 'be undone');
      const { _id, effects, error, journal, ...rest } = prior;
      const applied = prior.direction === 'down' && prior.way !== 'undo' && prior.appliedAt !== undefined;
      const state = applied
        ? { state: 'applied', direction: 'up', undoneDown: journal }
        : { state: 'rolled-back', direction: 'down', way: 'undo', ...taken, journal };
      const record = { ...rest, ...this.#run, ...state, fence: this.#turns.fence };
      if (!applied) await this.#mirror?.takenBack(prior, turn.session);
      return replace(turn, prior, { ...record, sequence: await turn.sequence() }, { finishedAt: '$$NOW' });
    });
  }

  /**
   * Records that an applied migration is about to be taken back by the journal of its `up`, or that this goes on. Throws
   * `HISTORY_CONFLICT` where it is neither applied nor half-way on that way, and where no journal of it was kept.
   */
  async beginUndo(name: string): Promise<HistoryRecord> {
    return this.#turns.take(`recording that ${name} is to be undone`, async (turn) => {
      const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
      const goesOn = prior?.way === 'undo' && (prior.state === 'failed' || prior.state === 'interrupted');
      const journal = prior?.appliedJournal;
      if (prior === null || journal === undefined || (prior.state !== 'applied' && !goesOn)) {
        throw conflict(name, prior, 'be undone');
      }
      const { _id, effects, error, finishedAt, durationMs, undoneDown: of, ...rest } = prior;
      const undoneDown = prior.releaseId === this.#run.releaseId ? of : undefined;
      const undoing = { state: 'running', direction: 'down', way: 'undo', journal, undoneDown };
      const own = { ...this.#run, fence: this.#turns.fence, sequence: await turn.sequence() };
      return replace(turn, prior, { ...rest, ...undoing, ...own }, { startedAt: '$$NOW' });
    });
  }

  /**
   * Records that a `down` ended without having changed anything: the migration is applied, as it was before. Throws
   * `HISTORY_CONFLICT` where it is not on its way down under this lease.
   */
  async standsAgain(name: string): Promise<HistoryRecord> {
    return this.#turns.take(`recording that ${name} stays applied`, async (turn) => {
      const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
      if (prior?.fence !== this.#turns.fence || prior.state !== 'running' || prior.direction !== 'down') {
        throw conflict(name, prior, 'stay applied');
      }
      const { _id, way, ...rest } = prior;
      const record = { ...rest, state: 'applied', direction: 'up' };
      return replace(turn, prior, { ...record, sequence: await turn.sequence() }, { finishedAt: '$$NOW' });
    });
  }

  /** For what has no run of its own: baseline and restore (`history-without-run.ts`). */
  change<T>(what: string, change: (turn: Turn, run: RunIdentity, fence: number) => Promise<T>): Promise<T> {
    return this.#turns.take(what, (turn) => change(turn, this.#run, this.#turns.fence));
  }
}

function interruption(releaseId: string, journal: RunJournal | undefined): string {
  const ended = `Run ${releaseId} ended while this migration was running`;
  if (journal?.entries === undefined) return `${ended}; how far it got is not known.`;
  const { entries } = journal;
  return `${ended}; its journal has ${entries === 0 ? 'no operation' : entries === 1 ? '1 operation' : `${entries} operations`}.`;
}

/** The journal of a run that has ended, with the number of its entries. */
async function counted(
  turn: Turn,
  { _id, journal }: HistoryRecord,
  notes: readonly string[] = [],
): Promise<RunJournal | undefined> {
  if (journal === undefined) return undefined;
  const entries = await turn.lanes?.entriesOf({ migration: _id, number: journal.attempt }, turn.session);
  const all = [...new Set([...(journal.notes ?? []), ...notes])];
  return { ...journal, entries: entries ?? journal.entries, notes: all.length === 0 ? undefined : all };
}

/** Fields that get the server's time. */
export type Times = Partial<Record<'startedAt' | 'finishedAt' | 'appliedAt', '$$NOW'>>;

/** Compare-and-set of a whole record on what was read of it, with times by the server's clock. */
async function replace(
  { records, session }: Turn,
  prior: HistoryRecord | string,
  record: Document,
  times: Times,
): Promise<HistoryRecord> {
  const absent = typeof prior === 'string';
  const filter: Document = absent
    ? { _id: prior, sequence: { $exists: false } }
    : { _id: prior._id, sequence: prior.sequence, fence: prior.fence };
  const written = await records.findOneAndUpdate(filter, replacement(record, times), {
    session,
    upsert: absent,
    returnDocument: 'after',
    ignoreUndefined: true,
    ...(session === undefined ? { writeConcern: { w: 'majority' } } : {}),
  });
  if (written === null) throw conflict(absent ? prior : prior._id, undefined, 'be changed');
  return written;
}

/** The pipeline that puts a record in place of what is there, whatever signs its texts hold. */
export function replacement(record: Document, times: Times): Document[] {
  return [{ $replaceWith: { $mergeObjects: [{ _id: '$_id' }, { $literal: record }] } }, { $set: times }];
}

export function conflict(name: string, record: HistoryRecord | null | undefined, what: string): ReleaseError {
  const state =
    record === undefined
      ? 'was changed by another run meanwhile'
      : record === null
        ? 'has no record'
        : `is ${record.state}`;
  return new ReleaseError('HISTORY_CONFLICT', `Migration ${name} ${state} in this target, so it cannot ${what}.`, {
    hint: 'Look at mongo-release status; plan again if somebody else has changed the target.',
  });
}
