import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import { AtlasStandIn } from '../../backup/atlas/stand-in.ts';
import { installMongodump } from '../../backup/engines/mongodump-on-path.ts';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

interface Scene {
  readonly atlas: AtlasStandIn;
  readonly database: TestDatabase;
  readonly project: Project;
  places(): Promise<Document[]>;
}

/** A project whose database is in a stand-in's cluster: a restore by it takes everything, our own collections too. */
async function scene(
  work: (scene: Scene) => Promise<void>,
  config: object = {},
  environment = 'production',
): Promise<void> {
  await using database = await freshDatabase();
  const { db } = database;
  await using atlas = await AtlasStandIn.start();
  const hello = await db.admin().command({ hello: 1 });
  atlas.connectionStrings = { standard: `mongodb://${hello.hosts.join(',')}/` };
  const kept = new Map<string, Map<string, Document[]>>();
  atlas.onSnapshot = async (id) => {
    const all = new Map<string, Document[]>();
    for (const { collectionName } of await db.collections())
      all.set(collectionName, await db.collection(collectionName).find().toArray());
    kept.set(id, all);
  };
  atlas.onRestore = async (id) => {
    await db.dropDatabase();
    for (const [name, documents] of kept.get(id) ?? [])
      if (documents.length > 0) await db.collection(name).insertMany(documents);
  };
  const settings = { project: atlas.project, cluster: atlas.cluster, api: atlas.api, 'retention-days': 3 };
  await using project = await makeProject(
    {
      'mongo-release.yml': JSON.stringify({
        targets: { shop: { 'uri-env': 'MONGODB_URI', environment } },
        backup: { store: 'backups', engine: 'atlas', atlas: settings },
        // Without images nothing can be undone: only the snapshot leads back.
        migrations: { journal: 'operations' },
        ...config,
      }),
      'migrations/1-a.js': migration(`await db.collection('places').updateMany({}, { $set: { a: 1 } });`),
    },
    {
      MONGODB_URI: database.uri,
      MONGODB_ATLAS_CLIENT_ID: atlas.clientId,
      MONGODB_ATLAS_CLIENT_SECRET: atlas.clientSecret,
    },
  );
  await db.collection<{ _id: number }>('places').insertMany([{ _id: 1 }, { _id: 2 }]);
  await work({ atlas, database, project, places: () => db.collection('places').find().sort({ _id: 1 }).toArray() });
}

test('a backup is a snapshot, and a restore brings the whole cluster back to it', () =>
  scene(async ({ atlas, database, project, places }) => {
    const backup = await project.run('backup --json --debug');
    expect(backup.code, backup.stderr).toBe(0);
    const [snapshot] = atlas.snapshots;
    const { id } = backup.json;
    const about = { engine: 'atlas', cluster: 'Shop', snapshotId: snapshot?.id, snapshot: 'completed' };
    expect(backup.json).toMatchObject({ ...about, expiresAt: snapshot?.expiresAt });
    expect(snapshot?.description).toBe(`mongo-release ${id}`);
    expect(await readdir(join(project.dir, 'backups'))).toEqual([`${id}.manifest.json`]);

    expect((await project.run('inspect --json')).json.backups).toMatchObject([{ id, ...about }]);
    const inspected = await project.run(`inspect ${id} --json`);
    expect(inspected.json).toMatchObject({ backup: { id, ...about }, verified: false });
    expect(inspected.stderr).toContain('what is in it was not read');

    await database.db.collection('places').deleteMany({});
    await database.db.collection('added').insertOne({ a: 1 });
    const unasked = await project.run(`restore ${id} --reason why --json`);
    expectFailure(unasked, 2, 'CONFIRMATION_NEEDED', /ERASE THE WHOLE CLUSTER Shop .* every database/);
    expect(atlas.jobs).toEqual([]);
    for (const flags of ['--into elsewhere', '--only places', '--keep-added'])
      expectFailure(
        await project.run(`restore ${id} --yes --reason why --json ${flags}`),
        2,
        'ARCHIVE_NEEDED',
        /restored whole/,
      );
    // That is about one database; who means the whole cluster names it.
    expectFailure(
      await project.run(`restore ${id} --yes --reason why --json`),
      2,
      'CONFIRMATION_NEEDED',
      /ERASE THE WHOLE/,
    );
    const other = await project.run(`restore ${id} --erase-cluster Shops --reason why --json`);
    expectFailure(other, 2, 'USAGE', /would be erased is Shop, and Shops was named/);
    expect(atlas.jobs).toEqual([]);
    const restored = await project.run(`restore ${id} --erase-cluster Shop --reason why --json`);
    expect(restored.code, restored.stderr).toBe(0);
    expect(restored.json).toMatchObject({ cluster: 'Shop', restored: [], removed: [], kept: [] });
    expect(await places()).toEqual([{ _id: 1 }, { _id: 2 }]);
    expect(await database.db.listCollections({ name: 'added' }).toArray()).toEqual([]);
    // The record of the restore went with everything else, and is there again.
    const records = database.db.collection('_mongo_release.releases').find({ kind: 'restore', backupId: id });
    expect(await records.toArray()).toMatchObject([{ state: 'applied' }]);
    for (const ran of [backup, inspected, unasked, restored])
      expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/verySecret|token-[0-9a-f]{24}|secret-detail/);
  }));

test('a release rehearses on a backup of its own, and says what that does not show', () =>
  scene(async ({ atlas, project, places }) => {
    const released = await project.run('release --apply --json');
    expect(released.code, released.stderr).toBe(0);
    const { backup, rehearsal } = released.json;
    expect(backup).toMatchObject({ engine: 'atlas', snapshot: 'completed' });
    expect(rehearsal.restoredDocuments).toBe(2);
    expect(rehearsal.uncovered[0]).toContain(`Whether backup ${backup.id} can be restored`);
    expect(await places()).toEqual([
      { _id: 1, a: 1 },
      { _id: 2, a: 1 },
    ]);
    expect(atlas.posts).toHaveLength(1);
    // Asked for by its name only: it is far more than this release's database.
    await project.write({ 'migrations/1-a.js': migration('') });
    const undecided = await project.run('rollback --reason why --yes --json');
    expectFailure(undecided, 5, 'NO_WAY_BACK', /erases the whole cluster/);
    expect(undecided.json.error.hint).toContain('--strategy restore --erase-cluster Shop');
    expectFailure(await project.run('rollback --dry-run --json'), 5, 'NO_WAY_BACK', /erases the whole cluster/);
    const would = await project.run('rollback --dry-run --strategy restore --json');
    expect(would.json.warnings.join()).toContain('would ERASE THE WHOLE CLUSTER Shop');
    expect(atlas.jobs).toEqual([]);
    const back = await project.run('rollback --strategy restore --reason why --erase-cluster Shop --json');
    expect(back.json).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', restore: { cluster: 'Shop' } });
    expect(await places()).toEqual([{ _id: 1 }, { _id: 2 }]);
    expect((await project.run('status --json')).json).toMatchObject({ pending: 1 });
  }));

test('a release whose record a restore takes away while it deploys says so, and that the application may be on older data', () =>
  scene(
    async ({ database, project, places }) => {
      const { id } = (await project.run('backup --json')).json;
      await project.write({ hold: '' });
      const released = project.start('release --apply --rehearsal none --release-id r1 --json');
      await expect.poll(() => readdir(project.dir), { timeout: 30_000 }).toContain('deploying');
      const restored = await project.run(`restore ${id} --erase-cluster Shop --reason why --json`);
      expect(restored.code, restored.stderr).toBe(0);
      const records = database.db.collection<{ _id: string }>('_mongo_release.releases');
      expect(await records.countDocuments({ _id: 'r1' })).toBe(0);
      await rm(join(project.dir, 'hold'));
      const ended = await released.ended;
      expectFailure(ended, 8, 'TAKEN_BACK', /release r1 .*it was taken back, and its record with it\./);
      // No rollback knows of it any more, nor does whoever looks from elsewhere.
      expect(ended.json.error.hint).toMatch(/^Bring the application of before back too\./);
      const { warnings } = (await project.run('verify --release-id r1 --json')).json;
      expect(warnings).toContainEqual(expect.stringMatching(/no release r1 on record/));
      expect(await places()).toEqual([{ _id: 1 }, { _id: 2 }]);
      expect(await records.countDocuments({ _id: 'r1' })).toBe(0);
    },
    { hooks: { deploy: 'touch deploying; while test -e hold; do sleep 0.1; done' } },
    'staging',
  ));

test('a rollback by a snapshot that stopped before it erased anything goes on by what it prints, and by what status does', () =>
  scene(
    async ({ atlas, database, project, places }) => {
      const released = await project.run('release --apply --rehearsal none --release-id r1 --json');
      expect(released.code, released.stderr).toBe(0);
      const typed = 'rollback r1 --strategy restore --erase-cluster Shop';
      await project.write({ fails: '' });
      const failed = await project.run(`${typed} --reason why --json`);
      expectFailure(failed, 10, 'ROLLBACK_FAILED', /stop-traffic/);
      expect(failed.json.error.hint).toContain(`mongo-release ${typed} again`);
      const { warnings } = (await project.run('status --json')).json;
      expect(warnings[0]).toContain(`mongo-release ${typed} goes on with the restore, which erases the whole cluster`);
      expect(warnings.join()).not.toContain('--accept-loss');
      // As an older version has left it.
      const left = database.db.collection<{ kind: string }>('_mongo_release.releases');
      await left.updateOne({ kind: 'rollback' }, { $unset: { erases: '' } });
      expect((await project.run('status --json')).json.warnings).toEqual(warnings);
      const unnamed = await project.run('rollback r1 --yes --json');
      expectFailure(unnamed, 10, 'ROLLBACK_FAILED', /is not complete\. .*users may be out.*erases the whole cluster/);
      expect(unnamed.json.error.hint).toMatch(
        /rollback r1 --strategy restore --erase-cluster Shop\..* --start-traffic only lets users in/,
      );
      // Users are let in for the time being, which leaves the rest as it is.
      await project.run('rollback r1 --start-traffic --json');
      expectFailure(await project.run(`${typed} --json`), 10, 'ROLLBACK_FAILED', /stop-traffic/);
      expect((await project.run('status --json')).json.warnings[0]).toContain(`mongo-release ${typed} goes on`);
      expect(atlas.jobs).toEqual([]);
      await rm(join(project.dir, 'fails'));
      const back = await project.run(`${typed} --json`);
      expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', restore: { cluster: 'Shop' } });
      expect(await places()).toEqual([{ _id: 1 }, { _id: 2 }]);
      expect((await project.run('status --json')).json).not.toHaveProperty('warnings');
    },
    { hooks: { 'stop-traffic': 'test ! -e fails', 'start-traffic': 'true' } },
    'staging',
  ));

test('no failure of a release erases a cluster by itself', () =>
  scene(
    async ({ atlas, project, places }) => {
      const released = await project.run('release --apply --rehearsal none --on-failure rollback --json');
      expectFailure(released, 10, 'ROLLBACK_FAILED', /Only a restore leads back, which erases the whole cluster/);
      expect(released.json.error.hint).toContain('--strategy restore');
      expect(atlas.jobs).toEqual([]);
      expect(await places()).toMatchObject([{ a: 1 }, { a: 1 }]);
    },
    { probes: [{ name: 'never', mongo: { collection: 'places', count: 99 }, retries: 0 }] },
    'staging',
  ));

test('a target in another cluster, a lost snapshot and missing credentials are said before anything is done', () =>
  scene(async ({ atlas, project }) => {
    const { id } = (await project.run('backup --json')).json;
    const without = { MONGODB_ATLAS_CLIENT_SECRET: '' };
    expectFailure(await project.run('backup --json', without), 2, 'ENGINE_UNAVAILABLE', /MONGODB_ATLAS_CLIENT_SECRET/);
    const listed = await project.run('inspect --json', without);
    expect(listed.json.backups).toMatchObject([{ id, snapshot: 'unknown' }]);
    expect(listed.json.warnings.join()).toContain('MONGODB_ATLAS_CLIENT_SECRET');
    expectFailure(await project.run('backup --json --compression gzip'), 2, 'USAGE', /exclude each other/);

    const { connectionStrings } = atlas;
    atlas.connectionStrings = { standard: 'mongodb://shop-00.abc.mongodb.net:27017/' };
    for (const command of ['backup', `restore ${id} --yes --reason why`])
      expectFailure(await project.run(`${command} --json`), 5, 'ATLAS_OTHER_CLUSTER', /not in cluster Shop/);
    atlas.connectionStrings = connectionStrings;
    atlas.snapshots.length = 0;
    expectFailure(await project.run(`inspect ${id} --json`), 11, 'SNAPSHOT_GONE', /not there any more/);
    expectFailure(
      await project.run(`restore ${id} --yes --reason why --json`),
      11,
      'SNAPSHOT_GONE',
      /not there any more/,
    );
    const gone = await project.run('inspect --json');
    expect(gone.json).toMatchObject({ backups: [{ id, snapshot: 'gone' }] });
    const migrate = 'migrate --apply --rehearsal none --json';
    expectFailure(await project.run(`${migrate} --backup ${id}`), 11, 'SNAPSHOT_GONE', /not there any more/);
    expectFailure(await project.run(migrate), 11, 'BACKUP_MISSING');
    expect(atlas.jobs).toEqual([]);
  }));

test('--engine mongodump takes the backup with the tool on PATH', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ a: 1 });
  await using project = await makeProject({}, { MONGODB_URI: database.uri });
  const folder = await mkdtemp(join(tmpdir(), 'on-path-'));
  try {
    await installMongodump(folder);
    const environment = { PATH: `${folder}:/usr/bin:/bin` };
    const backup = await project.run('backup --store backups --engine mongodump --json', environment);
    expect(backup.code, backup.stderr).toBe(0);
    expect(backup.json).toMatchObject({ engine: 'mongodump', documents: 1, consistency: 'per-collection' });
    expect((await project.run(`inspect ${backup.json.id} --store backups --json`)).json.verified).toBe(true);
    const missing = await project.run('backup --store backups --engine mongodump --json', { PATH: '/nowhere' });
    expectFailure(missing, 2, 'ENGINE_UNAVAILABLE', /no mongodump/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
