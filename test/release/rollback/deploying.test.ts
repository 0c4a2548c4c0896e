import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLease } from '../../../src/migration/lease/lease.ts';
import { hasEnded } from '../../../src/migration/lease/owner-process.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { startServers } from '../../guard/servers.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { program, programEnvironment } from '../../setup/program.ts';

let database: TestDatabase;
let project: Project;

const hooks = `hooks:
  deploy: 'echo deploy >> hooks.log; echo is deploying; while test -e hold-deploy; do sleep 0.1; done; test ! -e deploy.fails'
  rollback-app: 'echo app >> hooks.log'
`;
const config = `rehearsal: { level: none }\n${hooks}`;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    {
      'migrations/1-cents.js': migration("await db.collection('places').updateMany({}, { $mul: { price: 100 } });"),
      'mongo-release.yml': config,
      'hold-deploy': '',
    },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await places().insertOne({ _id: 1, price: 1 });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: number; price: number }>('places');
const log = async () => (await project.read('hooks.log')).trim().split('\n');
const releases = () => database.db.collection<ReleaseRecord>('_mongo_release.releases');
const letGo = () => rm(join(project.dir, 'hold-deploy'), { force: true });

/** Release r1, as it deploys. */
async function deploying(more = '') {
  const started = project.start(`release --apply --release-id r1${more} --json`);
  await started.said('is deploying');
  // It says so before that is on record.
  await expect.poll(async () => (await releases().findOne({ _id: 'r1' }))?.hook, { timeout: 60_000 }).toBeDefined();
  return started;
}

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('a release that may still deploy is not taken back unasked; one that was, meanwhile, does not count as applied', async () => {
  const { ended } = await deploying();
  const refused = await project.run('rollback r1 --json');
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /r1 is deploying; it was last heard of at .* process \d+ on/);
  expect(refused.json.error.hint).toContain('mongo-release rollback r1 --yes');
  expect(await places().distinct('price')).toEqual([100]);

  const back = await ok('rollback r1 --yes --json');
  expect(back).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-cents' }] });
  await letGo();
  const released = await ended;
  expectFailure(released, 8, 'TAKEN_BACK', /1-cents of it was taken back by rollback/);
  expect(released.json.outcome).toBe('failed-dirty');
  // The application that it deployed came after the one that the rollback had brought back.
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'none' });
  expect(await log()).toEqual(['deploy', 'app', 'app']);
  expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
}, 120_000);

test('a release that was killed while it deployed is taken back, with its application, once its hook has ended', async () => {
  const { process, ended } = await deploying();
  process.kill('SIGKILL');
  await ended;
  // As if it had applied its migration after the last sign of life that came.
  const old = { at: new Date(0), until: new Date(1) };
  await releases().updateOne({ _id: 'r1' }, { $set: { heard: old } });
  const applied = (await ok('status --json')).migrations[0].appliedAt;
  expect((await ok('audit --json')).entries[0]).toMatchObject({ presence: 'gone', heard: { at: applied } });
  const beside = await project.run('rollback --json');
  expectFailure(
    beside,
    5,
    'HISTORY_CONFLICT',
    /r1 was cut off while deploying, .* Its deploy hook still runs here, as process \d+/,
  );
  expect((await ok('status --json')).warnings.join(' ')).toMatch(/deploy hook still runs here.* kill -- -\d+/);
  expect(await places().distinct('price')).toEqual([100]);
  await letGo();
  const back = await project.run('rollback --json');
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-cents' }] });
  expect(back.stderr).toMatch(/Release r1 was cut off while deploying, at .*: its process is gone\./);
  expect(await log()).toEqual(['deploy', 'app']);
  // The hook may have outlived its run, and the rollback: whoever knows that it did says so.
  const unsure = await ok('rollback r1 --json');
  expect(unsure).toMatchObject({ outcome: 'nothing-to-do', warnings: expect.any(Array) });
  expect(unsure.warnings.join(' ')).toMatch(
    /Nobody saw whether its deploy ended before .* mongo-release rollback r1 --yes/,
  );
  expect(await log()).toEqual(['deploy', 'app']);
  expect(await ok('rollback r1 --yes --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'none' });
  expect(await log()).toEqual(['deploy', 'app', 'app']);
}, 120_000);

test('another release is refused as long as one is between its deploy and its end, and goes on from one that was cut off there', async () => {
  const { process, ended } = await deploying();
  const other = () => project.run('release --apply --release-id r2 --json');
  const refused = await other();
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /^Release r1 is deploying; .* Process \d+ on \S+ is at it\.$/);
  expect(refused.json.error.hint).toContain('mongo-release rollback r1 takes it back');
  // What is deployed applies what it needs by itself.
  await ok('migrate --apply --json');
  const verifying = { $set: { 'steps.$[deploy].state': 'done' as const } };
  await releases().updateOne({ _id: 'r1' }, verifying, { arrayFilters: [{ 'deploy.name': 'deploy' }] });
  expectFailure(await other(), 5, 'HISTORY_CONFLICT', /^Release r1 is between its deploy and its end; /);
  expect(await log()).toEqual(['deploy']);

  process.kill('SIGKILL');
  await ended;
  const hook = (await releases().findOne({ _id: 'r1' }))?.hook;
  await letGo();
  await expect.poll(() => hook !== undefined && hasEnded(hook), { timeout: 60_000 }).toBe(true);
  const goesOn = await other();
  expect(goesOn.json, goesOn.stderr).toMatchObject({ outcome: 'applied' });
  expect(goesOn.stderr.replaceAll(/\s+/g, ' ')).toContain(
    'Release r1 was cut off while between its deploy and its end',
  );
  expect(await log()).toEqual(['deploy', 'deploy']);
}, 120_000);

test("nor does one apply that waited for the lease, or deploy after it did; one without signs of life is in nobody's way", async () => {
  await letGo();
  const heard = { at: new Date(), until: new Date(Date.now() + 600_000) };
  const steps = [{ name: 'deploy' as const, state: 'running' as const, startedAt: new Date() }];
  const about = { target: 'default', environment: 'local', toolVersion: '0', migrations: [] };
  const r1: ReleaseRecord = {
    _id: 'r1',
    kind: 'release',
    state: 'running',
    startedAt: new Date(),
    host: 'a',
    ...about,
  };
  const holder = { host: hostname(), pid: process.pid, releaseId: 'b1', command: 'backup' };
  const lease = await acquireLease(database.db, ownNames(), { ttlMs: 60_000, waitMs: 0, holder });
  const waiting = project.start('release --apply --release-id r2 --wait 60s --json');
  await waiting.said('Waiting for the lease');
  await releases().insertOne({ ...r1, steps, heard });
  await lease.release();
  expectFailure(await waiting.ended, 5, 'HISTORY_CONFLICT', /^Release r1 is deploying; /);
  expect(await places().distinct('price')).toEqual([1]);

  await releases().deleteOne({ _id: 'r1' });
  await project.write({
    'migrations/2-held.js': migration(
      "while ((await db.collection('go').findOne()) === null) await new Promise((next) => setTimeout(next, 50));",
    ),
  });
  const applying = project.start('release --apply --release-id r2 --json');
  const history = database.db.collection<{ _id: string }>('_mongo_release.history');
  await expect.poll(() => history.findOne({ _id: '2-held' }), { timeout: 60_000 }).not.toBeNull();
  await releases().insertOne({ ...r1, steps, heard });
  await database.db.collection('go').insertOne({});
  const stopped = await applying.ended;
  expectFailure(
    stopped,
    8,
    'DEPLOY_FAILED',
    /the deploy was not begun: Release r1 is deploying; .*\[HISTORY_CONFLICT\]/,
  );
  expect(stopped.json.steps.at(-1).name).not.toBe('deploy');
  await expect(log()).rejects.toThrow();
  // As an earlier version has left it.
  await releases().updateOne({ _id: 'r1' }, { $unset: { heard: '' } });
  expect(await ok('release --apply --release-id r3 --json')).toMatchObject({ outcome: 'applied' });
}, 120_000);

test('from elsewhere a release that deploys is told from one that was cut off at it, by its signs of life', async () => {
  await project.write({ 'mongo-release.yml': `lease: { ttl: 6s }\n${config}` });
  const { process, ended } = await deploying();
  // As in a container that shares the host's network: the same name, and a number of a process that means another one here.
  const elsewhere = { host: hostname(), pid: 2 ** 22 + 1, 'process.namespaces': 'pid:[1]' };
  await releases().updateOne({ _id: 'r1' }, { $set: { ...elsewhere, 'steps.0.note': 'kept' } });
  const { until } = (await releases().findOne({ _id: 'r1' }))?.heard ?? {};
  // It gives them again and again, and writes nothing else by them.
  await expect
    .poll(async () => Number((await releases().findOne({ _id: 'r1' }))?.heard?.until), { timeout: 60_000 })
    .toBeGreaterThan(Number(until));
  expect((await releases().findOne({ _id: 'r1' }))?.steps?.[0]?.note).toBe('kept');
  expect((await ok('status --json')).warnings).toEqual([
    expect.stringMatching(/^Release r1 is deploying; it was last/),
  ]);
  expectFailure(await project.run('rollback r1 --json'), 5, 'HISTORY_CONFLICT');

  process.kill('SIGKILL');
  await ended;
  await letGo();
  const cutOff =
    /Release r1 was cut off while deploying, at .*: nothing was heard of it since\. Which application is there/;
  await expect.poll(async () => (await ok('status --json')).warnings.join(), { timeout: 60_000 }).toMatch(cutOff);
  const audit = await project.run('audit --json');
  expect(audit.json.entries).toMatchObject([{ id: 'r1', state: 'running', presence: 'silent' }]);
  expect(audit.stderr).toMatch(/cut off .*at deploy/s);
  expect((await ok('rollback r1 --dry-run --json')).warnings.join()).toMatch(cutOff);
  expect((await project.run('release --json')).stderr.replaceAll(/\s+/g, ' ')).toMatch(cutOff);
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-cents' }] });
  expect((await ok('status --json')).warnings ?? []).toEqual([]);
}, 120_000);

test('a release that is tried again deploys once its earlier run is over, and never beside another run of it', async () => {
  const { process, ended } = await deploying();
  const elsewhere = { host: hostname(), pid: 2 ** 22 + 1, 'process.namespaces': 'pid:[1]' };
  process.kill('SIGKILL');
  await ended;
  const heard = (ms: number) => ({ at: new Date(), until: new Date(Date.now() + ms) });
  await releases().updateOne({ _id: 'r1' }, { $set: { ...elsewhere, heard: heard(600_000) } });
  await project.write({ 'mongo-release.yml': `rehearsal: { level: none }\nlease: { ttl: 60s }\n${hooks}` });
  const again = () => project.start('release --apply --release-id r1 --json');
  const early = await again().ended;
  expectFailure(
    early,
    5,
    'HISTORY_CONFLICT',
    /Another run is at release r1.*: process 4194305 on .*, last heard of at/,
  );
  expect(await log()).toEqual(['deploy']);
  const { state, attempts = [] } = (await releases().findOne({ _id: 'r1' })) ?? {};
  expect({ state, attempts }).toMatchObject({ state: 'running', attempts: [{ state: 'blocked' }] });
  // What may not deploy has not: it would hide a rollback of what was there before.
  expect(attempts[0]?.steps?.map(({ name }) => name)).not.toContain('deploy');

  await releases().updateOne({ _id: 'r1' }, { $set: { heard: heard(-1000) } });
  // Its hook has outlived it: nothing is deployed beside that, under whatever id, and it stays on record.
  const left = /r1 was cut off while deploying, .* Its deploy hook still runs here, as process \d+/;
  await project.write({ 'migrations/2-more.js': migration('') });
  for (const command of ['release', 'migrate'])
    for (const id of ['r1', 'r2', 'r1'])
      expectFailure(await project.run(`${command} --apply --release-id ${id} --json`), 5, 'HISTORY_CONFLICT', left);
  await rm(join(project.dir, 'migrations/2-more.js'));
  expectFailure(await project.run('rollback r1 --json'), 5, 'HISTORY_CONFLICT', left);
  expect(await log()).toEqual(['deploy']);
  await letGo();
  const hook = (await releases().findOne({ _id: 'r1' }))?.hook;
  await expect.poll(() => hook !== undefined && hasEnded(hook), { timeout: 60_000 }).toBe(true);
  await project.write({ 'hold-deploy': '' });

  // As where the job is run again twice.
  const both = [again(), again()];
  const refused = await Promise.race(both.map((one) => one.ended));
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /Another run is at release r1/);
  expect((await ok('status --json')).warnings).toEqual([expect.stringMatching(/^Release r1 is deploying/)]);
  expectFailure(await project.run('rollback r1 --json'), 5, 'HISTORY_CONFLICT');
  await letGo();
  const codes = (await Promise.all(both.map((one) => one.ended))).map(({ code }) => code);
  expect(codes.toSorted()).toEqual([0, 5]);
  expect(await log()).toEqual(['deploy', 'deploy']);
  expect(await releases().findOne({ _id: 'r1' })).toMatchObject({ state: 'applied' });
  expect((await ok('status --json')).warnings ?? []).toEqual([]);
}, 120_000);

test('on-failure: rollback takes nothing back that another run has gone on with', async () => {
  const { process: first, ended } = await deploying(' --on-failure rollback');
  first.kill('SIGSTOP');
  const { hook } = (await releases().findOne({ _id: 'r1' })) ?? {};
  // As on a machine that stood still, and is not this one.
  await releases().updateOne(
    { _id: 'r1' },
    { $set: { heard: { at: new Date(0), until: new Date(1) } }, $unset: { hook: '', process: '' } },
  );
  const second = await deploying();
  process.kill(-(hook?.pid ?? Number.NaN), 'SIGKILL');
  first.kill('SIGCONT');
  const stopped = await ended;
  expectFailure(stopped, 10, 'ROLLBACK_FAILED', /Another run has gone on with release r1 since: process \d+ on/);
  expect(stopped.json).not.toHaveProperty('rollback');
  expect(await places().distinct('price')).toEqual([100]);
  await letGo();
  expect((await second.ended).json).toMatchObject({ outcome: 'applied' });
  expect(await releases().findOne({ _id: 'r1' })).toMatchObject({ state: 'applied' });
  expect(await log()).toEqual(['deploy', 'deploy']);
}, 120_000);

test('what is applied under the id of a release that deploys does not take its record from it', async () => {
  const { ended } = await deploying();
  await project.write({ 'migrations/2-more.js': migration("await db.collection('places').insertOne({ _id: 2 });") });
  for (const command of ['release', 'migrate'])
    expectFailure(
      await project.run(`${command} --apply --release-id r1 --json`),
      5,
      'HISTORY_CONFLICT',
      /Another run is at release r1/,
    );
  expect(await log()).toEqual(['deploy']);
  expect(await places().distinct('_id')).toEqual([1]);
  expect((await releases().findOne({ _id: 'r1' }))?.hook).toBeDefined();
  await letGo();
  expect((await ended).json).toMatchObject({ outcome: 'applied' });
  expect(await releases().findOne({ _id: 'r1' })).toMatchObject({ state: 'applied' });
}, 120_000);

test('a deploy hook may apply what it needs: what runs there is a run of its own, and no attempt of the release', async () => {
  const command = `mv 2-more.js migrations/ && ${process.execPath} ${program} migrate --apply`;
  const env = ['MONGODB_URI', 'MONGO_RELEASE_STORE', ...Object.keys(programEnvironment)].join(', ');
  await project.write({
    'mongo-release.yml': `rehearsal: { level: none }\nhooks: { deploy: '${command}', env: [${env}] }\n`,
    '2-more.js': migration("await db.collection('places').insertOne({ _id: 2 });"),
  });
  expect(await ok('release --apply --release-id r1 --json')).toMatchObject({ outcome: 'applied' });
  expect(await places().distinct('_id')).toEqual([1, 2]);
  expect(await releases().findOne({ kind: 'migrate' })).toMatchObject({ state: 'applied', migrations: ['2-more'] });
  expect(await releases().findOne({ _id: 'r1' })).toMatchObject({ state: 'applied', migrations: ['1-cents'] });
}, 60_000);

test('a release that deploys is not taken for one that was cut off where a majority lags behind', async () => {
  const late = { priority: 0, hidden: true, secondaryDelaySecs: 2 };
  await using servers = await startServers({ members: [{}, late] });
  await using behind = await makeProject(
    { 'migrations/.gitkeep': '', 'mongo-release.yml': `lease: { ttl: 3s }\n${hooks}`, 'hold-deploy': '' },
    { MONGODB_URI: servers.uri.replace('/?', '/shop?') },
  );
  const { said, ended } = behind.start('release --apply --release-id r1 --json');
  await said('is deploying');
  const until = performance.now() + 8000;
  while (performance.now() < until) {
    const { json } = await behind.run('status --json');
    expect(json.warnings).toEqual([expect.stringMatching(/^Release r1 is deploying; it was last/)]);
  }
  await rm(join(behind.dir, 'hold-deploy'));
  expect((await ended).code).toBe(0);
}, 120_000);

test('a release that was cut off is over once it was taken back, or another one has deployed; one that deploys is not', async () => {
  const { process, ended } = await deploying();
  const r1 = await releases().findOne({ _id: 'r1' });
  const later = { ...r1!, startedAt: new Date(Date.now() + 1000), finishedAt: new Date() };
  const add = (more: Partial<ReleaseRecord>) =>
    releases().insertOne({ ...later, state: 'applied', steps: [], ...more });
  const said = async () => (await ok('status --json')).warnings?.join() ?? '';
  const deployed = [{ name: 'deploy' as const, state: 'done' as const, startedAt: later.startedAt, durationMs: 1 }];
  await add({ _id: 'r2', steps: deployed });
  expect(await said()).toMatch(/r1 is deploying/);

  process.kill('SIGKILL');
  await ended;
  expect(await said()).toBe('');
  await releases().deleteOne({ _id: 'r2' });
  // Of other projects, or of other releases.
  await add({ _id: 'm1', kind: 'migrate' });
  await add({ _id: 'm2', kind: 'restore' });
  await add({ _id: 'm3', kind: 'rollback', of: 'r0', state: 'rolled-back' });
  expect(await said()).toMatch(/r1 was cut off while deploying/);
  await add({ _id: 'm4', kind: 'rollback', of: 'r1', state: 'rolled-back' });
  expect(await said()).toBe('');
}, 120_000);

test('on-failure: rollback takes back a deploy that was cancelled', async () => {
  await rm(join(project.dir, 'migrations/1-cents.js'));
  const { process, ended } = await deploying(' --on-failure rollback');
  process.kill('SIGTERM');
  expectFailure(await ended, 14, 'ROLLED_BACK', /cancelled/);
  expect(await log()).toEqual(['deploy', 'app']);
}, 120_000);

test('on-failure: rollback does not say that all is back where a release that was killed before has left something', async () => {
  await letGo();
  await ok('release --apply --release-id r0 --json');
  // As one that was killed after its migration had come to its end.
  await releases().updateOne({ _id: 'r0' }, { $set: { state: 'running' }, $unset: { finishedAt: 1 } });
  await project.write({ 'deploy.fails': '' });
  const ran = await project.run('release --apply --release-id r1 --on-failure rollback --json');
  expectFailure(ran, 10, 'ROLLBACK_FAILED', /not all of it is gone\. Release r0, .*: 1-cents\./);
  expect(ran.json.error.hint).toContain('mongo-release rollback r0');
  expect((await log()).at(-1)).toBe('app');
}, 120_000);
