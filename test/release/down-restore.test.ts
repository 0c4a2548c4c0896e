import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;
const up = 'up --rehearsal none --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-a.js': insertPlace(1), 'migrations/2-b.js': insertPlace(2), 'migrations/3-c.js': insertPlace(3) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: number }>('places').distinct('_id');

describe('down', () => {
  test('takes back the last one, the last N, or all down to a name, by the time of application', async () => {
    expect((await project.run(`${up} --name 2-b`)).code).toBe(0);
    // Out of order on purpose: 1-a is the newer one in this target.
    expect((await project.run(`${up} --name 1-a`)).code).toBe(0);
    expect((await project.run(up)).code).toBe(0);
    const reverted = async (words: string) => {
      const ran = await project.run(`${words} --json`);
      expect(ran.code, ran.stderr).toBe(0);
      return ran.json.reverted.map((one: { name: string }) => one.name);
    };
    expect(await reverted('down')).toEqual(['3-c']);
    expect(await reverted('down --to 2-b')).toEqual(['1-a']);
    expect(await places()).toEqual([2]);
    // Older than what is applied, so it has to be named.
    expectFailure(
      await project.run(up),
      4,
      'FINDINGS',
      /1-a\.js is not applied, and 2-b\.js, which comes after it, is/,
    );
    for (const name of ['1-a', '3-c']) expect((await project.run(`${up} --name ${name}`)).code).toBe(0);
    expect(await reverted('down 2 --reason drill')).toEqual(['3-c', '1-a']);
    const record = await database.db.collection('_mongo_release.releases').findOne({}, { sort: { startedAt: -1 } });
    expect(record).toMatchObject({ kind: 'down', state: 'rolled-back', reason: 'drill', migrations: ['3-c', '1-a'] });
    expect(await reverted('down')).toEqual(['2-b']);
    expect(await project.run('down --json')).toMatchObject({ code: 0, json: { outcome: 'nothing-to-do' } });
  });

  test('does not begin what it cannot end', async () => {
    await project.write({ 'migrations/2-b.js': migration("await db.collection('places').insertOne({ _id: 2 });") });
    expect((await project.run(up)).code).toBe(0);
    expectFailure(await project.run('down 3 --json'), 5, 'IRREVERSIBLE', /2-b .*it has no down.*Nothing was run/);
    expect(await places()).toEqual([1, 2, 3]);
    expectFailure(await project.run('down many --json'), 2, 'USAGE', /whole number/);
    expectFailure(await project.run('down --to 9-z --json'), 2, 'MIGRATION_UNKNOWN');
  });

  test('a down that throws half-way says how far it got', async () => {
    await project.write({
      'migrations/2-b.js': migration(
        '',
        "await db.collection('places').insertOne({ _id: 9 }); throw new Error('stuck');",
      ),
    });
    expect((await project.run(up)).code).toBe(0);
    const ran = await project.run('down 3 --json');
    expectFailure(ran, 8, 'FAILED_DIRTY', /2-b \(down\) .*1 inserted.*: 3-c\. Not begun: 1-a\./s);
    expect(ran.json).toMatchObject({ reverted: [{ name: '3-c' }], failed: { name: '2-b' } });
    const { json } = await project.run('status --json');
    expect(json.migrations.map((one: { state: string }) => one.state)).toEqual(['applied', 'failed', 'rolled-back']);
  });
});

describe('backup, inspect, restore', () => {
  test('a database comes back as it was, history included, and somebody has to agree', async () => {
    expect((await project.run(`${up} --to 1-a`)).code).toBe(0);
    await database.db.collection('places').createIndex({ size: 1 }, { name: 'by_size', sparse: true });
    await database.db.collection('names').insertOne({ name: 'b' });
    const before = await stateOf(database.db, { own: false, uuids: false });
    const taken = await project.run('backup --json');
    expect(taken.code, taken.stderr).toBe(0);
    const { id } = taken.json;
    expect(taken.json).toMatchObject({
      outcome: 'applied',
      documents: 2,
      location: expect.stringContaining('backups'),
    });
    const inspected = await project.run(`inspect ${id} --json`, { MONGODB_URI: '' });
    expect(inspected.json, inspected.stderr).toMatchObject({ verified: true, backup: { id, documents: 2 } });
    expect(await project.run('inspect --json', { MONGODB_URI: '' })).toMatchObject({ json: { backups: [{ id }] } });

    expect((await project.run(up)).code).toBe(0);
    await database.db.collection('places').dropIndexes();
    await database.db.collection('names').drop();
    await database.db.collection('added').insertOne({});
    const after = await stateOf(database.db);
    expectFailure(
      await project.run(`restore ${id} --json`),
      2,
      'CONFIRMATION_NEEDED',
      /Replace the collections of database \S+ on 127\.0\.0\.1:\d+ \(development\) by backup \S+ of database .*What was written since is lost: 1 write \(added 1\)\. What it does not hold is removed: added\./,
    );
    expectFailure(
      await project.run(`restore ${id} --only names --json`),
      2,
      'CONFIRMATION_NEEDED',
      /Replace names of .*Nothing but migrations has written since\. All others stay/,
    );
    expectFailure(await project.run('restore nothing --yes --json'), 11, 'BACKUP_NOT_FOUND');
    expect(await stateOf(database.db)).toEqual(after);

    const kept = await project.run(`restore ${id} --keep-added --yes --json`);
    expect(kept.json, kept.stderr).toMatchObject({ outcome: 'applied', kept: ['added'], removed: [] });
    expect(await database.db.collection('added').countDocuments()).toBe(1);
    const restored = await project.run(`restore ${id} --yes --json`);
    expect(restored.json, restored.stderr).toMatchObject({
      restored: [
        { collection: 'names', documents: 1 },
        { collection: 'places', documents: 1 },
      ],
      removed: ['added'],
    });
    expect(await stateOf(database.db, { own: false, uuids: false })).toEqual(before);
    const { json } = await project.run('status --json');
    expect(json.migrations.map((one: { state: string }) => one.state)).toEqual([
      'applied',
      'rolled-back',
      'rolled-back',
    ]);
    // And it goes on from there.
    expect((await project.run(up)).json.applied.map((one: { name: string }) => one.name)).toEqual(['2-b', '3-c']);
  });

  test('into another database, and some collections alone', async () => {
    await database.db.collection<{ _id: number }>('places').insertOne({ _id: 1 });
    await database.db.collection<{ _id: number }>('names').insertOne({ _id: 1 });
    const { json } = await project.run('backup --json');
    const before = await stateOf(database.db);
    await using other = await freshDatabase();
    const into = await project.run(`restore ${json.id} --into ${other.name} --yes --json`);
    expect(into.json, into.stderr).toMatchObject({ database: other.name, removed: [] });
    expect(await stateOf(other.db, { own: false, uuids: false })).toEqual(await stateOf(database.db, { uuids: false }));
    expect(await stateOf(database.db)).toEqual(before);

    await database.db.collection<{ _id: number }>('places').deleteMany({});
    await database.db.collection<{ _id: number }>('names').deleteMany({});
    const only = await project.run(`restore ${json.id} --only names --yes --json`);
    expect(only.json, only.stderr).toMatchObject({ restored: [{ collection: 'names', documents: 1 }], removed: [] });
    expect(await places()).toEqual([]);
    expectFailure(await project.run(`restore ${json.id} --only towns --yes --json`), 2, 'BACKUP_NAMESPACE_UNKNOWN');
  });

  test('a damaged archive is found before anything is written', async () => {
    await database.db.collection('places').insertMany(Array.from({ length: 500 }, (_, n) => ({ n })));
    const { json } = await project.run('backup --json');
    const store = join(project.dir, 'backups');
    const archive = (await readdir(store)).find((name) => name.includes('.archive')) ?? '';
    await truncate(join(store, archive), 200);
    const before = await stateOf(database.db);
    expectFailure(await project.run(`inspect ${json.id} --json`), 11, 'ARCHIVE_DAMAGED');
    expectFailure(await project.run(`restore ${json.id} --yes --json`), 11, 'ARCHIVE_DAMAGED');
    expect(await stateOf(database.db, { own: false })).toEqual(before);
    const record = await database.db.collection('_mongo_release.releases').findOne({ kind: 'restore' });
    expect(record).toMatchObject({ state: 'blocked', error: { code: 'ARCHIVE_DAMAGED' } });
  });
});

test('a down that fails before it changed anything leaves the migration applied', async () => {
  await using database = await freshDatabase();
  const broken =
    'exports.up = (db) => db.collection("places").insertOne({}); exports.down = () => { throw new Error("down is broken"); };';
  await using project = await makeProject({ 'migrations/1-a.js': broken }, { MONGODB_URI: database.uri });
  expect((await project.run('up --rehearsal none')).code).toBe(0);
  expectFailure(await project.run('down --json'), 7, 'FAILED_CLEAN');
  const { json } = await project.run('status --json');
  expect(json).toMatchObject({
    pending: 0,
    migrations: [{ name: '1-a', state: 'applied', appliedAt: expect.any(String) }],
  });
});
