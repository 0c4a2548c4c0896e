import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;
let backupId: string;

/** One of everything, by several people. */
beforeAll(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertMany([{ n: 1 }, { n: 2 }]);
  const update = "await db.collection('places').updateMany({}, { $inc: { n: 1 } })";
  project = await makeProject(
    { 'migrations/1-a.js': migration("throw new Error('no')"), 'migrations/0-old.js': migration(update) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  const run = async (words: string[], user: string, code = 0) => {
    const ran = await project.run([...words, '--json'], { USER: user });
    expect(ran.code, ran.stderr).toBe(code);
    return ran.json;
  };
  await run(['baseline', '0-old', '--reason', 'it was there'], 'alice');
  backupId = (await run(['backup'], 'alice')).id;
  await run(['migrate', '--apply', '--rehearsal', 'none', '--release-id', 'r1'], 'alice', 7);
  await project.write({ 'migrations/1-a.js': migration(update, update) });
  await run(['migrate', '--apply', '--rehearsal', 'none', '--release-id', 'r1'], 'bob');
  await run(['down', '--reason', 'not yet'], 'carol');
  await run(['drill'], 'dave');
}, 180_000);
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('everything that happened is there, the newest first, with who, why and what became of it', async () => {
  const before = await stateOf(database.db);
  const ran = await project.run('audit --json');
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json).toMatchObject({
    outcome: 'nothing-to-do',
    target: 'default',
    database: database.name,
    drills: 'listed',
  });
  expect(ran.json.entries).toMatchObject([
    { kind: 'drill', state: 'passed', actor: 'dave', backupId, result: { recoveryTimeMs: expect.any(Number) } },
    { kind: 'down', state: 'rolled-back', actor: 'carol', reason: 'not yet', migrations: ['1-a'] },
    {
      ...{ id: 'r1', kind: 'migrate', state: 'applied', actor: 'bob', migrations: ['1-a'] },
      planDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      attempts: [{ actor: 'alice', state: 'failed-clean', error: { code: 'FAILED_CLEAN' } }],
    },
    { kind: 'baseline', actor: 'alice', reason: 'it was there', migrations: ['0-old'] },
  ]);
  for (const words of ['because: not yet', '1 earlier attempt', 'recovered in', `backup ${backupId}`])
    expect(ran.stderr).toContain(words);
  expect(await stateOf(database.db)).toEqual(before);
});

test('what a release decided stands behind it: whose run, of which commit, by which way and with what let off', async () => {
  await database.db.collection<{ _id: string }>('_mongo_release.releases').insertOne({
    ...{ _id: 'r0', kind: 'rollback', of: 'r', state: 'rolled-back', strategy: 'restore', why: 'the only one' },
    ...{
      startedAt: new Date(0),
      finishedAt: new Date(1000),
      target: 'default',
      environment: 'development',
      host: 'h-1',
    },
    steps: [
      { name: 'data', state: 'done', startedAt: new Date(100), durationMs: 600 },
      { name: 'verify', state: 'skipped', startedAt: new Date(700), note: 'no probes' },
    ],
    ...{ migrations: ['1-a'], acceptedLoss: '12', waivers: [{ what: 'rehearsal', reason: 'it burns', actor: 'erin' }] },
    ...{ runUrl: 'https://github.example/run/1', commit: 'ab'.repeat(20), toolVersion: '0' },
  } as never);
  const ran = await project.run('audit --json');
  expect(ran.json.entries.at(-1)).toMatchObject({
    ...{ id: 'r0', strategy: 'restore', acceptedLoss: '12', runUrl: 'https://github.example/run/1' },
    waivers: [{ reason: 'it burns', actor: 'erin' }],
  });
  for (const words of ['of r · by restore', 'without rehearsal, because: it burns', 'accepted loss of writes: 12'])
    expect(ran.stderr).toContain(words);
  // Whoever it was: not the machine. And the whole with its parts.
  expect(ran.stderr).toMatch(/ rollback +\? unknown +1\.0 s +r0\n +1-a · of r/m);
  for (const words of ['on h-1', 'took: data 600 ms, around them 400 ms'])
    expect(ran.stderr.replaceAll(/\s+/g, ' ')).toContain(words);
});

test('only what happened since, and into a file', async () => {
  const file = join(project.dir, 'trail.json');
  const ran = await project.run(`audit --since 1h --out ${file} --json`);
  const kinds = (entries: { kind: string }[]) => entries.map(({ kind }) => kind);
  expect(kinds(ran.json.entries)).toEqual(['drill', 'down', 'migrate', 'baseline']);
  const trail = JSON.parse(await readFile(file, 'utf8'));
  expect(trail).toMatchObject({ schemaVersion: 1, target: 'default', database: database.name, since: ran.json.since });
  expect(trail.entries).toEqual(ran.json.entries);
  expect((await project.run('audit --since 2999-01-01 --json')).json.entries).toEqual([]);
  expectFailure(await project.run('audit --since yesterday --json'), 2, 'USAGE', /neither a day nor a length of time/);
  expectFailure(await project.run('audit --out /nowhere/x.json --json'), 2, 'USAGE', /cannot be written/);
});

test('a password that is a word or a number of the trail changes nothing of it', async () => {
  const uri = (password: string) => `mongodb://user:${password}@127.0.0.1:1/shop`;
  const file = join(project.dir, 'trail.json');
  const plain = (await project.run(`audit --json`)).json.entries;
  // Known of by its address alone, which is secret all the same.
  for (const password of ['migrate', '000']) {
    const ran = await project.run(`audit --out ${file} --json`, { MONGO_RELEASE_SANDBOX_URI: uri(password) });
    expect(ran.json.entries).toEqual(plain);
    expect(JSON.parse(await readFile(file, 'utf8')).entries).toEqual(plain);
    expect(ran.stderr).toMatch(/^ .* migrate .* bob /m);
  }
});

test('drills that nobody can see are said to be missing', async () => {
  const without = await project.run('audit --json', { MONGO_RELEASE_STORE: '' });
  expect(without.json).toMatchObject({ drills: 'no-store', warnings: [expect.stringContaining('none is named')] });
  await project.write({ 'a-file': '' });
  const unreadable = await project.run('audit --store a-file --json');
  expect(unreadable.json).toMatchObject({ drills: 'unreadable', warnings: [expect.stringContaining('STORE_FAILED')] });
  const drills = join(project.dir, 'backups', 'drills');
  const [name = ''] = await readdir(drills);
  const text = await readFile(join(drills, name), 'utf8');
  await writeFile(join(drills, name), text.replace('"passed"', '"failed"'));
  const damaged = await project.run('audit --json');
  expect(damaged.json).toMatchObject({ drills: 'listed', warnings: [expect.stringContaining('was changed or cut')] });
  expect(damaged.json.entries).not.toContainEqual(expect.objectContaining({ kind: 'drill' }));
  await writeFile(join(drills, name), text);
});

test('a restore leaves what is on record as it was, and adds itself', async () => {
  const entries = async () => (await project.run('audit --json')).json.entries;
  const before = await entries();
  const ran = await project.run(['restore', backupId, '--yes', '--reason', 'a test', '--json']);
  expect(ran.code, ran.stderr).toBe(0);
  const [restored, ...rest] = await entries();
  expect(restored).toMatchObject({ kind: 'restore', backupId, reason: 'a test', state: 'applied' });
  expect(rest).toEqual(before);
});
