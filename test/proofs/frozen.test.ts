import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/mongo/catalog.ts';
import { digestDocuments } from '../../src/mongo/documents-digest.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { type Stop, type WireProxy, wireProxyTo } from '../setup/wire-proxy.ts';
import type { ReleaseProcess } from './release-process.ts';
import { differences } from './same.ts';
import { catalog } from './shapes/catalog.ts';
import { type Shape, seedPlaces, up } from './shapes/shape.ts';
import { apply, makeReference, projectOf } from './trial.ts';

/** Runs out while a test looks on, and not because a busy machine lets a heartbeat be late. */
const config = 'lease: { ttl: 6s }\n';

const loopOf = (turns: number): Shape => ({
  name: 'loop',
  files: {
    '1-loop.js': up(`
    const log = db.collection('log');
    for (let n = 0; n < ${turns}; n += 1) {
      await log.insertOne({ _id: n });
      await places.updateOne({ _id: n % 20 }, { $inc: { visits: 1 } });
    }`),
  },
  seed: seedPlaces(20),
  config,
});
/** Goes on long enough to be met at work. */
const loop = loopOf(150);

const large: Shape = {
  name: 'large',
  files: {
    '1-all.js': up(`
    await places.updateMany({}, { $inc: { visits: 1 } });
    await places.updateMany({}, { $inc: { visits: 10 } });
    await db.collection('log').insertOne({ _id: 'end', count: await places.countDocuments({ visits: 11 }) });`),
  },
  seed: seedPlaces(5000),
  config,
};

/**
 * Everything in a database, history and journal included; not the lease with its heartbeats, and not the records of
 * releases, of which each run writes its own.
 */
async function everything(db: Db): Promise<Record<string, string>> {
  const changing = ['_mongo_release.lease', '_mongo_release.releases'];
  const listed = (await readCatalog(db)).filter(({ name }) => !changing.includes(name));
  const entries = listed.map(async ({ name, type, indexes, uuid }) => {
    const documents = type === 'view' ? '' : (await digestDocuments(db, name)).multiset;
    return [name, `${uuid} ${indexes.map((index) => index.name).sort()} ${documents}`] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** What an undisturbed run of the shape leaves behind. */
async function undisturbed(shape: Shape): Promise<TestDatabase & { readonly sent: readonly string[] }> {
  const database = await freshDatabase('ref');
  // Nobody is frozen in it, and its lease need not run out soon.
  const { config: _, ...calm } = shape;
  const { sent } = await makeReference(calm, database.db, database.uri);
  return { ...database, sent };
}

interface Frozen {
  readonly database: TestDatabase;
  readonly run: ReleaseProcess;
  readonly proxy: WireProxy;
  /** Another run, past the proxy. */
  another(words?: string): ReleaseProcess;
}

/** A run on its own way to the server, from its start; `work` freezes and wakes it. */
async function withRun(shape: Shape, work: (frozen: Frozen) => Promise<void>): Promise<void> {
  await using database = await freshDatabase();
  await shape.seed(database.db);
  await using proxy = await wireProxyTo(database.uri);
  await using folder = await projectOf(shape, proxy.uri);
  const run = folder.start(apply);
  try {
    await work({
      ...{ database, run, proxy },
      another: (words = apply) => folder.start(words, { MONGODB_URI: database.uri }),
    });
  } finally {
    run.signal('SIGKILL');
    run.signal('SIGCONT');
    await run.gone();
  }
}

/** Freezes at a message of the migration, which is held, as by a slow network, until it is let go. */
function freezeAt({ run, proxy }: Frozen, stop: Stop): Promise<() => void> {
  const held = new Promise<() => void>((resolve) => {
    // Nothing of a run inserts before its migration goes up; what is heard of that may be late.
    proxy.stopAt({ from: 'insert', ...stop }, (release) => {
      run.signal('SIGSTOP');
      resolve(release);
    });
  });
  const over = run.ended.then(({ stderr }) => {
    throw new Error(`It was over before ${JSON.stringify(stop)}:\n${stderr}`);
  });
  return Promise.race([held, over]);
}

/** The server takes the lease for run out, and another run need not wait: to its owner it is as good as ever. */
async function expire(db: Db): Promise<void> {
  await db
    .collection<{ _id: string }>('_mongo_release.lease')
    .updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(0) } });
}

interface Woken {
  /** What it had sent by the time it was frozen. */
  readonly sent: readonly string[];
  /** Collections that were another one afterwards, with what they were before and after. */
  readonly changed: readonly string[];
  readonly states: readonly (readonly [before: string | undefined, after: string | undefined])[];
}

/** Freezes a run at a message, lets another one take over and end, and wakes the first. */
async function wake(shape: Shape, stop: Stop, expected: Db, lease: 'expired' | 'runs-out' = 'expired'): Promise<Woken> {
  let seen: Woken = { sent: [], changed: [], states: [] };
  await withRun(shape, async (frozen) => {
    const release = await freezeAt(frozen, stop);
    const sent = [...frozen.proxy.commands];
    const { db } = frozen.database;
    if (lease === 'expired') await expire(db);
    const { code, stderr } = await frozen.another().ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('was left running by release');
    expect(await differences(shape, expected, db)).toEqual([]);
    const before = await everything(db);
    // The child by itself: nobody tells it that the lease is lost.
    for (const child of frozen.run.children()) process.kill(child, 'SIGCONT');
    release();
    await sleep(500);
    frozen.run.signal('SIGCONT');
    const woken = await frozen.run.ended;
    // It cannot say that it is done, and what it says is that it lost its lease.
    expect(woken.code, woken.stderr).toBe(8);
    expect(woken.json.error.message).toContain('LEASE_LOST');
    const after = await everything(db);
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = names.filter((name) => before[name] !== after[name]);
    seen = { sent, changed, states: changed.map((name) => [before[name], after[name]]) };
  });
  return seen;
}

describe('a run that is frozen past its lease writes no document when it wakes', () => {
  test.each([
    ['in a loop of inserts and updates', loopOf(40), [5, 56, 57, 58, 59, 60]],
    ['in a large updateMany', large, [5, 7, 9, 10]],
  ])(
    '%s, with a message of it on the wire',
    async (_, shape, moments) => {
      await using expected = await undisturbed(shape);
      for (const nth of moments) {
        const { changed } = await wake(shape, { nth, when: 'sent' }, expected.db);
        expect(changed).toEqual([]);
      }
    },
    300_000,
  );

  /** Well into the loop, between two of its transactions. */
  const atWork: Stop = { nth: 10, of: ['commitTransaction'], when: 'answered' };

  test('the parent alone frozen: its child commits nothing once another run has taken over', async () => {
    await using expected = await undisturbed(loop);
    await withRun(loop, async (frozen) => {
      const { run, another } = frozen;
      const { db } = frozen.database;
      (await freezeAt(frozen, atWork))();
      const [child] = run.children() as [number];
      const taken = another();
      await taken.said('was left running');
      // The child works on, while the other one does.
      process.kill(child, 'SIGCONT');
      const { code, stderr } = await taken.ended;
      expect(code, stderr).toBe(0);
      expect(await differences(loop, expected.db, db)).toEqual([]);
      const before = await everything(db);
      process.kill(run.pid, 'SIGCONT');
      const woken = await run.ended;
      expect(woken.code, woken.stderr).toBe(8);
      expect(await everything(db)).toEqual(before);
    });
  }, 120_000);

  test('the child alone frozen: nobody takes over while its parent lives, and it goes on where it was', async () => {
    await using expected = await undisturbed(loop);
    await withRun(loop, async (frozen) => {
      const { run, another } = frozen;
      (await freezeAt(frozen, atWork))();
      const [child] = run.children() as [number];
      process.kill(run.pid, 'SIGCONT');
      const { code, json } = await another(apply.replace('60s', '8s')).ended;
      expect({ code, error: json.error.code }).toEqual({ code: 6, error: 'LEASE_HELD' });
      process.kill(child, 'SIGCONT');
      const ended = await run.ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(await differences(loop, expected.db, frozen.database.db)).toEqual([]);
    });
  }, 120_000);
});

describe('changes of the catalog, which no transaction takes, from a run that was frozen past its lease', () => {
  /** A fence that is shown once more, and looks at the load, come where a server is slow. */
  const steady = ['commitTransaction', 'hello', 'listCollections', 'listIndexes'];
  const changes = ['create', 'createIndexes', 'dropIndexes', 'drop', 'renameCollection', 'collMod'];

  test.each(['indexes', 'rename-and-drop', 'drop-and-make-again'])(
    '%s: one that was not sent yet is not sent any more',
    async (name) => {
      const shape: Shape = { ...catalog.find((one) => one.name === name)!, config };
      await using expected = await undisturbed(shape);
      const commands = expected.sent.slice(expected.sent.indexOf('insert'));
      const places = commands.flatMap((command, at) => (changes.includes(command) ? [at] : []));
      // Before the first one and the third one: the last answer before it that does not come and go with the clock.
      for (const nth of [0, 2]) {
        const before = commands.slice(0, places[nth]).filter((command) => steady.includes(command));
        const last = before.at(-1)!;
        const stop: Stop = { nth: before.filter((one) => one === last).length, of: [last], when: 'answered' };
        const { sent, changed, states } = await wake(shape, stop, expected.db, 'runs-out');
        expect(changed, `${commands[places[nth]!]} after ${last}: ${states}`).toEqual([]);
        const mine = sent.slice(sent.indexOf('insert'));
        expect(mine.filter((command) => changes.includes(command))).toHaveLength(nth);
      }
    },
    180_000,
  );

  // A drop asks the server what it is before it is sent; that the index is gone would not be seen by its UUID.
  test('nor is one behind a question that was on its way', async () => {
    const shape: Shape = {
      name: 'index-made-again',
      files: { '1-index.js': up(`await places.dropIndex('qty_1'); await places.createIndex({ qty: 1 });`) },
      seed: async (db) => {
        await seedPlaces(300)(db);
        await db.collection('places').createIndex({ qty: 1 });
      },
      config,
    };
    await using expected = await undisturbed(shape);
    const stop: Stop = { nth: 1, of: ['hello'], when: 'answered' };
    const { sent, changed, states } = await wake(shape, stop, expected.db, 'runs-out');
    expect(sent.at(-1)).toBe('hello');
    expect(changed, String(states)).toEqual([]);
  }, 120_000);

  // What the network still has is beyond anybody's reach; the server itself refuses what is not meant for this collection.
  test.each([
    ['a rename', 'rename-and-drop', 'renameCollection', []],
    ['a drop', 'drop-and-make-again', 'renameCollection', []],
    ['an index that the migration drops again', 'indexes', 'createIndexes', ['places']],
  ])(
    '%s that arrives when the other run is through',
    async (_, name, command, left) => {
      const shape: Shape = { ...catalog.find((one) => one.name === name)!, config };
      await using expected = await undisturbed(shape);
      const { changed } = await wake(shape, { nth: 1, of: [command], when: 'sent' }, expected.db);
      expect(changed).toEqual(left);
    },
    120_000,
  );
});
