import * as mongodb from 'mongodb';
import { wrapClient } from '../../../../src/migration/gate/client.ts';
import { Gate } from '../../../../src/migration/gate/gate.ts';
import { openJournal } from '../../../../src/migration/gate/journal/open.ts';
import type { Driver } from '../../../../src/migration/gate/raw.ts';
import type { Replay } from '../../../../src/migration/gate/replay/replay.ts';
import { ParentLanes } from '../../../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../../../src/migration/journal/prepare.ts';
import { ownNames } from '../../../../src/mongo/own.ts';
import { ReleaseError } from '../../../../src/observe/error.ts';
import type { TestDatabase } from '../../../setup/mongo.ts';

export type Migration = (db: mongodb.Db, client: mongodb.MongoClient) => Promise<unknown>;

export type Ended =
  /** `writes`: as the gate counts them; all of a transaction are one. */
  | { readonly how: 'returned'; readonly writes: number }
  | { readonly how: 'stopped' }
  | { readonly how: 'diverged'; readonly message: string }
  | { readonly how: 'threw'; readonly error: unknown };

const own = ownNames();
const attempt = { migration: 'm', number: 1 };
/** Of the newest run: a stopped one that was still at work commits nothing more, as behind any takeover. */
let fence = 0;

export interface RunOptions {
  /** The run stands still for good before this write, and all later ones. */
  readonly stopBefore?: number;
  readonly resumes?: boolean;
  readonly driver?: Driver;
  /** Of that driver. */
  readonly client?: mongodb.MongoClient;
  readonly mostReplayBytes?: number;
  /** Given the gate of the run before anything passes it. */
  readonly look?: (gate: Gate) => void;
}

/** Runs a migration through gate and journal; a stopped one keeps its promises open, as a killed process would. */
export async function run(it: TestDatabase, migration: Migration, options: RunOptions = {}): Promise<Ended> {
  const { stopBefore = Number.POSITIVE_INFINITY, resumes = false, mostReplayBytes } = options;
  const driver = options.driver ?? { version: '7.8.0', major: 7, classes: mongodb };
  const raw = options.client ?? it.client;
  fence += 1;
  const lanes = new ParentLanes(it.db, own);
  await prepareJournal(it.db, own);
  await lanes.seed();
  await lanes.killOlderSessions(fence);
  await lanes.assign(attempt, fence, (resumes ? await lanes.entriesOf(attempt, undefined) : 0) ?? 0, undefined);
  const stopped = Promise.withResolvers<Ended>();
  let begun = 0;
  let standing = 0;
  const gate: Gate = new Gate({
    client: raw,
    database: it.name,
    own,
    warn: () => {},
    beforeWrite: () => {
      begun += 1;
      if (begun <= stopBefore) return undefined;
      standing += 1;
      void settled(() => gate.books.writing().length <= standing).then(() => stopped.resolve({ how: 'stopped' }));
      return new Promise<void>(() => {});
    },
  });
  options.look?.(gate);
  const opening = openJournal({
    ...{ gate, client: raw, driver, mostReplayBytes },
    job: { attempt, fence, images: true, resumes },
    throttle: { pause: async () => {} },
    begun: () => {},
  });
  let replay: Replay;
  try {
    ({ replay } = await opening);
  } catch (error) {
    if (!(error instanceof ReleaseError) || error.code !== 'REPLAY_DIVERGED') throw error;
    return { how: 'diverged', message: error.message };
  }
  const { client } = wrapClient(raw, gate, driver);
  const code = Promise.resolve().then(() => migration(client.db(it.name), client));
  const ran = Promise.race([code, replay.divergence])
    .then(
      (): Ended => ({ how: 'returned', writes: begun }),
      (error): Ended => ({ how: 'threw', error }),
    )
    .then((ended): Ended => {
      if (replay.end() === 'complete') return ended;
      return { how: 'diverged', message: replay.diverged?.message ?? '' };
    });
  const ended = await Promise.race([ran, stopped.promise]);
  // As the run that takes over does it.
  for (const session of gate.transactions.open()) await session.abortTransaction().catch(() => {});
  gate.close(new ReleaseError('GATE_CLOSED', 'The test is over.', { hint: 'Nothing.' }));
  return ended;
}

async function settled(done: () => boolean): Promise<void> {
  for (let quiet = 0; quiet < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    quiet = done() ? quiet + 1 : 0;
  }
}

/** All documents by collection and `_id`, without ours. */
export async function contents(db: mongodb.Db): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  for (const name of names.filter((name) => !own.owns(name)).sort()) {
    const documents = await db.collection(name).find().sort({ _id: 1 }).toArray();
    const indexes = await db.collection(name).indexes();
    all[name] = [indexes.map(({ name }) => name).sort(), ...documents];
  }
  return all;
}

/** Empty, but for `seed`; the same database again, which is quicker than another one. */
export async function fresh(it: TestDatabase, seed: Migration): Promise<void> {
  for (const { name } of await it.db.listCollections({}, { nameOnly: true }).toArray()) {
    // Of views, which are dropped one by one: nobody may drop it.
    if (name === 'system.views') continue;
    const collection = it.db.collection(name);
    // Changes of the catalog are slow.
    const emptied = own.owns(name) || ((name === 'c' || name === 'd') && (await collection.indexes()).length === 1);
    if (emptied) await collection.deleteMany({});
    else await collection.drop();
  }
  await seed(it.db, it.client);
}
