import type { ReleaseError } from '../../../observe/error.ts';
import type { JournalEntry, StoredRead } from '../../journal/documents.ts';
import type { Gate } from '../gate.ts';
import type { Driver, RawClient, RawSession } from '../raw.ts';
import { ChangedByImages } from '../replay/changed.ts';
import { entriesToReplay } from '../replay/entries.ts';
import { Replay } from '../replay/replay.ts';
import { settleImplicit } from './catalog/implicit.ts';
import { CollectionKinds } from './collection-kinds.ts';
import type { JournalContext, JournalJob, Throttle } from './context.ts';
import { EntryWriter, lastSequence } from './entry-writer.ts';
import { Journal } from './journal.ts';
import { Lanes } from './lanes.ts';
import { LaneTransactor } from './transactor.ts';

export interface OpenOptions {
  readonly gate: Gate;
  /** Connected. */
  readonly client: RawClient;
  readonly driver: Driver;
  readonly job: JournalJob;
  readonly throttle: Throttle;
  /** Called once for each session that transactions will be open in. */
  readonly begun: (session: RawSession) => void;
  /** Where an earlier run has left more than that, it is not taken up. */
  readonly mostReplayBytes?: number;
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
  const journalled = { client, database, attempt, journal: own.journal };
  const { entries: expected, resumes } = job;
  const toReplay = { ...journalled, expected, driverMajor: driver.major, mostBytes: options.mostReplayBytes };
  const entries = resumes ? await entriesToReplay(toReplay) : [];
  const lanes = new Lanes({ client, database, own, attempt, fence, begun: options.begun });
  const writer = new EntryWriter({
    ...{ ...journalled, driverMajor: driver.major },
    lastSequence: resumes ? await lastSequence(journalled) : 0,
  });
  const notes = new Set<string>();
  const context: JournalContext = {
    ...{ client, driver, database, own, images, attempt },
    transactor: new LaneTransactor({
      ...{ lanes, entries: writer, refuseWhenClosed: gate.refuseWhenClosed, patienceMs: job.patienceMs },
      close: (reason: ReleaseError) => gate.close(reason),
      readsStored: (reads: readonly StoredRead[]) => replay.readsStored(reads),
    }),
    catalog: gate.catalog,
    kinds: new CollectionKinds(client),
    throttle: options.throttle,
    note: (text) => void notes.add(text),
    progress: (call, counts) => gate.books.progress(call, counts),
    replayed: (call) => gate.books.replayed(call),
    created: (call, namespace) => gate.books.created(call, namespace),
    refuseWhenClosed: gate.refuseWhenClosed,
  };
  const settled: JournalEntry[] = [];
  for (const entry of entries) settled.push(await settleImplicit(context, entry));
  const changed = new ChangedByImages({ ...journalled, entries: settled, kinds: context.kinds });
  const replay = new Replay(settled, { driver, changed });
  const journal = new Journal(context, replay, lanes, writer);
  gate.keepJournal(journal);
  gate.keepReads(replay);
  return { journal, replay, notes: () => [...notes] };
}
