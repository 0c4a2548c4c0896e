import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

/** It stands still between its two writes for as long as somebody wants it to, and would fail if run over its half. */
const slow = migration(
  `await db.collection('places').insertOne({ _id: 'first' });
   while (await db.collection('wait').findOne()) await new Promise((go) => setTimeout(go, 20));
   await db.collection('places').insertOne({ _id: 'second' });`,
  "await db.collection('places').deleteMany({ _id: { $in: ['first', 'second'] } });",
);
const insert = (_id: string) =>
  migration(
    `await db.collection('places').insertOne({ _id: '${_id}' });`,
    `await db.collection('places').deleteOne({ _id: '${_id}' });`,
  );

let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-slow.js': slow, 'migrations/2-next.js': insert('next') },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: string }>('places').distinct('_id');
const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

/** Kills a run between the two writes of 1-slow; its lease is not waited for. */
async function leaveHalf(command = 'migrate --apply --rehearsal none --json', when = 1) {
  await database.db.collection('wait').insertOne({});
  const { process, ended } = project.start(command);
  while ((await database.db.collection('places').countDocuments()) !== when)
    await new Promise((go) => setTimeout(go, 20));
  process.kill('SIGKILL');
  await ended;
  await database.db
    .collection<{ _id: string }>('_mongo_release.lease')
    .updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(0) } });
  await database.db.collection('wait').drop();
}

describe('migrate --apply after a kill', () => {
  test('first ends what was begun, and rehearses the rest on what is there then', async () => {
    await leaveHalf();
    const dry = await project.run('migrate --json');
    expectFailure(dry, 5, 'REHEARSAL_IMPOSSIBLE', /A part of 1-slow is in the target already/);
    expect(dry.json.error.hint).toMatch(
      /^mongo-release migrate --apply first takes 1-slow up where it was, and then rehearses and applies 2-next\./,
    );
    const ran = await project.run('migrate --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    expect(ran.json.rehearsal).toMatchObject({ restoredDocuments: 2, migrations: [{ name: '2-next' }] });
    expect(await places()).toEqual(['first', 'next', 'second']);
    const record = await database.db
      .collection<{ _id: string }>('_mongo_release.releases')
      .findOne({ _id: ran.json.releaseId });
    expect(record).toMatchObject({ state: 'applied', migrations: ['1-slow', '2-next'] });
  });

  test('undoes one whose file was changed, and rehearses it with the rest', async () => {
    await leaveHalf();
    await project.write({ 'migrations/1-slow.js': insert('other') });
    const dry = await project.run('migrate --json');
    expect(dry.json.error.hint).toMatch(
      /first undoes what was done of 1-slow, and then rehearses and applies 1-slow, 2-next/,
    );
    const ran = await project.run('migrate --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['1-slow', '2-next']);
    expect(await places()).toEqual(['next', 'other']);
  });

  test('says what it has ended where the rehearsal of the rest fails', async () => {
    await leaveHalf();
    await project.write({ 'migrations/2-next.js': migration("throw new Error('no');") });
    const ran = await project.run('migrate --apply --json');
    expectFailure(
      ran,
      8,
      'FAILED_DIRTY',
      /rehearsal failed in migration 2-next.*reached their end: 1-slow\. Not begun: 2-next\./s,
    );
    expect(ran.json).toMatchObject({
      outcome: 'failed-dirty',
      remaining: ['2-next'],
      rehearsal: { failed: { name: '2-next' } },
    });
    expect(namesOf(ran.json.applied)).toEqual(['1-slow']);
    const { json } = await project.run('status --json');
    expect(json.migrations).toMatchObject([{ state: 'applied' }, { state: 'pending' }]);
    const record = await database.db
      .collection<{ _id: string }>('_mongo_release.releases')
      .findOne({ _id: ran.json.releaseId });
    expect(record).toMatchObject({ state: 'failed-dirty', error: { code: 'FAILED_DIRTY' } });
  });

  test('with one certain plan applies that, and says before the first write that nothing is rehearsed', async () => {
    await leaveHalf();
    const { json } = await project.run('plan --json');
    const ran = await project.run(`migrate --apply --digest ${json.digest} --json`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json.rehearsal).toBeUndefined();
    expect(ran.json.warnings).toEqual([expect.stringMatching(/^Nothing is rehearsed.*That goes for 2-next too/)]);
    expect(ran.stderr.indexOf('Nothing is rehearsed')).toBeLessThan(ran.stderr.indexOf('1-slow goes up'));
  });

  test('a file that is older than the one that was begun stops it before anything is done', async () => {
    await leaveHalf();
    await project.write({ 'migrations/0-late.js': insert('late') });
    expectFailure(
      await project.run('migrate --apply --json'),
      4,
      'FINDINGS',
      /0-late\.js is not applied, and 1-slow\.js, .* is begun/,
    );
    expect(await places()).toEqual(['first']);
  });
});

test('release --apply after a kill ends what was begun behind its backup, and rehearses the rest', async () => {
  await leaveHalf();
  expectFailure(await project.run('release --json'), 5, 'REHEARSAL_IMPOSSIBLE');
  const ran = await project.run('release --apply --json');
  expect(ran.code, ran.stderr).toBe(0);
  expect(namesOf(ran.json.steps)).toEqual([
    'guards',
    'plan',
    'backup',
    'apply',
    'rehearsal',
    'apply',
    'deploy',
    'verify',
  ]);
  expect(ran.json).toMatchObject({ backup: { documents: 1 }, rehearsal: { restoredDocuments: 2 } });
  expect(namesOf(ran.json.migrate.applied)).toEqual(['1-slow', '2-next']);
  expect(await places()).toEqual(['first', 'next', 'second']);
});

describe('down', () => {
  test('of a half-done up says how many documents it put back, and how', async () => {
    await leaveHalf();
    const ran = await project.run('down --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json.reverted).toMatchObject([{ name: '1-slow', effects: { deleted: 1, inserted: 0, modified: 0 } }]);
    expect(ran.stderr).toContain('1 document changed');
    expect(await places()).toEqual([]);
  });

  test('needs only the files that it takes down, and of a half-done one not even that it can be loaded', async () => {
    const broken = { 'migrations/3-broken.js': 'exports.up = async (db) => {', 'migrations/4-empty.js': '' };
    expect((await project.run('migrate --apply --rehearsal none --json')).code).toBe(0);
    await project.write(broken);
    const back = await project.run('down --json');
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '2-next' }] });
    const rollback = await project.run('rollback --json');
    expect(rollback.json, rollback.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
    for (const name of Object.keys(broken)) await project.write({ [name]: insert(name) });
    await leaveHalf();
    await project.write({ ...broken, 'migrations/1-slow.js': 'nonsense(' });
    const half = await project.run('down --json');
    expect(half.json, half.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
    expect(await places()).toEqual([]);
  });
});
