import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { halfRestored } from '../../../src/backup/restore/left.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { expectFailure, insertPlace, makeProject, migration as migrationOf, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { giveUpLease, killHalfWay, standsStill } from '../half-done/left-half.ts';

const own = ownNames();
const migration =
  'exports.up = (db) => db.collection("places").insertOne({}); exports.down = (db) => db.collection("places").drop();';

test.each([
  'migrate --apply --rehearsal none',
  'backup --store ./b',
  'down',
  'release --apply --store ./b',
  'baseline 1-a',
])('%s does not touch a database whose restore was cut off half-way', async (command) => {
  await using database = await freshDatabase();
  await using project = await makeProject({ 'migrations/1-a.js': migration }, { MONGODB_URI: database.uri });
  const record = { owner: 'x', backupId: 'b1', state: 'swapping', steps: [], displaced: [] };
  await database.db
    .collection<{ _id: string }>(`${own.prefix}.restore`)
    .insertOne({ _id: 'current', ...record, startedAt: new Date(), aliveAt: new Date(0) } as never);
  const ran = await project.run(`${command} --json`);
  expect(ran.json.error).toMatchObject({ code: 'RESTORE_INCOMPLETE', hint: expect.stringContaining('restore b1') });
  expect(await database.db.listCollections({ name: 'places' }).toArray()).toEqual([]);
});

/** A backup of the time of 1-a in the store; by now 2-b is applied. */
async function released(work: (database: TestDatabase, project: Project, id: string) => Promise<void>): Promise<void> {
  await using database = await freshDatabase();
  await using project = await makeProject(
    { 'migrations/1-a.js': insertPlace(1), 'migrations/2-b.js': insertPlace(2) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  expect((await project.run('up --to 1-a --rehearsal none --json')).code).toBe(0);
  const { id } = (await project.run('backup --json')).json;
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  await work(database, project, id);
}

const places = ({ db }: TestDatabase) => db.collection('places').distinct('_id');

/** Starts a restore and holds it where its collections are in place, and history is not set, until `then` has ended. */
async function heldBeforeHistory(
  { client, db }: TestDatabase,
  project: Project,
  words: string,
  then: (process: ReturnType<Project['start']>) => Promise<void>,
): Promise<void> {
  await client.withSession(async (session) => {
    session.startTransaction();
    // Who writes this record too conflicts, and tries again.
    await db.collection(own.history).updateOne({ _id: '2-b' as never }, { $set: { held: true } }, { session });
    const started = project.start(words);
    const restores = db.collection(`${own.prefix}.restore`);
    while ((await restores.findOne())?.state !== 'placing') {
      expect(started.process.exitCode).toBeNull();
      await sleep(10);
    }
    await then(started);
    await session.abortTransaction();
  });
}

/** Leaves `restore ID` killed there, as if it had been silent for long. */
async function killedBeforeHistory(database: TestDatabase, project: Project, id: string): Promise<void> {
  await heldBeforeHistory(database, project, `restore ${id} --yes`, async ({ process, ended }) => {
    process.kill('SIGKILL');
    await ended;
  });
  await giveUpLease(database.db);
  await database.db.collection(`${own.prefix}.restore`).updateOne({}, { $set: { aliveAt: new Date(0) } });
}

test(
  'killed after the swap and before the history, it stops everybody, and is finished though its backup is gone',
  () =>
    released(async (database, project, id) => {
      const { db } = database;
      await killedBeforeHistory(database, project, id);
      expect(await places(database)).toEqual([1]);
      const status = await project.run('status --check --json');
      expectFailure(status, 8, 'RESTORE_INCOMPLETE');
      expect(status.json.warnings).toEqual([expect.stringContaining(`restore ${id}`)]);
      expectFailure(await project.run('rollback --strategy down --yes --json'), 8, 'RESTORE_INCOMPLETE');
      expectFailure(await project.run('migrate --apply --rehearsal none --json'), 8, 'RESTORE_INCOMPLETE');

      await rename(`${project.dir}/backups`, `${project.dir}/elsewhere`);
      const gone = await project.run(`restore ${id} --yes --json`);
      expectFailure(
        gone,
        11,
        'BACKUP_NOT_FOUND',
        new RegExp(`^An earlier restore, of backup ${id}, .*finished before: `),
      );
      const record = { kind: 'restore', 'error.message': gone.json.error.message };
      expect(await db.collection(own.releases).countDocuments(record)).toBe(1);
      const { json } = await project.run('status --json');
      expect(json.migrations).toMatchObject([{ state: 'applied' }, { state: 'rolled-back' }]);
      expect(json.warnings).toBeUndefined();

      await rename(`${project.dir}/elsewhere`, `${project.dir}/backups`);
      const again = await project.run(`restore ${id} --yes --json`);
      expect(again.json, again.stderr).toMatchObject({ outcome: 'applied', history: 'set' });
    }),
  120_000,
);

test(
  'whoever cannot set the history after the swap says that it is incomplete, and so does its record',
  () =>
    released(async (database, project) => {
      const { db } = database;
      await heldBeforeHistory(database, project, 'rollback --strategy restore --yes --json', async ({ ended }) => {
        // As a newer owner does.
        await db.collection(own.lease).updateOne({ _id: 'history' as never }, { $inc: { fence: 1 } });
        const ran = await ended;
        expectFailure(ran, 10, 'ROLLBACK_FAILED', /setting the history/);
      });
      const record = await db.collection(own.releases).findOne({ kind: 'rollback' });
      expect(record).toMatchObject({ state: 'failed-dirty' });
      const { warnings } = (await project.run('status --json')).json;
      expect(warnings).toEqual([
        expect.stringContaining(`Rollback ${record?._id} of release ${record?.of} is not complete: it is at data.`),
        expect.stringContaining(`mongo-release rollback ${record?.of} goes on with it.`),
      ]);
      await db.collection(`${own.prefix}.restore`).updateOne({}, { $set: { aliveAt: new Date(0) } });
      const again = await project.run('rollback --strategy restore --yes --json');
      expect(again.json, again.stderr).toMatchObject({ outcome: 'rolled-back', restore: { history: 'set' } });
      const { json } = await project.run('status --json');
      expect(json.migrations).toMatchObject([{ state: 'applied' }, { state: 'rolled-back' }]);
    }),
  120_000,
);

test(
  'typed again it is only finished: what follows it is applied, and what users wrote since stays',
  () =>
    released(async (database, project, id) => {
      const { db } = database;
      await killedBeforeHistory(database, project, id);
      await db.collection<{ _id: number }>('places').insertOne({ _id: 300 });
      await project.write({ 'migrations/3-c.js': 'export {' });
      const words = `restore ${id} --then-migrate --rehearsal none --yes --json`;
      expectFailure(await project.run(words), 2, 'MIGRATION_INVALID');
      await rm(`${project.dir}/migrations/3-c.js`);
      expect(await places(database)).toEqual([1, 300]);
      const ran = await project.run(words);
      expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', migrate: { applied: [{ name: '2-b' }] } });
      expect(await places(database)).toEqual([1, 2, 300]);
      const { releaseId, migrate } = ran.json;
      const record = { kind: 'restore', state: 'applied', followedBy: migrate.releaseId };
      expect(await db.collection(own.releases).findOne({ _id: releaseId })).toMatchObject(record);
    }),
  120_000,
);

test(
  'one of some collections is finished for who asks for those, and no whole one, which sets the history',
  () =>
    released(async (database, project, id) => {
      const { db } = database;
      const restores = db.collection<{ _id: string }>(`${own.prefix}.restore`);
      const cutOff = () =>
        restores.insertOne({
          ...{ _id: 'current', owner: 'x', backupId: id, state: 'placing', displaced: [] },
          ...{
            startedAt: new Date(),
            aliveAt: new Date(0),
            steps: [{ kind: 'replace', name: 'places', aside: 'a', uuid: 'b' }],
          },
        } as never);
      await cutOff();
      const mistyped = await project.run(`restore ${id} --only plcaes --yes --json`);
      expectFailure(mistyped, 2, 'BACKUP_NAMESPACE_UNKNOWN', /Did you mean places\?/);
      expectFailure(await project.run(`restore ${id} --only order.places --yes --json`), 2, 'BACKUP_NAMESPACE_UNKNOWN');
      expect(await restores.countDocuments()).toBe(1);
      const some = await project.run(`restore ${id} --only places --yes --json`);
      expect(some.json, some.stderr).toMatchObject({ restored: [{ collection: 'places' }], history: 'unchanged' });
      expect(await places(database)).toEqual([1, 2]);
      await cutOff();
      const whole = await project.run(`restore ${id} --yes --json`);
      expect(whole.json, whole.stderr).toMatchObject({ outcome: 'applied', history: 'set' });
      expect(await places(database)).toEqual([1]);
    }),
  120_000,
);

/** What a restore of the backup has left that was killed while it dropped what it had put aside, days ago. */
const leftClearing = ({ db }: TestDatabase, backupId: string) =>
  db.collection<{ _id: string }>(`${own.prefix}.restore`).insertOne({
    ...{ _id: 'current', owner: 'x', backupId, state: 'clearing', displaced: [], placement: { applied: [] } },
    ...{ startedAt: new Date(0), aliveAt: new Date(0) },
    steps: [{ kind: 'replace', name: 'places', aside: 'a', uuid: 'b' }],
  } as never);

test(
  'one that has left only what it had put aside is no restore of now: it is cleared away, and consent to a new one is asked',
  () =>
    released(async (database, project, id) => {
      const { db } = database;
      await leftClearing(database, id);
      await db.collection<{ _id: number }>('places').insertOne({ _id: 300 });
      expectFailure(await project.run(`restore ${id} --json`), 2, 'CONFIRMATION_NEEDED');
      expect(await places(database)).toEqual([1, 2, 300]);
      await leftClearing(database, id);
      const ran = await project.run(`restore ${id} --yes --json`);
      expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', history: 'set' });
      expect(ran.json.warnings).toEqual([
        expect.stringContaining(`An earlier restore, of backup ${id}, had come to its end`),
      ]);
      expect(await places(database)).toEqual([1]);
    }),
  120_000,
);

test(
  'nor does it take a release back whose backup was restored before it',
  () =>
    released(async (database, project, id) => {
      expect((await project.run(`restore ${id} --yes --json`)).code).toBe(0);
      await leftClearing(database, id);
      const applied = await project.run(`migrate --apply --rehearsal none --release-id r2 --backup ${id} --json`);
      expect(applied.json, applied.stderr).toMatchObject({ applied: [{ name: '2-b' }] });
      const back = await project.run('rollback r2 --strategy restore --accept-loss 5 --json');
      expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', restore: { history: 'set' } });
      expect(await places(database)).toEqual([1]);
      const { json } = await project.run('status --json');
      expect(json.migrations).toMatchObject([{ state: 'applied' }, { state: 'rolled-back' }]);
    }),
  120_000,
);

test('a migration that was half done when the data were backed up is so after a restore, and nothing follows it', async () => {
  await using database = await freshDatabase();
  const halfDone = `await db.collection('places').insertOne({ _id: 1 }); ${standsStill}`;
  await using project = await makeProject(
    { 'migrations/1-a.js': migrationOf(halfDone) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await killHalfWay(project, database.db, 'up --rehearsal none', async () => (await places(database)).length === 1);
  const { id } = (await project.run('backup --json')).json;
  expectFailure(
    await project.run(`restore ${id} --then-migrate --yes --json`),
    2,
    'USAGE',
    /1-a had been left half-way/,
  );
  const restored = await project.run(`restore ${id} --yes --json`);
  expect(restored.json.warnings, restored.stderr).toEqual([expect.stringMatching(/1-a had been left half-way/)]);
  const { json } = await project.run('status --json');
  expect(json.migrations).toMatchObject([{ name: '1-a', state: 'interrupted', error: { direction: 'up' } }]);
  expect(json.warnings).toEqual([expect.stringMatching(/No journal was kept of it/)]);
}, 120_000);

test('one that was still building aside stops nobody', async () => {
  await using database = await freshDatabase();
  const record = { owner: 'x', backupId: 'b1', state: 'building', steps: [], displaced: [] };
  const restores = database.db.collection<{ _id: string }>(`${own.prefix}.restore`);
  await restores.insertOne({ _id: 'current', ...record, startedAt: new Date(), aliveAt: new Date(0) } as never);
  expect(await halfRestored(database.db, own)).toBeUndefined();
});
