import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownNames } from '../../../src/mongo/own.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, migration, type Project } from '../../cli/cli.ts';
import type { TestDatabase } from '../../setup/mongo.ts';
import { giveUpLease } from '../half-done/left-half.ts';
import { type Cents, makeCents } from './cents.ts';

const own = ownNames();
let cents: Cents;
let database: TestDatabase;
let project: Project;

const config = `
rehearsal: { level: none }
hooks:
  stop-traffic: 'echo stop >> hooks.log; while test -e hold-stop; do sleep 0.1; done'
  rollback-app: 'echo app >> hooks.log; test ! -e app.fails'
  start-traffic: 'echo start >> hooks.log'
`;

beforeEach(async () => {
  cents = await makeCents(config);
  ({ database, project } = cents);
  await ok('migrate --apply --release-id r1 --json');
});
afterEach(() => cents[Symbol.asyncDispose]());

const places = () => database.db.collection<{ _id: number; price: number }>('places');
const releases = () => database.db.collection<ReleaseRecord>(own.releases);
const hooks = async () => (await project.read('hooks.log')).trim().split('\n');

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

/** A rollback of r1 that is at its data. */
async function killAnUndo() {
  await database.client.withSession(async (session) => {
    session.startTransaction();
    // The undo waits for this document.
    await places().updateOne({ _id: 2 }, { $inc: { price: 1 } }, { session });
    const { process, ended } = project.start('rollback r1 --json');
    while (!(await database.db.collection(own.history).findOne({ way: 'undo', state: 'running' }))) await sleep(20);
    process.kill('SIGKILL');
    await ended;
    await session.abortTransaction();
  });
  await giveUpLease(database.db);
}

test('an undo that was killed is gone on with by the command that every hint names, also when down has ended it', async () => {
  await killAnUndo();
  const { warnings } = await ok('status --json');
  expect(warnings).toMatchObject([
    expect.stringMatching(
      /release r1 is not complete: it is at data, and its process is gone\. Traffic is stopped.*rollback r1 goes on with it/,
    ),
    expect.stringMatching(/1-cents was left half-way down by rollback .*mongo-release rollback r1 goes on with that/),
  ]);
  const { code, stderr } = await project.run('down --json');
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('Migration 1-cents was left running by rollback ');
  expect(await places().distinct('price')).toEqual([1, 2, 3]);
  // Who releases meanwhile is refused, and what that would have been is not what is to be taken back.
  expectFailure(await project.run('release --apply --release-id r2 --json'), 5, 'HISTORY_CONFLICT');
  const back = await ok('rollback --json');
  expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'undo' });
  expect((await hooks()).slice(-2)).toEqual(['app', 'start']);
}, 120_000);

test('users are let in over data that down has brought back, and the application is still to come', async () => {
  await killAnUndo();
  const early = await project.run('rollback --start-traffic');
  expect(early).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^! Users are in; the rollback is not complete .*Its data are on their way/ms),
  });
  await project.write({ 'hold-stop': '' });
  const { process, ended, said } = project.start('rollback r1 --json');
  await said('Hook stop-traffic starts');
  process.kill('SIGTERM');
  await ended;
  await ok('down --json');
  const lets = await ok('rollback --start-traffic --json');
  const steps = [{ name: 'start-traffic', state: 'done' }, { name: 'data', state: 'done' }, { name: 'stop-traffic' }];
  expect(lets).toMatchObject({ outcome: 'failed-dirty', reverted: [], steps });
  const left =
    'Users are in. The data are back, and not done yet: rollback-app. mongo-release rollback r1 goes on with that.';
  expect(lets.warnings).toEqual([left]);
  expect((await ok('status --json')).warnings).toMatchObject([
    expect.stringMatching(
      /of release r1 is not complete: it is at what comes after data\. .*rollback r1 goes on with it\.$/,
    ),
  ]);
  // Without shutting them out once more.
  const before = await hooks();
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back' });
  expect((await hooks()).slice(before.length)).toEqual(['app']);
  expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
}, 120_000);

test('where nothing is to come after data that down has brought back, who lets users in ends the rollback', async () => {
  await project.write({ 'mongo-release.yml': config.replace(/ {2}rollback-app.*/, '') });
  await killAnUndo();
  await ok('down --json');
  const lets = await ok('rollback --start-traffic --json');
  expect(lets.warnings).toBeUndefined();
  expect(lets).toMatchObject({ outcome: 'rolled-back', reverted: [] });
  expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
}, 120_000);

test('the steps stand in the order in which they last ran, with how often they were tried', async () => {
  await project.write({ 'app.fails': '' });
  expect((await project.run('rollback r1 --json')).code).toBe(10);
  await ok('rollback r1 --start-traffic --json');
  const names = ['stop-traffic', 'data', 'start-traffic', 'verify-data', 'rollback-app', 'verify'];
  const steps = (told: { steps: { name: string; state: string; attempt?: number }[] }) =>
    told.steps.map(({ name, state, attempt }) => ({ name, state, attempt }));
  const planned = steps(await ok('rollback r1 --dry-run --json'));
  expect(planned.map(({ name }) => name)).toEqual(names);
  expect(planned.at(-2)).toMatchObject({ name: 'rollback-app', state: 'planned' });
  const failed = await project.run('rollback r1 --json');
  expectFailure(failed, 10, 'ROLLBACK_FAILED');
  expect(failed.json.error.hint).toContain('it goes on with rollback-app');
  await rm(join(project.dir, 'app.fails'));
  const back = steps(await ok('rollback r1 --json'));
  expect(back.map(({ name }) => name)).toEqual(names);
  const again = back.filter(({ attempt }) => attempt !== undefined);
  expect(again).toEqual([{ name: 'rollback-app', state: 'done', attempt: 3 }]);
}, 120_000);

test('another way is refused once the data are back; the id of the rollback, and the reason on record, go on with it', async () => {
  await places().updateOne({ _id: 1 }, { $set: { price: 7 } });
  await project.write({ 'app.fails': '' });
  expect((await project.run('rollback r1 --environment production --reason broken --json')).code).toBe(10);
  const otherwise = await project.run('rollback r1 --strategy restore --environment production --json');
  expectFailure(otherwise, 5, 'NO_WAY_BACK', /are back already, by undo/);
  expect(otherwise.json.error.hint).toContain('it goes on with rollback-app');

  // As a run leaves it that is killed between the end of the data and its record.
  const record = await releases().findOne({ kind: 'rollback' });
  const data = record?.data;
  expect(data).toMatchObject({ reverted: [{ name: '1-cents' }], conflicts: [{ collection: 'places', documents: 1 }] });
  const steps = record?.steps?.slice(0, 2).map((step) => (step.name === 'data' ? { ...step, state: 'running' } : step));
  const killed = { state: 'running', steps, data: { reverted: [], kept: [], conflicts: [] } };
  await releases().updateOne({ kind: 'rollback' }, { $set: killed as never });

  await rm(join(project.dir, 'app.fails'));
  const back = await ok(`rollback ${record?._id} --environment production --json`);
  const [{ name, effects } = {}] = data?.reverted ?? [];
  const known = { reverted: [{ name, effects }], conflicts: data?.conflicts, undo: data?.undo };
  expect(data?.undo).toMatchObject([{ name: '1-cents', documents: 2, quarantined: 1 }]);
  expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'undo', ...known });
  expect(await releases().findOne({ kind: 'rollback' })).toMatchObject({ state: 'rolled-back', reason: 'broken' });

  await releases().insertOne({ ...record, _id: 'd1', kind: 'down', of: undefined } as never);
  expectFailure(
    await project.run('rollback d1 --environment production --json'),
    2,
    'RELEASE_UNKNOWN',
    /no release d1: that is a down/,
  );
}, 120_000);

test('an undo whose end cannot be put on record is not complete, and is told in full by the one that goes on with it', async () => {
  const refuse = (validator: object) => database.db.command({ collMod: own.history, validator });
  await refuse({ state: { $ne: 'rolled-back' } });
  const stopped = await project.run('rollback r1 --json');
  expectFailure(stopped, 10, 'ROLLBACK_FAILED');
  expect(await places().distinct('price')).toEqual([1, 2, 3]);
  expect((await ok('status --json')).migrations).toMatchObject([{ name: '1-cents', state: 'running' }]);
  await refuse({});
  await places().updateOne({ _id: 1 }, { $set: { price: 7 } });
  const effects = { modified: 3 };
  const back = await ok('rollback r1 --json');
  expect(back).toMatchObject({
    ...{ outcome: 'rolled-back', strategy: 'undo', reverted: [{ name: '1-cents', effects }] },
  });
  const { durationMs } = back.reverted[0];
  expect(await database.db.collection(own.history).findOne()).toMatchObject({
    state: 'rolled-back',
    effects,
    durationMs,
  });
  expect(await places().distinct('price')).toEqual([2, 3, 7]);
}, 120_000);

test.each(['undo', 'down'] as const)(
  'of a half-done migration it tells what was undone, also where it was killed right behind that: %s',
  async (strategy) => {
    const up =
      "await db.collection('places').updateMany({ _id: { $lt: 3 } }, { $set: { half: true } }); throw new Error('no');";
    await project.write({ 'migrations/2-half.js': migration(up), 'app.fails': '' });
    expect((await project.run('migrate --apply --release-id r2 --json')).code).not.toBe(0);
    const tolerant = strategy === 'undo';
    if (tolerant) await places().updateOne({ _id: 1 }, { $set: { half: 'mine' } });
    expect((await project.run(`rollback r2 --strategy ${strategy} --json`)).code).toBe(10);
    const record = await releases().findOne({ kind: 'rollback' });
    const data = record?.data;
    expect(data).toMatchObject({
      reverted: [{ name: '2-half', effects: { modified: tolerant ? 1 : 2 } }],
      conflicts: tolerant ? [{ collection: 'places', documents: 1 }] : [],
    });
    expect(data?.undo).toEqual(tolerant ? [expect.objectContaining({ documents: 1, quarantined: 1 })] : undefined);
    const steps = record?.steps
      ?.slice(0, 2)
      .map((step) => (step.name === 'data' ? { ...step, state: 'running' } : step));
    const killed = { state: 'running', steps, data: { reverted: [], kept: [], conflicts: [] } };
    await releases().updateOne({ kind: 'rollback' }, { $set: killed as never });
    await rm(join(project.dir, 'app.fails'));
    const { reverted, undo, conflicts } = await ok('rollback r2 --json');
    expect({ reverted: [{ name: reverted[0].name, effects: reverted[0].effects }], undo, conflicts }).toEqual({
      reverted: [{ name: '2-half', effects: data?.reverted[0]?.effects }],
      undo: data?.undo,
      conflicts: data?.conflicts,
    });
  },
  120_000,
);

test('of a half-done down it tells what was undone, also where it was killed before the up was', async () => {
  const up = "await db.collection('places').updateMany({}, { $set: { size: 1 } });";
  const down = "await db.collection('places').updateOne({ _id: 1 }, { $unset: { size: 1 } }); throw new Error('no');";
  await project.write({ 'migrations/2-size.js': migration(up, down) });
  await ok('migrate --apply --release-id r2 --json');
  expect((await project.run('down --json')).code).not.toBe(0);
  await database.client.withSession(async (session) => {
    session.startTransaction();
    // The undo of the up waits for this document.
    await places().updateOne({ _id: 2 }, { $inc: { price: 1 } }, { session });
    const { process, ended } = project.start('rollback r2 --json');
    while (!(await database.db.collection(own.history).findOne({ way: 'undo', state: 'running' }))) await sleep(20);
    process.kill('SIGKILL');
    await ended;
    await session.abortTransaction();
  });
  await giveUpLease(database.db);
  expect(await ok('rollback r2 --json')).toMatchObject({
    ...{ strategy: 'undo', reverted: [{ name: '2-size', effects: { modified: 4 } }] },
    undo: [{ name: '2-size', documents: 4, quarantined: 0 }],
  });
  expect(await places().distinct('size')).toEqual([]);
}, 120_000);

test('what is left to users is counted once, however often the rollback was cancelled on its way', async () => {
  const up = "await db.collection('places').updateMany({}, { $set: { size: 1 } });";
  const down = "await db.collection('places').updateOne({ _id: 1 }, { $unset: { size: 1 } }); throw new Error('no');";
  await project.write({ 'migrations/2-size.js': migration(up, down) });
  await ok('migrate --apply --release-id r2 --json');
  expect((await project.run('down --json')).code).not.toBe(0);
  // In the way of the half-done down, and of the up.
  await places().updateOne({ _id: 1 }, { $set: { size: 7 } as never });
  await database.client.withSession(async (session) => {
    session.startTransaction();
    // The undo of the up waits for this document.
    await places().updateOne({ _id: 2 }, { $inc: { price: 1 } }, { session });
    for (let time = 1; time <= 2; time++) {
      const { process, ended } = project.start('rollback r2 --json');
      while (!(await database.db.collection(own.history).findOne({ way: 'undo', state: 'running' }))) await sleep(20);
      process.kill('SIGTERM');
      expect((await ended).code).toBe(143);
    }
    await session.abortTransaction();
  });
  const conflicts = [{ collection: 'places', documents: 2 }];
  expect(await ok('rollback r2 --json')).toMatchObject({ undo: [{ name: '2-size', quarantined: 2 }], conflicts });
}, 120_000);

test('one that is cancelled in a hook ends as cancelled, and says what goes on with it', async () => {
  await project.write({ 'hold-stop': '' });
  const { process, ended, said } = project.start('rollback r1 --json');
  await said('Hook stop-traffic starts');
  process.kill('SIGTERM');
  const ran = await ended;
  expectFailure(ran, 143, 'CANCELLED', /Whether traffic is stopped is not known/);
  expect(ran.json).toMatchObject({ outcome: 'cancelled', steps: [{ name: 'stop-traffic', state: 'unknown' }] });
  expect(ran.json.error.hint).toBe('Type mongo-release rollback r1 again: it goes on with stop-traffic.');
  expect(await releases().findOne({ kind: 'rollback' })).toMatchObject({ state: 'cancelled' });
});

test('in production it needs no reason, also one that a release has begun itself', async () => {
  const production = '--environment production';
  const app = "rollback-app: 'test ! -e app.fails'";
  await project.write({ 'mongo-release.yml': `hooks: { deploy: 'false', ${app} }\n`, 'app.fails': '' });
  const ran = await project.run(`release --apply --on-failure rollback --release-id r2 ${production} --json`);
  expectFailure(ran, 10, 'ROLLBACK_FAILED');
  const typed = `mongo-release rollback r2 ${production}`;
  expect(ran.json.error.hint).toContain(`${typed} again: it goes on with rollback-app`);
  expect((await ok(`status ${production} --json`)).warnings.join()).toContain(`${typed} goes on with it`);
  await rm(join(project.dir, 'app.fails'));
  expect(await ok(`${typed.replace('mongo-release ', '')} --json`)).toMatchObject({ outcome: 'rolled-back' });
  expect(await releases().findOne({ kind: 'rollback' })).toMatchObject({
    reason: 'on-failure: rollback [DEPLOY_FAILED]',
  });
});

test('where no probe is of the phase that is back, nothing passes for verified', async () => {
  const probe = 'name: cents, phase: after-deploy, retries: 0';
  await project.write({
    'mongo-release.yml': `${config}\nprobes: [{ ${probe}, mongo: { collection: places, filter: { price: 1 }, count: 0 } }]\n`,
  });
  const back = await ok('rollback r1 --json');
  const skipped = { state: 'skipped', note: 'no probe of this phase' };
  expect(back.steps).toMatchObject([
    ...[{ name: 'stop-traffic' }, { name: 'data' }, { name: 'verify-data', ...skipped }, { name: 'rollback-app' }],
    ...[{ name: 'verify', ...skipped }, { name: 'start-traffic' }],
  ]);
  expect(back.warnings).toEqual(['No probe is of this phase: nothing was verified.']);
});

test('a dry run that cannot tell what an undo would do has changed nothing, and says that', async () => {
  await project.write({
    'migrations/1-cents.js': `module.exports = {
      async up(db) { await db.collection('places').updateMany({}, { $mul: { price: 100 } }); },
      downDocument() { process.exit(3); },
    };`,
  });
  await places().updateOne({ _id: 1 }, { $set: { price: 7 } });
  const ran = await project.run('rollback r1 --dry-run --json');
  expectFailure(ran, 5, 'NO_WAY_BACK', /cannot be told: .*Nothing was done/);
  expect(ran.json.outcome).toBe('blocked');
});

test('a release that was killed and typed again is two, and the rollback of the later one says that the earlier stays', async () => {
  // As one that was killed after its migration had come to its end.
  await releases().updateOne({ _id: 'r1' }, { $set: { state: 'running' }, $unset: { finishedAt: 1 } });
  await project.write({
    'migrations/2-unit.js': migration("await db.collection('places').updateMany({}, { $set: { unit: 'cent' } });"),
  });
  await ok('migrate --apply --release-id r2 --json');
  const says = /Release r1, the one before, never came to its end, .*: 1-cents\. .*mongo-release rollback r1/;
  expect((await ok('rollback r2 --dry-run --json')).warnings).toContainEqual(expect.stringMatching(says));
  expect((await ok('rollback r2 --json')).warnings).toContainEqual(expect.stringMatching(says));
  expect((await ok('rollback r1 --json')).warnings).not.toContainEqual(expect.stringMatching(says));
  expect(await places().find().sort({ _id: 1 }).toArray()).toEqual([1, 2, 3].map((_id) => ({ _id, price: _id })));
});
