import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownNames } from '../../../src/mongo/own.ts';
import { expectFailure, type Project } from '../../cli/cli.ts';
import type { TestDatabase } from '../../setup/mongo.ts';
import { giveUpLease } from '../half-done/left-half.ts';
import { type BackedUp, hooked, makeBackedUp, until } from './cents.ts';

const own = ownNames();
let cents: BackedUp;
let database: TestDatabase;
let project: Project;
let backup: string;

beforeEach(async () => {
  cents = await makeBackedUp();
  ({ database, project, backup } = cents);
});
afterEach(() => cents[Symbol.asyncDispose]());

const places = () => cents.places();
const rollbacks = () => cents.records();
const ids = () => cents.ids();
const hooks = () => cents.hooks();
const ok = (words: string) => cents.ok(words);
/** Before its history is set; `swapping` runs once collections are being replaced. */
async function killWhilePlacing(words: string, swapping?: () => Promise<unknown>): Promise<void> {
  const restores = database.db.collection(`${own.prefix}.restore`);
  await database.client.withSession(async (session) => {
    session.startTransaction();
    // Who writes this record too conflicts, and tries again.
    const record = { _id: '1-cents' as never };
    await database.db.collection(own.history).updateOne(record, { $set: { held: true } }, { session });
    // Nobody moves a collection that somebody is writing to.
    await using writer = database.client.startSession();
    writer.startTransaction();
    if (swapping) await places().updateOne({ _id: 100 }, { $set: { held: true } }, { session: writer });
    const { process, ended } = project.start(words);
    await until(() => restores.countDocuments({ state: { $in: ['swapping', 'placing'] } }));
    await swapping?.();
    await writer.abortTransaction();
    await until(async () => (await restores.findOne())?.state === 'placing');
    process.kill('SIGKILL');
    await ended;
    await session.abortTransaction();
    // As if both had been silent for long.
    await restores.updateOne({}, { $set: { aliveAt: new Date(0) } });
  });
  await giveUpLease(database.db);
}

describe('a rollback by restore', () => {
  test('that was killed tells what it has kept for late writes, whoever finishes its restore', async () => {
    // What the backup does not hold is removed last.
    const wishes = database.db.collection<{ _id: number }>('wishes');
    await wishes.insertOne({ _id: 1 });
    await killWhilePlacing('rollback r1 --strategy restore --accept-loss 2 --json', () => wishes.insertOne({ _id: 2 }));
    const { _id: rollbackId } = (await rollbacks().findOne({ kind: 'rollback' })) ?? {};
    await ok(`restore ${backup} --yes --json`);
    const kept = [{ name: 'wishes', tombstone: expect.stringContaining('.dropped.'), writes: 1 }];
    const status = await ok('status --json');
    expect(status.keptAside).toMatchObject([{ name: 'wishes', rollbackId }]);
    const [{ tombstone }] = status.keptAside;
    expect(await database.db.collection(tombstone).distinct('_id')).toEqual([1, 2]);
    expect(await rollbacks().findOne({ kind: 'restore' })).toMatchObject({ keptAside: kept });
    const back = await ok('rollback r1 --json');
    const restore = { backupId: backup, restored: [{ collection: 'places', documents: 3 }], displaced: kept };
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', restore, loss: { writes: 3, kept } });
    expect(back.warnings.join()).toContain(`the wishes of before is kept as ${tombstone}`);
    // As where the user may not collMod, and its own record is gone.
    await rollbacks().deleteOne({ kind: 'rollback' });
    const expiring = [{ index: 'at_1', expireAfterSeconds: 60 }];
    await rollbacks().updateOne({ kind: 'restore' }, { $set: { 'keptAside.0.expiring': expiring } });
    const after = await ok('status --json');
    expect(after.keptAside).toEqual([{ name: 'wishes', tombstone, writes: 1, since: expect.anything(), expiring }]);
    expect(after.warnings.join()).toContain(`: wishes of before as ${tombstone}.`);
    expect(after.warnings.join()).toContain(`but documents go on expiring in ${tombstone}: put back`);
  }, 120_000);

  describe('that was killed before its history was set', () => {
    beforeEach(async () => {
      await killWhilePlacing('rollback r1 --strategy restore --accept-loss 1 --json');
      expect(await ids()).toEqual([1, 2, 3]);
      await places().insertOne({ _id: 300, price: 1 });
    });

    test('is only finished when it is typed again, and what users wrote since stays', async () => {
      const [entry] = (await ok('audit --json')).entries;
      expect(entry).toMatchObject({ kind: 'rollback', state: 'running', presence: 'gone' });
      const { warnings } = await ok('status --json');
      expect(warnings.join(' ')).toMatch(/Traffic is stopped.*mongo-release rollback r1 goes on/);
      expect(warnings.join(' ')).toContain('is not finished. mongo-release rollback r1 goes on with it.');
      const back = await ok('rollback r1 --json');
      const restore = { backupId: backup, restored: [{ collection: 'places', documents: 3 }], history: 'set' };
      expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', restore, loss: { writes: 1 } });
      expect(await ids()).toEqual([1, 2, 3, 300]);
      expect(await hooks()).toEqual(['stop', 'stop', 'app', 'start']);
    }, 120_000);

    test('is walked to its end when the restore was finished by another command, and restores nothing anew', async () => {
      const finished = await ok(`restore ${backup} --yes --json`);
      const restored = [{ collection: 'places', documents: 3 }];
      expect(finished).toMatchObject({ outcome: 'applied', backupId: backup, restored, history: 'set' });
      expect(finished.warnings).toEqual([
        expect.stringMatching(/was only finished: what was written since it began st/),
      ]);
      await places().insertOne({ _id: 301, price: 1 });
      const back = await ok('rollback r1 --json');
      expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
      expect(await ids()).toEqual([1, 2, 3, 300, 301]);
      expect((await hooks()).slice(-2)).toEqual(['app', 'start']);
      // Nothing is left to be finished: this one restores.
      await ok(`restore ${backup} --yes --json`);
      expect(await ids()).toEqual([1, 2, 3]);
    }, 120_000);

    test('restores nothing anew either where the run that goes on with it stops, too', async () => {
      await ok(`restore ${backup} --yes --json`);
      await project.write({
        'mongo-release.yml': "rehearsal: { level: none }\nhooks: { stop-traffic: 'false', rollback-app: 'false' }\n",
      });
      expectFailure(await project.run('rollback r1 --json'), 10, 'ROLLBACK_FAILED', /rollback-app/);
      await project.write({ 'mongo-release.yml': hooked });
      const dry = await ok('rollback r1 --dry-run --json');
      expect(dry.steps).toMatchObject([
        { state: 'done' },
        { name: 'data', state: 'done' },
        {},
        { state: 'planned' },
        {},
        {},
      ]);
      expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
      expect(await ids()).toEqual([1, 2, 3, 300]);
      expect(await hooks()).toEqual(['stop', 'app', 'start']);
      expect(await rollbacks().findOne({ kind: 'rollback' })).toMatchObject({ backupId: backup });
    }, 120_000);

    test('is at what comes after the data for who only lets users in, once its restore was finished', async () => {
      await ok(`restore ${backup} --yes --json`);
      const lets = await ok('rollback r1 --start-traffic --json');
      expect(lets).toMatchObject({ outcome: 'failed-dirty', steps: [{}, { name: 'data', state: 'done' }, {}] });
      expect(lets.warnings).toEqual([expect.stringMatching(/data are back, and not done yet: rollback-app\./)]);
      expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
      expect(await hooks()).toEqual(['stop', 'start', 'app']);
    }, 120_000);

    test('is over for who only lets users in, once something is applied', async () => {
      await ok(`restore ${backup} --yes --json`);
      await ok('baseline 1-cents --json');
      const lets = await project.run('rollback r1 --start-traffic --json');
      expect(lets.json).toMatchObject({
        outcome: 'cancelled',
        warnings: [expect.stringMatching(/since, which ends this rollback: mongo-release rollback r1 begins anew/)],
      });
    }, 120_000);
  });
});
