import { afterAll, beforeAll, expect, test } from 'vitest';
import { giveUpLease } from '../release/half-done/left-half.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, migration, type Project } from './cli.ts';

/** Six seconds of work for the server, which does not end when its client dies. */
const slowly =
  "{ $match: { $expr: { $function: { body: 'function () { sleep(300); return true; }', args: [], lang: 'js' } } } }";
const fresh = `await db.collection('counters').updateOne({ name: 'a' }, { $inc: { n: 1 } });
  await db.collection('items').aggregate([${slowly}, { $out: 'fresh' }]).toArray();`;

let database: TestDatabase;
let project: Project;

beforeAll(async () => {
  database = await freshDatabase();
  project = await makeProject({ 'migrations/1-out.js': migration(fresh) }, { MONGODB_URI: database.uri });
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function killedAtOut() {
  const { db } = database;
  await db.dropDatabase();
  await db.collection('items').insertMany(Array.from({ length: 20 }, (_, n) => ({ n })));
  await db.collection('counters').insertOne({ name: 'a', n: 0 });
  const { process, ended } = project.start('up --rehearsal none');
  while (!(await underWay())) await new Promise((go) => setTimeout(go, 20));
  process.kill('SIGKILL');
  await ended;
  await giveUpLease(db);
}

async function underWay(): Promise<boolean> {
  const running = await database.db.client
    .db('admin')
    .aggregate([{ $currentOp: {} }])
    .toArray();
  return running.some(({ command }) => command?.$db === database.db.databaseName && command.pipeline?.at(-1)?.$out);
}

async function names() {
  const listed = await database.db.listCollections({}, { nameOnly: true }).toArray();
  return listed
    .map(({ name }) => name)
    .filter((name) => !/^_mongo_release\.(history|lease|journal|releases|quarantine)$/.test(name));
}

test('$out into a new name that a kill cut off is undone, though the server goes on with it', async () => {
  await killedAtOut();
  expect(await underWay()).toBe(true);
  const down = await project.run('down');
  expect(down.code, down.stderr).toBe(0);
  expect(await underWay()).toBe(false);
  expect((await names()).sort()).toEqual(['counters', 'items']);
  expect(await database.db.collection('counters').findOne()).toMatchObject({ n: 0 });
});

test('taken up again while the server goes on with it, it makes the collection once', async () => {
  await killedAtOut();
  const up = await project.run('up --rehearsal none');
  expect(up.code, up.stderr).toBe(0);
  expect((await names()).sort()).toEqual(['counters', 'fresh', 'items']);
  expect(await database.db.collection('fresh').countDocuments()).toBe(20);
  expect(await database.db.collection('counters').findOne()).toMatchObject({ n: 1 });
});

test('a collection of others under that name stays as it is', async () => {
  await killedAtOut();
  await database.db.collection<{ _id: number }>('fresh').insertOne({ _id: 1 });
  const down = await project.run('down');
  expect(down.code, down.stderr).toBe(0);
  expect(await database.db.collection('fresh').find().toArray()).toEqual([{ _id: 1 }]);
});
