import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure } from '../../cli/cli.ts';
import { type BackedUp, hooked, makeBackedUp, until } from './cents.ts';

/** A rollback by restore that has replaced nothing, and data that another command has brought back since. */

let cents: BackedUp;

/** As one has it on record that was stopped while it built. */
const loss = { writes: 2, since: '', collections: [{ collection: 'places', writes: 2 }] };

/** It stopped at its data: users wrote more than was agreed to while traffic was being stopped. */
beforeEach(async () => {
  cents = await makeBackedUp({ reversible: true });
  const { project, places, records } = cents;
  await project.write({ 'hold-stop': '' });
  const { ended } = project.start('rollback r1 --strategy restore --accept-loss 1 --json');
  await until(() => records().findOne({ kind: 'rollback', 'steps.name': 'stop-traffic' }));
  await places().insertOne({ _id: 101, price: 1 });
  await rm(join(project.dir, 'hold-stop'));
  const stopped = await ended;
  expectFailure(stopped, 10, 'ROLLBACK_FAILED');
  expect(stopped.json).toMatchObject({ strategy: 'restore', steps: [{}, { name: 'data', state: 'failed' }] });
});
afterEach(() => cents[Symbol.asyncDispose]());

test('it goes on after the data where down has brought them back: nobody is asked about a restore, and nothing is lost', async () => {
  const { project, records, ok, ids, hooks } = cents;
  await records().updateOne({ kind: 'rollback' }, { $set: { 'data.loss': loss } });
  await ok('down --json');
  const [said] = (await ok('status --json')).warnings;
  expect(said).toMatch(
    /is not complete: it is at what comes after data\..* mongo-release rollback r1 goes on with it\. With --start-traffic/,
  );
  expect((await ok('rollback r1 --dry-run --json')).warnings).toEqual([
    'Nothing was done. A rollback would go on after the data.',
  ]);
  // Also where it stops once more, after them.
  await project.write({ 'app.fails': '' });
  const config = await project.read('mongo-release.yml');
  await project.write({ 'mongo-release.yml': config.replace('echo app >> hooks.log;', 'test ! -e app.fails &&') });
  expectFailure(await project.run('rollback r1 --json'), 10, 'ROLLBACK_FAILED', /rollback-app/);
  await project.write({ 'mongo-release.yml': config });
  const back = await ok('rollback r1 --json');
  expect(back).toMatchObject({ outcome: 'rolled-back', reverted: [] });
  expect(back).not.toHaveProperty('loss');
  expect(back).not.toHaveProperty('restore');
  expect(await ids()).toEqual([1, 2, 3, 100, 101]);
  expect((await hooks()).slice(-2)).toEqual(['app', 'start']);
  expect((await ok('rollback r1 --json')).outcome).toBe('nothing-to-do');
}, 120_000);

test('where it was refused before it began, nothing was taken back; once down has, status tells of what is left', async () => {
  const { ok, hooks } = cents;
  const lets = await ok('rollback r1 --start-traffic --json');
  expect(lets).toMatchObject({ outcome: 'cancelled' });
  expect(lets.warnings).toEqual(['Users are in. Nothing was taken back yet: mongo-release rollback r1 goes on.']);
  await ok('verify --release-id r1 --json');
  expect((await ok('status --json')).warnings).toBeUndefined();
  await ok('down --json');
  const [said] = (await ok('status --json')).warnings;
  expect(said).toMatch(
    /release r1 is not complete: it is at what comes after data\..*mongo-release rollback r1 goes on/,
  );
  const before = await hooks();
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back' });
  expect((await hooks()).slice(before.length)).toEqual(['app']);
  expect((await ok('status --json')).warnings).toBeUndefined();
}, 120_000);

test('who only lets users in after down ends it where nothing is left, and tells of nothing that was lost', async () => {
  const { project, records, ok, ids } = cents;
  await records().updateOne({ kind: 'rollback' }, { $set: { 'data.loss': loss } });
  await project.write({ 'mongo-release.yml': hooked.replace(/rollback-app: '.*?', /, '') });
  await ok('down --json');
  const lets = await ok('rollback r1 --start-traffic --json');
  expect(lets).toMatchObject({ outcome: 'rolled-back' });
  expect(lets).not.toHaveProperty('loss');
  expect((await records().findOne({ kind: 'rollback' }))?.data).not.toHaveProperty('loss');
  expect(await ids()).toEqual([1, 2, 3, 100, 101]);
}, 120_000);

test('who names the restore all the same is asked about it', async () => {
  const { project, ok, ids } = cents;
  await ok('down --json');
  const asked = await project.run('rollback r1 --strategy restore --json');
  expectFailure(asked, 10, 'ROLLBACK_FAILED', /writes/);
  expect(await ok('rollback r1 --strategy restore --accept-loss unknown --json')).toMatchObject({
    outcome: 'rolled-back',
    restore: { backupId: cents.backup },
  });
  expect(await ids()).toEqual([1, 2, 3]);
}, 120_000);
