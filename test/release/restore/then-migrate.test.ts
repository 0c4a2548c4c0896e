import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { listed, mongodumpArchive } from '../../backup/mongodump-archive.ts';
import { expectFailure, insertPlace, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

const own = ownNames();
let database: TestDatabase;
let project: Project;
const failing = migration(
  `await db.collection('places').insertOne({ _id: 9 }); throw new Error('stuck');`,
  `await db.collection('places').deleteOne({ _id: 9 });`,
);
let id: string;

/** A backup of the time of 1-a; by now 2-b is applied, and the users have written. */
beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-a.js': insertPlace(1) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  ({ id } = (await project.run('backup --json')).json);
  await project.write({ 'migrations/2-b.js': insertPlace(2) });
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  await database.db.collection<{ _id: number }>('places').insertOne({ _id: 100 });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: number }>('places').distinct('_id');
const states = async () =>
  (await project.run('status --json')).json.migrations.map((one: { state: string }) => one.state);
const recordOf = (releaseId: string) =>
  database.db.collection<{ _id: string }>(own.releases).findOne({ _id: releaseId });

test('an old backup comes to the schema of today: what is pending after it is rehearsed on it and applied', async () => {
  await project.write({ 'migrations/3-c.js': insertPlace(3) });
  const ran = await project.run(`restore ${id} --then-migrate --yes --json`);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json).toMatchObject({
    outcome: 'applied',
    backupId: id,
    history: 'set',
    migrate: {
      applied: [{ name: '2-b' }, { name: '3-c' }],
      rehearsal: { level: 'full', migrations: [{ name: '2-b' }, { name: '3-c' }], restoredDocuments: 1 },
    },
  });
  expect(ran.stderr).toContain('3-c');
  expect(await places()).toEqual([1, 2, 3]);
  expect(await states()).toEqual(['applied', 'applied', 'applied']);
  // Two records: the restore says what followed it, and what followed can be taken back as a release of its own.
  const { releaseId } = ran.json.migrate;
  expect(releaseId).not.toBe(ran.json.releaseId);
  expect(await recordOf(ran.json.releaseId)).toMatchObject({
    kind: 'restore',
    state: 'applied',
    followedBy: releaseId,
  });
  expect(await recordOf(releaseId)).toMatchObject({ kind: 'migrate', state: 'applied', backupId: id });
  const back = await project.run(`rollback ${releaseId} --yes --json`);
  expect(back.code, back.stderr).toBe(0);
  expect(await places()).toEqual([1]);
});

test('a migration that fails leaves the restored data, says what was applied, and what to type', async () => {
  await project.write({ 'migrations/3-c.js': failing });
  const ran = await project.run(`restore ${id} --then-migrate --rehearsal none --yes --json`);
  expectFailure(ran, 8, 'RESTORED_NOT_MIGRATED', new RegExp(`Backup ${id} is restored.*3-c.*\\[FAILED_`, 's'));
  expect(ran.json).toMatchObject({
    restored: [{ collection: 'places', documents: 1 }],
    migrate: { applied: [{ name: '2-b' }], failed: { name: '3-c' } },
  });
  expect(ran.json.error.hint).toContain('mongo-release migrate --apply');
  expect(await places()).toContain(2);
  expect(await places()).not.toContain(100);
  expect(await recordOf(ran.json.releaseId)).toMatchObject({
    kind: 'restore',
    state: 'failed-dirty',
    error: { code: 'RESTORED_NOT_MIGRATED' },
    followedBy: ran.json.migrate.releaseId,
  });
  await project.write({ 'migrations/3-c.js': insertPlace(3) });
  const again = await project.run('migrate --apply --rehearsal none --json');
  expect(again.code, again.stderr).toBe(0);
  expect(await places()).toEqual([1, 2, 3]);
});

test('one that fails in the rehearsal leaves data and history where the backup was', async () => {
  await project.write({ 'migrations/3-c.js': failing });
  const ran = await project.run(`restore ${id} --then-migrate --yes --json`);
  expectFailure(ran, 8, 'RESTORED_NOT_MIGRATED', /\[REHEARSAL_FAILED\]/);
  expect(ran.json).toMatchObject({ migrate: { applied: [], rehearsal: { failed: { name: '3-c' } } } });
  expect(await places()).toEqual([1]);
  expect(await states()).toEqual(['applied', 'rolled-back', 'pending']);
});

test('what would keep the migrations from beginning is found before anything is restored', async () => {
  await project.write({ 'migrations/3-c.js': 'export {' });
  expectFailure(await project.run(`restore ${id} --then-migrate --yes --json`), 2, 'MIGRATION_INVALID');
  expectFailure(await project.run(`restore ${id} --then-migrate --only places --yes --json`), 2, 'USAGE', /exclude/);
  expect(await places()).toEqual([1, 2, 100]);
});

test('into another database the migrations go there too', async () => {
  await using other = await freshDatabase();
  const ran = await project.run(`restore ${id} --into ${other.name} --then-migrate --rehearsal none --yes --json`);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json.migrate.applied).toMatchObject([{ name: '2-b' }]);
  expect(await other.db.collection<{ _id: number }>('places').distinct('_id')).toEqual([1, 2]);
  expect(await places()).toEqual([1, 2, 100]);
});

test('in production what follows is rehearsed in full, or waived, which is found out before anything is restored', async () => {
  const ran = await project.run(
    `restore ${id} --then-migrate --rehearsal none --environment production --reason why --yes --json`,
  );
  expectFailure(ran, 5, 'PROOF_MISSING');
  expect(await places()).toEqual([1, 2, 100]);
});

test('a dump of mongodump with our history in it is brought to today too, rehearsed on the restored data', async () => {
  await using connection = await connect(database.uri, { secrets: new Secrets() });
  await writeFile(path.join(project.dir, 'dump.archive'), mongodumpArchive(await listed(connection)));
  await project.write({ 'migrations/3-c.js': insertPlace(3) });
  expectFailure(
    await project.run('restore dump.archive --then-migrate --environment production --reason why --yes --json'),
    11,
    'BACKUP_MISSING',
  );
  const ran = await project.run('restore dump.archive --then-migrate --yes --json');
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json.migrate).toMatchObject({ applied: [{ name: '3-c' }], rehearsal: { restoredDocuments: 3 } });
  expect(await places()).toEqual([1, 2, 3, 100]);
});
