import type * as mongodb from 'mongodb';
import { wrapClient } from '../../../../../src/migration/gate/client.ts';
import { Gate } from '../../../../../src/migration/gate/gate.ts';
import type { JournalContext } from '../../../../../src/migration/gate/journal/context.ts';
import { openJournal } from '../../../../../src/migration/gate/journal/open.ts';
import type { Driver } from '../../../../../src/migration/gate/raw.ts';
import type { JournalEntry } from '../../../../../src/migration/journal/documents.ts';
import { ParentLanes } from '../../../../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../../../../src/migration/journal/prepare.ts';
import { ownNames } from '../../../../../src/mongo/own.ts';
import { freshDatabase, type TestDatabase } from '../../../../setup/mongo.ts';
import { driver as bundled } from '../../gated.ts';

/** Stands for the end of the process: nothing is sent, and no answer is heard, from then on. */
export class Died extends Error {
  /** As all errors of the driver have it. */
  hasErrorLabel(): boolean {
    return false;
  }
}

export interface Death {
  /** Commands that are sent before it; or the first command of this name. */
  readonly after: number | string;
  /** Whether the server still carries the last of them out, and only its answer is lost. */
  readonly answerLost: boolean;
}

export interface Run extends AsyncDisposable {
  readonly db: mongodb.Db;
  readonly gate: Gate;
  readonly context: JournalContext;
  readonly notes: () => readonly string[];
  /** How many commands were sent since the journal was opened. */
  readonly sent: () => number;
  readonly died: () => boolean;
}

export interface Lab extends AsyncDisposable {
  readonly raw: TestDatabase;
  readonly own: ReturnType<typeof ownNames>;
  /** A run of the one attempt that this database knows, from its top. */
  run(options?: RunOptions): Promise<Run>;
  entries(): Promise<JournalEntry[]>;
  /** Names of all tombstones. */
  tombstones(): Promise<string[]>;
}

export interface RunOptions {
  readonly images?: boolean;
  readonly dies?: Death;
  readonly driver?: Driver;
  /** Between two batches. */
  readonly pause?: () => Promise<void>;
}

const attempt = { migration: '1-test', number: 1 };

/** Commands that the driver sends by itself, at moments of its own. */
const byItself = new Set(['hello', 'endSessions', 'ping', 'isMaster', 'ismaster']);

export async function lab(): Promise<Lab> {
  const raw = await freshDatabase('cat');
  const own = ownNames();
  await prepareJournal(raw.db, own);
  const lanes = new ParentLanes(raw.db, own);
  await lanes.seed();
  let fence = 0;
  const entries = async () =>
    (await raw.db
      .collection<JournalEntry>(own.journal)
      .find({ kind: { $ne: 'images' as never } })
      .sort({ _id: 1 })
      .toArray()) as JournalEntry[];
  return {
    raw,
    own,
    entries,
    async run({ images = true, dies, driver = bundled, pause = async () => {} }: RunOptions = {}): Promise<Run> {
      fence += 1;
      await lanes.killOlderSessions(fence);
      await lanes.assign(attempt, fence, (await entries()).length, undefined);
      const client = new driver.classes.MongoClient(raw.uri, { monitorCommands: true, retryWrites: false });
      await client.connect();
      const gate = new Gate({ client, database: raw.name, own, beforeWrite: () => undefined, warn: () => {} });
      const { journal, notes } = await openJournal({
        ...{ gate, client, driver, begun: () => {}, throttle: { pause } },
        job: { attempt, fence, images, resumes: true },
      });
      let sent = 0;
      let died = false;
      let last: number | undefined;
      const hear = (lost: boolean) => (event: { readonly commandName: string; readonly requestId: number }) => {
        if (byItself.has(event.commandName)) return;
        if (!lost) sent += 1;
        if (dies === undefined) return;
        if (!lost && (sent === dies.after || (last === undefined && event.commandName === dies.after))) last = sent;
        if (dies.after === 0) last = 0;
        const over = last !== undefined && (sent > last || (lost && dies.answerLost));
        // The driver tells before it sends, and before it gives the answer on: what is thrown here ends either.
        if (!over) return;
        died = true;
        throw new Died();
      };
      client.on('commandStarted', hear(false));
      client.on('commandSucceeded', hear(true));
      client.on('commandFailed', hear(true));
      const wrapped = wrapClient(client, gate, driver).client;
      return {
        ...{ db: wrapped.db(), gate, context: journal.context, notes, sent: () => sent, died: () => died },
        [Symbol.asyncDispose]: () => client.close(),
      };
    },
    tombstones: async () => {
      const listed = await raw.db.listCollections({ name: /^_mongo_release\.dropped\./ }, { nameOnly: true }).toArray();
      return listed.map(({ name }) => name).sort();
    },
    async [Symbol.asyncDispose]() {
      // A transaction that was left open would hold the database for a minute.
      await lanes.killOlderSessions(fence + 1);
      await raw[Symbol.asyncDispose]();
    },
  };
}

/** What user code sees of a call: its result, or the error; without the name of the database and the server's clock. */
export async function outcome(database: string, call: () => Promise<unknown>): Promise<unknown> {
  const clean = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null, (key, inner) => {
        if (key === '$clusterTime' || key === 'operationTime') return undefined;
        // Of whichever copy of the driver.
        const { collectionName } = (inner ?? {}) as { collectionName?: unknown };
        return collectionName === undefined ? inner : { collection: collectionName };
      }).replaceAll(database, 'DB'),
    );
  try {
    return { result: clean(await call()) };
  } catch (error) {
    const { name, code, message } = error as { name?: string; code?: unknown; message: string };
    // The server names collections by UUID as well.
    const said = message.replaceAll(database, 'DB').replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID');
    return { name, code, message: said };
  }
}

/** Everything that user code could find, but the UUIDs. */
export async function everything(db: mongodb.Db, own = ownNames()): Promise<unknown> {
  const found: Record<string, unknown> = {};
  const patterns = { bsonRegExp: true };
  const listed = await db.listCollections({}, patterns).toArray();
  for (const { name, type, options } of listed.sort((a, b) => (a.name < b.name ? -1 : 1)) as mongodb.Document[]) {
    if (own.owns(name) || name.startsWith('system.')) continue;
    const indexes = type === 'view' ? [] : await db.collection(name).indexes(patterns);
    const documents = await db.collection(name).find().sort({ _id: 1 }).toArray();
    found[name] = {
      type,
      options,
      indexes: indexes.map((index) => JSON.stringify(Object.entries(index).sort())).sort(),
      documents,
    };
  }
  return JSON.parse(JSON.stringify(found).replaceAll(db.databaseName, 'DB'));
}
