import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runMigration } from '../../src/migration/runner.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project, settings } from './project.ts';
import { startStandalone } from './standalone.ts';

let database: TestDatabase;
let project: Project;

const own = (up: string) => `const { MongoClient } = require('mongodb');
const mongoose = require('mongoose');
const uri = require('node:fs').readFileSync(__dirname + '/uri.txt', 'utf8');
${up}`;
const model = "model('Item', new mongoose.Schema({ n: Number }))";

const files: Readonly<Record<string, string>> = {
  'connects.cjs': own(`mongoose.connect(uri);\nexports.Item = mongoose.${model};`),
  'creates.cjs': own(`exports.Item = mongoose.createConnection(uri).${model};`),
  'client.cjs': own(`new MongoClient(uri).connect().catch(() => {});\nexports.Item = mongoose.${model};`),
  'models.cjs': own(`exports.Item = mongoose.${model};`),
  'context.mjs':
    "export const name = 'context';\nexport const up = async ({ models }) => { await models.Item.create({ n: 1 }); };",
  'again.js': own('exports.up = async () => { await mongoose.connect(uri); };'),
  'helper.cjs': own('exports.client = () => new MongoClient(uri);'),
  'lazy.js':
    "const { client } = require('./helper.cjs');\nexports.up = async () => { await client().db('x').collection('items').insertOne({ n: 1 }); };",
  'hides.js':
    "const { client } = require('./helper.cjs');\nexports.up = async (db) => { await client().connect().catch(() => {}); await db.collection('items').insertOne({ n: 1 }).catch(() => {}); };",
  'model.js': own(
    `exports.up = async () => { const c = await mongoose.createConnection(uri).asPromise(); await c.${model}.create({ n: 1 }); };`,
  ),
  'early.js':
    "const { client } = require('./helper.cjs');\nclient().connect().catch(() => {});\nexports.up = async (db) => { await db.collection('items').insertOne({ n: 1 }); };",
};

beforeAll(async () => {
  database = await freshDatabase();
  // The same server by another name.
  project = await makeProject({ ...files, 'uri.txt': database.uri.replace('127.0.0.1', 'localhost') });
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => database.db.dropDatabase());

test.each(['connects.cjs', 'creates.cjs', 'client.cjs'])(
  'models that connect by themselves are refused before up: %s',
  async (module) => {
    const end = await project.run('context.mjs', database, { models: `${project.dir}/${module}` });
    expect(end).toMatchObject({ state: 'failed', error: { code: 'MODELS_INVALID', exitCode: 2 } });
    expect(end.state === 'failed' && end.error.message).toContain(`${module}, or what it imports, connects`);
    expect(await database.db.listCollections().toArray()).toEqual([]);
  },
);

test('models that are only declared are the runner’s', async () => {
  const end = await project.run('context.mjs', database, { models: `${project.dir}/models.cjs` });
  expect(end).toMatchObject({ state: 'done', effects: { inserted: 1 } });
});

test('with models, whose connection is the runner’s already, mongoose.connect is refused in the same words', async () => {
  const end = await project.run('again.js', database, { models: `${project.dir}/models.cjs` });
  expect(end).toMatchObject({
    state: 'failed',
    error: { code: 'OWN_CONNECTION', message: expect.stringContaining('mongoose.connect') },
  });
});

test.each(['lazy.js', 'hides.js', 'model.js', 'early.js'])(
  'a connection of its own to the target is refused, whatever the code makes of that: %s',
  async (file) => {
    const end = await project.run(file, database);
    expect(end).toMatchObject({
      state: 'failed',
      error: { code: 'OWN_CONNECTION' },
      effects: { inserted: 0, unknown: 0 },
    });
    // The words of docs/migrations.md, and what to use in its place.
    const { message, hint } = (end as Extract<typeof end, { state: 'failed' }>).error;
    expect(message).toMatch(/which is refused to .*neither counted, fenced nor taken back/);
    expect(hint).toMatch(
      /^Use the db and client that up is given\. Models made with mongoose\.model\(\) have that connection/,
    );
    expect(await database.db.listCollections().toArray()).toEqual([]);
  },
);

test('a rehearsal knows the sandbox alone: no other server is connected to', async () => {
  // Nobody listens there: it would fail in another way.
  await using elsewhere = await makeProject({ ...files, 'uri.txt': 'mongodb://127.0.0.1:9/x?directConnection=true' });
  const job = { file: elsewhere.file('lazy.js'), direction: 'up', uri: database.uri, database: database.name } as const;
  const end = await runMigration({ ...job, rehearsal: true }, { ...settings(elsewhere.dir), log: elsewhere.log });
  expect(end).toMatchObject({ state: 'failed', error: { code: 'OWN_CONNECTION' } });
});

test('what code writes to another server is its own affair, and the run says so', async () => {
  await using other = await startStandalone();
  await using elsewhere = await makeProject({ ...files, 'uri.txt': other.uri });
  const end = await elsewhere.run('lazy.js', database);
  const said = expect.stringContaining(`connected to ${new URL(other.uri).host} by itself`);
  expect(end).toMatchObject({ state: 'done', notes: [said] });
  expect(elsewhere.logged).toContainEqual(expect.objectContaining({ level: 'warn', message: said }));
});
