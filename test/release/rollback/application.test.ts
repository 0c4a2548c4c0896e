import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure } from '../../cli/cli.ts';
import { type Cents, makeCents } from './cents.ts';

let cents: Cents;

const stays = 'It deployed the application, and there is no hook rollback-app: bring the one before back by hand.';
const config = (deploy: string) => `
rehearsal: { level: none }
hooks: { deploy: '${deploy}' }
probes: [{ name: never, retries: 0, phase: after-deploy, mongo: { collection: places, filter: { no: 1 }, exists: true } }]
`;
const unprobed = "rehearsal: { level: none }\nhooks: { deploy: 'true' }\n";

beforeEach(async () => {
  cents = await makeCents(config('true'));
});
afterEach(() => cents[Symbol.asyncDispose]());

const release = (id: string, more = '') => cents.project.run(`release --apply --release-id ${id} --json${more}`);
const status = () => cents.project.run('status --check --json');

test('where the data go back and no hook brings the application back, the release, the rollback and status say that it stays, until the next deploy', async () => {
  const { project } = cents;
  const failed = await release('r1', ' --on-failure rollback');
  expectFailure(failed, 14, 'ROLLED_BACK', /taken back\. The application that it deployed stays: there is no hook/);
  expect(failed.json.error.hint).toMatch(/^Bring the application of before back by hand/);
  expect(failed.json.warnings).toContain(stays);
  const said = (id: string) => expect.stringMatching(new RegExp(`taken release ${id} back, but not the application`));
  const after = await status();
  expectFailure(after, 3, 'MIGRATIONS_PENDING');
  expect(after.json.warnings).toEqual([said('r1')]);
  expect(after.json.attention).toBeUndefined();

  await project.write({ 'mongo-release.yml': unprobed });
  expect((await release('r2')).json.outcome).toBe('applied');
  expect((await status()).json.warnings).toBeUndefined();
  expect((await project.run('rollback r2 --dry-run --json')).json.warnings).toContain(stays);
  const back = await project.run('rollback r2 --json');
  expect(back.json).toMatchObject({ outcome: 'rolled-back', strategy: 'undo' });
  expect(back.json.warnings).toContain(stays);
  const told = await status();
  expect(told.json.warnings).toEqual([said('r2')]);
  expect(told.json.warnings[0]).toContain(`Rollback ${back.json.rollbackId} has`);
  // A hook that is there by now brings it back, once.
  const hooked = unprobed.replace("'true'", "'true', rollback-app: 'echo app >> hooks.log'");
  await project.write({ 'mongo-release.yml': hooked });
  expect((await project.run('rollback r2 --json')).json).toMatchObject({ outcome: 'rolled-back', strategy: 'none' });
  expect((await project.run('rollback r2 --json')).json.outcome).toBe('nothing-to-do');
  expect(await project.read('hooks.log')).toBe('app\n');
  expect((await status()).json.warnings).toBeUndefined();
}, 120_000);

test.each([
  ['probe', 'true', 9, 'VERIFICATION_FAILED'],
  ['deploy', 'false', 8, 'DEPLOY_FAILED'],
])(
  'where a release of code alone fails at its %s, no rollback brings the application back, and the one that is typed settles it',
  async (_, deploy, exit, code) => {
    const { project } = cents;
    await project.write({ 'mongo-release.yml': unprobed });
    expect((await release('r0')).json.outcome).toBe('applied');
    await project.write({ 'mongo-release.yml': config(deploy) });
    const failed = await release('r1', ' --on-failure rollback');
    expectFailure(failed, exit, code, /\nThe rollback that was asked for brought nothing back: /);
    expect(failed.json).toMatchObject({ outcome: 'failed-dirty', warnings: [stays] });
    expect(failed.json.error.hint).toMatch(/by hand.* mongo-release rollback r1\b/);
    expectFailure(await status(), exit, code);
    const foretold = await project.run('rollback r1 --dry-run --json');
    expect(foretold.json).toMatchObject({ outcome: 'nothing-to-do', strategy: 'none' });
    expect(foretold.json.warnings).toContain(stays);
    const back = await project.run('rollback r1 --json');
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'none', releaseId: 'r1' });
    expect(back.json.warnings).toContain(stays);
    const settled = await status();
    expect(settled.code, settled.stderr).toBe(0);
    expect(settled.json.warnings).toEqual([expect.stringMatching(/taken release r1 back, but not the application/)]);
    const again = await project.run('rollback r1 --json');
    expect(again.json).toMatchObject({ outcome: 'nothing-to-do' });
    expect(again.json.warnings).toContain(stays);
  },
  120_000,
);

test('a rollback that stops at its question is about the release that it takes back', async () => {
  const { project, database } = cents;
  await project.write({ 'mongo-release.yml': unprobed });
  expect((await release('r1')).json.outcome).toBe('applied');
  const asked = await project.run('rollback r1 --strategy restore --json');
  expectFailure(asked, 2, 'CONFIRMATION_NEEDED');
  expect(asked.json).toMatchObject({ releaseId: 'r1', database: database.db.databaseName });
}, 120_000);
