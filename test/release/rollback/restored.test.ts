import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownNames } from '../../../src/mongo/own.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, migration, type Project } from '../../cli/cli.ts';
import type { TestDatabase } from '../../setup/mongo.ts';
import { type Cents, makeCents } from './cents.ts';

/** What a rollback by restore tells, and puts on record, that did not come to its end at the first try. */

const own = ownNames();
let cents: Cents;
let database: TestDatabase;
let project: Project;
let backup: string;

/** Release r1 has a backup, and two writes of users came after it: one to what r1 has changed. */
beforeEach(async () => {
  cents = await makeCents("rehearsal: { level: none }\nhooks: { rollback-app: 'test ! -e app.fails' }\n");
  ({ database, project } = cents);
  backup = (await ok('backup --json')).id;
  await ok(`migrate --apply --release-id r1 --backup ${backup} --json`);
  await places().updateOne({ _id: 1 }, { $set: { price: 7 } });
  await wishes().insertOne({ _id: 1 });
});
afterEach(() => cents[Symbol.asyncDispose]());

const places = () => database.db.collection<{ _id: number; price: number }>('places');
const wishes = () => database.db.collection<{ _id: number }>('wishes');
const records = () => database.db.collection<ReleaseRecord>(own.releases);
const rollback = () => records().findOne({ kind: 'rollback' });
const restores = () => database.db.collection(`${own.prefix}.restore`);
const restoring = 'rollback r1 --strategy restore --accept-loss unknown --json';

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('where everything is replaced and that cannot be put on record, it is not complete, and not blocked', async () => {
  const { ended } = await database.client.withSession(async (session) => {
    session.startTransaction();
    // Who writes this record too waits: all is replaced by then.
    const record = { _id: '1-cents' as never };
    await database.db.collection(own.history).updateOne(record, { $set: { held: true } }, { session });
    const started = project.start(restoring);
    await expect.poll(async () => (await restores().findOne())?.state, { timeout: 60_000 }).toBe('placing');
    await records().updateOne({ kind: 'rollback' }, { $set: { attemptId: 'another' } });
    await session.abortTransaction();
    return started;
  });
  const ran = await ended;
  expectFailure(ran, 10, 'ROLLBACK_FAILED', /all collections are in place.*\[LEASE_LOST\]/);
  expect(ran.json).toMatchObject({ outcome: 'failed-dirty', steps: [{}, { name: 'data', state: 'failed' }] });
}, 120_000);

/** A rollback of r2 by undo that has left a document of 3-unit to its user, and stopped at 2-size. */
async function stoppedUndo() {
  const sets = (field: string) =>
    migration(`await db.collection('places').updateMany({}, { $set: { ${field}: 'new' } });`);
  await project.write({ 'migrations/2-size.js': sets('size'), 'migrations/3-unit.js': sets('unit') });
  const second = (await ok('backup --json')).id;
  await ok(`migrate --apply --release-id r2 --backup ${second} --json`);
  await places().updateOne({ _id: 1 }, { $set: { unit: 'mine' } as never });
  const refuse = (validator: object) => database.db.command({ collMod: own.history, validator });
  await refuse({ $or: [{ _id: { $ne: '2-size' } }, { state: { $ne: 'rolled-back' } }] });
  const stopped = await project.run('rollback r2 --json');
  expectFailure(stopped, 10, 'ROLLBACK_FAILED');
  expect(stopped.json).toMatchObject({ reverted: [{ name: '3-unit' }], failed: { name: '2-size' }, conflicts: left });
  await refuse({});
  return second;
}

const left = [{ collection: 'places', documents: 1 }];

test('what an undo before it had left half-way, or to users, is not told of what it has replaced', async () => {
  const second = await stoppedUndo();
  const back = await ok(restoring.replace('r1', 'r2'));
  const told = { conflicts: [], reverted: [{ name: '3-unit' }, { name: '2-size' }], restore: { backupId: second } };
  expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', ...told });
  const { data } = (await rollback()) ?? {};
  expect(data).toMatchObject(told);
  for (const one of [back, data]) for (const gone of ['failed', 'undo']) expect(one).not.toHaveProperty(gone);
  expect(await places().distinct('unit')).toEqual([]);
}, 120_000);

test('what an undo had left to users is told as long as no restore has replaced it, also where one was begun', async () => {
  await stoppedUndo();
  await database.db.createCollection(restores().collectionName, { validator: { state: 'none' } });
  expect((await project.run(restoring.replace('r1', 'r2'))).code).not.toBe(0);
  expect(await rollback()).toMatchObject({ strategy: 'restore' });
  await database.db.command({ collMod: restores().collectionName, validator: {} });
  await ok('down --json');
  await project.write({ 'app.fails': '' });
  for (const way of [' --strategy auto', '', '']) {
    expectFailure(await project.run(`rollback r2${way} --json`), 10, 'ROLLBACK_FAILED', /rollback-app/);
    const { data } = (await rollback()) ?? {};
    expect(data).toMatchObject({ conflicts: left, undo: [{ name: '3-unit', quarantined: 1 }] });
    expect(data).not.toHaveProperty('failed');
  }
  await project.write({ 'mongo-release.yml': '' });
  expect(await ok('rollback r2 --json')).toMatchObject({ outcome: 'rolled-back', conflicts: left });
}, 120_000);

test.each(['it dropped what it had replaced', 'all of that was dropped'])(
  'what it has done, and where it put what others made meanwhile, is told by the one that goes on with it: it failed while, or after, %s',
  async (where) => {
    const dropping = where.startsWith('it');
    await database.db.createCollection(restores().collectionName, { validator: { state: { $ne: 'clearing' } } });
    expectFailure(await project.run(restoring), 10, 'ROLLBACK_FAILED', /putting its end on record/);
    await database.db.command({ collMod: restores().collectionName, validator: {} });
    const displaced = [{ name: 'wishes', tombstone: own.dropped('b') }];
    await database.db.createCollection(own.dropped('b'));
    if (dropping) await restores().updateOne({}, { $set: { state: 'clearing', aliveAt: new Date(0), displaced } });
    else await restores().deleteMany({});
    const done = { restored: [{ collection: 'places', documents: 3 }], removed: ['wishes'], kept: [], displaced };
    const restore = { backupId: backup, ...done, history: 'set' };
    const told = { reverted: [{ name: '1-cents' }], loss: { writes: 2 }, ...(dropping && { restore }) };
    // Also where the one that goes on with it stops.
    await project.write({ 'app.fails': '' });
    for (let time = 1; time <= 2; time++) expectFailure(await project.run('rollback r1 --json'), 10, 'ROLLBACK_FAILED');
    await project.write({ 'mongo-release.yml': '' });
    const back = await ok('rollback r1 --json');
    expect(back).toMatchObject({ outcome: 'rolled-back', strategy: 'restore', ...told });
    expect(back.reverted).toHaveLength(1);
    expect(await rollback()).toMatchObject({ state: 'rolled-back', data: told });
    if (!dropping) return;
    const status = await ok('status --json');
    expect(status.keptAside).toMatchObject(displaced);
    expect(status.keptAside[0]).not.toHaveProperty('writes');
    expect(status.warnings.join()).toContain(
      `what users made as wishes while that was replaced as ${own.dropped('b')}.`,
    );
  },
  120_000,
);
