import type * as mongodb from 'mongodb';
import { wrapClient } from '../../../../../src/migration/gate/client.ts';
import { Gate } from '../../../../../src/migration/gate/gate.ts';
import type { Transactor } from '../../../../../src/migration/gate/journal/context.ts';
import { openJournal } from '../../../../../src/migration/gate/journal/open.ts';
import type { Driver } from '../../../../../src/migration/gate/raw.ts';
import type { ImagesDocument, JournalEntry } from '../../../../../src/migration/journal/documents.ts';
import { type Image, unpackImages } from '../../../../../src/migration/journal/images.ts';
import { ParentLanes } from '../../../../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../../../../src/migration/journal/prepare.ts';
import { ownNames } from '../../../../../src/mongo/own.ts';
import { freshDatabase, type TestDatabase } from '../../../../setup/mongo.ts';
import { driver as bundled } from '../../gated.ts';

export interface Run {
  /** Through the gate. */
  readonly db: mongodb.Db;
  readonly client: mongodb.MongoClient;
  readonly gate: Gate;
  /** From here on no transaction is begun: as if the process were killed. */
  dieAfter(transactions: number): void;
  /** How many transactions were committed. */
  committed(): number;
}

export interface Journaled extends AsyncDisposable {
  readonly raw: TestDatabase;
  /** Around the gate, with the driver that is tried. */
  readonly plain: mongodb.Db;
  /** A run of the one attempt that this database knows, from its top. */
  run(): Promise<Run>;
  /** Of writes. */
  entries(): Promise<JournalEntry[]>;
  all(): Promise<JournalEntry[]>;
  /** Images of an entry, in order. */
  images(entry: JournalEntry): Promise<Image[]>;
}

export class Killed extends Error {}

const attempt = { migration: '1-test', number: 1 };

export interface JournaledOptions {
  readonly driver?: Driver;
  /** Of that driver, for the address. */
  readonly connect?: (uri: string) => Promise<mongodb.MongoClient>;
  readonly images?: boolean;
}

/** A database of its own with a journal, through the whole gate. */
export async function journaled({
  driver = bundled,
  connect,
  images = true,
}: JournaledOptions = {}): Promise<Journaled> {
  const raw = await freshDatabase();
  const own = ownNames();
  await prepareJournal(raw.db, own);
  const lanes = new ParentLanes(raw.db, own);
  await lanes.seed();
  const client = connect === undefined ? raw.client : await connect(raw.uri);
  let fence = 0;
  const documents = raw.db.collection<ImagesDocument | JournalEntry>(own.journal);
  const entries = async () =>
    (await documents
      .find({ kind: { $ne: 'images' } })
      .sort({ _id: 1 })
      .toArray()) as JournalEntry[];
  return {
    raw,
    plain: client.db(raw.name),
    all: entries,
    entries: async () => (await entries()).filter(({ kind }) => kind === 'write'),
    async run() {
      fence += 1;
      await lanes.assign(attempt, fence, (await entries()).length, undefined);
      const gate = new Gate({
        ...{ client, database: raw.name, own },
        beforeWrite: () => undefined,
        warn: () => {},
      });
      const { journal } = await openJournal({
        ...{ gate, client, driver, begun: () => {}, throttle: { pause: async () => {} } },
        job: { attempt, fence, images, resumes: true },
      });
      const { transactor } = journal.context;
      let left = Number.POSITIVE_INFINITY;
      let committed = 0;
      const mortal: Transactor = {
        transact: async (work, options) => {
          if (left <= 0) throw new Killed();
          const result = await transactor.transact(work, options);
          left -= 1;
          committed += 1;
          return result;
        },
      };
      Object.assign(journal.context, { transactor: mortal });
      const wrapped = wrapClient(client, gate, driver).client;
      return {
        ...{ db: wrapped.db(), client: wrapped, gate },
        dieAfter: (transactions) => {
          left = transactions;
        },
        committed: () => committed,
      };
    },
    async images({ _id }) {
      const kept = (await documents
        .find({ kind: 'images', $or: [{ of: _id }, { _id: { $gt: `${_id}/`, $lt: `${_id}0` } }] })
        .sort({ _id: 1 })
        .toArray()) as ImagesDocument[];
      const all: Image[] = [];
      let parts: Uint8Array[] = [];
      for (const { data, part, parts: of } of kept) {
        parts.push((data as mongodb.Binary).buffer);
        if (part < of - 1) continue;
        all.push(...unpackImages(parts));
        parts = [];
      }
      return all;
    },
    async [Symbol.asyncDispose]() {
      if (client !== raw.client) await client.close();
      await raw[Symbol.asyncDispose]();
    },
  };
}
