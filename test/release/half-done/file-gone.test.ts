import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { killHalfWay, standsStill } from './left-half.ts';

// What of a half-done migration whose file is gone, as when a release comes from a commit that does not have it.

const slow = migration(
  `await db.collection('places').insertOne({ _id: 'first' });
   ${standsStill}
   await db.collection('places').insertOne({ _id: 'second' });`,
);
const apply = 'migrate --apply --rehearsal none --json';

let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-slow.js': slow, 'migrations/.gitkeep': '' },
    { MONGODB_URI: database.uri },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: string }>('places').distinct('_id');

async function leaveHalfWithoutFile() {
  await killHalfWay(project, database.db, apply, async () => (await places()).length > 0);
  await rm(join(project.dir, 'migrations/1-slow.js'));
}

test('it is not called applied, and down undoes it by the journal, which needs no file', async () => {
  await leaveHalfWithoutFile();
  const left = await project.run('status --check --json');
  expectFailure(
    left,
    3,
    'MIGRATIONS_PENDING',
    /^The only migration is pending\. 1-slow was left half-way up .* 1 document, and there is no file 1-slow\.js\.$/,
  );
  expect(left.json).toMatchObject({ pending: 1, migrations: [{ state: 'running', note: 'file-missing' }] });
  const way =
    /^mongo-release rollback \S+ takes its release back: it undoes .* since; that needs no file\. With 1-slow\.js back/;
  expect(left.json.error.hint).toMatch(way);
  expect(left.stderr).not.toContain('is applied');
  const up = await project.run(apply);
  expectFailure(up, 4, 'FINDINGS', /1-slow is running in this target, and there is no file 1-slow\.js/);
  expect(up.json.error.hint).toMatch(way);

  const down = await project.run('down --json');
  expect(down.json, down.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
  expect(await places()).toEqual([]);
  const after = await project.run('status --check --json');
  expect(after.json, after.stderr).toMatchObject({ pending: 0, migrations: [{ state: 'rolled-back' }] });
  expect(after.code).toBe(0);
  expect(after.stderr).not.toContain('is applied');
});

test('a rollback of its release undoes it too', async () => {
  await leaveHalfWithoutFile();
  const back = await project.run('rollback --json');
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
  expect(await places()).toEqual([]);
});

test('where a user has written to it, only what works is offered: with its file back it goes on', async () => {
  await leaveHalfWithoutFile();
  await database.db.collection<{ _id: string }>('places').updateOne({ _id: 'first' }, { $set: { mine: true } });
  const ways =
    /Put 1-slow\.js back as it was when it ran \(git log -- migrations\/1-slow\.js .*\) and type mongo-release migrate --apply: it goes on where it was\. mongo-release rollback \S+ takes its release back: .*\. Or, with the file back, finish the change by hand and type mongo-release baseline 1-slow\./;
  const left = await project.run('status --json');
  expect(left.json.warnings).toEqual([
    expect.stringMatching(/cannot be undone by this .* was changed since by somebody else/),
  ]);
  expect(left.json.warnings[0]).toMatch(ways);
  expect(left.json.warnings[0]).not.toContain('mongo-release down');
  const down = await project.run('down --json');
  expectFailure(down, 8, 'RESUME_BLOCKED', /^Migration 1-slow cannot be taken back/);
  expect(down.json.error.hint).toMatch(ways);
  await project.write({ 'migrations/1-slow.js': slow });
  const up = await project.run(apply);
  expect(up.code, up.stderr).toBe(0);
  expect(await places()).toEqual(['first', 'second']);
});

test('where no images were kept it says that its file is needed', async () => {
  await project.write({ 'mongo-release.yml': 'migrations: { journal: operations }\n' });
  await leaveHalfWithoutFile();
  const left = await project.run('status --json');
  expect(left.json.warnings[0]).toMatch(/cannot be undone: no images were kept .* Put 1-slow\.js back as it was/);
  const down = await project.run('down --json');
  expectFailure(down, 5, 'IRREVERSIBLE', /its file 1-slow\.js is missing\. Nothing was run/);
  expect(down.json.error.hint).toMatch(
    /^Bring 1-slow\.js back from version control\. mongo-release migrate --apply first takes it up/,
  );
});
