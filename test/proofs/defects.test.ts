import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

// What other runners were seen to do, one test for each: the same situation, and what becomes of it here.

let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  await project?.[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const counting = (name: string, more = '') =>
  migration(
    `${more} await db.collection('marks').updateOne({ _id: '${name}' }, { $inc: { times: 1 } }, { upsert: true });`,
    `await db.collection('marks').deleteOne({ _id: '${name}' });`,
  );

/** A project as migrate-mongo's users have it, without anything of ours. */
async function migrateMongoProject(files: Readonly<Record<string, string>>, config: object = {}): Promise<Project> {
  const whole = {
    mongodb: { url: database.uri, databaseName: database.name },
    ...{ migrationsDir: 'migrations', changelogCollectionName: 'changelog', migrationFileExtension: '.js' },
    ...config,
  };
  project = await makeProject({
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text])),
    'migrate-mongo-config.js': `module.exports = ${JSON.stringify(whole)};\n`,
  });
  return project;
}

async function ownProject(files: Readonly<Record<string, string>>, ttl = '30s'): Promise<Project> {
  project = await makeProject(
    {
      'mongo-release.yml': `lease: { ttl: ${ttl} }\n`,
      ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text])),
    },
    { MONGODB_URI: database.uri },
  );
  return project;
}

const apply = 'migrate --apply --rehearsal none --json';
const times = async () =>
  Object.fromEntries(
    (await database.db.collection('marks').find().toArray()).map((mark) => [String(mark._id), mark.times as number]),
  );
const states = async () =>
  (await project.run('status --json')).json.migrations.map(
    ({ name, state }: { name: string; state: string }) => `${name} ${state}`,
  );
const marks = async (count: number) => {
  while ((await database.db.collection('marks').countDocuments()) < count) await sleep(20);
};
/** Goes on when it is let go, and not before; begun by another run, at once. */
const slow = `await db.collection('marks').insertOne({ _id: 'begun' });
  while (await db.collection('wait').findOne()) await new Promise((go) => setTimeout(go, 50));`;
async function startSlow(ttl?: string) {
  await database.db.collection('wait').insertOne({});
  await ownProject({ '1-slow.js': counting('slow', slow) }, ttl);
  const started = project.start(apply);
  await marks(1);
  return started;
}
const letGo = () => database.db.collection('wait').drop();

describe('migrate-mongo', () => {
  test('lets three at once all apply everything; here each is applied once', async () => {
    await migrateMongoProject({ '1-a.js': counting('a'), '2-b.js': counting('b') });
    const ran = await Promise.all([1, 2, 3].map(() => project.run('up --wait 30s')));
    expect(ran.map(({ code }) => code)).toContain(0);
    expect((await project.run('up')).code).toBe(0);
    expect(await times()).toEqual({ a: 1, b: 1 });
    const entries = await database.db.collection('changelog').find().sort({ fileName: 1 }).toArray();
    expect(entries.map(({ fileName }) => fileName)).toEqual(['1-a.js', '2-b.js']);
  });

  test('runs a migration twice that takes longer than its lock lives; here heartbeats keep the lease', async () => {
    const first = await startSlow('6s');
    const lease = database.db.collection<{ _id: string; expiresAt: Date }>('_mongo_release.lease');
    const expiry = async () => Number((await lease.findOne({ _id: 'lease' }))?.expiresAt);
    // Heartbeats have moved its end on by as much as it lasts.
    for (const until = (await expiry()) + 6000; (await expiry()) < until; ) await sleep(100);
    expectFailure(await project.run(apply), 6, 'LEASE_HELD');
    await letGo();
    expect((await first.ended).code).toBe(0);
    expect(await times()).toMatchObject({ slow: 1 });
  });

  test('keeps its lock after SIGTERM; here the lease is given back at once', async () => {
    const first = await startSlow('5m');
    first.process.kill('SIGTERM');
    expect((await first.ended).code).toBe(143);
    await letGo();
    const next = await project.run(apply);
    expect(next.code, next.stderr).toBe(0);
    expect(await times()).toMatchObject({ slow: 1 });
  });

  test('takes everybody’s lock away when it ends; here one that is refused leaves the owner alone', async () => {
    const first = await startSlow();
    expectFailure(await project.run(apply), 6, 'LEASE_HELD');
    expectFailure(await project.run(apply), 6, 'LEASE_HELD');
    await letGo();
    expect((await first.ended).code).toBe(0);
  });

  test('has changed data and nothing on record where the changelog is not to be written; here it goes on from there', async () => {
    await migrateMongoProject({ '1-a.js': counting('a') });
    await database.db.createCollection('changelog', { validator: { never: true } });
    const refused = await project.run('up --json');
    expect(refused.code, refused.stderr).toBe(8);
    expect(refused.json.error.message).toContain('1-a');
    expect(await states()).not.toContain('1-a applied');
    await database.db.command({ collMod: 'changelog', validator: {} });
    const again = await project.run('up --wait 40s');
    expect(again.code, again.stderr).toBe(0);
    expect(await times()).toEqual({ a: 1 });
    expect(await database.db.collection('changelog').countDocuments()).toBe(1);
  });

  test('runs an edited file again; here it halts, and says what settles it', async () => {
    await migrateMongoProject({ '1-a.js': counting('a') }, { useFileHash: true });
    expect((await project.run('up')).code).toBe(0);
    await project.write({ 'migrations/1-a.js': `${counting('a')}// edited\n` });
    const halted = await project.run('up --json');
    expect(halted.code, halted.stderr).toBe(4);
    expect(halted.stderr).toContain('baseline 1-a');
    expect(await times()).toEqual({ a: 1 });
  });

  test('runs everything again when hashes are switched on; here nothing is', async () => {
    await migrateMongoProject({ '1-a.js': counting('a') });
    expect((await project.run('up')).code).toBe(0);
    const config = await project.read('migrate-mongo-config.js');
    await project.write({ 'migrate-mongo-config.js': config.replace('}};', '}, "useFileHash": true};') });
    await project.run('up');
    expect(await times()).toEqual({ a: 1 });
  });

  test('goes down by file name; here by the time of application', async () => {
    await ownProject({ '1-a.js': counting('a'), '2-b.js': counting('b') });
    expect((await project.run(`${apply} --name 2-b`)).code).toBe(0);
    expect((await project.run(`${apply} --name 1-a`)).code).toBe(0);
    expect((await project.run('down --json')).code).toBe(0);
    expect(await states()).toEqual(['1-a rolled-back', '2-b applied']);
  });

  test('runs older files silently and exits with 0 while some are pending; here both are said', async () => {
    await ownProject({ '2-b.js': counting('b') });
    expect((await project.run(apply)).code).toBe(0);
    await project.write({ 'migrations/1-a.js': counting('a') });
    expectFailure(await project.run('status --check --json'), 3, 'MIGRATIONS_PENDING');
    const halted = await project.run(apply);
    expect(halted.code, halted.stderr).toBe(4);
    expect(halted.stderr).toContain('--name 1-a');
    expect(await times()).toEqual({ b: 1 });
  });

  test('does not show what is applied and has no file; here it is listed', async () => {
    await ownProject({ '1-a.js': counting('a'), '2-b.js': counting('b') });
    expect((await project.run(apply)).code).toBe(0);
    const { rm } = await import('node:fs/promises');
    await rm(`${project.dir}/migrations/1-a.js`);
    const { json } = await project.run('status --json');
    expect(json.migrations).toContainEqual(
      expect.objectContaining({ name: '1-a', state: 'applied', note: 'file-missing' }),
    );
  });

  test('takes .d.ts for a migration, and throws on down -b with nothing applied; here neither', async () => {
    await migrateMongoProject({ '1-a.ts': '', '1-a.d.ts': 'export {};\n' }, { migrationFileExtension: '.ts' });
    await project.write({
      'migrations/1-a.ts':
        "export const up = async (db) => { await db.collection('marks').insertOne({ _id: 'a', times: 1 }); };\nexport const down = async () => {};\n",
    });
    const { code, stderr } = await project.run('down -b');
    expect(code, stderr).toBe(0);
    expect(await project.run('up')).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 1-a.ts\n' });
  });

  test('has no baseline, and no way down to a point; here are both', async () => {
    await ownProject({ '1-a.js': counting('a'), '2-b.js': counting('b'), '3-c.js': counting('c') });
    expect((await project.run('baseline 1-a --json')).code).toBe(0);
    expect((await project.run(apply)).code).toBe(0);
    expect(await times()).toEqual({ b: 1, c: 1 });
    const down = await project.run('down --to 1-a --json');
    expect(down.code, down.stderr).toBe(0);
    expect(await states()).toEqual(['1-a applied', '2-b rolled-back', '3-c rolled-back']);
  });
});

describe('other runners', () => {
  test('record after they ran, so a crash in between runs it again; here the next run finds what was done', async () => {
    // Ends its own parent when all of it is done: before anybody could record that.
    await ownProject({
      '1-a.js': counting('a').replace(' }, async down', " process.kill(process.ppid, 'SIGKILL'); }, async down"),
    });
    const first = project.start(apply);
    expect((await first.ended).signal).toBe('SIGKILL');
    await project.write({ 'migrations/1-a.js': counting('a') });
    const next = await project.run(`${apply} --wait 60s`);
    expect(next.code, next.stderr).toBe(0);
    expect(await times()).toEqual({ a: 1 });
  });

  test('report a transaction as done that failed; here it is not applied, and nothing is changed', async () => {
    const text = `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  transaction: true,
  async up({ db }) {
    await db.collection('marks').insertOne({ _id: 'a', times: 1 });
    await db.collection('marks').insertOne({ _id: 'a', times: 2 }).catch(() => {});
  },
  async down() {},
});
`;
    await ownProject({ '1-a.mjs': text });
    const failed = await project.run(apply);
    expect(failed.code, failed.stderr).toBe(7);
    expect(await states()).toEqual(['1-a failed']);
    expect(await times()).toEqual({});
  });

  test('stay locked for ever after a kill -9; here the lease runs out by itself', async () => {
    const first = await startSlow('6s');
    first.process.kill('SIGKILL');
    await first.ended;
    await letGo();
    const next = await project.run(`${apply} --wait 60s`);
    expect(next.code, next.stderr).toBe(0);
    expect(await times()).toMatchObject({ slow: 1 });
  });
});
