import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

let database: TestDatabase;
let project: Project;

const config = (more = '') => `
hooks: { deploy: 'true' }
probes: [{ name: never, retries: 0, mongo: { collection: places, filter: { n: 2 }, exists: true } }]
${more}`;
const insert = (n: number) => migration(`await db.collection('places').insertOne({ n: ${n} })`);

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'mongo-release.yml': config(), 'migrations/.keep': '' },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const records = () =>
  database.db.collection<{ _id: string }>('_mongo_release.releases').find().sort({ startedAt: 1 }).toArray();
const release = (id: string, more = '') =>
  project.run(`release --apply --rehearsal none --release-id ${id} --json${more}`);

test('a release of code alone that fails its probes is on record, with its steps', async () => {
  const ran = await release('r1');
  expectFailure(ran, 9, 'VERIFICATION_FAILED');
  expect(await records()).toMatchObject([
    {
      ...{ _id: 'r1', kind: 'release', state: 'failed-dirty', migrations: [], error: { code: 'VERIFICATION_FAILED' } },
      steps: expect.arrayContaining([expect.objectContaining({ name: 'deploy', state: 'done' })]),
      finishedAt: expect.any(Date),
    },
  ]);
  expect(ran.stderr).toMatch(/Release +r1$/m);
}, 180_000);

test('the rollback of a release of code alone says so, takes no older one back, and brings the application back, once', async () => {
  const hooks = (more: string) => ({ 'mongo-release.yml': `hooks: { deploy: 'true'${more} }\n` });
  const reversible = migration(
    "await db.collection('places').insertOne({ n: 2 })",
    "await db.collection('places').drop()",
  );
  await project.write({ ...hooks(''), 'migrations/1-a.js': reversible });
  expect((await release('r1')).code).toBe(0);
  expect((await release('r2')).code).toBe(0);
  const rollback = async (words: string) => {
    const ran = await project.run(`rollback ${words} --json`);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.json;
  };
  const unhooked = await rollback('--dry-run');
  expect(unhooked).toMatchObject({ releaseId: 'r2', outcome: 'nothing-to-do', strategy: 'none' });
  expect(unhooked.warnings).toEqual([
    'Release r2 had no migrations: nothing of it is in the data. The newest one of which something is there is r1. To take that back, type mongo-release rollback r1.',
    'It deployed the application, and there is no hook rollback-app: bring the one before back by hand.',
  ]);
  await project.write(hooks(", rollback-app: 'touch brought-back'"));
  // What the older one deployed is not there any more.
  expect((await project.run('down --release-id d1')).code).toBe(0);
  expect(await rollback('r1')).toMatchObject({
    outcome: 'nothing-to-do',
    warnings: [/^Nothing of release r1/, /deployed since.*rollback r1 --yes/].map((one) => expect.stringMatching(one)),
  });
  await expect(project.read('brought-back')).rejects.toThrow();
  expect(await rollback('r2')).toMatchObject({
    ...{ outcome: 'rolled-back', strategy: 'none' },
    steps: expect.arrayContaining([
      expect.objectContaining({ name: 'data', state: 'skipped' }),
      expect.objectContaining({ name: 'rollback-app', state: 'done' }),
    ]),
  });
  expect(await project.read('brought-back')).toBe('');
  // Once is enough.
  expect((await rollback('r2')).outcome).toBe('nothing-to-do');
}, 180_000);

test('a rollback without an id does not pass over what an older release has left half-way', async () => {
  const half = "await db.collection('places').updateMany({}, { $set: { half: true } }); throw new Error('no');";
  await database.db.collection<{ _id: number }>('places').insertMany([{ _id: 1 }, { _id: 2 }]);
  await project.write({ 'migrations/1-half.js': migration(half) });
  expectFailure(await release('r1'), 8, 'FAILED_DIRTY');
  await database.db.collection<{ _id: number }>('places').updateOne({ _id: 1 }, { $set: { half: 'mine' } });
  await project.write({ 'migrations/1-half.js': migration(`${half} /* edited */`) });
  expectFailure(await release('r2'), 8, 'RESUME_BLOCKED');
  for (const more of ['', ' --dry-run']) {
    const back = await project.run(`rollback --json${more}`);
    expectFailure(back, 2, 'RELEASE_UNKNOWN', /Nothing of release r2 .* is r1, and it left 1-half half-way\./);
    expect(back.json.error.hint).toContain('mongo-release rollback r1.');
  }
  await project.write({ 'mongo-release.yml': 'hooks: {}' });
  expect((await project.run('rollback r1 --json')).json).toMatchObject({ outcome: 'rolled-back', strategy: 'undo' });
  expect((await project.run('rollback --json')).json).toMatchObject({ outcome: 'nothing-to-do', releaseId: 'r2' });
}, 180_000);

test('one that is stopped is on record with what it was to apply, and a rollback without an id takes back neither it nor the one before', async () => {
  await project.write({ 'migrations/1-a.js': insert(2) });
  expect((await release('r1')).code).toBe(0);
  await project.write({ 'migrations/2-b.js': insert(3) });
  expectFailure(await release('r2', ' --environment production'), 5, 'PROOF_MISSING');
  await project.write({ 'mongo-release.yml': config('guards: { oplog-window: 36500d }') });
  expectFailure(await release('r3'), 5, 'BLOCKED_BY_GUARD');
  expect(await records()).toMatchObject([
    { _id: 'r1', state: 'applied', migrations: ['1-a'] },
    {
      ...{ _id: 'r2', state: 'blocked', migrations: ['2-b'], error: { code: 'PROOF_MISSING' } },
      planDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    { _id: 'r3', state: 'blocked', error: { code: 'BLOCKED_BY_GUARD' } },
  ]);
  // What goes on record only to be closed gives no sign of life: nobody is at it.
  const heard = await records();
  expect(heard.map((one) => 'heard' in one)).toEqual([true, true, false]);
  const back = await project.run('rollback --json');
  expectFailure(back, 2, 'RELEASE_UNKNOWN', /r3, changed nothing.* is r1\./);
  expect(back.json.error.hint).toContain('mongo-release rollback r1.');

  // An attempt at one that was applied does not take its way back away.
  expectFailure(await release('r1'), 5, 'BLOCKED_BY_GUARD');
  const [again] = await records();
  expect(again).toMatchObject({ state: 'blocked', migrations: ['1-a'], attempts: [{ state: 'applied' }] });
  expect((await project.run('rollback r1 --dry-run --json')).json).toMatchObject({ releaseId: 'r1', strategy: 'undo' });

  // Nor is one named that is taken back already.
  expectFailure(await release('r4'), 5, 'BLOCKED_BY_GUARD');
  await project.write({ 'mongo-release.yml': 'hooks: {}' });
  expect((await project.run('rollback r1 --json')).code).toBe(0);
  const none = await project.run('rollback --json');
  expectFailure(none, 2, 'RELEASE_UNKNOWN', /r4, changed nothing.* Nothing of any other release is there/);
}, 180_000);

test('what has no record is not named: a rollback would know of none', async () => {
  await project.write({ 'mongo-release.yml': config('guards: { oplog-window: 36500d }') });
  const looked = await project.run('release --json');
  expectFailure(looked, 5, 'BLOCKED_BY_GUARD');
  expect(await records()).toEqual([]);
  const named = /^ *Release +\d{8}-/m;
  expect(looked.stderr).not.toMatch(named);
  expect((await project.run('backup')).stderr).not.toMatch(named);
  expect((await project.run('release --apply')).stderr).toMatch(named);
}, 180_000);

test('one that is stopped while another run has its record open leaves that as it is, and stands beside it', async () => {
  await project.write({ 'mongo-release.yml': config('guards: { oplog-window: 36500d }') });
  const open = {
    _id: 'r1',
    kind: 'release',
    state: 'running',
    actor: 'other',
    attemptId: 'of the other',
    migrations: [],
  };
  await database.db
    .collection<{ _id: string }>('_mongo_release.releases')
    .insertOne({ ...open, startedAt: new Date(), target: 'default', environment: 'development' } as never);
  expectFailure(await release('r1'), 5, 'BLOCKED_BY_GUARD');
  expect(await records()).toMatchObject([
    { ...open, attempts: [{ state: 'blocked', error: { code: 'BLOCKED_BY_GUARD' }, finishedAt: expect.any(Date) }] },
  ]);
}, 180_000);

describe('a migrate that something stops before its first effect is on record', () => {
  const migrate = (id: string, more = '') =>
    project.run(`migrate --apply --rehearsal none --release-id ${id} --json${more}`);
  const stoppedBy = (code: string) => ({
    kind: 'migrate',
    state: 'blocked',
    error: { code },
    finishedAt: expect.any(Date),
  });

  test('by a guard, for want of a backup, for want of a proof', async () => {
    await project.write({ 'migrations/1-a.js': insert(2) });
    const env = ' --environment production';
    const planned = { migrations: ['1-a'], planDigest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expectFailure(await migrate('r1', env), 11, 'BACKUP_MISSING');
    expect((await project.run('backup --environment production')).code).toBe(0);
    expectFailure(await migrate('r2', env), 5, 'PROOF_MISSING');
    await project.write({ 'mongo-release.yml': config('guards: { oplog-window: 36500d }') });
    const ran = await migrate('r3');
    expectFailure(ran, 5, 'BLOCKED_BY_GUARD');
    expect(ran.stderr).toMatch(/Release +r3$/m);
    expect(await records()).toMatchObject([
      { _id: 'r1', ...stoppedBy('BACKUP_MISSING'), ...planned },
      { _id: 'r2', ...stoppedBy('PROOF_MISSING'), ...planned },
      { _id: 'r3', ...stoppedBy('BLOCKED_BY_GUARD'), steps: [{ name: 'guards', state: 'failed' }] },
    ]);
    expect(await database.db.listCollections({ name: 'places' }).toArray()).toEqual([]);
  }, 180_000);

  test('and one that has nothing to apply is not, nor is one that only rehearses', async () => {
    expect((await migrate('r1')).code).toBe(0);
    await project.write({ 'migrations/1-a.js': migration("throw new Error('no')") });
    expectFailure(await project.run('migrate --json'), 13, 'REHEARSAL_FAILED');
    expect(await records()).toEqual([]);
  }, 180_000);
});

test('the record of a run begins with its first moment and ends with its last, and its steps lie between', async () => {
  await project.write({ 'migrations/1-a.js': insert(2) });
  const began = Date.now();
  const ran = await project.run('migrate --apply --release-id r1 --json');
  expect(ran.code, ran.stderr).toBe(0);
  const [record] = await records();
  const { startedAt, finishedAt, steps } = record as unknown as {
    startedAt: Date;
    finishedAt: Date;
    steps: { name: string; startedAt: Date; durationMs: number }[];
  };
  expect(steps.map(({ name }) => name)).toEqual(['guards', 'plan', 'backup', 'rehearsal', 'apply']);
  const took = Number(finishedAt) - Number(startedAt);
  const parts = steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  expect(Number(startedAt)).toBeGreaterThanOrEqual(began);
  expect(parts).toBeGreaterThan(0);
  expect(parts).toBeLessThanOrEqual(took + 5);
  for (const step of steps) {
    expect(Number(step.startedAt)).toBeGreaterThanOrEqual(Number(startedAt));
    expect(Number(step.startedAt) + step.durationMs).toBeLessThanOrEqual(Number(finishedAt) + 5);
  }
}, 180_000);
