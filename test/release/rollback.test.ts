import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { giveUpLease } from './half-done/left-half.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;

interface Step {
  name: string;
  state: string;
  note?: string;
  host?: string;
  startedAt?: Date;
  durationMs?: number;
}

const files = {
  'migrations/1-cents.js': migration("await db.collection('places').updateMany({}, { $mul: { price: 100 } });"),
};
/** Says in hooks.log that it was there. Stands still, or fails, as long as a file of its name with `.holds` or `.fails` is there. */
const hook = (name: string, ms = 0) =>
  `'echo ${name} >> hooks.log; while test -e ${name}.holds; do sleep 0.05; done; sleep ${ms / 1000}; echo ${name} ends >> hooks.log; test ! -e ${name}.fails'`;
const config = (ms = 0) => `
rehearsal: { level: none }
probes: [{ name: prices, retries: 0, mongo: { collection: places, filter: { price: { $gte: 1000 } }, count: 0 } }]
hooks:
  stop-traffic: ${hook('stop', ms)}
  rollback-app: ${hook('app', ms)}
  reconcile:
    - { name: totals, run: ${hook('totals', ms)} }
    - { name: search index, run: ${hook('search', ms)} }
  start-traffic: ${hook('start', ms)}
`;
const walked = ['stop', 'app', 'totals', 'search', 'start'];
const steps = [
  ...['stop-traffic', 'data', 'verify-data', 'rollback-app'],
  ...['reconcile totals', 'reconcile search index', 'verify', 'start-traffic'],
];
const apply = 'migrate --apply --release-id r1 --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { ...files, 'mongo-release.yml': config() },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await places().insertMany(Array.from({ length: 50 }, (_, i) => ({ _id: i, price: 10 + i })));
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: number; price: number }>('places');
const releases = () => database.db.collection<{ _id: string; steps?: Step[] }>('_mongo_release.releases');
const data = () => stateOf(database.db, { own: false });
const namesOf = (all: readonly Step[]) => all.map(({ name }) => name);
const statesOf = (all: readonly Step[]) => Object.fromEntries(all.map(({ name, state }) => [name, state]));

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

const mend = (name: string) => rm(join(project.dir, `${name}.fails`));

/** Which hooks have begun, in order. */
async function begun(): Promise<string[]> {
  const log = await project.read('hooks.log').catch(() => '');
  return log.split('\n').filter((line) => line !== '' && !line.endsWith(' ends'));
}

describe('a rollback', () => {
  test('stops traffic, takes the data back, verifies, brings the application back, reconciles, verifies, lets users in', async () => {
    const before = await data();
    await ok(apply);
    const back = await ok('rollback --json');
    expect(await begun()).toEqual(walked);
    expect(namesOf(back.steps)).toEqual(steps);
    expect(new Set(Object.values(statesOf(back.steps)))).toEqual(new Set(['done']));
    expect(back).toMatchObject({ strategy: 'undo', probes: [{ name: 'prices', state: 'passed' }] });
    expect(await data()).toEqual(before);
    const record = await releases().findOne({ kind: 'rollback' });
    expect(record).toMatchObject({ of: 'r1', state: 'rolled-back', strategy: 'undo', why: expect.any(String) });
    expect(record?.steps?.map(({ name }) => name)).toEqual(steps);
    for (const step of record?.steps ?? []) {
      const { startedAt, durationMs, host } = step;
      expect({ startedAt, durationMs, host }).toEqual({
        ...{ startedAt: expect.any(Date), durationMs: expect.any(Number), host: expect.any(String) },
      });
    }
  });

  test('says beforehand which steps it would take, in order, what each does or why not, and what would stay', async () => {
    await ok(apply);
    // A user's own price, which the undo leaves to them.
    await places().updateOne({ _id: 3 }, { $set: { price: 7 } });
    const before = await data();
    const would =
      'An undo would put 49 documents back, and leave as they are: 1 document that users wrote to, in quarantine; what they created in places since, if anything.';
    const planned = (name: string, note: string) => ({ name, state: 'planned', note });
    const skipped = (name: string, note: string) => ({ name, state: 'skipped', note });
    const ran = await project.run('rollback --dry-run --json');
    expect(ran.json.steps, ran.stderr).toEqual([
      planned('stop-traffic', 'hooks.stop-traffic'),
      planned('data', 'undo: 1-cents'),
      planned('verify-data', 'probes: prices'),
      planned('rollback-app', 'hooks.rollback-app'),
      planned('reconcile totals', 'hooks.reconcile'),
      planned('reconcile search index', 'hooks.reconcile'),
      planned('verify', 'probes: prices'),
      planned('start-traffic', 'hooks.start-traffic'),
    ]);
    expect(ran.stderr).toMatch(/^› Rollback, as it would go; a dry run changes nothing/m);
    expect(ran.stderr).toContain(would);
    expect(ran.stderr).toMatch(/stop-traffic +› planned .* hooks\.stop-traffic/);
    await project.write({ 'mongo-release.yml': 'hooks: { stop-traffic: exit 1, undo-under-traffic: true }\n' });
    expect((await ok('rollback --dry-run --json')).steps).toEqual([
      skipped('stop-traffic', 'hooks.undo-under-traffic'),
      planned('data', 'undo: 1-cents'),
      skipped('verify-data', 'traffic goes on: see verify'),
      skipped('rollback-app', 'no hook'),
      skipped('verify', 'no probes'),
      skipped('start-traffic', 'traffic was not stopped'),
    ]);
    expect(await begun()).toEqual([]);
    expect(await data()).toEqual(before);
    // What is done is told the same, before it is done.
    const done = await project.run('rollback --json');
    expect(done.stderr.indexOf(would), done.stderr).toBeGreaterThan(-1);
    expect(done.stderr.indexOf(would)).toBeLessThan(done.stderr.indexOf('1-cents is undone'));
    expect(done.json.conflicts).toEqual([{ collection: 'places', documents: 1 }]);
  });

  test('stops at a step that fails, says that traffic stays stopped, and goes on from there when typed again', async () => {
    await ok(apply);
    await project.write({ 'totals.fails': '' });
    const failed = await project.run('rollback --json');
    expectFailure(
      failed,
      10,
      'ROLLBACK_FAILED',
      /hook reconcile totals failed: exit code 1.*Traffic is stopped, and stays/s,
    );
    expect(failed.json.error.hint).toContain('type mongo-release rollback r1 again: it goes on with reconcile totals');
    expect(await begun()).toEqual(['stop', 'app', 'totals']);
    expect(statesOf(failed.json.steps)).toMatchObject({ 'rollback-app': 'done', 'reconcile totals': 'failed' });

    const foretold = await ok('rollback r1 --dry-run --json');
    expect(foretold.warnings.join()).toContain('go on after the data');
    expect(statesOf(foretold.steps)).toMatchObject({
      ...{ 'stop-traffic': 'done', data: 'done', 'rollback-app': 'done' },
      ...{ 'reconcile totals': 'planned', verify: 'planned', 'start-traffic': 'planned' },
    });
    await mend('totals');
    // The undo of then is not done again, and its numbers are not forgotten.
    const back = await ok('rollback r1 --json');
    expect(await begun()).toEqual(['stop', 'app', 'totals', 'totals', 'search', 'start']);
    expect(back).toMatchObject({
      outcome: 'rolled-back',
      strategy: 'undo',
      undo: [{ name: '1-cents', documents: 50 }],
    });
    expect(await releases().countDocuments({ kind: 'rollback' })).toBe(1);
    expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
    expect(await begun()).toHaveLength(6);
  }, 120_000);

  test('is no longer gone on with once what it took back was applied anew: the next one starts from its beginning', async () => {
    await ok(apply);
    await project.write({ 'totals.fails': '' });
    expect((await project.run('rollback --json')).code).toBe(10);
    // Nobody releases for users who are out; once somebody has let them in, the data being back, a release goes forward.
    expectFailure(await project.run(apply), 5, 'HISTORY_CONFLICT', /at reconcile totals.*users are out since/);
    await ok('rollback r1 --start-traffic --json');
    // Not that which is being taken away.
    expectFailure(await project.run(apply), 5, 'HISTORY_CONFLICT', /at reconcile totals/);
    await ok(apply.replace('r1', 'r2'));
    await project.run('rollback --json');
    expect(await begun()).toEqual(['stop', 'app', 'totals', 'start', 'stop', 'app', 'totals']);
    expect(await releases().countDocuments({ kind: 'rollback' })).toBe(2);
    await project.write({ 'migrations/2-note.js': migration("await db.collection('notes').insertOne({ _id: 1 });") });
    // By hand, for one: that is not refused.
    await ok('baseline 2-note --json');
    // Nothing of r2 is there, and what was left of its rollback would be done to another release: a person looks first.
    const left = await project.run('rollback r2 --json');
    expectFailure(
      left,
      10,
      'ROLLBACK_FAILED',
      /stopped at reconcile totals.*applied or deployed since.*Traffic is stopped/,
    );
    expect(left.json.error.hint).toContain('type mongo-release rollback r2 --yes: it goes on with reconcile totals');
    expect((await ok('status --json')).warnings.join()).toContain('mongo-release rollback r2 goes on');
    await mend('totals');
    expect(await ok('rollback r2 --yes --json')).toMatchObject({ outcome: 'rolled-back' });
    expect((await begun()).slice(7)).toEqual(['totals', 'search', 'start']);
    expect((await ok('status --json')).warnings).toBeUndefined();
  }, 120_000);

  test('by down that stops half-way goes on with the rest, and tells of all of it', async () => {
    const down = (throws: string) =>
      migration(
        "await db.collection('places').updateMany({}, { $mul: { price: 100 } });",
        `${throws} await db.collection('places').updateMany({}, { $mul: { price: 0.01 } });`,
      );
    const second = migration(
      "await db.collection('places').createIndex({ price: 1 });",
      "await db.collection('places').dropIndex('price_1');",
    );
    await project.write({ 'migrations/1-cents.js': down("throw new Error('no');"), 'migrations/2-index.js': second });
    await ok(apply);
    const failed = await project.run('rollback --strategy down --json');
    expectFailure(failed, 10, 'ROLLBACK_FAILED', /Traffic is stopped, and stays/);
    expect(await begun()).toEqual(['stop']);
    await project.write({ 'migrations/1-cents.js': down('') });
    const back = await ok('rollback --json');
    expect(back).toMatchObject({ strategy: 'down', reverted: [{ name: '2-index' }, { name: '1-cents' }] });
    expect(back.failed).toBeUndefined();
    // Somebody may have let users in since.
    expect(await begun()).toEqual(['stop', ...walked]);
  }, 120_000);

  test('leaves traffic alone for an undo where that is configured, and asks the probes once the application is back', async () => {
    await project.write({ 'mongo-release.yml': config().replace('hooks:', 'hooks:\n  undo-under-traffic: true') });
    await ok(apply);
    const back = await ok('rollback --json');
    expect(await begun()).toEqual(['app', 'totals', 'search']);
    expect(statesOf(back.steps)).toMatchObject({
      ...{ 'stop-traffic': 'skipped', 'verify-data': 'skipped', verify: 'done', 'start-traffic': 'skipped' },
    });
  });

  test('says that traffic is still stopped where nothing lets it in', async () => {
    await project.write({ 'mongo-release.yml': config().replace(/ {2}start-traffic.*/, '') });
    await ok(apply);
    expect((await ok('rollback --json')).warnings.join()).toContain('Traffic is still stopped');
  });

  test('by a restore tells what was lost, and does not restore a second time when it goes on', async () => {
    const { id } = await ok('backup --json');
    await ok(`${apply} --backup ${id}`);
    await places().insertOne({ _id: 100, price: 1 });
    await project.write({ 'app.fails': '' });
    const failed = await project.run('rollback --strategy restore --accept-loss 1 --json');
    expectFailure(failed, 10, 'ROLLBACK_FAILED', /hook rollback-app failed/);
    expect(failed.json.loss).toMatchObject({ writes: 1, since: expect.any(String) });
    await places().insertOne({ _id: 101, price: 1 });
    await mend('app');
    const back = await ok('rollback --strategy restore --json');
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', loss: { writes: 1 } });
    expect(await places().countDocuments({ _id: { $gte: 100 } })).toBe(1);
  }, 120_000);

  test('of a release of code alone brings the application back, and can be gone on with as well', async () => {
    await project.write({
      'mongo-release.yml': `${config().replace(/probes.*/, '')}  deploy: exit 3\n`,
      'totals.fails': '',
    });
    await ok(apply);
    const failed = await project.run('release --apply --on-failure rollback --release-id code --json');
    expectFailure(failed, 10, 'ROLLBACK_FAILED', /hook reconcile totals failed/);
    expect(await begun()).toEqual(['app', 'totals']);
    await mend('totals');
    const back = await ok('rollback code --json');
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'none', reverted: [] });
    expect(await begun()).toEqual(['app', 'totals', 'totals', 'search']);
    expect(await places().countDocuments({ price: { $gte: 1000 } })).toBe(50);
  }, 120_000);
});

test('a rollback that is killed in any of its steps, and typed again, ends in the same state', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.info(`seed ${seed}`);
  const random = generator(seed);
  await project.write({ 'mongo-release.yml': config(150) });
  await places().insertMany(Array.from({ length: 5000 }, (_, i) => ({ _id: 1000 + i, price: 1 })));
  const before = await data();
  await ok(apply);
  // What it says that it is at, and the hook at the latest at which it stands still until it is killed.
  const moments = [
    ['Hook stop-traffic starts', 'stop-traffic', 'stop'],
    ['The way back of release', 'rollback-app', 'app'],
    ['The way back of release', 'rollback-app', 'app'],
    ['Hook rollback-app starts', 'rollback-app', 'app'],
    ['Hook reconcile totals starts', 'reconcile totals', 'totals'],
    ['Hook start-traffic starts', 'start-traffic', 'start'],
  ] as const;
  let done: string[] = [];
  for (const [moment, hook, holds] of moments) {
    await project.write({ [`${holds}.holds`]: '' });
    const { process, ended, said } = project.start('rollback --json');
    // A step that is done says nothing any more.
    await Promise.race([said(moment), said(`Hook ${hook} starts`)]);
    await new Promise((go) => setTimeout(go, random() * 300));
    process.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    await rm(join(project.dir, `${holds}.holds`));
    await giveUpLease(database.db);
    const record = await releases().findOne({ kind: 'rollback' });
    const now = (record?.steps ?? []).filter(({ state }) => state === 'done').map(({ name }) => name);
    // What was done stays done; as long as the data are still to come, traffic is stopped anew.
    expect(now).toEqual(expect.arrayContaining(done.filter((name) => name !== 'stop-traffic')));
    done = now;
  }
  const back = await ok('rollback r1 --json');
  expect(await data()).toEqual(before);
  const record = await releases().findOne({ kind: 'rollback' });
  expect(record).toMatchObject({ state: 'rolled-back' });
  expect(new Set(Object.values(statesOf(record?.steps ?? [])))).toEqual(new Set(['done']));
  expect(await releases().countDocuments({ kind: 'rollback' })).toBe(1);
  expect(['rolled-back', 'nothing-to-do']).toContain(back.outcome);
  // Each at least once, in this order; more often only where its run was killed before it could say that it was done.
  const hooks = await begun();
  expect([...new Set(hooks)]).toEqual(walked);
  expect(hooks.length).toBeLessThanOrEqual(walked.length + moments.length);
}, 240_000);

/** Mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
