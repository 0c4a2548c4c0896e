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
  'inside.mjs': `${head}export const up = async () => { process.binding('spawn_sync').spawn({ file: process.execPath, args: ['node', file, mark] }); };`,
  'top.mjs': `${head}execFileSync(process.execPath, [file, mark]);\nexport const up = async () => {};`,
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
  ['script.mjs', 'execFileSync() was refused'],
  ['thread.mjs', 'Worker() was refused'],
  ['hides.mjs', 'spawn() was refused'],
])('a rehearsal starts no process and no thread, whatever the code makes of that: %s', async (file, said) => {
  expect(await rehearse(file)).toMatchObject({
    state: 'failed',
    error: { code: 'OWN_PROCESS', message: expect.stringContaining(said), hint: expect.stringContaining('hook') },
  });
  expect(started()).toBe(false);
});

test('what goes around that, Node refuses itself', async () => {
  expect(await rehearse('inside.mjs')).toMatchObject({
    state: 'failed',
    error: { code: 'MIGRATION_FAILED', message: expect.stringContaining('starts a process or a thread') },
  });
  expect(started()).toBe(false);
});

test('code that is only loaded starts none either', async () => {
  const load = (file: string) =>
    describeMigrations([project.file(file)], { ...settings(project.dir), log: project.log });
  await expect(load('top.mjs')).rejects.toMatchObject({ code: 'OWN_PROCESS' });
  expect((await load('tries.mjs')).get('tries')).toMatchObject({ hasDown: false });
  expect(await rehearse('tries.mjs')).toMatchObject({ state: 'done', effects: { inserted: 1 }, hiddenLines: 0 });
  expect(started()).toBe(false);
});

test('on the target a migration may', async () => {
  expect(await project.run('script.mjs', database)).toMatchObject({ state: 'done' });
  expect(started()).toBe(true);
});
