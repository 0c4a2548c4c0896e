import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeMigrations } from '../../src/migration/describe.ts';
import { runMigration } from '../../src/migration/runner.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project, settings } from './project.ts';

let database: TestDatabase;
let project: Project;

/** What the process or thread would have done, where it may. */
const mark = "require('node:fs').writeFileSync(process.argv[2], '')";
const head = `import { execFileSync, spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';
const [file, mark] = [import.meta.dirname + '/mark.cjs', import.meta.dirname + '/started'];
`;
const files: Readonly<Record<string, string>> = {
  'mark.cjs': mark,
  'script.mjs': `${head}export const up = async () => { execFileSync(process.execPath, [file, mark]); };`,
  'thread.mjs': `${head}export const up = async () => { new Worker(file, { argv: [mark] }); };`,
  'hides.mjs': `${head}export const up = async (db) => { try { spawn(process.execPath, [file, mark]); } catch {} };`,
  'promised.mjs': `${head}import { promisify } from 'node:util';\nimport { execFile } from 'node:child_process';\nexport const up = () => promisify(execFile)(process.execPath, [file, mark]);`,
  'top.mjs': `${head}execFileSync(process.execPath, [file, mark]);\nexport const up = async () => {};`,
  'imports.mjs': "import './lib/version.cjs';\nexport const up = async () => {};",
  'lib/version.cjs': "\nrequire('node:child_process').execSync('git rev-parse HEAD');",
  'connects.mjs':
    "import { MongoClient } from 'mongodb';\nawait new MongoClient('mongodb://127.0.0.1:9/x').connect();\nexport const up = async () => {};",
  // As pino and its like do, which write from a thread of their own.
  'node_modules/logger/index.js': `const { Worker } = require('worker_threads');
const { execFile } = require('child_process');
const { promisify } = require('util');
exports.thread = () => new Worker(__dirname + '/thread.js');
exports.version = promisify(execFile)(process.execPath, ['-p', '1']);
exports.run = (...args) => require('child_process').execFileSync(...args);`,
  'node_modules/logger/thread.js': "require('worker_threads').parentPort.postMessage('ready');",
  'lib/logger.cjs':
    "const { thread } = require('logger'); module.exports = new Promise((done) => thread().once('message', done));",
  'logs.mjs': `import logger from './lib/logger.cjs';
import { version } from 'logger';
const { stdout } = await version;
export const up = async (db) => { await db.collection('items').insertOne({ said: await logger, stdout }); };`,
  'touches.mjs': `import { futimesSync, openSync } from 'node:fs';
import { register } from 'node:module';
register('data:text/javascript,');
futimesSync(openSync(import.meta.filename), 1, 1);
export const up = async (db) => { await db.collection('items').insertOne({ n: 1 }); };`,
  'package.mjs': `${head}import { run } from 'logger';\nexport const up = async () => { run(process.execPath, [file, mark]); };`,
  'tries.mjs': `${head}try { execFileSync(process.execPath, [file, mark]); } catch {}\nexport const up = async (db) => { await db.collection('items').insertOne({ n: 1 }); };`,
};

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  project = await makeProject(files);
  return () => project[Symbol.asyncDispose]();
});

const started = () => existsSync(`${project.dir}/started`);
const rehearse = (file: string) =>
  runMigration(
    { file: project.file(file), direction: 'up', uri: database.uri, database: database.name, rehearsal: true },
    { ...settings(project.dir), log: project.log },
  );

test.each([
  ['script.mjs', 'execFileSync() of script.mjs:4 was refused'],
  ['thread.mjs', 'Worker() of thread.mjs:4 was refused'],
  ['hides.mjs', 'spawn() of hides.mjs:4 was refused'],
  ['promised.mjs', 'execFile() of promised.mjs:6 was refused'],
  ['package.mjs', 'execFileSync() of node_modules/logger/index.js:6 was refused'],
])('a rehearsal starts no process and no thread, whatever the code makes of that: %s', async (file, said) => {
  expect(await rehearse(file)).toMatchObject({
    state: 'failed',
    error: { code: 'OWN_PROCESS', message: expect.stringContaining(said), hint: expect.stringContaining('hook') },
  });
  expect(started()).toBe(false);
});

test.each([
  ['top.mjs', 'top.mjs:4 cannot be loaded: execFileSync() of top.mjs:4 was refused'],
  ['imports.mjs', 'imports.mjs cannot be loaded: execSync() of lib/version.cjs:2 was refused'],
  ['connects.mjs', 'connects.mjs:2 cannot be loaded: Code opened a connection of its own'],
])('code that is only loaded starts none either, and the message names the file: %s', async (file, said) => {
  const loading = describeMigrations([project.file(file)], { ...settings(project.dir), log: project.log });
  await expect(loading).rejects.toMatchObject({
    ...{ code: 'MIGRATION_INVALID', exitCode: 2, message: expect.stringContaining(said) },
    hint: expect.stringMatching(/into the function that needs it|db and client that up is given/),
  });
  expect(started()).toBe(false);
});

test('what it passes over while it is loaded does not stop it', async () => {
  const load = describeMigrations([project.file('tries.mjs')], { ...settings(project.dir), log: project.log });
  expect((await load).get('tries')).toMatchObject({ hasDown: false });
  expect(await rehearse('tries.mjs')).toMatchObject({ state: 'done', effects: { inserted: 1 }, hiddenLines: 0 });
  expect(started()).toBe(false);
});

test('a package may start them while it is loaded, as one that writes logs does', async () => {
  const load = describeMigrations([project.file('logs.mjs')], { ...settings(project.dir), log: project.log });
  expect((await load).get('logs')).toMatchObject({ hasDown: false });
  expect(await rehearse('logs.mjs')).toMatchObject({ state: 'done', effects: { inserted: 1 } });
  expect(await database.db.collection('items').findOne({ said: 'ready' })).toMatchObject({ stdout: '1\n' });
});

test('a rehearsal refuses nothing else that a process may do', async () => {
  expect(await rehearse('touches.mjs')).toMatchObject({ state: 'done', effects: { inserted: 1 } });
});

test('on the target a migration may', async () => {
  expect(await project.run('script.mjs', database)).toMatchObject({ state: 'done' });
  expect(started()).toBe(true);
});
