import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

let database: TestDatabase;
let project: Project;

/** Each says that it was there, and fails as long as there is a file of its name with `.fails`. */
const hook = (name: string) => `'echo ${name} >> hooks.log; test ! -e ${name}.fails'`;
const config = (more = '') => `
rehearsal: { level: none }
hooks:
  stop-traffic: ${hook('stop')}
  deploy: ${hook('deploy')}
  rollback-app: ${hook('app')}
  start-traffic: ${hook('start')}
${more}`;

/** Release r1 is applied, by migrations alone. */
beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    {
      'migrations/1-cents.js': migration("await db.collection('places').updateMany({}, { $mul: { price: 100 } });"),
      'mongo-release.yml': config(),
    },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await database.db.collection<{ _id: number }>('places').insertOne({ _id: 1, price: 1 } as never);
  await ok('migrate --apply --release-id r1 --json');
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const log = async () => (await project.read('hooks.log')).trim().split('\n');
const mend = (name: string) => rm(join(project.dir, `${name}.fails`));
const warnings = (json: { warnings?: string[] }) => (json.warnings ?? []).join(' ');

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('users whom a stop that failed may have shut out are let in at the end, whatever is configured by then', async () => {
  await project.write({ 'stop.fails': '' });
  const failed = await project.run('rollback r1 --json');
  expectFailure(failed, 10, 'ROLLBACK_FAILED', /Whether traffic is stopped is not known/);
  await project.write({ 'mongo-release.yml': config('  undo-under-traffic: true\n') });
  const back = await ok('rollback r1 --json');
  expect(back.steps).toMatchObject([
    { name: 'stop-traffic', state: 'skipped', note: 'hooks.undo-under-traffic', attempt: 1 },
    ...[{ name: 'data' }, { name: 'verify-data' }, { name: 'rollback-app' }, { name: 'verify' }],
    { name: 'start-traffic', state: 'done' },
  ]);
  expect(await log()).toEqual(['stop', 'app', 'start']);
}, 120_000);

test('status says that users are out, since when and by which rollback, also while that is at it', async () => {
  await project.write({
    'app.fails': '',
    'mongo-release.yml': config().replace('echo app', 'echo app; while test -e hold; do sleep 0.1; done'),
  });
  await project.write({ hold: '' });
  const { said, ended } = project.start('rollback r1 --json');
  await said('Hook rollback-app starts');
  const during = await ok('status --json');
  const rollback = async () => (await ok('audit --json')).entries[0];
  expect(await rollback()).toMatchObject({ kind: 'rollback', state: 'running', presence: 'here' });
  const traffic = {
    state: 'stopped',
    since: expect.stringMatching(/Z$/),
    releaseId: 'r1',
    rollbackId: expect.any(String),
  };
  expect(during).toMatchObject({ lease: { releaseId: expect.any(String) }, traffic });
  expect(warnings(during)).toMatch(
    /release r1 is under way, at rollback-app\. Traffic is stopped.* users are out since 2/,
  );
  expect(warnings(during)).not.toContain('--start-traffic');
  const checked = await project.run('status --check --json');
  expectFailure(checked, 10, 'ROLLBACK_FAILED', /release r1 is under way, at rollback-app\./);
  expect(checked.json.error.hint).toBe('It goes on by itself: wait for its end.');
  await rm(join(project.dir, 'hold'));
  expect((await ended).code).toBe(10);
  const { typedAt, startedAt } = await rollback();
  expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse(typedAt));
  const after = await ok('status --json');
  expect(after).toMatchObject({ lease: null, traffic });
  expect(warnings(after)).toMatch(/is not complete: it is at rollback-app\. .*--start-traffic it only lets users in/);
}, 120_000);

test('nobody releases while users are shut out: the hint leads to the end of the rollback, and then it goes', async () => {
  await project.write({ 'app.fails': '' });
  expect((await project.run('rollback r1 --json')).code).toBe(10);
  await mend('app');
  const { id } = await ok('backup --json');
  const restore = `restore ${id} --then-migrate --yes`;
  for (const words of ['release --apply --on-failure rollback', 'migrate --apply', 'up', restore]) {
    const refused = await project.run(`${words} --json`);
    expectFailure(
      refused,
      5,
      'HISTORY_CONFLICT',
      /of release r1 is not complete: it is at rollback-app\. Traffic is stop/,
    );
    expect(refused.json.error.hint).toBe(
      'mongo-release rollback r1 goes on with it. With --start-traffic it only lets users in, and leaves the rest.',
    );
  }
  expect(await log()).toEqual(['stop', 'app']);
  const checked = await project.run('status --check --json');
  expectFailure(checked, 10, 'ROLLBACK_FAILED', /is not complete/);
  expect((await project.run('status')).stderr).toMatch(/^✗ Status: the target needs attention/m);

  await ok('rollback r1 --json');
  expect(await ok('release --apply --json')).toMatchObject({ outcome: 'applied', migrate: { applied: [{}] } });
  expect(await log()).toEqual(['stop', 'app', 'app', 'start', 'deploy']);
  expect((await project.run('status')).stderr).toMatch(/^✓ Status/m);
}, 120_000);

test('a rollback that begins when the guards of a release have looked is not deployed over, also where nothing is to be applied before', async () => {
  await project.write({ 'app.fails': '' });
  const { db } = database;
  // The release stands still where it goes on record, after its guards and its plan.
  const session = db.client.startSession();
  session.startTransaction();
  await db.collection<{ _id: string }>('_mongo_release.releases').insertOne({ _id: 'r2' }, { session });
  const released = project.start('release --apply --release-id r2 --json');
  const waiting = [{ $currentOp: {} }, { $match: { op: 'update', ns: `${db.databaseName}._mongo_release.releases` } }];
  const held = async () => (await db.client.db('admin').aggregate(waiting).toArray()).length;
  await expect.poll(held, { timeout: 30_000 }).toBe(1);
  expectFailure(await project.run('rollback r1 --json'), 10, 'ROLLBACK_FAILED');
  await mend('app');
  await session.abortTransaction();
  await session.endSession();
  expectFailure(await released.ended, 5, 'HISTORY_CONFLICT', /is not complete: it is at rollback-app/);
  expect(await log()).toEqual(['stop', 'app']);
  // Nor is it hidden by what was stopped.
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back' });
  expect(await log()).toEqual(['stop', 'app', 'app', 'start']);
}, 120_000);

test('what is left of a rollback is not done unasked over what somebody says is applied; --start-traffic only lets users in', async () => {
  await project.write({ 'app.fails': '' });
  expect((await project.run('rollback r1 --json')).code).toBe(10);
  await mend('app');
  await ok('baseline 1-cents --json');
  const left = await project.run('rollback r1 --json');
  expectFailure(left, 10, 'ROLLBACK_FAILED', /stopped at rollback-app, and something was applied or deployed since/);
  expect(left.json.error.hint).toContain('With --start-traffic instead it only lets users in');
  expect(await log()).toEqual(['stop', 'app']);

  expectFailure(await project.run('rollback r2 --start-traffic --json'), 2, 'RELEASE_UNKNOWN', /but that of r1/);
  const lets = await ok('rollback --start-traffic --json');
  expect(lets.steps).toMatchObject([
    ...[{ name: 'stop-traffic', state: 'done' }, { name: 'data', state: 'done' }, { name: 'verify-data' }],
    { name: 'start-traffic', state: 'done' },
    { name: 'rollback-app', state: 'skipped', note: 'left out: --start-traffic', attempt: 1 },
  ]);
  expect(await log()).toEqual(['stop', 'app', 'start']);
  expect((await ok('status --json')).warnings).toBeUndefined();
  expect((await ok('rollback --start-traffic --json')).outcome).toBe('nothing-to-do');
  expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
}, 120_000);

test('users who were shut out before anything was taken back are let in, and the release is not taken for rolled back', async () => {
  await project.write({ 'stop.fails': '' });
  expect((await project.run('rollback r1 --json')).code).toBe(10);
  await mend('stop');
  const lets = await project.run('rollback --start-traffic --json');
  expect(lets.json).toMatchObject({
    outcome: 'cancelled',
    warnings: [expect.stringMatching(/Nothing was taken back yet/)],
  });
  expect(await database.db.collection('places').distinct('price')).toEqual([100]);
  const record = await database.db.collection('_mongo_release.releases').findOne({ kind: 'rollback' });
  expect(record).toMatchObject({ state: 'cancelled' });
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back' });
  expect(await log()).toEqual(['stop', 'start', 'stop', 'app', 'start']);
}, 120_000);

test('who takes back an application alone lets nobody in whom another rollback keeps out', async () => {
  await ok('release --apply --release-id r2 --json');
  await project.write({ 'app.fails': '' });
  expect((await project.run('rollback r1 --json')).code).toBe(10);
  await mend('app');
  await ok('rollback r2 --json');
  expect(await log()).not.toContain('start');
  expect(await ok('status --json')).toMatchObject({ traffic: { state: 'stopped', releaseId: 'r1' } });
  await ok('rollback r1 --json');
  expect((await log()).at(-1)).toBe('start');
}, 120_000);
