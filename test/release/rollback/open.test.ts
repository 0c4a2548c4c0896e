import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, migration, type Project } from '../../cli/cli.ts';
import { type Cents, makeCents } from './cents.ts';

/** A rollback of r1 that stopped in the middle of the data, while users were in, and what was done since. */

let cents: Cents;
let project: Project;
/** With the release in it, and without. */
let backup: string;
let before: string;

const config = `
rehearsal: { level: none }
hooks:
  deploy: 'echo deploy >> hooks.log'
  rollback-app: 'test ! -e app.fails'
`;
beforeEach(async () => {
  cents = await makeCents(config);
  ({ project } = cents);
  const multiply = "await db.collection('places').updateMany({}, { $mul: { price: 100 } });";
  await project.write({
    'migrations/1-cents.js': migration(multiply, "throw new Error('no');"),
    'migrations/2-index.js': migration(
      "await db.collection('places').createIndex({ price: 1 });",
      "await db.collection('places').dropIndex('price_1');",
    ),
  });
  before = (await ok('release --apply --release-id r1 --json')).backup.id;
  await ok('release --apply --release-id r2 --json');
  backup = (await ok('backup --json')).id;
  expectFailure(await project.run('rollback r1 --strategy down --json'), 10, 'ROLLBACK_FAILED');
});
afterEach(() => cents[Symbol.asyncDispose]());

const prices = () => cents.database.db.collection('places').distinct('price');

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('a later rollback, of code alone, hides none that is half-way: nobody releases over that', async () => {
  await project.write({ 'app.fails': '' });
  expectFailure(await project.run('rollback r2 --json'), 10, 'ROLLBACK_FAILED', /rollback-app/);
  const refused = await project.run('release --apply --json');
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /of release r1 is not complete: it is at data/);
  expect(refused.json.error.hint).toBe('mongo-release rollback r1 goes on with it.');
}, 120_000);

test('a restore of a backup that has the release in it overtakes it: who gave it up releases on what is there', async () => {
  expectFailure(await project.run('release --apply --json'), 5, 'HISTORY_CONFLICT');
  await ok(`restore ${backup} --yes --json`);
  await ok('status --check --json');
  await ok('release --apply --json');
  expect(await prices()).toEqual([100, 200, 300]);
}, 120_000);

test("a restore of one without it takes the data back, and what is left of the rollback is in nobody's way", async () => {
  await ok(`restore ${before} --yes --json`);
  const checked = await project.run('status --check --json');
  expectFailure(checked, 10, 'ROLLBACK_FAILED', /r1 is not complete: it is at what comes after data/);
  await ok('release --apply --json');
  expect(await prices()).toEqual([100, 200, 300]);
  await ok('status --check --json');
}, 120_000);

test('restore --then-migrate ends what it has left in the data with either of them', async () => {
  await ok(`restore ${backup} --then-migrate --yes --json`);
  expect(await prices()).toEqual([100, 200, 300]);
  await ok('status --check --json');
  expectFailure(await project.run('rollback r1 --strategy down --json'), 10, 'ROLLBACK_FAILED');
  await ok(`restore ${before} --then-migrate --yes --json`);
  expect(await prices()).toEqual([100, 200, 300]);
  await ok('status --check --json');
}, 120_000);

test.each([
  ['', 'rolled-back'],
  [' --start-traffic', 'failed-dirty'],
])(
  'where another restore has brought the data back, they are back, and users are not shut out again: rollback r1%s',
  async (flag, outcome) => {
    const hook = (name: string) => `  ${name}-traffic: 'echo ${name} >> traffic.log'\n`;
    await project.write({ 'mongo-release.yml': config + hook('stop') + hook('start') });
    expectFailure(await project.run('rollback r1 --strategy down --json'), 10, 'ROLLBACK_FAILED', /Traffic is stopped/);
    await ok(`restore ${before} --yes --json`);
    expect((await ok(`rollback r1${flag} --json`)).outcome).toBe(outcome);
    await ok('rollback r1 --json');
    expect(await project.read('traffic.log')).toBe('stop\nstart\n');
  },
  120_000,
);
