import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;

beforeAll(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
  // What an earlier release dropped: it is kept, and not rehearsed on.
  await database.db.collection('_mongo_release.dropped.1').insertOne({ text: 'x'.repeat(1e6) });
  project = await makeProject(
    {
      'migrations/1-a.js': migration(
        "await db.collection('places').updateMany({ n: { $gt: 1 } }, { $set: { big: true } }); await db.collection('places').createIndex({ n: 1 });",
      ),
      'migrations/2-b.js': migration("await db.collection('places').deleteOne({ big: true });"),
    },
    { MONGODB_URI: database.uri },
  );
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('a dry run tells what each migration would do, leaves the target untouched and nothing else behind', async () => {
  const before = await stateOf(database.db);
  const TMPDIR = await mkdtemp(join(tmpdir(), 'mr-dry-run-'));
  const ran = await project.run('migrate --json', { TMPDIR });
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json).toMatchObject({
    outcome: 'rehearsed',
    applied: [],
    rehearsal: {
      level: 'full',
      restoredDocuments: 3,
      need: { basis: expect.stringMatching(/^\d+ B of documents/) },
      migrations: [
        {
          name: '1-a',
          effects: { matched: 2, modified: 2, indexesCreated: ['places.n_1'] },
          durationMs: expect.any(Number),
        },
        { name: '2-b', effects: { deleted: 1 } },
      ],
      uncovered: [expect.stringContaining('Durations on the target')],
    },
  });
  expect(ran.stderr).toContain('mongo-release itself only read the target');
  // No collection of ours either.
  expect(await stateOf(database.db)).toEqual(before);
  expect(await readdir(TMPDIR)).toEqual([]);
  await rm(TMPDIR, { recursive: true });
});

test('a migration that fails in the rehearsal is not applied, and the target is untouched', async () => {
  const before = await stateOf(database.db, { own: false });
  await using failing = await makeProject(
    {
      'migrations/1-a.js': migration("await db.collection('places').insertOne({}); throw new Error('no');"),
      'migrations/2-b.js': migration(''),
      'migrations/3-c.js': migration(''),
    },
    { MONGODB_URI: database.uri },
  );
  const ran = await failing.run('migrate --apply --json');
  expectFailure(
    ran,
    13,
    'REHEARSAL_FAILED',
    /failed in migration 1-a.*Not rehearsed, since they come after it: 2-b, 3-c\..*did not touch the target/s,
  );
  expect(ran.json).toMatchObject({
    outcome: 'failed-clean',
    applied: [],
    rehearsal: { failed: { name: '1-a', effects: { inserted: 1 } }, remaining: ['2-b', '3-c'] },
  });
  expect(await stateOf(database.db, { own: false })).toEqual(before);
});

test('a backup that is damaged fails the rehearsal as that, and is not counted as verified', async () => {
  await project.write({ 'mongo-release.yml': 'backup: { compression: none }\n' });
  const { id, location } = (await project.run('backup --store damaged --json')).json;
  const bytes = await readFile(location);
  bytes[bytes.length - 20]! ^= 1;
  await writeFile(location, bytes);
  const ran = await project.run(['migrate', '--backup', id, '--store', 'damaged', '--json']);
  expectFailure(ran, 11, 'ARCHIVE_DAMAGED', /The backup is damaged/);
  const { backups } = (await project.run('inspect --store damaged --json')).json;
  expect(backups).toMatchObject([{ id }]);
  expect(backups[0]).not.toHaveProperty('verifiedAt');
  await project.write({ 'mongo-release.yml': '' });
});

test('no migration waits in a sandbox for its server to be less busy', async () => {
  const secrets = new Secrets();
  await using sandbox = await startSandbox({
    ...{ environment: sandboxEnvironment(process.env), mongod: process.env.MONGO_RELEASE_MONGOD, secrets },
    log: new Log(() => {}, secrets),
    // What is restored, and the oplog of it, are more than the 15 % at which a migration waits on a target.
    cacheSizeGB: 0.25,
  });
  await using large = await freshDatabase();
  const text = 'x'.repeat(1_000_000);
  await large.db.collection('texts').insertMany(Array.from({ length: 30 }, (_, n) => ({ n, text })));
  await using other = await makeProject(
    { 'migrations/1-a.js': migration("await db.collection('texts').updateMany({}, { $set: { a: 1 } });") },
    { MONGODB_URI: large.uri },
  );
  const ran = await other.run(['migrate', '--json', '--sandbox-uri', sandbox.uri]);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed' });
  expect(ran.stderr).not.toContain('waits between two batches');
});

test('nothing that the configuration knows as a target is taken for a sandbox', async () => {
  const before = await stateOf(database.db);
  const secrets = new Secrets();
  await using other = await startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod: process.env.MONGO_RELEASE_MONGOD,
    log: new Log(() => {}, secrets),
    secrets,
  });
  await project.write({ 'mongo-release.yml': 'targets:\n  here: { uri-env: HERE }\n  other: { uri-env: OTHER }\n' });
  const run = (sandbox: string, env: Record<string, string>) =>
    project.run(['migrate', '--target', 'here', '--json', '--sandbox-uri', sandbox], { HERE: database.uri, ...env });
  expectFailure(await run(database.uri, {}), 5, 'SANDBOX_REFUSED', /belongs to the replica set of a target/);
  // Of a target that this run is not about only the address is known, and that is enough.
  const [, host = ''] = /@([^/]+)/.exec(other.uri) ?? [];
  const known = await run(other.uri, { OTHER: `mongodb://nobody:secret@${host}/shop` });
  expectFailure(known, 5, 'SANDBOX_REFUSED', /belongs to the replica set of a target/);
  const taken = await run(other.uri, {});
  expect(taken.json, taken.stderr).toMatchObject({ outcome: 'rehearsed' });
  expect(await stateOf(database.db)).toEqual(before);
});
