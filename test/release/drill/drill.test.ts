import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { decodeChecked } from '../../../src/backup/checked-json.ts';
import { encodeManifest, type Manifest } from '../../../src/backup/manifest.ts';
import type { DrillRecord } from '../../../src/release/drill/record.ts';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { stateOf } from '../state.ts';

let database: TestDatabase;
let project: Project;
/** One migration behind the project. */
let backupId: string;

const second = migration("await db.collection('cities').updateMany({}, { $set: { country: 'here' } })");
const settings = (drill = '{}') => `
drill: ${drill}
probes:
  - { name: every city has a country, mongo: { collection: cities, filter: { country: { $exists: false } }, count: 0 } }
  - { name: the application answers, http: { url: 'http://127.0.0.1:1/' } }
`;

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  await db.createCollection('weather', { timeseries: { timeField: 'at', metaField: 'city' } });
  await db.collection('weather').insertMany([{ at: new Date(), city: 1, t: 20 }]);
  await db.collection('places').insertMany(Array.from({ length: 500 }, (_, n) => ({ n, name: `Place ${n}` })));
  await db.collection('places').createIndex({ n: 1 }, { unique: true });
  await db.createCollection('near', { viewOn: 'places', pipeline: [{ $match: { n: { $lt: 10 } } }] });
  project = await makeProject({
    'migrations/1-a.js': migration("await db.collection('cities').insertMany([{ _id: 1 }, { _id: 2 }])"),
    'mongo-release.yml': settings(),
  });
  await project.run('migrate --apply --rehearsal none', { MONGODB_URI: database.uri });
  const taken = await project.run('backup --store backups --json', { MONGODB_URI: database.uri });
  expect(taken.code, taken.stderr).toBe(0);
  backupId = taken.json.id;
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
afterEach(() => project.write({ 'migrations/2-b.js': second, 'mongo-release.yml': settings() }));

const folder = (...names: string[]) => join(project.dir, 'backups', ...names);
const records = async (): Promise<DrillRecord[]> => {
  const names = await readdir(folder('drills')).catch(() => []);
  return Promise.all(names.sort().map(async (name) => JSON.parse(await readFile(folder('drills', name), 'utf8'))));
};
const last = async () => (await records()).at(-1);
const drill = (more = '', env = {}) => project.run(`drill --store backups --json${more}`, env);

test('a drill brings the newest backup back, up to date, without the target, and puts it on record', async () => {
  await project.write({ 'migrations/2-b.js': second });
  const before = await stateOf(database.db);
  const ran = await drill('', { USER: 'somebody' });
  expect(ran.code, ran.stderr).toBe(0);
  const { json } = ran;
  expect(json).toMatchObject({
    ...{ command: 'drill', outcome: 'rehearsed', target: 'default', database: database.name },
    ...{
      backupId,
      documents: 503,
      verified: true,
      limits: [],
      record: expect.stringMatching(/\/backups\/drills\/[^/]+\.json$/),
    },
    recoveryPoint: { at: expect.stringMatching(/^20.*Z$/), ageMs: expect.any(Number) },
    migrations: [{ name: '2-b', effects: { modified: 2 } }],
    // There is no application to ask.
    probes: [{ name: 'every city has a country', state: 'passed' }],
    counts: [
      { collection: 'cities', state: 'equal', restored: { documents: 2 } },
      { collection: 'places', state: 'equal', restored: { documents: 500 } },
      { collection: 'weather', state: 'equal', restored: { documents: 1 } },
    ],
    steps: ['verify', 'start', 'restore', 'count', 'migrate', 'probe'].map((name) => ({ name, state: 'done' })),
  });
  const took = (names: string[]) =>
    json.steps.reduce(
      (sum: number, one: { name: string; durationMs: number }) => sum + (names.includes(one.name) ? one.durationMs : 0),
      0,
    );
  // All of the time that somebody would wait, also between two steps; what is counted is for the drill alone.
  const [least, counting] = [took(['verify', 'start', 'restore', 'migrate', 'probe']), took(['count'])];
  expect(json.recoveryTimeMs).toBeGreaterThan(least);
  expect(json.recoveryTimeMs).toBeLessThanOrEqual(json.durationMs - counting);
  expect(json.recoveryPoint.ageMs).toBeGreaterThan(0);
  expect(ran.stderr).toMatch(/✓ The drill passed.*\n {2}Recovered in/);
  expect(await last()).toMatchObject({
    ...{
      releaseId: json.releaseId,
      kind: 'drill',
      state: 'passed',
      actor: 'somebody',
      backupId,
      database: database.name,
    },
    ...{
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      ...{ migrations: ['2-b'], cluster: { replicaSetId: expect.any(String) } },
      result: { recoveryTimeMs: json.recoveryTimeMs },
    },
  });
  expect((await project.run('inspect --store backups --json')).json.backups).toHaveLength(1);
  expect(await stateOf(database.db)).toEqual(before);
});

test('limits that are exceeded and a probe that fails are one failure, each with its numbers', async () => {
  await project.write({
    'migrations/2-b.js': migration("await db.collection('cities').insertOne({ _id: 3 })"),
    'mongo-release.yml': settings('{ recovery-time: 1ms, recovery-point: 1ms }'),
  });
  const ran = await drill();
  expectFailure(
    ran,
    9,
    'DRILL_FAILED',
    /has a country" failed.*Recovery took .* where 1 ms is the limit.*data are .* old/s,
  );
  expect(ran.json).toMatchObject({
    outcome: 'failed-clean',
    steps: expect.arrayContaining([expect.objectContaining({ name: 'probe', state: 'failed' })]),
    limits: [
      { name: 'recovery-time', state: 'exceeded', limitMs: 1, seenMs: ran.json.recoveryTimeMs },
      { name: 'recovery-point', state: 'exceeded', limitMs: 1, seenMs: ran.json.recoveryPoint.ageMs },
    ],
  });
  expect(ran.stderr).not.toContain('Recovered');
  expect(await last()).toMatchObject({ state: 'failed', error: { code: 'DRILL_FAILED' } });
});

test('a migration that fails on the restored data fails the drill', async () => {
  await project.write({ 'migrations/2-b.js': migration("await db.collection('cities').insertOne({ _id: 1 })") });
  const ran = await drill();
  expectFailure(ran, 9, 'DRILL_FAILED', /can be restored, and not be brought .*migration 2-b failed/);
  const offending = [{ kind: 'duplicate-key', collection: 'cities' }];
  expect(ran.json).toMatchObject({ verified: true, failed: { name: '2-b', offending } });
  // What stands in a backup nobody corrects.
  expect(ran.json.error.hint).toMatch(/^Let 2-b bear such documents, which stay in the backup.*take a new backup/);
  expect(ran.json).not.toHaveProperty('recoveryTimeMs');
  // How old the data are is known all the same.
  await project.write({ 'mongo-release.yml': settings('{ recovery-time: 1h, recovery-point: 1ms }') });
  const old = await drill();
  expectFailure(old, 9, 'DRILL_FAILED', /migration 2-b failed.* old where 1 ms is the limit/s);
  expect(old.json.limits).toEqual([
    { name: 'recovery-time', state: 'unknown', limitMs: 3_600_000 },
    { name: 'recovery-point', state: 'exceeded', limitMs: 1, seenMs: old.json.recoveryPoint.ageMs },
  ]);
  expect(old.stderr).toMatch(/✗ exceeded +recovery-point/);
  expect(old.json.error.hint).toBe(ran.json.error.hint);
});

test('without a sandbox nobody knows', async () => {
  const ran = await drill(' --mongod /nowhere/mongod');
  expectFailure(ran, 5, 'SANDBOX_UNAVAILABLE');
  expect(ran.json).toMatchObject({ outcome: 'blocked', verified: true });
  expect(await last()).toMatchObject({ state: 'unknown' });
});

test('an encrypted backup needs the identity as elsewhere', async () => {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const taken = await project.run(`backup --store backups --json --recipient ${recipient}`, {
    MONGODB_URI: database.uri,
  });
  expectFailure(await drill(), 2, 'IDENTITY_MISSING');
  const ran = await drill('', { MONGO_RELEASE_IDENTITY: identity });
  expect(ran.json, ran.stderr).toMatchObject({ backupId: taken.json.id, outcome: 'rehearsed', verified: true });
  // Who has lost the key has no backup.
  const other = await drill('', { MONGO_RELEASE_IDENTITY: await generateX25519Identity() });
  expectFailure(other, 9, 'DRILL_FAILED', /cannot be restored: .*\[IDENTITY_WRONG\]/);
  expect(await last()).toMatchObject({ state: 'failed' });
  // The one before is drilled when it is named.
  expect((await drill(` --backup ${backupId}`)).json).toMatchObject({ backupId, outcome: 'rehearsed' });
  for (const name of await readdir(folder())) if (name.startsWith(taken.json.id)) await rm(folder(name));
});

test('a backup that was left half-way cannot be brought up to date by anybody', async () => {
  const history = database.db.collection<{ _id: string }>('_mongo_release.history');
  const { _id, ...record } = (await history.findOne({ _id: '1-a' })) ?? { _id: '' };
  await history.updateOne({ _id }, { $set: { state: 'failed' } });
  const taken = await project.run('backup --store half --json', { MONGODB_URI: database.uri });
  await history.replaceOne({ _id }, record);
  const ran = await project.run('drill --store half --json');
  expectFailure(ran, 9, 'DRILL_FAILED', /1-a had been left half-way/);
  expect(ran.json).toMatchObject({ backupId: taken.json.id, verified: true, counts: [{}, {}, {}] });
});

test('no backup, another target, and several databases: each is told', async () => {
  expectFailure(await project.run('drill --store empty --json'), 11, 'BACKUP_NOT_FOUND', /no backup in/);
  const other = await drill(' --database blog');
  expectFailure(other, 11, 'BACKUP_NOT_FOUND', new RegExp(`of default / blog .* those of default / ${database.name}`));
  await using second = await freshDatabase();
  await second.db.collection('posts').insertOne({});
  await project.run('backup --store backups', { MONGODB_URI: second.uri });
  const ran = await drill();
  expectFailure(ran, 2, 'USAGE', /several databases of default/);
  expect((await drill(` --database ${database.name} --mongod /nowhere`)).json).toMatchObject({ backupId });
});

test('backups of one name in several clusters are not taken for each other', async () => {
  const take = () => project.run('backup --store shared --json', { MONGODB_URI: database.uri });
  const [first, second] = [(await take()).json.id, (await take()).json.id];
  const file = join(project.dir, 'shared', `${first}.manifest.json`);
  const read = decodeChecked(await readFile(file, 'utf8'));
  const { target, ...manifest } = (read.state === 'intact' ? read.value : {}) as Manifest;
  const cluster = { replicaSetId: 'of another project' };
  await writeFile(file, encodeManifest({ ...manifest, target: { ...target, cluster } } as Manifest));
  const ran = await project.run('drill --store shared --mongod /nowhere --json');
  expectFailure(ran, 2, 'USAGE', /in several clusters/);
  expect(ran.json.error.hint).toContain(`--backup ${second}`);
  const named = await project.run(['drill', '--store', 'shared', '--mongod', '/nowhere', '--backup', first, '--json']);
  expect(named.json).toMatchObject({ backupId: first, error: { code: 'SANDBOX_UNAVAILABLE' } });
  // And neither are their drills.
  const audit = await project.run('audit --store shared --json', { MONGODB_URI: database.uri });
  const drills = audit.json.entries.filter(({ kind }: { kind: string }) => kind === 'drill');
  expect(drills).toMatchObject([{ error: { code: 'USAGE' } }]);
});

test('a member of the cluster that was backed up is no sandbox, though nobody said the address of the target', async () => {
  const address = database.uri.replace(database.name, '');
  const ran = await drill(` --database ${database.name} --sandbox-uri ${address}`);
  expectFailure(ran, 5, 'SANDBOX_REFUSED', /replica set of a target/);
});

test('records of drills stay for a year, and the newest however old they are', async () => {
  const names = Array.from({ length: 110 }, (_, n) => `20200101T000000${String(n).padStart(3, '0')}Z-abcdef.json`);
  await mkdir(folder('drills'), { recursive: true });
  for (const name of names) await writeFile(folder('drills', name), '{}');
  await drill(' --mongod /nowhere');
  const left = await readdir(folder('drills'));
  expect(left).toHaveLength(100);
  expect(left).toContain(names.at(-1));
  expect(left).not.toContain(names[0]);
});

test('a damaged backup is not passed over for an older one', async () => {
  const taken = await project.run('backup --store backups --json', { MONGODB_URI: database.uri });
  const { id } = taken.json;
  const damage = async (name: string) => {
    const bytes = await readFile(folder(name));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(folder(name), bytes);
  };
  await damage(`${id}.archive.zst`);
  const named = ` --database ${database.name}`;
  expectFailure(await drill(named), 11, 'ARCHIVE_DAMAGED');
  expect(await last()).toMatchObject({ state: 'failed', backupId: id });
  await damage(`${id}.manifest.json`);
  expectFailure(await drill(named), 11, 'MANIFEST_DAMAGED');
  expect(await last()).toMatchObject({ state: 'failed', database: database.name });
});
