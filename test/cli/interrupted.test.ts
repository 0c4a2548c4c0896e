import { readFile } from 'node:fs/promises';
import { platform } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processRuns } from '../../src/observe/process.ts';
import { giveUpLease } from '../release/half-done/left-half.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { expectFailure, expectNoTrace, makeProject, migration, type Project } from './cli.ts';

/** Its first document tells that it is under way; it ends by itself only when somebody removes the stop. */
const slow = `await db.collection('places').insertOne({ n: 1 });
  while (await db.collection('wait').findOne()) await new Promise((go) => setTimeout(go, 50));
  await db.collection('places').insertOne({ n: 2 });`;

/** Ended, and nobody has asked how: the process that inherits it may never do. */
const isZombie = async (pid: number) => /\) Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));

let database: TestDatabase;
/** What dies in a transaction locks this one, by the server's default for a minute: dropped after all other tests. */
let target: TestDatabase;
let project: Project;
const apply = 'migrate --apply --rehearsal none --json';

beforeAll(async () => {
  database = await freshDatabase();
  target = await freshDatabase();
  project = await makeProject(
    {
      'mongo-release.yml': 'lease: { ttl: 12s }\n',
      'migrations/1-a.js': migration("await db.collection('places').insertOne({ n: 0 });"),
      'migrations/2-slow.js': migration(slow),
      'migrations/3-c.js': migration("await db.collection('places').insertOne({ n: 3 });"),
    },
    { MONGODB_URI: database.uri },
  );
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

async function startSlow() {
  await database.db.dropDatabase();
  await database.db.collection('wait').insertOne({});
  const started = project.start(apply);
  await started.said('2-slow goes up');
  while ((await database.db.collection('places').countDocuments()) < 2) await new Promise((go) => setTimeout(go, 20));
  return started;
}

test('what the process of a killed run still sends when the next run has taken over does not get in', async () => {
  const busy = `const places = db.collection('places');
    await places.insertOne({ n: 1 });
    if (await db.collection('wait').findOne()) {
      require('node:fs').writeFileSync('busy', String(process.pid));
      while (!require('node:fs').existsSync('over'));
    }
    await Promise.all([places.insertOne({ n: 2 }), places.createIndex({ n: 1 })]);
    require('node:fs').appendFileSync('ended', '.');`;
  await using blocked = await makeProject({ 'migrations/1-busy.js': migration(busy) }, { MONGODB_URI: target.uri });
  await target.db.collection('wait').insertOne({});
  const { process: parent, ended } = blocked.start(apply);
  const pid = async () => Number(await blocked.read('busy').catch(() => 0));
  while ((await pid()) === 0) await new Promise((go) => setTimeout(go, 20));
  parent.kill('SIGKILL');
  await ended;
  await target.db.collection('wait').drop();
  if (platform !== 'linux') await giveUpLease(target.db);
  const ran = await blocked.run(apply);
  await blocked.write({ over: '' });
  expect(ran.code, ran.stderr).toBe(0);
  const orphan = await pid();
  // It hears of nothing before it lets its event loop have a turn.
  while (processRuns(orphan) && !(await isZombie(orphan))) await new Promise((go) => setTimeout(go, 50));
  expect(await blocked.read('ended')).toBe('.');
  const places = await target.db.collection('places').find().sort({ n: 1 }).toArray();
  expect(places.map(({ n }) => n)).toEqual([1, 2]);
}, 120_000);

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s brings an apply to a safe end: exit %i, the migration interrupted, the lease given back',
  async (signal, exit) => {
    const { process, ended } = await startSlow();
    process.kill(signal);
    const ran = await ended;
    expect(ran.json.error, ran.stderr).toMatchObject({ code: 'CANCELLED' });
    expect(ran.code).toBe(exit);
    expectNoTrace(ran);
    expect(ran.json.error.message).toMatch(/2-slow .*1 operation: 1 inserted.*: 1-a\. Not begun: 3-c\./s);
    expect(ran.json.applied).toMatchObject([{ name: '1-a' }]);
    const { json } = await project.run('status --json');
    expect(json.migrations.map((one: { state: string }) => one.state)).toEqual(['applied', 'interrupted', 'pending']);
    expect(json.lease).toBeNull();
    const [record] = await database.db.collection('_mongo_release.releases').find().toArray();
    expect(record).toMatchObject({ state: 'failed-dirty', error: { code: 'CANCELLED' } });
  },
);

test('after a kill -9 status shows what was left, and the next run marks it and goes on', async () => {
  const { process, ended } = await startSlow();
  const held = await project.run('status --json');
  expect(held.json.migrations[1]).toMatchObject({ name: '2-slow', state: 'running' });
  expect(held.json.lease).toMatchObject({ owner: expect.stringContaining(`process ${process.pid}`) });
  expect(held.json.warnings).toEqual(['2-slow is on its way up, with 1 operation, 1 document so far.']);
  const [refused, locked] = await Promise.all([project.run(apply), project.run('unlock --json')]);
  expectFailure(refused, 6, 'LEASE_HELD', /last heartbeat \d+ s ago\.$/);
  expectFailure(locked, 6, 'LEASE_ALIVE', /last heartbeat \d+ s ago\.$/);
  for (const { json } of [refused, locked]) expect(json.error.hint).toMatch(/runs out by itself in \d+ s/);
  process.kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');

  // On another system than Linux nobody can tell that it has ended.
  if (platform !== 'linux') await giveUpLease(database.db);
  const left = await project.run('status --json');
  expect(left.json.lease).toBeNull();
  expect(left.json.warnings).toEqual([
    expect.stringMatching(
      /^2-slow was left half-way up by .*, whose run is gone, after 1 operation, 1 document\. mongo-release migrate --apply first takes it up/,
    ),
  ]);
  expect(left.stderr).toContain('2-slow was left half-way');

  await database.db.collection('wait').drop();
  const ran = await project.run(apply);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toContain('2-slow was left running by release');
  expect(ran.json.applied.map((one: { name: string }) => one.name)).toEqual(['2-slow', '3-c']);
  // What it had done before it was killed is not done again, and counts all the same.
  expect(ran.json.applied[0].effects).toMatchObject({ operations: 2, replayed: 1, inserted: 2 });
  expect(ran.stderr).toContain('2-slow is applied: 2 inserted. Of its 2 operations an earlier run had done 1.');
  expect(ran.stderr).toMatch(/2-slow .*\n.*1 operation by an earlier run/);
  const places = await database.db.collection('places').find().sort({ n: 1 }).toArray();
  expect(places.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
});

test('a run that loses its lease half-way stops, and says how far it got', async () => {
  const { ended } = await startSlow();
  await database.db
    .collection<{ _id: string }>('_mongo_release.lease')
    .updateOne({ _id: 'lease' }, { $set: { owner: 'somebody else' }, $inc: { fence: 1 } });
  const ran = await ended;
  expectFailure(ran, 8, 'FAILED_DIRTY', /was taken over by another run.*\[LEASE_LOST\] It had sent 1 operation/s);
  expect(ran.json.error.message).toContain('could not be put on record');
  expect(ran.json).toMatchObject({ outcome: 'failed-dirty', applied: [{ name: '1-a' }], remaining: ['3-c'] });
});

test('two runs at once apply everything exactly once', async () => {
  await database.db.dropDatabase();
  const runs = await Promise.all([1, 2].map(() => project.run(`${apply} --wait 30s`)));
  const done = runs.filter((ran) => ran.code === 0);
  // The later one finds another history than it planned for, or nothing to do.
  for (const ran of runs.filter((one) => !done.includes(one))) expectFailure(ran, 5, 'PLAN_MOVED', /applied since/);
  expect(done.flatMap((ran) => ran.json.applied).map((one) => one.name)).toEqual(['1-a', '2-slow', '3-c']);
  const places = await database.db.collection('places').find().sort({ n: 1 }).toArray();
  expect(places.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
});

test('a journal that is gone is not taken for nothing done: exit 8, and no effect happens twice', async () => {
  await using target = await freshDatabase();
  const counters = target.db.collection<{ _id: number; n: number }>('counters');
  await counters.insertOne({ _id: 1, n: 0 });
  const twice = "for (const _ of [1, 2]) await db.collection('counters').updateOne({ _id: 1 }, { $inc: { n: 1 } });";
  await using broken = await makeProject(
    { 'migrations/1-counts.js': migration(`${twice}\n  throw new Error('not yet');`) },
    { MONGODB_URI: target.uri },
  );
  expectFailure(await broken.run(apply), 8, 'FAILED_DIRTY');
  await target.db.collection('_mongo_release.journal').deleteMany({});
  expectFailure(await broken.run(apply), 8, 'RESUME_BLOCKED', /journal/);
  expect(await counters.findOne()).toEqual({ _id: 1, n: 2 });
});
