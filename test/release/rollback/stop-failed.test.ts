import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure } from '../../cli/cli.ts';
import { type BackedUp, hooked, makeBackedUp } from './cents.ts';

/** A rollback by restore that came no further than the hook that stops traffic, and users who were let in since. */

let cents: BackedUp;

const config = hooked
  .replace('echo stop >> hooks.log;', 'echo stop >> hooks.log; test ! -e stop.fails &&')
  .replace('echo app >> hooks.log;', 'echo app >> hooks.log; test ! -e app.fails &&');
const mend = (name: string) => rm(join(cents.project.dir, `${name}.fails`));

beforeEach(async () => {
  cents = await makeBackedUp({ config, reversible: true });
  const { project } = cents;
  await project.write({ 'stop.fails': '', 'app.fails': '' });
  const stopped = await project.run('rollback r1 --strategy restore --accept-loss 1 --json');
  expectFailure(stopped, 10, 'ROLLBACK_FAILED', /stop-traffic/);
  await mend('stop');
  expect((await project.run('rollback r1 --start-traffic --json')).json.outcome).toBe('cancelled');
});
afterEach(() => cents[Symbol.asyncDispose]());

test('once down has brought the data back they stay so, and users in: also where it stops once more after them', async () => {
  const { project, records, ok, ids, hooks } = cents;
  await ok('down --json');
  const told = await project.run('status --check --json');
  expectFailure(told, 10, 'ROLLBACK_FAILED', /of release r1 is not complete: it is at what comes after data/);
  const stopped = await project.run('rollback r1 --json');
  expectFailure(stopped, 10, 'ROLLBACK_FAILED', /rollback-app/);
  expect(stopped.json.error.hint).toMatch(/mongo-release rollback r1 again: it goes on with rollback-app\./);
  expect(await hooks()).toEqual(['stop', 'start', 'app']);
  await mend('app');
  const back = await ok('rollback r1 --json');
  expect(back).toMatchObject({ outcome: 'rolled-back' });
  expect(back).not.toHaveProperty('restore');
  expect(await ids()).toEqual([1, 2, 3, 100]);
  expect(await hooks()).toEqual(['stop', 'start', 'app', 'app']);
  const record = await records().findOne({ kind: 'rollback' });
  expect(record?.steps).toContainEqual(expect.objectContaining({ name: 'data', state: 'done' }));
}, 120_000);

test('it has taken nothing back: the job that is run again goes on, and so does who verifies', async () => {
  const { records, ok, ids } = cents;
  const digest = (await records().findOne({ _id: 'r1' }))?.planDigest;
  expect(await ok(`migrate --apply --digest ${digest} --json`)).toMatchObject({ outcome: 'nothing-to-do' });
  await ok('verify --release-id r1 --json');
  expect(await ids()).toEqual([1, 2, 3, 100]);
}, 120_000);
