import { ReleaseError } from '../../../observe/error.ts';
import { entryId, type JournalEntry, ofAttempt, type StoredRead, sequenceOf } from '../../journal/documents.ts';
import type { Gate } from '../gate.ts';
import type { Driver, RawClient, RawSession } from '../raw.ts';
import { ChangedByImages } from '../replay/changed.ts';
import { Replay } from '../replay/replay.ts';
import { settleImplicit } from './catalog/implicit.ts';
import { CollectionKinds } from './collection-kinds.ts';
import type { JournalContext, JournalJob, Throttle } from './context.ts';
import { Journal } from './journal.ts';
import { Lanes } from './lanes.ts';
import { EntryWriter, LaneTransactor } from './transactor.ts';

export interface OpenOptions {
  readonly gate: Gate;
  /** Connected. */
  readonly client: RawClient;
  readonly driver: Driver;
  readonly job: JournalJob;
  readonly throttle: Throttle;
  /** Called once for each session that transactions will be open in. */
  readonly begun: (session: RawSession) => void;
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly replay: Replay;
  /** Why the migration can be taken up again or undone only in part. */
  notes(): readonly string[];
}

/** Puts the journal of this run at the end of the gate, with what an earlier run of the attempt has left in it. */
export async function openJournal({ gate, client, driver, job, ...options }: OpenOptions): Promise<OpenedJournal> {
  const { attempt, fence, images } = job;
  const { own, database } = gate;
  const entries = job.resumes ? await entriesOf(client, database, own.journal, job) : [];
  // Nothing would be known of those that are missing, and all of them would be done a second time.
  if (job.resumes && job.entries !== undefined && entries.length !== job.entries) {
    throw cannotReplay(`Its journal has ${entries.length} of ${job.entries} operations.`);
  }
  if (entries.some((entry) => entry.driver !== driver.major)) {
    throw cannotReplay(`It was begun with another major version of the driver than ${driver.major}.`);
  }
  if (entries.some(({ undone, undoing }) => undone ?? undoing)) throw cannotReplay('A part of it was undone since.');
  const lanes = new Lanes({ client, database, own, attempt, fence, begun: options.begun });
  const transactions = {
    ...{ client, database, attempt, lanes, journal: own.journal, driverMajor: driver.major },
    lastSequence: sequenceOf(entries.at(-1)?._id ?? entryId(attempt, 0)),
    refuseWhenClosed: gate.refuseWhenClosed,
    close: (reason: ReleaseError) => gate.close(reason),
    readsStored: (reads: readonly StoredRead[]) => replay.readsStored(reads),
  };
  const writer = new EntryWriter(transactions);
  const notes = new Set<string>();
  const context: JournalContext = {
    ...{ client, driver, database, own, images, attempt },
    transactor: new LaneTransactor(transactions, writer),
    catalog: gate.catalog,
    kinds: new CollectionKinds(client),
    throttle: options.throttle,
    note: (text) => void notes.add(text),
    progress: (call, counts) => gate.books.progress(call, counts),
    refuseWhenClosed: gate.refuseWhenClosed,
  };
  for (const entry of entries) await settleImplicit(context, entry);
  const changed = new ChangedByImages({
    ...{ client, database, attempt, entries, journal: own.journal, kinds: context.kinds },
  });
  const replay = new Replay(entries, { driver, changed });
  const journal = new Journal(context, replay, lanes, writer);
  gate.keepJournal(journal);
  gate.keepReads(replay);
  return { journal, replay, notes: () => [...notes] };
}

async function entriesOf(client: RawClient, database: string, journal: string, { attempt }: JournalJob) {
  const found = client
    .db(database)
    .collection(journal)
    .find({ ...ofAttempt(attempt), kind: { $ne: 'images' } } as object, {
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      // A Long that user code was given, as an _id for example, stays one.
      promoteLongs: false,
    })
    .sort({ _id: 1 });
  return (await found.toArray()) as unknown as JournalEntry[];
}

function cannotReplay(why: string): ReleaseError {
  return new ReleaseError('REPLAY_DIVERGED', `The migration cannot be taken up. ${why}`, {
    hint: 'Run the same command again: what was done is undone first.',
  });
}
