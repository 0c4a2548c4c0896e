import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure } from '../../cli/cli.ts';
import { type Cents, makeCents } from './cents.ts';

let cents: Cents;

const config = `
rehearsal: { level: none }
hooks:
  deploy: 'test ! -e fails'
  rollback-app: 'echo app >> hooks.log'
`;

beforeEach(async () => {
  cents = await makeCents(config);
});
afterEach(() => cents[Symbol.asyncDispose]());

test('a release that goes on from one which failed and fails as well is not rolled back as long as the data of that are in, and status says so', async () => {
  const { project, database } = cents;
  const prices = () => database.db.collection('places').distinct('price');
  await project.write({ fails: '' });
  expectFailure(await project.run('release --apply --release-id r1 --json'), 8, 'DEPLOY_FAILED');
  const again = 'release --apply --on-failure rollback --json --release-id';
  const second = await project.run(`${again} r2`);
  const names = /Release r1, the one before, did not come to a good end \[DEPLOY_FAILED\], .* stays: 1-cents\./;
  expectFailure(second, 10, 'ROLLBACK_FAILED', names);
  expect(second.json.error.hint).toMatch(/type mongo-release rollback r1\.$/);
  expect(await prices()).toEqual([100, 200, 300]);
  const stands = /^Release r1 stopped at deploy at .* \[DEPLOY_FAILED\]/;
  expectFailure(await project.run('status --check --json'), 8, 'DEPLOY_FAILED', stands);

  // Once another one has come to a good end on these data, they are nothing that has to go.
  await rm(join(project.dir, 'fails'));
  expect((await project.run('release --apply --release-id r3 --json')).json.outcome).toBe('applied');
  await project.write({ fails: '' });
  expectFailure(await project.run(`${again} r4`), 14, 'ROLLED_BACK');
  expect((await project.run('status --check --json')).code).toBe(0);

  // Unless that one is taken back itself.
  expect((await project.run('rollback r3 --yes --json')).json.outcome).toBe('rolled-back');
  expectFailure(await project.run('status --check --json'), 8, 'DEPLOY_FAILED', stands);
  expect((await project.run('rollback r1 --json')).json.outcome).toBe('rolled-back');
  expect(await prices()).toEqual([1, 2, 3]);
  expect((await project.run('status --json')).json.attention).toBeUndefined();

  // What became of each stays on record as it ended; who reads it is told what came after.
  const trail = await project.run('audit --json');
  const back = (of: string) => trail.json.entries.find((one: { of?: string }) => one.of === of).id;
  const states = ['r4', 'r3', 'r2', 'r1'].map((id) => trail.json.entries.find((one: { id: string }) => one.id === id));
  expect(states).toMatchObject([
    { state: 'rolled-back' },
    { state: 'applied', takenBackBy: back('r3') },
    { state: 'failed-dirty' },
    { state: 'failed-dirty', takenBackBy: back('r1') },
  ]);
  expect(trail.stderr).toMatch(/↩ applied, taken back .* r3$/m);
  expect(trail.stderr).toContain(`taken back by ${back('r3')}`);
}, 120_000);

test('without an id, behind one that was stopped, the one is named whose application is there, however often it was taken back before', async () => {
  const { project } = cents;
  await rm(join(project.dir, 'migrations/1-cents.js'));
  const release = (id: string) => project.run(`release --apply --release-id ${id} --json`);
  const blocked = async (id: string) => {
    await project.write({ 'mongo-release.yml': `${config}guards: { oplog-window: 36500d }\n` });
    expectFailure(await release(id), 5, 'BLOCKED_BY_GUARD');
    await project.write({ 'mongo-release.yml': config });
    return project.run('rollback --json');
  };
  const nothing = (id: string) => new RegExp(`release, ${id}, changed nothing.* Nothing of any other release is there`);
  expectFailure(await blocked('r0'), 2, 'RELEASE_UNKNOWN', nothing('r0'));
  for (const _ of ['first', 'second']) {
    expect((await release('r1')).json).toMatchObject({ outcome: 'applied' });
    const unnamed = await blocked('r2');
    expectFailure(unnamed, 2, 'RELEASE_UNKNOWN', /r2, changed nothing.* is r1\./);
    expect(unnamed.json.error.hint).toContain('mongo-release rollback r1.');
    expect((await project.run('rollback r1 --json')).json).toMatchObject({ outcome: 'rolled-back' });
  }
  await blocked('r1');
  expectFailure(await blocked('r2'), 2, 'RELEASE_UNKNOWN', nothing('r2'));
}, 120_000);

test('without an id, the one that was run again and had nothing to do is the newest, and is taken back', async () => {
  const { project } = cents;
  await project.write({ 'mongo-release.yml': 'rehearsal: { level: none }\n' });
  for (const outcome of ['applied', 'nothing-to-do'])
    expect((await project.run('release --apply --release-id r1 --json')).json).toMatchObject({ outcome });
  expect((await project.run('rollback --json')).json).toMatchObject({ outcome: 'rolled-back', releaseId: 'r1' });
});
