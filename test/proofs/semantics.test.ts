import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { digestDocuments } from '../../src/mongo/documents-digest.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { type Stop, wireProxyTo } from '../setup/wire-proxy.ts';
import { differences } from './same.ts';
import { places, type Shape, seedPlaces, up } from './shapes/shape.ts';
import { apply, makeReference, projectOf } from './trial.ts';

// What MongoDB does to the naive form of a run, of its resumption and of its lease, where no other test has it.

const loop = (version: number): Shape => ({
  name: `loop of version ${version}`,
  files: {
    '1-loop.js': up(`
    for (let n = 0; n < 40; n += 1) {
      await places.updateOne({ _id: n }, { $inc: { visits: ${version} } });
      await db.collection('log').insertOne({ _id: n, version: ${version} });
    }`),
  },
  seed: seedPlaces(60),
});

/** Kills the shape's run at this message; then nobody has the lease. */
async function killedAt(stop: Stop, shape: Shape, database: TestDatabase): Promise<void> {
  await shape.seed(database.db);
  await using proxy = await wireProxyTo(database.uri);
  await using folder = await projectOf(shape, proxy.uri);
  const run = folder.start(apply);
  const held = new Promise<void>((done) => proxy.stopAt(stop, () => done()));
  await Promise.race([held, run.ended]);
  run.signal('SIGKILL');
  expect((await run.ended).signal).toBe('SIGKILL');
  await run.gone();
  await expire(database.db);
}

/** Nothing of a run inserts before its migration goes up; each turn of the loop commits twice. */
const halfWay: Stop = { from: 'insert', nth: 30, of: ['commitTransaction'], when: 'answered' };

const expire = (db: Db) =>
  db
    .collection<{ _id: string }>('_mongo_release.lease')
    .updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(0) } });

async function runOf(shape: Shape, database: TestDatabase) {
  await using folder = await projectOf(shape, database.uri);
  return { ended: await folder.run(apply), status: (await folder.run('status --json')).json };
}

describe('a migration that was killed half-way and whose file was changed since', () => {
  test('is never taken up: it is undone, and the new one runs on what was there before', async () => {
    await using expected = await freshDatabase('ref');
    await makeReference(loop(100), expected.db, expected.uri);
    await using database = await freshDatabase();
    await killedAt(halfWay, loop(1), database);
    const { ended } = await runOf(loop(100), database);
    expect(ended.code, ended.stderr).toBe(0);
    expect(await differences(loop(100), expected.db, database.db)).toEqual([]);
  });

  test('is left as it is where a user has written to what it changed: exit 8 names the document', async () => {
    await using database = await freshDatabase();
    const { db } = database;
    await killedAt(halfWay, loop(1), database);
    await db.collection<{ _id: number }>('places').updateOne({ _id: 3 }, { $inc: { visits: 1000 } });
    const before = await Promise.all(['places', 'log'].map((name) => digestDocuments(db, name)));
    const { ended, status } = await runOf(loop(100), database);
    expect(ended.code, ended.stderr).toBe(8);
    expect(ended.json.error.message).toMatch(/1-loop.*places.*3/s);
    expect(ended.json.error.hint).not.toBe('');
    expect(status.migrations).toMatchObject([{ name: '1-loop', state: expect.stringMatching(/interrupted|failed/) }]);
    expect(await Promise.all(['places', 'log'].map((name) => digestDocuments(db, name)))).toEqual(before);
  });

  test('is undone also where a user wrote to what it had not touched', async () => {
    await using expected = await freshDatabase('ref');
    await makeReference(loop(100), expected.db, expected.uri);
    await using database = await freshDatabase();
    await killedAt(halfWay, loop(1), database);
    const { db } = database;
    await db.collection<{ _id: number }>('places').updateOne({ _id: 55 }, { $inc: { hits: 7 } });
    const { ended } = await runOf(loop(100), database);
    expect(ended.code, ended.stderr).toBe(0);
    expect(await db.collection<{ _id: number }>('places').findOne({ _id: 55 })).toMatchObject({ hits: 7 });
    expect(await differences({ ...loop(100), users: ['places'] }, expected.db, db)).toEqual([]);
  });
});

test('a transaction that a killed run left open is ended by the next one, not by the server a minute later', async () => {
  await using database = await freshDatabase();
  const shape = loop(1);
  // Its effect is made, and its commit does not come any more.
  await killedAt({ ...halfWay, nth: 5, when: 'sent' }, shape, database);
  const started = performance.now();
  const { ended } = await runOf(shape, database);
  expect(ended.code, ended.stderr).toBe(0);
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('a run that was killed while it wrote its own records does not hold the next one up for a minute', async () => {
  const shape = loop(1);
  await using expected = await freshDatabase('ref');
  const { sent } = await makeReference(shape, expected.db, expected.uri);
  // The last commit of a run is that of the history's record.
  const commits = sent.filter((command) => command === 'commitTransaction').length;
  await using database = await freshDatabase();
  await killedAt({ nth: commits, of: ['commitTransaction'], when: 'sent' }, shape, database);
  const started = performance.now();
  const { ended } = await runOf(shape, database);
  expect(ended.code, ended.stderr).toBe(0);
  expect(performance.now() - started).toBeLessThan(30_000);
}, 120_000);

test('users who allow their writes a second and a half are not refused while a large updateMany is under way', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  // As one transaction they would take longer than that.
  const documents = 50_000;
  const shape: Shape = {
    name: 'large',
    files: { '1-all.js': up('    await places.updateMany({}, { $inc: { visits: 1 } });') },
    seed: async (db) => void (await db.collection('places').insertMany(places(documents))),
  };
  await shape.seed(db);
  await using folder = await projectOf(shape, database.uri);
  const run = folder.start(apply);
  let ended = false;
  void run.ended.then(() => {
    ended = true;
  });
  const failures: unknown[] = [];
  let written = 0;
  for (let n = 0; !ended; n = (n + 997) % documents) {
    await db
      .collection<{ _id: number }>('places')
      .updateOne({ _id: n }, { $inc: { hits: 1 } }, { maxTimeMS: 1500 })
      .then(
        () => (written += 1),
        (error: unknown) => failures.push(error),
      );
    await sleep(5);
  }
  expect((await run.ended).code).toBe(0);
  expect(failures).toEqual([]);
  const [sums] = await db
    .collection('places')
    .aggregate([{ $group: { _id: null, visits: { $sum: '$visits' }, hits: { $sum: '$hits' } } }])
    .toArray();
  expect(sums).toEqual({ _id: null, visits: documents, hits: written });
}, 180_000);

test('many writes at once and the heartbeats of their own lease do not get into each other’s way', async () => {
  await using database = await freshDatabase();
  const shape: Shape = {
    name: 'parallel',
    files: {
      '1-all.js': up(`
    const until = Date.now() + 8000;
    let rounds = 0;
    while (Date.now() < until) {
      await Promise.all(Array.from({ length: 16 }, (_, n) => places.updateOne({ _id: n }, { $inc: { visits: 1 } })));
      rounds += 1;
    }
    await db.collection('sums').insertOne({ _id: 'rounds', rounds });`),
    },
    seed: seedPlaces(16),
    config: 'lease: { ttl: 6s }\n',
  };
  await shape.seed(database.db);
  const { ended } = await runOf(shape, database);
  expect(ended.code, ended.stderr).toBe(0);
  const sum = await database.db.collection<{ _id: string; rounds: number }>('sums').findOne({ _id: 'rounds' });
  const visits = await database.db.collection('places').distinct('visits');
  expect(visits).toEqual([sum?.rounds]);
}, 120_000);
