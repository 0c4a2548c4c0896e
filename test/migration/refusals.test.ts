import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { ParentLanes } from '../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../src/migration/journal/prepare.ts';
import { type MigrationEnd, runMigration } from '../../src/migration/runner.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { makeProject, settings } from './project.ts';

const own = ownNames();
const attempt = { migration: '1-it', number: 1 };

/** A migration around these calls, in a target where `c` has a duplicate, taken up again and again as one attempt. */
async function attempted(calls: string) {
  const database = await freshDatabase('refused');
  const { db } = database;
  const project = await makeProject({
    '1-it.js': `const { existsSync } = require('node:fs');
      const dieAt = (place) => existsSync(require('node:path').join(__dirname, place)) && process.kill(process.pid, 'SIGKILL');
      const gone = new Promise((go) => setTimeout(go, 100));
      module.exports = { async up(db) {
        const [a, c] = [db.collection('a'), db.collection('c')];
        await a.insertOne({ _id: 'before' });
        ${calls}
        if (dieAt('die')) await gone;
        await a.insertOne({ _id: 'after' });
      } };`,
  });
  await prepareJournal(db, own);
  await db.collection<Document>('c').insertMany([
    { _id: 1, n: 1 },
    { _id: 2, n: 1 },
  ] as never[]);
  await db.createCollection('a');
  const lanes = new ParentLanes(db, own);
  await lanes.seed();
  let fence = 0;
  const run = async (): Promise<MigrationEnd> => {
    fence += 1;
    await lanes.killOlderSessions(fence);
    const entries = await lanes.entriesOf(attempt, undefined);
    await lanes.assign(attempt, fence, entries ?? 0, undefined);
    return runMigration(
      {
        ...{ file: project.file('1-it.js'), direction: 'up', uri: database.uri, database: database.name },
        journal: { attempt, fence, images: true, resumes: fence > 1, entries },
      },
      { ...settings(project.dir), log: project.log },
    );
  };
  return {
    db,
    run,
    killed: async () => {
      await writeFile(join(project.dir, 'die'), '');
      const end = await run();
      await rm(join(project.dir, 'die'));
      return end;
    },
    a: () => db.collection<{ _id: string }>('a').distinct('_id'),
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const removeDuplicate = (db: Db) => db.collection<Document>('c').deleteOne({ _id: 2 as never });
const failed = (code: RegExp) => ({ state: 'failed', error: { message: code } });
const duplicate = failed(/duplicate key/);

test.each([
  ['an index', 'await c.createIndex({ n: 1 }, { unique: true });'],
  ['a document', 'await c.insertOne({ _id: 2, n: 2 });'],
  ['a list, of which nothing was done', 'await c.insertMany([{ _id: 2, n: 2 }, { _id: 3 }]);'],
  [
    'what was decided by the data',
    "await c.createIndex({ n: 1 }, { unique: true, name: (await c.countDocuments()) > 1 ? 'many' : 'one' });",
  ],
  [
    'one of several at once',
    "await Promise.all([c.insertOne({ _id: 2 }), a.insertOne({ _id: 'x' }), a.insertOne({ _id: 'y' }).then(() => a.insertOne({ _id: 'z' }))]);",
  ],
  [
    'of which the code makes an error of its own',
    "await c.createIndex({ n: 1 }, { unique: true }).catch(() => { throw new Error('a duplicate key'); });",
  ],
] as const)('what ended a run is asked of the server again once the data is correct: %s', async (_, calls) => {
  await using it = await attempted(calls);
  expect(await it.run()).toMatchObject(duplicate);
  await removeDuplicate(it.db);
  expect(await it.killed()).toMatchObject({ state: 'exited' });
  expect(await it.run()).toMatchObject({ state: 'done' });
  expect(await it.a()).toEqual(expect.arrayContaining(['after', 'before']));
});

test('a validator that was corrected is asked again', async () => {
  await using it = await attempted("await db.collection('v').insertOne({ _id: 1 });");
  await it.db.createCollection('v', { validator: { n: 1 } });
  expect(await it.run()).toMatchObject(failed(/validator/));
  expect(await it.run(), 'before anything was corrected').toMatchObject(failed(/validator/));
  await it.db.command({ collMod: 'v', validator: {} });
  expect(await it.killed()).toMatchObject({ state: 'exited' });
  expect(await it.run()).toMatchObject({ state: 'done' });
  expect(await it.db.collection('v').countDocuments()).toBe(1);
});

const caught = "const told = await c.insertOne({ _id: 2 }).then(() => 'done', ({ code }) => code);";

test('what the code caught is answered as it was, also where it was the last before a kill', async () => {
  await using it = await attempted(
    caught + "await a.insertOne({ _id: 'told ' + told });".replace('await', "dieAt('early') || await"),
  );
  await using last = await attempted(caught);
  for (const one of [it, last]) {
    expect(await one.killed()).toMatchObject({ state: 'exited' });
    await removeDuplicate(one.db);
    expect(await one.run()).toMatchObject({ state: 'done' });
    expect(await one.db.collection('c').countDocuments()).toBe(1);
  }
  expect(await it.a()).toEqual(['after', 'before', 'told 11000']);
});

test('what the code caught stays answered where a later refusal ends the run', async () => {
  await using it = await attempted(
    `${caught} await a.insertOne({ _id: 'told ' + told }); await c.createIndex({ n: 1 }, { unique: true });`,
  );
  expect(await it.run()).toMatchObject(duplicate);
  await removeDuplicate(it.db);
  expect(await it.killed()).toMatchObject({ state: 'exited' });
  expect(await it.run()).toMatchObject({ state: 'done' });
  expect(await it.a()).toEqual(['after', 'before', 'told 11000']);
  expect(await it.db.collection('c').countDocuments()).toBe(1);
});

test('a call that was refused in its middle cannot be made again over its half: what was done is to be undone first', async () => {
  await using it = await attempted('await c.insertMany([{ _id: 3 }, { _id: 2 }]);');
  expect(await it.run()).toMatchObject(duplicate);
  await removeDuplicate(it.db);
  expect(await it.run()).toMatchObject({
    state: 'failed',
    error: { code: 'REPLAY_DIVERGED', message: /failed in the middle of one call/ },
  });
});
