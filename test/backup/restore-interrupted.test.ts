import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db, Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../src/backup/manifest.ts';
import { halfRestored } from '../../src/backup/restore/left.ts';
import { RestoreTenure, restoreCollection, type SetHistory } from '../../src/backup/restore/record.ts';
import { settleRestore } from '../../src/backup/restore/settle.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { readCatalog } from '../../src/mongo/catalog.ts';
import { compareDatabases } from '../../src/mongo/compare.ts';
import type { Connection } from '../../src/mongo/connect.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import { uriOf } from '../setup/mongo.ts';
import { type Stop, wireProxyTo } from '../setup/wire-proxy.ts';
import { type Lab, lab, own } from './backing-up.ts';
import { breaking } from './breaking.ts';

const placement = { applied: [{ name: '$1-a', checksum: 'c' }] };
/** What was set, by `setHistory`. */
const set: unknown[] = [];
const setHistory: SetHistory = async (...given) => {
  set.push(given);
};

let at: Lab;
let manifest: Manifest;
/** What the backup holds, and what the database held before the restore. */
let wanted: Db;
let before: Db;

/** The database as it was before the restore: changed since the backup. */
async function change(db: Db): Promise<void> {
  await db.collection('a').updateMany({}, { $set: { changed: true } });
  await db.collection('b').drop();
  await db.collection('added').insertOne({ n: 1 });
  await db.collection('ts').insertOne({ t: new Date(0), v: 2 });
  await db.collection('v').drop();
}

beforeAll(async () => {
  at = await lab();
  await at.db.collection<{ _id: number }>('a').insertMany([{ _id: 1 }, { _id: 2 }]);
  await at.db.collection<{ _id: number; u: number }>('b').insertOne({ _id: 1, u: 1 });
  await at.db.collection('b').createIndex({ u: 1 }, { unique: true });
  await at.db.createCollection('ts', { timeseries: { timeField: 't' } });
  await at.db.collection('ts').insertOne({ t: new Date(1000), v: 1 });
  await at.db.collection<{ _id: string }>('system.js').insertOne({ _id: 'f' });
  await at.db.createCollection('v', { viewOn: 'a', pipeline: [] });
  manifest = (await at.backup()).manifest;
  wanted = await copyOf(manifest);
  await change(at.db);
  before = await copyOf((await at.backup()).manifest);
});
afterAll(() => at[Symbol.asyncDispose]());

async function copyOf({ id }: Manifest): Promise<Db> {
  const copy = await at.another();
  await restoreBackup(copy, at.store, id, { own, log: at.log });
  return copy.db;
}

/** A connection to a database in the state before the restore. */
async function scene(): Promise<Connection> {
  const connection = await at.another();
  await restoreBackup(connection, at.store, manifest.id, { own, log: at.log });
  await change(connection.db);
  // The id of `added` is the server's choice.
  await connection.db.collection('added').deleteMany({});
  await connection.db.collection('added').insertOne((await before.collection('added').findOne()) as Document);
  expect(withoutSeries(await compareDatabases(before, connection.db, { own }))).toEqual([]);
  return connection;
}

/** Measurements get ids of their own in each database. */
const withoutSeries = (differences: Awaited<ReturnType<typeof compareDatabases>>) =>
  differences.filter(({ collection, kind }) => collection !== 'ts' || kind !== 'documents');

test('wherever its changes of the catalog stop, the next restore brings the database to the backup', async () => {
  const connection = await scene();
  const seen = new Set<string>();
  for (let stop = 1; ; stop++) {
    if (stop > 1) await change(connection.db);
    const { connection: broken } = breaking(connection, stop, stop % 2 === 0 ? 'before' : 'after');
    const error: unknown = await restoreBackup(broken, at.store, manifest.id, { own, log: at.log }).catch(
      (thrown) => thrown,
    );
    if (!(error instanceof Error)) {
      expect(stop).toBeGreaterThan(12);
      break;
    }
    const { code } = error as { code?: string };
    const left = await connection.db.collection(restoreCollection(own)).findOne();
    seen.add(`${code ?? 'unexpected'} ${left?.state ?? 'settled'}`);
    const settled = await settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 0 });
    if (code === 'RESTORE_INCOMPLETE') {
      // With tombstones alone left the collections are in use again: who restores takes that for no restore of now.
      expect(`${stop} ${settled.kind}`).toBe(`${stop} ${left?.state === 'clearing' ? 'cleared' : 'finished'}`);
      expect(await compareDatabases(wanted, connection.db, { own })).toEqual([]);
    } else {
      expect(`${stop} ${settled.kind}`).toBe(`${stop} nothing`);
      expect(await connection.db.collection('a').countDocuments({ changed: true })).toBe(2);
      await restoreBackup(connection, at.store, manifest.id, { own, log: at.log });
    }
    const ours = (await connection.db.listCollections().toArray()).filter(({ name }) => own.owns(name));
    expect(ours.map(({ name }) => name)).toEqual([restoreCollection(own)]);
  }
  expect([...seen].sort()).toEqual([
    'RESTORE_INCOMPLETE clearing',
    'RESTORE_INCOMPLETE swapping',
    'unexpected settled',
  ]);
});

test('wherever building in an empty database stops, all of it is removed, and the next restore does not meet it', async () => {
  const connection = await at.another();
  const whole = breaking(await at.another(), 0, 'before');
  await restoreBackup(whole.connection, at.store, manifest.id, { own, log: at.log });
  let undone = 0;
  for (let stop = 1; stop <= whole.count(); stop++) {
    const { connection: broken } = breaking(connection, stop, stop % 2 === 0 ? 'before' : 'after');
    await expect(restoreBackup(broken, at.store, manifest.id, { own, log: at.log })).rejects.toThrow();
    const settled = await settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 0 });
    if (settled.kind === 'finished' || settled.kind === 'cleared') break;
    undone++;
    const left = (await readCatalog(connection.db)).map(({ name }) => name);
    expect(left).toEqual([restoreCollection(own)]);
  }
  expect(undone).toBeGreaterThan(2);
  await restoreBackup(connection, at.store, manifest.id, { own, log: at.log });
  expect(await compareDatabases(wanted, connection.db, { own })).toEqual([]);
});

test('where history cannot be set it is not over, and what is in use by then stays as it is when it is finished', async () => {
  const connection = await scene();
  const history = {
    placement,
    set: async () => {
      throw new ReleaseError('LEASE_LOST', 'The lease is gone.', { hint: 'Again.' });
    },
  };
  const restore = restoreBackup(connection, at.store, manifest.id, { own, log: at.log, history });
  await expect(restore).rejects.toMatchObject({
    code: 'RESTORE_INCOMPLETE',
    message: expect.stringContaining('LEASE_LOST'),
  });
  expect(await compareDatabases(wanted, connection.db, { own })).toEqual([]);
  expect(await halfRestored(connection.db, own)).toMatchObject({ code: 'RESTORE_INCOMPLETE' });

  await use(connection.db);
  set.length = 0;
  const settled = await settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 0 });
  expect(settled.kind).toBe('finished');
  expect(set).toEqual([[manifest.id, placement]]);
  await expectInUse(connection.db);
});

test('with tombstones alone left it stops nobody, and what is in use by then stays as it is when they are dropped', async () => {
  const connection = await scene();
  const { connection: broken } = breaking(connection, 1, 'before', ({ drop }) => String(drop).includes('.dropped.'));
  const history = { placement, set: setHistory };
  const restore = restoreBackup(broken, at.store, manifest.id, { own, log: at.log, history });
  await expect(restore).rejects.toMatchObject({
    code: 'RESTORE_INCOMPLETE',
    hint: expect.stringContaining('Do not type it again'),
  });
  expect(await halfRestored(connection.db, own)).toBeUndefined();

  await use(connection.db);
  set.length = 0;
  const settled = await settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 0 });
  expect(settled).toMatchObject({ kind: 'cleared', backupId: manifest.id, displaced: [] });
  expect(set).toEqual([]);
  await expectInUse(connection.db);
});

/** As an application does with what is in place: it replaces a collection, and describes a view anew. */
async function use(db: Db): Promise<void> {
  await db
    .collection('b')
    .aggregate([{ $set: { used: true } }, { $out: 'a' }])
    .toArray();
  await db.command({ collMod: 'v', viewOn: 'b', pipeline: [] });
}

async function expectInUse(db: Db): Promise<void> {
  expect(await db.collection('a').find().toArray()).toEqual([{ _id: 1, u: 1, used: true }]);
  expect(await db.collection('v').find().toArray()).toEqual([{ _id: 1, u: 1 }]);
  const ours = (await db.listCollections().toArray()).filter(({ name }) => own.owns(name));
  expect(ours.map(({ name }) => name)).toEqual([restoreCollection(own)]);
  expect(await db.collection(restoreCollection(own)).countDocuments()).toBe(0);
}

test('a time series that the application makes in an empty database meanwhile survives a restore that fails', async () => {
  const connection = await at.another();
  let series: Promise<void> | undefined;
  const intruded = {
    ...connection,
    db: new Proxy(connection.db, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (key !== 'command') return typeof value === 'function' ? value.bind(target) : value;
        return async (command: Document) => {
          if ('create' in command) await makeSeries();
          return target.command(command);
        };
      },
    }),
  };
  const makeSeries = () => {
    series ??= connection.db
      .createCollection('ts', { timeseries: { timeField: 't' } })
      .then(async (ts) => void (await ts.insertOne({ t: new Date(5), v: 5 })));
    return series;
  };
  const stop = new AbortController();
  const restore = restoreBackup(intruded, at.store, manifest.id, {
    ...{ own, log: at.log, signal: stop.signal },
    onProgress: () => stop.abort(new Error('stopped')),
  });
  await expect(restore).rejects.toThrow('stopped');
  expect(await connection.db.collection('ts').find().toArray()).toMatchObject([{ v: 5 }]);
  expect((await readCatalog(connection.db)).map(({ name }) => name)).toEqual([restoreCollection(own), 'ts']);
});

test('killed at any moment, it is finished or undone, never half', async () => {
  const connection = await scene();
  const { databaseName } = connection.db;
  const outcomes: string[] = [];
  const any = (most: number) => 1 + Math.floor(Math.random() * most);
  const moments: Stop[] = [
    { nth: any(2), of: ['insert'], when: 'answered' },
    { nth: any(3), of: ['renameCollection'], when: 'sent' },
    { nth: any(3), of: ['renameCollection'], when: 'answered' },
  ];
  for (const moment of moments) {
    await using proxy = await wireProxyTo(uriOf(databaseName));
    const reached = new Promise<void>((held) => proxy.stopAt(moment, () => held()));
    const args = [proxy.uri, at.store.location, manifest.id];
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'restoring-child.ts'), ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit');
    await Promise.race([reached, ended]);
    child.kill('SIGKILL');
    await ended;
    // The server may still be working on the last commands of the dead.
    const working = [{ $currentOp: {} }, { $match: { active: true, ns: new RegExp(`^${databaseName}\\.`) } }];
    const left = async () => (await connection.client.db('admin').aggregate(working).toArray()).length;
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
    const { kind } = await settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 200 });
    const isOld = (await connection.db.collection('added').countDocuments()) === 1;
    const differences = await compareDatabases(isOld ? before : wanted, connection.db, { own });
    expect(withoutSeries(differences)).toEqual([]);
    outcomes.push(`${kind} ${isOld ? 'before' : 'backup'}`);
    if (!isOld) {
      await change(connection.db);
      await connection.db.collection('added').deleteMany({});
      await connection.db.collection('added').insertOne((await before.collection('added').findOne()) as Document);
    }
  }
  const fitting = ['undone before', 'finished backup', 'cleared backup', 'nothing before', 'nothing backup'];
  expect(outcomes.filter((outcome) => !fitting.includes(outcome))).toEqual([]);
  // Else the moments were missed, and this test has seen nothing.
  expect(outcomes).toContain('undone before');
  expect(outcomes).toContain('finished backup');
}, 120_000);

test('a collection that the application makes under a restored name meanwhile is kept aside and named', async () => {
  const connection = await scene();
  const intruding = {
    ...connection,
    client: new Proxy(connection.client, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (key !== 'db') return typeof value === 'function' ? value.bind(target) : value;
        return () => ({
          async command(command: Document) {
            // As soon as the old collection has left its name, and before the new one comes.
            if (String(command.to).endsWith('.a') && times++ === 0) {
              while ((await connection.db.listCollections({ name: 'a' }).toArray()).length > 0) await sleep(1);
              await connection.db.collection('a').insertOne({ intruder: true });
            }
            return target.db('admin').command(command);
          },
        });
      },
    }),
  };
  let times = 0;
  const { displaced } = await restoreBackup(intruding, at.store, manifest.id, { own, log: at.log });
  const tombstones = (await connection.db.listCollections().toArray()).filter(({ name }) => name.includes('.dropped.'));
  expect(tombstones).toHaveLength(1);
  const { name: tombstone } = tombstones[0]!;
  expect(displaced).toEqual([{ name: 'a', tombstone }]);
  expect(await connection.db.collection(tombstone).findOne()).toMatchObject({ intruder: true });
  expect(await compareDatabases(wanted, connection.db, { own })).toEqual([]);
  expect(at.messages.join()).toContain(
    `Somebody made a while it was being replaced; those documents go to ${tombstone}`,
  );
});

test('a restore that somebody is working on is not taken over', async () => {
  const connection = await scene();
  using tenure = await RestoreTenure.begin(connection.db, own, manifest.id);
  const second = settleRestore(connection, { own, log: at.log, setHistory, goneAfterMs: 1500 });
  await expect(second).rejects.toMatchObject({ code: 'RESTORE_IN_PROGRESS', exitCode: 6 });
  await expect(RestoreTenure.begin(connection.db, own, manifest.id)).rejects.toMatchObject({
    code: 'RESTORE_IN_PROGRESS',
  });
  await tenure.end();
  expect(withoutSeries(await compareDatabases(before, connection.db, { own }))).toEqual([]);
});

test('who lost the record to another run does not go on to the swap', async () => {
  const connection = await at.another();
  using first = await RestoreTenure.begin(connection.db, own, manifest.id);
  using second = await RestoreTenure.takeOver(connection.db, own, first.owner);
  await expect(first.update({ state: 'swapping', steps: [] })).rejects.toMatchObject({ code: 'RESTORE_IN_PROGRESS' });
  await first.end();
  expect(await connection.db.collection(restoreCollection(own)).countDocuments()).toBe(1);
  await second.end();
  expect(await connection.db.collection(restoreCollection(own)).countDocuments()).toBe(0);
});
