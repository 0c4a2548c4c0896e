import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLease } from '../../../src/migration/lease/lease.ts';
import { hasEnded } from '../../../src/migration/lease/owner-process.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, type Project } from '../../cli/cli.ts';
import { type Cents, makeCents } from './cents.ts';

/** A rollback and the deploy of another release, which has nothing to apply and so never has the lease. */

let cents: Cents;
let project: Project;

beforeEach(async () => {
  cents = await makeCents(`
rehearsal: { level: none }
hooks:
  deploy: 'echo deploy >> hooks.log; echo is deploying; while test -e hold-deploy; do sleep 0.1; done'
  rollback-app: 'echo app >> hooks.log'
`);
  ({ project } = cents);
  await ok('release --apply --release-id r1 --json');
  await project.write({ 'hold-deploy': '' });
});
afterEach(() => cents[Symbol.asyncDispose]());

const log = async () => (await project.read('hooks.log')).trim().split('\n');
const records = () => cents.database.db.collection<ReleaseRecord>('_mongo_release.releases');
const prices = () => cents.database.db.collection('places').distinct('price');
const letGo = () => rm(join(project.dir, 'hold-deploy'), { force: true });

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

async function deploying() {
  const started = project.start('release --apply --release-id r2 --json');
  await started.said('is deploying');
  // It says so before that is on record.
  await expect.poll(async () => (await records().findOne({ _id: 'r2' }))?.hook, { timeout: 60_000 }).toBeDefined();
  return started;
}

async function takeLease(command: string, releaseId = 'b1') {
  const holder = { host: hostname(), pid: process.pid, releaseId, command };
  return acquireLease(cents.database.db, ownNames(), { ttlMs: 60_000, waitMs: 0, holder });
}

test('a release is not taken back while another one deploys, unless a person says that this one is gone', async () => {
  const { ended } = await deploying();
  const refused = await project.run('rollback r1 --json');
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /^Release r2 is deploying; it was last heard of at [^;]*\.$/);
  expect(refused.json.error.hint).toMatch(
    /It goes on by itself: wait for its end, then type mongo-release rollback r1\. .* rollback r1 --yes/,
  );
  expect((await ok('rollback r1 --dry-run --json')).warnings.join()).toContain('Release r2 is deploying');
  expect(await log()).toEqual(['deploy', 'deploy']);
  expect(await prices()).toEqual([100, 200, 300]);
  const beside = await project.run('rollback r1 --yes --json');
  expect(beside.json, beside.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-cents' }] });
  expect(beside.stderr).toContain('Release r2 is deploying');
  await letGo();
  expect((await ended).code).toBe(0);
}, 120_000);

test('nor beside the deploy hook of another one that has outlived it; nor do migrations follow a restore beside that', async () => {
  const { id } = await ok('backup --json');
  const { process, ended } = await deploying();
  process.kill('SIGKILL');
  await ended;
  const left = await project.run('rollback r1 --json');
  expectFailure(left, 5, 'HISTORY_CONFLICT', /r2 was cut off while deploying.* Its deploy hook still runs here/);
  expect(left.json.error.hint).toContain('type mongo-release rollback r1 --yes');
  expect(await prices()).toEqual([100, 200, 300]);
  const restore = await project.run(`restore ${id} --then-migrate --yes --json`);
  expectFailure(restore, 5, 'HISTORY_CONFLICT', /r2 was cut off while deploying.* Its deploy hook still runs here/);
  const record = await records().findOne({ _id: 'r2' });
  await letGo();
  await expect.poll(() => record?.hook !== undefined && hasEnded(record.hook), { timeout: 60_000 }).toBe(true);
  expect(await ok('rollback r1 --json')).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-cents' }] });
}, 120_000);

test('nor where that one has begun while it waited for the lease', async () => {
  const lease = await takeLease('backup');
  const { said, ended } = project.start('rollback r1 --wait 60s --json');
  await said('Waiting for the lease');
  const other = await deploying();
  await lease.release();
  expectFailure(await ended, 5, 'HISTORY_CONFLICT', /^Release r2 is deploying/);
  expect(await log()).toEqual(['deploy', 'deploy']);
  expect(await prices()).toEqual([100, 200, 300]);
  await letGo();
  expect((await other.ended).code).toBe(0);
}, 120_000);

test.each(['rollback', 'release'])(
  'nobody deploys beside a %s that is to take a release back and is not on record yet',
  async (command) => {
    await letGo();
    const lease = await takeLease(command);
    const refused = await project.run('release --apply --release-id r2 --json');
    const words = new RegExp(`^A rollback is about to begin: ${command} on .*, release b1;`);
    expectFailure(refused, 5, 'HISTORY_CONFLICT', words);
    expect(refused.json.error.hint).toBe('It goes on by itself: wait for its end.');
    expect(await log()).toEqual(['deploy']);
    await lease.release();
    // Who applies something under its own id takes nothing back.
    const applying = await takeLease('migrate', 'r1');
    await ok('release --apply --release-id r2 --json');
    await applying.release();
  },
  60_000,
);

test('nobody deploys beside a release that applies, since that one deploys next', async () => {
  await letGo();
  const applying = await takeLease('release', 'r1');
  const refused = await project.run('release --apply --release-id r2 --json');
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /^Another release is at its migrations: release on .*, release r1;/);
  expect(refused.json.steps.map(({ name }: { name: string }) => name)).not.toContain('deploy');
  expect(await log()).toEqual(['deploy']);
  // What an earlier attempt of its own has left.
  await ok('release --apply --release-id r1 --json');
  const waiting = project.start('release --apply --release-id r3 --wait 60s --json');
  await waiting.said('Waiting for its end: Another release is at its migrations');
  await applying.release();
  expect((await waiting.ended).code).toBe(0);
}, 60_000);

test('a release waits for the end of one that deploys as long as --wait says, and for nothing that nobody is at', async () => {
  const { ended } = await deploying();
  const early = await project.run('release --apply --release-id r3 --wait 1s --json');
  expectFailure(early, 5, 'HISTORY_CONFLICT', /^Release r2 is deploying/);
  const waiting = project.start('release --apply --release-id r3 --wait 60s --json');
  await waiting.said('Waiting for its end: Release r2 is deploying');
  expect(await log()).toEqual(['deploy', 'deploy']);
  await letGo();
  expect((await ended).code).toBe(0);
  expect((await waiting.ended).code).toBe(0);
  expect(await log()).toEqual(['deploy', 'deploy', 'deploy']);

  const traffic = { state: 'stopped' as const, since: new Date() };
  await records().insertOne({
    ...(await records().findOne({ _id: 'r3' }))!,
    _id: 'b3',
    kind: 'rollback',
    of: 'r3',
    traffic,
  });
  const cutOff = await project.run('release --apply --release-id r4 --wait 60s --json');
  expectFailure(cutOff, 5, 'HISTORY_CONFLICT', /^Rollback b3 of release r3 is not complete/);
  expect(cutOff.stderr).not.toContain('Waiting');
}, 120_000);
