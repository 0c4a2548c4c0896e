import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

/** A database that was released to as production, from a folder that calls it something else. */

let database: TestDatabase;
let project: Project;
const production = '--environment production --reason test';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-a.js': insertPlace(1) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  expect((await project.run('backup --environment production')).code).toBe(0);
  const waived = '--environment production --rehearsal none --waive-rehearsal not-what-this-is-about';
  const ran = await project.run(`migrate --apply ${waived} --release-id first`);
  expect(ran.code, ran.stderr).toBe(0);
  await project.write({ 'migrations/2-b.js': insertPlace(2) });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = (db = database.db) => db.collection<{ _id: number }>('places').distinct('_id');

test('nothing that would change it begins, and what is typed instead goes through', async () => {
  const [backup] = (await project.run('inspect --json')).json.backups;
  for (const words of [
    'migrate --apply --rehearsal none',
    'release --apply --rehearsal none --environment staging',
    'down',
    'rollback first',
    `restore ${backup.id} --yes`,
    'baseline 2-b',
  ]) {
    const ran = await project.run(`${words} --json`);
    expectFailure(ran, 5, 'BLOCKED_BY_GUARD', /is on record as production \(first\), and this run calls it/);
    expect(ran.json.error.hint).toContain('Add --environment production (target-environment in a reusable workflow),');
  }
  expect(await places()).toEqual([1]);
  expect((await project.run(`rollback first ${production}`)).code).toBe(0);
  expect(await places()).toEqual([]);
});

test('what only reads warns', async () => {
  expect(await project.run('plan --json')).toMatchObject({
    code: 0,
    json: { findings: expect.arrayContaining([expect.objectContaining({ rule: 'environment', severity: 'warning' })]) },
  });
  const dry = await project.run('rollback first --dry-run');
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stderr).toContain('is on record as production (first)');
  // The manifest says what it was called, and production takes none that is of anything else.
  const backup = await project.run('backup --json');
  expect(backup.code, backup.stderr).toBe(0);
  expect(backup.json.warnings).toEqual([
    expect.stringMatching(/on record as production \(first\).*--environment production/),
  ]);
});

test('a copy is not production: not under another name, in another cluster, nor where its own records say so', async () => {
  await using copy = await freshDatabase();
  const names = ['_mongo_release.history', '_mongo_release.releases', '_mongo_release.journal', 'places'];
  for (const name of names)
    await database.db
      .collection(name)
      .aggregate([{ $out: { db: copy.name, coll: name } }])
      .toArray();
  const there = { MONGODB_URI: copy.uri };
  expect((await project.run('migrate --apply --rehearsal none', there)).code).toBe(0);
  expect(await places(copy.db)).toEqual([1, 2]);

  const releases = database.db.collection<{ _id: string }>('_mongo_release.releases');
  await releases.updateOne({ _id: 'first' }, { $set: { cluster: { replicaSetId: 'another', members: ['other'] } } });
  expect((await project.run('down')).code).toBe(0);
  await releases.updateOne({ _id: 'first' }, { $unset: { cluster: '' } });
  const blocked = await project.run('migrate --apply --rehearsal none --json');
  expectFailure(blocked, 5, 'BLOCKED_BY_GUARD');
  const [, which, change] = /updateMany\((\{.*?\}), (\{.*\})\)`$/.exec(blocked.json.error.hint) ?? [];
  const parsed = (text = '') => JSON.parse(text.replaceAll("'", '"').replace(/([$\w]+):/g, '"$1":'));
  await releases.updateMany(parsed(which), parsed(change));
  expect((await project.run('migrate --apply --rehearsal none')).code).toBe(0);
});

test('what is applied after a restore beside its target, in one go with it, makes no production of the copy', async () => {
  await using copy = await freshDatabase();
  const [backup] = (await project.run('inspect --json')).json.backups;
  const waived = '--rehearsal none --waive-rehearsal not-what-this-is-about';
  const words = `restore ${backup.id} --into ${copy.name} --then-migrate ${waived} ${production} --yes --json`;
  const restored = await project.run(words);
  expect(restored.code, restored.stderr).toBe(0);
  const { releaseId } = restored.json.migrate;
  expect(restored.json.warnings).toContainEqual(
    expect.stringContaining(`mongo-release rollback ${releaseId} --database ${copy.name}`),
  );
  const { entries } = (await project.run('audit --json', { MONGODB_URI: copy.uri })).json;
  expect(entries).toMatchObject([
    { id: releaseId, kind: 'migrate', environment: 'production', into: copy.name },
    { kind: 'restore', into: copy.name },
  ]);
  await project.write({ 'migrations/3-c.js': insertPlace(3) });
  const ran = await project.run('migrate --apply --rehearsal none', { MONGODB_URI: copy.uri });
  expect(ran.code, ran.stderr).toBe(0);
  expect(await places(copy.db)).toEqual([1, 2, 3]);
});

test('what a restore makes beside its target is a copy; what is restored in place is not', async () => {
  await using copy = await freshDatabase();
  const [backup] = (await project.run('inspect --json')).json.backups;
  const restored = await project.run(`restore ${backup.id} --into ${copy.name} ${production} --yes`);
  expect(restored.code, restored.stderr).toBe(0);
  const there = { MONGODB_URI: copy.uri };
  const ran = await project.run('migrate --apply --rehearsal none', there);
  expect(ran.code, ran.stderr).toBe(0);
  expect(await places(copy.db)).toEqual([1, 2]);

  await copy.db.collection('_mongo_release.releases').deleteMany({});
  const inPlace = await project.run(`restore ${backup.id} --into ${copy.name} ${production} --yes`, there);
  expect(inPlace.code, inPlace.stderr).toBe(0);
  const blocked = await project.run('migrate --apply --rehearsal none --json', there);
  expectFailure(blocked, 5, 'BLOCKED_BY_GUARD', /is on record as production/);
});

test('what was stopped before it began makes no database production', async () => {
  await using other = await freshDatabase();
  const there = { MONGODB_URI: other.uri, MONGO_RELEASE_STORE: 'none-yet' };
  expectFailure(await project.run('migrate --apply --environment production --json', there), 11, 'BACKUP_MISSING');
  expect(await other.db.collection('_mongo_release.releases').countDocuments({ environment: 'production' })).toBe(1);
  expect((await project.run('migrate --apply --rehearsal none', there)).code).toBe(0);
});
