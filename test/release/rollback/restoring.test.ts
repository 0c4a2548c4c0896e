import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLease } from '../../../src/migration/lease/lease.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { expectFailure, migration, type Project } from '../../cli/cli.ts';
import { linesForMongosh, mongosh } from '../../cli/mongosh.ts';
import type { TestDatabase } from '../../setup/mongo.ts';
import { wireProxyTo } from '../../setup/wire-proxy.ts';
import { giveUpLease } from '../half-done/left-half.ts';
import { type BackedUp, makeBackedUp, until } from './cents.ts';

const own = ownNames();
let cents: BackedUp;
let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  cents = await makeBackedUp();
  ({ database, project } = cents);
});
afterEach(() => cents[Symbol.asyncDispose]());

const places = () => cents.places();
const rollbacks = () => cents.records();
const ids = () => cents.ids();
const hooks = () => cents.hooks();
const ok = (words: string) => cents.ok(words);
const letGoOf = (file: string) => rm(join(project.dir, file));
const letGo = (name: string) => letGoOf(`hold-${name}`);

const isAt = (name: string) => until(() => rollbacks().findOne({ kind: 'rollback', 'steps.name': name as never }));

describe('a rollback by restore', () => {
  test.each(['--dry-run', '--accept-loss 1'])(
    'does not bring the half of a migration back that its backup has in it: %s',
    async (words) => {
      const history = database.db.collection<{ _id: string }>(own.history);
      const { _id, ...record } = (await history.findOne({ _id: '1-cents' })) ?? { _id: '' };
      await history.updateOne({ _id }, { $set: { state: 'failed' } });
      const half = (await ok('backup --json')).id;
      await history.replaceOne({ _id }, record);
      await rollbacks().updateOne({ _id: 'r1' }, { $set: { backupId: half } });
      const ran = await project.run(`rollback r1 --strategy restore ${words} --json`);
      expectFailure(ran, 5, 'NO_WAY_BACK', /1-cents had been left half-way.*would bring that half back/);
      expect(ran.json.error.hint).toContain('mongo-release inspect');
      expect(await ids()).toEqual([1, 2, 3, 100]);
    },
  );

  test('loses no more than was agreed to: what came while traffic was being stopped is asked about first', async () => {
    await project.write({ 'hold-stop': '' });
    const { ended } = project.start('rollback r1 --strategy restore --accept-loss 1 --json');
    await isAt('stop-traffic');
    await places().insertMany([101, 102, 103].map((_id) => ({ _id, price: 1 })));
    await letGo('stop');
    const stopped = await ended;
    expectFailure(stopped, 10, 'ROLLBACK_FAILED', /1 was accepted, and it is 4 by now\. Traffic is stopped/);
    expect(stopped.json.steps).toMatchObject([
      { name: 'stop-traffic', state: 'done' },
      { name: 'data', state: 'failed', note: 'CONFIRMATION_NEEDED' },
    ]);
    expect(stopped.json.error.hint).toContain('mongo-release rollback r1 --accept-loss 4 again');
    expect(await ids()).toHaveLength(7);
    // Whoever only types it again is told that users are out, and of the way that loses nothing.
    const { error, warnings } = (await project.run('status --check --json')).json;
    expect(error.hint).toMatch(
      /^mongo-release rollback r1 --strategy undo .*loses nothing\. .*rollback r1 --accept-loss N goes on .*--start-traffic/,
    );
    expect(warnings[0]).toContain(error.hint);
    const again = await project.run('rollback r1 --json');
    expectFailure(again, 10, 'ROLLBACK_FAILED', /is not complete\. Traffic is stopped.*users are out since.*4 writes/);
    expect(again.json.error.hint).toMatch(
      /^mongo-release rollback r1 --strategy undo .*--accept-loss 4 .*--start-traffic/,
    );
    expect(again.json).toMatchObject({ outcome: 'failed-dirty', steps: [{ name: 'stop-traffic' }, { name: 'data' }] });
    expect(again.stderr).not.toContain('not started');
    expect(await ids()).toHaveLength(7);
    // Whoever agreed to any number has agreed to this one; the strategy is on record.
    const back = await ok('rollback r1 --accept-loss unknown --json');
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', loss: { writes: 4 } });
    expect(await ids()).toEqual([1, 2, 3]);
    // Who let users in in between has them stopped again.
    expect(await hooks()).toEqual(['stop', 'stop', 'app', 'start']);
  }, 120_000);

  test('that was killed before it replaced anything is taken back by the way that status names first', async () => {
    await project.write({ 'hold-stop': '' });
    const { process, ended } = project.start('rollback r1 --strategy restore --accept-loss 1 --json');
    await isAt('stop-traffic');
    process.kill('SIGKILL');
    await ended;
    await letGo('stop');
    await giveUpLease(database.db);
    await places().insertOne({ _id: 101, price: 1 });
    const [said] = (await ok('status --json')).warnings;
    const [, typed = ''] = /mongo-release (rollback r1 --strategy undo) /.exec(said) ?? [];
    expect(await ok(`${typed} --json`)).toMatchObject({ outcome: 'rolled-back', strategy: 'undo' });
    expect(await ids()).toEqual([1, 2, 3, 100, 101]);
  }, 120_000);

  test('loses no more than was agreed to: what came while the collections were built is asked about before they are replaced', async () => {
    const large = (await ok('backup --json')).id;
    await rollbacks().updateOne({ _id: 'r1' }, { $set: { backupId: large } });
    await using proxy = await wireProxyTo(database.uri);
    const inserts = new Promise<() => void>((held) => proxy.stopAt({ nth: 1, of: ['insert'], when: 'answered' }, held));
    const { ended } = project.start('rollback r1 --strategy restore --accept-loss 0 --json', {
      MONGODB_URI: proxy.uri,
    });
    const goOn = await inserts;
    const restores = database.db.collection(`${own.prefix}.restore`);
    expect(await restores.countDocuments({ state: 'building' })).toBe(1);
    await places().insertMany([201, 202, 203].map((_id) => ({ _id, price: 1 })));
    goOn();
    const stopped = await ended;
    expectFailure(stopped, 10, 'ROLLBACK_FAILED', /0 was accepted, and it is 3 by now/);
    expect(stopped.json.error.hint).toMatch(/rollback r1 --accept-loss 3 again.*a larger number counts as well/);
    // Nothing was replaced, and nothing of what was built is left.
    expect(await places().countDocuments({ _id: { $in: [201, 202, 203] } })).toBe(3);
    expect(await restores.countDocuments()).toBe(0);
    const names = (await database.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    expect(names.filter((name) => name.includes('.restoring.'))).toEqual([]);
    expect(stopped.json).toHaveProperty('loss');
    // The way that loses nothing says so.
    expect(await ok('rollback r1 --strategy undo --json')).not.toHaveProperty('loss');
  }, 120_000);

  test('keeps what came after the last count, while the collections were replaced, and says where', async () => {
    const large = (await ok('backup --json')).id;
    await rollbacks().updateOne({ _id: 'r1' }, { $set: { backupId: large } });
    const wishes = database.db.collection<{ _id: number }>('wishes');
    await wishes.insertOne({ _id: 1 });
    // What the backup does not hold is removed last, and nobody moves a collection that somebody is writing to.
    const session = database.client.startSession();
    session.startTransaction();
    await places().updateOne({ _id: 100 }, { $set: { held: true } }, { session });
    const { ended } = project.start('rollback r1 --strategy restore --accept-loss 1 --json');
    const restores = database.db.collection(`${own.prefix}.restore`);
    await until(() => restores.countDocuments({ state: 'swapping' }));
    await wishes.insertOne({ _id: 2 });
    await session.abortTransaction();
    await session.endSession();
    const { code, json, stderr } = await ended;
    expect(code, stderr).toBe(0);
    const kept = [{ name: 'wishes', tombstone: expect.stringContaining('.dropped.'), writes: 1 }];
    expect(json).toMatchObject({ outcome: 'rolled-back', loss: { writes: 2, kept }, restore: { displaced: kept } });
    const { tombstone } = json.loss.kept[0];
    expect(json.warnings.join()).toContain(`the wishes of before is kept as ${tombstone}`);
    expect(await database.db.collection(tombstone).distinct('_id')).toEqual([1, 2]);
    const record = await rollbacks().findOne({ kind: 'rollback' });
    expect(record?.data?.loss).toMatchObject({ writes: 2, kept });
    // Until somebody has dropped it.
    const { keptAside, warnings } = await ok('status --json');
    expect(keptAside).toMatchObject([{ name: 'wishes', tombstone, rollbackId: record?._id }]);
    expect(warnings.join()).toContain(`then drop it in mongosh: db.getCollection('${tombstone}').drop()`);
    const lines = (await linesForMongosh('Restore')).map((line) =>
      line
        .replace(/_mongo_release\.dropped\.\w+/, tombstone)
        .replace("'places'", "'wishes'")
        .replace('_id: 7', '_id: 2'),
    );
    const missing = [{ _id: 1 }, { _id: 2 }];
    expect(await mongosh(database.db, lines)).toEqual([missing, [], true]);
    expect(await wishes.distinct('_id')).toEqual([2]);
    const after = await ok('status --json');
    expect([after.keptAside, after.warnings]).toEqual([undefined, undefined]);
  }, 120_000);

  test('does not restore a second time over what users wrote after another one that was waited for', async () => {
    await project.write({ 'hold-start': '' });
    const holder = { host: 'h', pid: 1, releaseId: 'x', command: 'migrate' } as const;
    const lease = await acquireLease(database.db, own, { ttlMs: 60_000, waitMs: 0, holder });
    const both = [1, 2].map(() => project.start('rollback r1 --strategy restore --accept-loss 1 --wait 60s --json'));
    await Promise.all(both.map(({ said }) => said('Waiting for the lease')));
    await lease.release();
    await isAt('start-traffic');
    await places().insertOne({ _id: 200, price: 1 });
    await letGo('start');
    const [first, second] = (await Promise.all(both.map(({ ended }) => ended))).sort(
      (a, b) => (a.code ?? 0) - (b.code ?? 0),
    );
    expect(first?.json).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
    expectFailure(second as never, 5, 'HISTORY_CONFLICT');
    expect(await ids()).toEqual([1, 2, 3, 200]);
  }, 120_000);

  test('says in its dry run what it would remove, and there and before it asks which way loses nothing', async () => {
    await database.db.collection('wishlists').insertOne({ of: 1 });
    const { warnings } = await ok('rollback r1 --strategy restore --dry-run --json');
    expect(warnings[0]).toBe('mongo-release rollback r1 --strategy undo takes it back as well, and loses nothing.');
    const unasked = await project.run('rollback r1 --strategy restore --json');
    expectFailure(unasked, 2, 'CONFIRMATION_NEEDED', /2 writes/);
    expect(unasked.stderr).toContain(warnings[0]);
    const target = await project.run('rollback r1 --strategy restore --environment staging --json');
    expect(target.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'rollback r1 --strategy undo --environment staging takes it',
    );
    expect(warnings.join(' ')).toMatch(/restore backup \S+\. What it does not hold is removed: wishlists\. What was/);
  });

  test('says where the number may have writes of the migrations themselves in it, and nowhere else', async () => {
    const said = async () => (await ok('rollback r2 --strategy restore --dry-run --json')).warnings.join(' ');
    const merge = "await db.collection('places').aggregate([{ $merge: 'names' }]).toArray();";
    await project.write({
      'migrations/2-price.js': migration("await db.collection('places').updateMany({}, { $set: { unit: 'cent' } });"),
    });
    await ok(`migrate --apply --release-id r2 --backup ${(await ok('backup --json')).id} --json`);
    await places().insertOne({ _id: 200, price: 1 });
    expect(await said()).toMatch(/is lost: 1 write \(places 1\)\.$/);
    await project.write({ 'migrations/3-names.js': migration(merge) });
    await ok('migrate --apply --release-id r2 --json');
    expect(await said()).toMatch(/is lost: \d+ writes .*\. What its migrations wrote in no transaction .*, too\.$/);
  }, 120_000);

  test('leaves the releases before it as they were: they are taken back as any other', async () => {
    await project.write({
      'migrations/1-cents.js': migration(
        "await db.collection('places').updateMany({}, { $mul: { price: 100 } });",
        "await db.collection('places').updateMany({}, { $mul: { price: 0.01 } });",
      ),
      'migrations/2-unit.js': migration("await db.collection('places').updateMany({}, { $set: { unit: 'cent' } });"),
    });
    await ok('baseline 1-cents --json');
    const second = (await ok('backup --json')).id;
    await ok(`migrate --apply --release-id r2 --backup ${second} --json`);
    await ok('rollback r2 --strategy restore --yes --json');
    expect((await ok('status --json')).migrations[0]).toMatchObject({ state: 'applied', origin: 'restore' });
    const back = await ok('rollback r1 --json');
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'down', reverted: [{ name: '1-cents' }] });
    expect(
      await places()
        .find({}, { sort: { _id: 1 } })
        .toArray(),
    ).toMatchObject([1, 2, 3, 0.01].map((price) => ({ price })));
  }, 120_000);

  test('is gone on with where its own backup is restored once more, though that has the release in it', async () => {
    const whole = (await ok('backup --json')).id;
    await rollbacks().updateOne({ _id: 'r1' }, { $set: { backupId: whole } });
    await project.write({
      'mongo-release.yml': "rehearsal: { level: none }\nhooks: { rollback-app: 'test ! -e app.fails' }\n",
      'app.fails': '',
    });
    expectFailure(await project.run('rollback r1 --strategy restore --yes --json'), 10, 'ROLLBACK_FAILED', /app/);
    await letGoOf('app.fails');
    await ok(`restore ${whole} --yes --json`);
    await places().insertOne({ _id: 300, price: 1 });
    expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
    expect(await ids()).toEqual([1, 2, 3, 100, 300]);
  }, 120_000);

  test('that fails behind its history is open: its release does not go on, and nothing is restored anew', async () => {
    const restores = database.db.collection(`${own.prefix}.restore`);
    const name = restores.collectionName;
    await database.db.createCollection(name, { validator: { state: { $ne: 'clearing' } } });
    await project.write({ 'mongo-release.yml': 'rehearsal: { level: none }\n' });
    const failed = await project.run('rollback r1 --strategy restore --accept-loss 1 --json');
    expectFailure(failed, 10, 'ROLLBACK_FAILED', /putting its end on record/);
    // As where it fails a step later.
    await database.db.command({ collMod: name, validator: {} });
    await restores.updateOne({}, { $set: { state: 'clearing', aliveAt: new Date(0) } });
    const { leftByRestore, warnings } = await ok('status --json');
    expect(leftByRestore).toMatchObject({ what: 'replaced', collections: [expect.stringContaining('.dropped.')] });
    // What goes on with it removes that, too.
    expect(warnings).toEqual([
      expect.stringMatching(
        /of release r1 is not complete: it is at what comes after data\..*mongo-release rollback r1 goes on with it/,
      ),
    ]);
    expectFailure(await project.run('migrate --apply --release-id r1 --json'), 5, 'HISTORY_CONFLICT');
    await places().insertOne({ _id: 300, price: 1 });
    expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
    expect(await ids()).toEqual([1, 2, 3, 300]);
    expect(await restores.countDocuments()).toBe(0);
    expect(await ok('status --json')).not.toHaveProperty('leftByRestore');
  }, 120_000);

  test('that failed before it replaced anything is in the way of nobody', async () => {
    await project.write({ 'mongo-release.yml': 'rehearsal: { level: none }\n' });
    // What was agreed to is on record by then.
    await database.db.createCollection(`${own.prefix}.restore`, { validator: { state: { $ne: 'swapping' } } });
    const failed = await project.run('rollback r1 --strategy restore --accept-loss 1 --json');
    expect(failed.json.steps, failed.stderr).toMatchObject([
      {},
      { name: 'data', state: 'failed', note: 'RESTORE_FAILED' },
    ]);
    expect(await rollbacks().findOne({ kind: 'rollback' })).toMatchObject({ data: { loss: { writes: 1 } } });
    await ok('status --check --json');
  }, 120_000);
});
