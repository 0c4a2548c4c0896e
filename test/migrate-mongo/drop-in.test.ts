import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../cli/cli.ts';
import { startStandalone } from '../migration/standalone.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { marking, sharedProject } from './project.ts';

// In the order in which they were written: ids that two processes gave within one second have none between them.
const marks = async ({ db }: TestDatabase) =>
  (await db.collection('marks').find().sort({ $natural: 1 }).toArray()).map(({ name }) => name);
const changelog = ({ db }: TestDatabase, name = 'changelog') => db.collection(name).find().toArray();
const record = ({ db }: TestDatabase, name: string) =>
  db.collection<{ _id: string }>('_mongo_release.history').findOne({ _id: name });

describe('migrate-mongo and mongo-release on one project', () => {
  test('each goes on where the other one stopped, and back', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a', '2-b', '3-c']);
    expect(await project.upstream.up()).toEqual(['1-a.js', '2-b.js', '3-c.js']);

    await project.write({ 'migrations/4-d.js': marking('4-d') });
    const up = await project.run('up');
    expect(up, up.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 4-d.js\n' });
    expect(await marks(database)).toEqual(['1-a', '2-b', '3-c', '4-d']);
    expect(await record(database, '2-b')).toMatchObject({ state: 'applied', origin: { kind: 'migrate-mongo' } });
    // Exactly what migrate-mongo writes, and nothing beside.
    const entry = (await changelog(database)).find(({ fileName }) => fileName === '4-d.js');
    expect(entry).toEqual({
      _id: expect.anything(),
      fileName: '4-d.js',
      appliedAt: expect.any(Date),
      migrationBlock: expect.any(Number),
    });
    expect(await project.upstream.pending()).toEqual([]);

    expect(await project.upstream.down()).toEqual(['4-d.js']);
    const status = await project.run('status --json');
    expect(status.json).toMatchObject({ pending: 1 });
    const down = await project.run('down');
    expect(down, down.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED DOWN: 3-c.js\n' });
    expect(await record(database, '4-d')).toMatchObject({ state: 'rolled-back', origin: { kind: 'migrate-mongo' } });
    expect(await project.upstream.pending()).toEqual(['3-c.js', '4-d.js']);
    expect(await marks(database)).toEqual(['1-a', '2-b']);
  });

  test('a dry look at the project writes nothing', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a']);
    await project.upstream.up();
    const status = await project.run('status --json');
    expect(status.json.migrations).toMatchObject([{ name: '1-a', state: 'applied' }]);
    expect((await project.run('plan --json')).json).toMatchObject({ pending: [] });
    expect((await database.db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual([
      'changelog',
      'marks',
    ]);
  });

  test('a changelog that is gone as a whole is not taken for an empty one', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a']);
    expect((await project.run('up')).code).toBe(0);
    await database.db.collection('changelog').drop();
    expectFailure(await project.run('up --json'), 5, 'CHANGELOG_MISSING', /1 applied/);
    expect(await marks(database)).toEqual(['1-a']);
    await database.db.createCollection('changelog');
    expect(await project.run('up')).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 1-a.js\n' });
  });

  test('another name of the changelog gets everything that is applied', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a']);
    await project.run('up');
    const text = await project.read('migrate-mongo-config.js');
    await project.write({ 'migrate-mongo-config.js': text.replace('"changelog"', '"applied"') });
    expect(await project.run('up')).toMatchObject({ code: 0, stdout: '' });
    expect(await changelog(database, 'applied')).toMatchObject([{ fileName: '1-a.js' }]);
  });

  test("migrate-mongo's lock keeps us out, where the project uses it", async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a'], { lockCollectionName: 'lock', lockTtl: 60 });
    await database.db.collection('lock').insertOne({ createdAt: new Date() });
    const ran = await project.run('up');
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain('ERROR: Could not migrate up, a lock is in place');
    await database.db.collection('lock').deleteMany({});
    expect(await project.run('up')).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 1-a.js\n' });
  });

  test('an edited file halts and does not run again; the status shows it as migrate-mongo does', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a'], { useFileHash: true });
    await project.run('up');
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(await changelog(database)).toMatchObject([{ fileName: '1-a.js', fileHash: sha(marking('1-a')) }]);
    const edited = `${marking('1-a')}// edited\n`;
    await project.write({ 'migrations/1-a.js': edited });
    const status = await project.run('status');
    expect(status.stdout).toMatch(new RegExp(`1-a\\.js +│ ${sha(edited)} │ PENDING`));
    const up = await project.run('up');
    expect(up.code).toBe(4);
    expect(up.stdout).toBe('');
    expect(up.stderr).toMatch(/^ERROR: 1-a\.js was edited/m);
    expect(await marks(database)).toEqual(['1-a']);
    expect((await project.run('baseline 1-a')).code).toBe(0);
    expect(await changelog(database)).toMatchObject([{ fileName: '1-a.js', fileHash: sha(edited) }]);
    expect(await project.upstream.pending()).toEqual([]);
  });

  test('a migration whose file is long gone, or cannot be loaded any more, does not keep the next one back', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['2-b', '3-c']);
    const at = (day: number) => ({ appliedAt: new Date(Date.UTC(2020, 0, day)) });
    await database.db.collection('changelog').insertMany([
      { fileName: '1-a.js', ...at(1) },
      { fileName: '2-b.js', ...at(2) },
    ]);
    await project.write({ 'migrations/2-b.js': "require('no-such-package');\n" });
    const up = await project.run('up');
    expect(up, up.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 3-c.js\n' });
    expect(await changelog(database)).toHaveLength(3);
  });
});

test('on a standalone server an entry without its record is adopted, and one that went before its record is rolled back', async () => {
  await using server = await startStandalone();
  const uri = `${server.uri}shop`;
  await using project = await makeProject({
    'migrations/1-a.js': migration('', ''),
    'migrations/2-b.js': migration('', ''),
    'migrate-mongo-config.js': `exports.mongodb = { url: '${uri}' };\n`,
  });
  expect(await project.run('up')).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 1-a.js\nMIGRATED UP: 2-b.js\n' });
  const { MongoClient } = await import('mongodb');
  await using client = await MongoClient.connect(uri);
  const history = client.db().collection<{ _id: string }>('_mongo_release.history');
  // As a kill between the two writes of the end leaves them, in both directions.
  await history.updateOne({ _id: '1-a' }, { $set: { state: 'running' }, $unset: { changelog: '', appliedAt: '' } });
  await history.updateOne({ _id: '2-b' }, { $set: { state: 'running', direction: 'down' } });
  await history.updateMany({}, { $set: { fence: 0 } });
  await client.db().collection('changelog').deleteOne({ fileName: '2-b.js' });
  const up = await project.run('up');
  expect(up, up.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 2-b.js\n' });
  expect(await history.findOne({ _id: '1-a' })).toMatchObject({ state: 'applied', origin: { kind: 'migrate-mongo' } });
});

describe('the configuration', () => {
  test('may be a promise, in a file of any name, and take the address from the environment', async () => {
    await using database = await freshDatabase();
    const config = `export default Promise.resolve({ mongodb: { url: process.env.SHOP_URL, options: { useNewUrlParser: true, maxPoolSize: 3 } }, migrationsDir: 'db' });\n`;
    await using project = await makeProject({ 'conf/mm.mjs': config, 'db/1-a.js': marking('1-a') });
    // What the configuration reads goes before MONGODB_URI, and no migration sees either.
    const env = { SHOP_URL: database.uri, MONGODB_URI: 'mongodb://127.0.0.1:1/other' };
    const up = await project.run('up -f conf/mm.mjs', env);
    expect(up, up.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED UP: 1-a.js\n' });
    expect(await marks(database)).toEqual(['1-a']);
  });

  test('what is wrong with it is said, and no password with it', async () => {
    const secret = 'S3cr@t:%/word';
    const uri = `mongodb://u:${encodeURIComponent(secret)}@127.0.0.1:1/shop?serverSelectionTimeoutMS=300`;
    const ofProject = (text: string) =>
      makeProject({ 'migrate-mongo-config.js': text, 'migrations/1-a.js': migration('') });
    for (const [text, exit, code] of [
      [`module.exports = { mongodb: { url: ${JSON.stringify(uri)} } };`, 12, 'SERVER_UNREACHABLE'],
      [`throw new Error(process.env.SHOP_URL);`, 2, 'CONFIG_INVALID'],
      [`module.exports = { mongodb: {} };`, 2, 'URI_MISSING'],
      [`module.exports = { mongodb: { url: 7 } };`, 2, 'CONFIG_INVALID'],
      [`process.exit(0);`, 2, 'CONFIG_INVALID'],
    ] as const) {
      await using project = await ofProject(text);
      const ran = await project.run('up --json', { SHOP_URL: uri });
      expectFailure(ran, exit, code);
      for (const form of [secret, encodeURIComponent(secret)]) expect(ran.stdout + ran.stderr).not.toContain(form);
    }
    await using project = await ofProject('');
    expectFailure(await project.run('status --json -f nowhere.js'), 2, 'CONFIG_NOT_FOUND', /nowhere\.js/);
  });

  test('a mongo-release.yml beside it goes before it', async () => {
    await using database = await freshDatabase();
    await using project = await sharedProject(database, ['1-a']);
    await project.write({ 'mongo-release.yml': 'migrations: { dir: migrations }\n' });
    expect((await project.run('status --json')).json.error.code).toBe('URI_MISSING');
  });
});

test('down -b takes the last block back, and what fails is told in words of migrate-mongo', async () => {
  await using database = await freshDatabase();
  await using project = await sharedProject(database, ['1-a']);
  await project.run('up');
  await project.write({ 'migrations/2-b.js': marking('2-b'), 'migrations/3-c.js': marking('3-c') });
  await project.run('up');
  const down = await project.run('down -b');
  expect(down, down.stderr).toMatchObject({ code: 0, stdout: 'MIGRATED DOWN: 3-c.js\nMIGRATED DOWN: 2-b.js\n' });
  await project.write({ 'migrations/3-c.js': migration(`throw new Error('Intentional error');`) });
  const up = await project.run('up');
  expect(up).toMatchObject({ code: 8, stdout: 'MIGRATED UP: 2-b.js\n' });
  expect(up.stderr).toMatch(/^ERROR: Could not migrate up 3-c\.js: .*Intentional error/m);
  expect((await changelog(database)).map(({ fileName }) => fileName)).toEqual(['1-a.js', '2-b.js']);
});
