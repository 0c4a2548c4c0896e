import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BSON } from 'mongodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { besides, listed, mongodumpArchive, type Written } from '../../backup/mongodump-archive.ts';
import { expectFailure, insertPlace, makeProject, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

const own = ownNames();
let database: TestDatabase;
let project: Project;
const up = 'up --rehearsal none --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-a.js': insertPlace(1), 'migrations/2-b.js': insertPlace(2) },
    { MONGODB_URI: database.uri },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: number }>('places').distinct('_id');

/** A dump of the whole server, with this database in it; `without` names collections that are left out. */
async function dump(written: Written = {}, without: readonly string[] = []): Promise<void> {
  await using connection = await connect(database.uri, { secrets: new Secrets() });
  const mine = (await listed(connection)).filter(({ collection }) => !without.includes(collection));
  const bytes = await promisify(gzip)(mongodumpArchive([...besides(), ...mine], written));
  await writeFile(path.join(project.dir, 'dump.gz'), bytes);
}

test('a dump is inspected without a server, and restored with the history that is in it', async () => {
  expect((await project.run(`${up} --to 1-a`)).code).toBe(0);
  await dump();
  const inspected = await project.run('inspect dump.gz --json', { MONGODB_URI: '' });
  expect(inspected.json, inspected.stderr).toMatchObject({
    verified: true,
    backup: { engine: 'file', compression: 'gzip', documents: 2, serverVersion: '6.0.5' },
  });
  expect(inspected.json.backup.databases).toContainEqual(
    expect.objectContaining({ name: database.name, collections: 1, documents: 1 }),
  );
  expect(inspected.stderr).toContain(database.name);

  expect((await project.run(up)).code).toBe(0);
  await database.db.collection('added').insertOne({});
  expectFailure(await project.run('restore ./dump.gz --json'), 2, 'CONFIRMATION_NEEDED', /database .* in \.\/dump\.gz/);
  const restored = await project.run('restore ./dump.gz --yes --json');
  expect(restored.json, restored.stderr).toMatchObject({
    outcome: 'applied',
    backupId: './dump.gz',
    restored: [{ collection: 'places', documents: 1 }],
    ...{ removed: [], kept: ['added'] },
    history: 'set',
  });
  expect(restored.json.warnings).toEqual([
    expect.stringMatching(/so the collections .* were kept: added\..*--no-keep/),
  ]);
  expect(await places()).toEqual([1]);
  const { json } = await project.run('status --json');
  expect(json.migrations.map((one: { state: string }) => one.state)).toEqual(['applied', 'rolled-back']);
  const record = await database.db.collection(own.releases).findOne({ kind: 'restore' });
  expect(record).toMatchObject({ state: 'applied', backupId: './dump.gz' });
});

test('what a dump of some collections does not hold is removed only where that is asked for, and named before', async () => {
  for (const name of ['places', 'orders']) await database.db.collection<{ _id: number }>(name).insertOne({ _id: 1 });
  await dump({}, ['orders']);
  await database.db.collection('places').deleteMany({});
  expectFailure(await project.run('restore dump.gz --json'), 2, 'CONFIRMATION_NEEDED', /(?<!removed.*)$/);
  const restored = await project.run('restore dump.gz --yes --json');
  expect(restored.json, restored.stderr).toMatchObject({ removed: [], kept: ['orders'] });
  expect(await places()).toEqual([1]);
  expect(await database.db.collection('orders').countDocuments()).toBe(1);
  const asked = await project.run('restore dump.gz --no-keep-added --json');
  expectFailure(asked, 2, 'CONFIRMATION_NEEDED', /What it does not hold is removed: orders\./);
  const removing = await project.run('restore dump.gz --no-keep-added --yes --json');
  expect(removing.json, removing.stderr).toMatchObject({ removed: ['orders'], kept: [] });
});

test('where a dump has no history, that of the target stays, and that is said', async () => {
  expect((await project.run(up)).code).toBe(0);
  await dump({}, [own.history]);
  await database.db.collection('places').deleteMany({});
  const restored = await project.run('restore dump.gz --yes --json');
  expect(restored.json, restored.stderr).toMatchObject({ history: 'unchanged' });
  expect(restored.json.warnings).toEqual([expect.stringMatching(/does not say which migrations its data have/)]);
  expect(await places()).toEqual([1, 2]);
  expect((await project.run('status --json')).json.pending).toBe(0);
  expectFailure(await project.run('restore dump.gz --then-migrate --yes --json'), 2, 'USAGE', /does not say which/);
});

test('in a project of migrate-mongo the changelog in a dump says where in history its data are', async () => {
  const config = {
    mongodb: { url: database.uri, databaseName: database.name, options: {} },
    ...{ migrationsDir: 'migrations', changelogCollectionName: 'changelog', migrationFileExtension: '.js' },
  };
  await project.write({ 'migrate-mongo-config.js': `module.exports = ${JSON.stringify(config)};` });
  await rename(path.join(project.dir, 'migrations/2-b.js'), path.join(project.dir, '2-b.js'));
  expect((await project.run(up)).code).toBe(0);
  await dump({}, [own.history]);
  await rename(path.join(project.dir, '2-b.js'), path.join(project.dir, 'migrations/2-b.js'));
  expect((await project.run(up)).code).toBe(0);
  const restored = await project.run('restore dump.gz --then-migrate --rehearsal none --yes --json');
  expect(restored.json, restored.stderr).toMatchObject({ history: 'set', migrate: { applied: [{ name: '2-b' }] } });
  expect(await places()).toEqual([1, 2]);
  await dump({}, [own.history, 'changelog']);
  expectFailure(await project.run('restore dump.gz --then-migrate --yes --json'), 2, 'USAGE', /does not say which/);
}, 120_000);

test('of several databases the one of the target is taken, or the one that is named', async () => {
  await database.db.collection<{ _id: number }>('places').insertOne({ _id: 1 });
  await dump();
  await using other = await freshDatabase();
  expectFailure(
    await project.run(`restore dump.gz --database ${other.name} --yes --json`),
    2,
    'BACKUP_NAMESPACE_UNKNOWN',
    new RegExp(`holds the databases .*${database.name}`),
  );
  const into = await project.run(`restore dump.gz --database ${database.name} --into ${other.name} --yes --json`);
  expect(into.json, into.stderr).toMatchObject({ database: other.name, restored: [{ collection: 'places' }] });
  expect(await other.db.collection('places').countDocuments()).toBe(1);
});

test('a dump with changes in its oplog is refused, and taken without them by an explicit choice', async () => {
  await database.db.collection<{ _id: number }>('places').insertOne({ _id: 1 });
  const entry = (t: number) => ({ ts: new BSON.Timestamp({ t, i: 1 }), op: 'i', ns: `${database.name}.places`, o: {} });
  await dump({ oplog: [entry(1), entry(2)] });
  await database.db.collection('places').deleteMany({});
  expectFailure(await project.run('restore dump.gz --yes --json'), 2, 'OPLOG_NOT_APPLIED', /was written to/);
  expect(await places()).toEqual([]);
  const inspected = await project.run('inspect dump.gz --json');
  expect(inspected.json, inspected.stderr).toMatchObject({ verified: true, backup: { oplogEntries: 2 } });
  const restored = await project.run('restore dump.gz --consistency per-collection --yes --json');
  expect(restored.code, restored.stderr).toBe(0);
  expect(await places()).toEqual([1]);
});

test('what is damaged, missing or no archive is refused before anybody is asked', async () => {
  await database.db.collection<{ _id: number }>('places').insertOne({ _id: 1 });
  await dump();
  await writeFile(
    path.join(project.dir, 'cut.gz'),
    (await readFile(path.join(project.dir, 'dump.gz'))).subarray(0, 200),
  );
  for (const words of ['inspect', 'restore'])
    expectFailure(await project.run(`${words} cut.gz --json`), 11, 'ARCHIVE_DAMAGED');
  expectFailure(await project.run('restore nothing.gz --json'), 11, 'BACKUP_NOT_FOUND', /nothing\.gz/);
  expectFailure(await project.run('inspect migrations/1-a.js --json'), 11, 'ARCHIVE_DAMAGED', /does not begin/);
});
