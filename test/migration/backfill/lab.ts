import type { Db, Document } from 'mongodb';
import { BSON } from 'mongodb';
import { batchOf } from '../../../src/migration/child/batch.ts';
import { sourceAt, wordsOf } from '../../../src/migration/child/source.ts';
import type { Batch } from '../../../src/migration/define.ts';
import { wrapClient } from '../../../src/migration/gate/client.ts';
import { Gate } from '../../../src/migration/gate/gate.ts';
import type { JournalJob } from '../../../src/migration/gate/journal/context.ts';
import { openJournal } from '../../../src/migration/gate/journal/open.ts';
import type { ImagesDocument, JournalEntry } from '../../../src/migration/journal/documents.ts';
import { unpackImages } from '../../../src/migration/journal/images.ts';
import { ParentLanes } from '../../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../../src/migration/journal/prepare.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { bytesOf } from '../../../src/mongo/raw-bson.ts';
import { ReleaseError } from '../../../src/observe/error.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { driver } from '../gate/gated.ts';

export const own = ownNames();

export interface Line {
  readonly level: string;
  readonly message: string;
}

/** A migration's surroundings as its process has them, in this one. */
export interface Running {
  readonly gate: Gate;
  readonly batch: Batch;
  /** Through the gate. */
  readonly db: Db;
  readonly lines: Line[];
  /** For the record. */
  readonly notes: string[];
  /** Lets nothing more be sent, as when the process is told to stop. */
  stop(): void;
}

interface RunOptions {
  readonly images?: boolean;
  readonly throttle?: () => Promise<void>;
  /** As in a sandbox. */
  readonly rehearsal?: boolean;
}

export interface Lab extends AsyncDisposable {
  readonly raw: TestDatabase;
  readonly db: Db;
  /** Begins the attempt, or takes it up again. */
  run(options?: RunOptions): Promise<Running>;
  /** A run that finds nothing of an earlier one, and these documents alone in the collection. */
  fresh(collection: string, documents: readonly object[], options?: RunOptions): Promise<Running>;
  entries(): Promise<JournalEntry[]>;
  images(): Promise<{ readonly before?: Document; readonly after?: Document }[]>;
  quarantine(): Promise<Document[]>;
}

const migration = 'backfill';

export async function lab(): Promise<Lab> {
  const raw = await freshDatabase();
  const { db, client } = raw;
  await prepareJournal(db, own);
  const lanes = new ParentLanes(db, own);
  await lanes.seed();
  const entries = async () =>
    (await db
      .collection<JournalEntry>(own.journal)
      .find({ kind: { $ne: 'images' as never } })
      .sort({ _id: 1 })
      .toArray()) as JournalEntry[];
  let fence = 0;
  const it: Lab = {
    raw,
    db,
    async fresh(collection, documents, options) {
      for (const name of [own.journal, own.quarantine]) await db.collection(name).deleteMany({});
      await db.dropCollection(collection);
      await db.collection(collection).insertMany([...documents]);
      return it.run(options);
    },
    async run({ images = true, throttle = async () => {}, rehearsal = false } = {}) {
      fence += 1;
      const attempt = { migration, number: 1 };
      await lanes.takeOver(fence, undefined);
      await lanes.assign(attempt, fence, (await entries()).length, undefined);
      return running(raw, { attempt, fence, images, resumes: fence > 1 }, throttle, rehearsal);
    },
    entries,
    async images() {
      const kept = await db.collection<ImagesDocument>(own.journal).find({ kind: 'images' }).sort({ _id: 1 }).toArray();
      const decoded = (bytes: Uint8Array | undefined) => bytes && BSON.deserialize(bytes);
      return kept.flatMap(({ data }) =>
        unpackImages([bytesOf(data)]).map(({ before, after }) => ({ before: decoded(before), after: decoded(after) })),
      );
    },
    quarantine: () => db.collection(own.quarantine).find().sort({ documentId: 1 }).toArray(),
    async [Symbol.asyncDispose]() {
      await client.db(raw.name).dropDatabase();
      await raw[Symbol.asyncDispose]();
    },
  };
  return it;
}

async function running(
  raw: TestDatabase,
  job: JournalJob,
  throttle: () => Promise<void>,
  rehearsal: boolean,
): Promise<Running> {
  const gate = gateOf(raw);
  await openJournal({ gate, client: raw.client, driver, job, throttle: { pause: throttle }, begun: () => {} });
  return surrounding(raw, gate, rehearsal);
}

/** As on a server without transactions. */
export function withoutJournal(raw: TestDatabase): Running {
  return surrounding(raw, gateOf(raw));
}

function gateOf(raw: TestDatabase): Gate {
  return new Gate({ client: raw.client, database: raw.name, own, beforeWrite: () => undefined, warn: () => {} });
}

function surrounding(raw: TestDatabase, gate: Gate, rehearsal = false): Running {
  const { client } = wrapClient(raw.client, gate, driver);
  const lines: Line[] = [];
  const notes: string[] = [];
  const stopping = new AbortController();
  const batch = batchOf({
    ...{ gate, driver, client, migration, rehearsal, raw: raw.client, signal: stopping.signal },
    source: sourceAt('/project/backfill.ts', new Set(wordsOf('each threw slug name missing towns')), false),
    send: (message) => {
      if (message.type === 'log') lines.push({ level: message.level, message: message.message });
    },
    note: (text) => notes.push(text),
  });
  const stop = () => {
    gate.close(new ReleaseError('GATE_CLOSED', 'The migration was stopped.', { hint: 'Wait.' }));
    stopping.abort();
  };
  return { gate, batch, db: client.db(raw.name), lines, notes, stop };
}
