import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, migration, type Project } from '../../cli/cli.ts';
import { standsStill } from '../half-done/left-half.ts';
import { type Cents, makeCents } from './cents.ts';

/** Which release an open rollback is in the way of, where it has stopped no traffic. */

let cents: Cents;
let project: Project;

const config = `
rehearsal: { level: none }
hooks:
  deploy: 'echo deploy >> hooks.log'
  rollback-app: 'echo app >> hooks.log; while test -e hold-app; do sleep 0.1; done; test ! -e app.fails'
`;
beforeEach(async () => {
  cents = await makeCents(config);
  ({ project } = cents);
});
afterEach(() => cents[Symbol.asyncDispose]());

const log = async () => (await project.read('hooks.log')).trim().split('\n');
const remove = (name: string) => rm(join(project.dir, name));
const setUnit = migration(
  "await db.collection('places').updateMany({}, { $set: { unit: 'cent' } });",
  "await db.collection('places').updateMany({}, { $unset: { unit: 1 } });",
);

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

async function failsAtApp(release: string) {
  await project.write({ 'app.fails': '' });
  expectFailure(await project.run(`rollback ${release} --json`), 10, 'ROLLBACK_FAILED');
  await remove('app.fails');
}

test.each(['migrations', 'code alone'])(
  'nobody deploys over one of %s that is under way, also past its data: its hooks would come over that',
  async (of) => {
    if (of === 'code alone') await remove('migrations/1-cents.js');
    await ok('release --apply --release-id r1 --json');
    if (of === 'migrations') await remove('migrations/1-cents.js');
    await project.write({ 'hold-app': '' });
    const { said, ended } = project.start('rollback r1 --json');
    await said('Hook rollback-app starts');
    const refused = await project.run('release --apply --release-id r2 --json');
    expectFailure(refused, 5, 'HISTORY_CONFLICT', /of release r1 is under way, at rollback-app\.$/);
    expect(refused.json.error.hint).toBe('It goes on by itself: wait for its end.');
    await remove('hold-app');
    expect((await ended).code).toBe(0);
    expect(await log()).toEqual(['deploy', 'app']);
    await ok('release --apply --release-id r2 --json');
  },
  120_000,
);

test('of two whose application does not come back, each is in the way of its own release, and none of another', async () => {
  await ok('release --apply --release-id r1 --json');
  await project.write({ 'migrations/2-unit.js': setUnit });
  await ok('release --apply --release-id r2 --json');
  await failsAtApp('r2');
  await failsAtApp('r1');
  for (const id of ['r1', 'r2']) {
    const again = await project.run(`release --apply --release-id ${id} --json`);
    expectFailure(again, 5, 'HISTORY_CONFLICT', new RegExp(`of release ${id} is not complete: it is at rollback-app`));
  }
  expect(await log()).toEqual(['deploy', 'deploy', 'app', 'app']);
  const r3 = await ok('release --apply --release-id r3 --json');
  expect(r3.migrate.applied).toMatchObject([{ name: '1-cents' }, { name: '2-unit' }]);
  await ok('status --check --json');
}, 120_000);

test.each(['code alone', 'migrations that down took back'])(
  'so is one of %s, which had nothing to do in the data',
  async (of) => {
    if (of === 'code alone') await remove('migrations/1-cents.js');
    else await project.write({ 'migrations/1-cents.js': setUnit });
    await ok('release --apply --release-id r1 --json');
    if (of !== 'code alone') await ok('down --json');
    await failsAtApp('r1');
    const { warnings } = await ok('status --json');
    expect(warnings).toEqual([
      expect.stringMatching(/of release r1 is not complete: it is at rollback-app\..*r1 goes/),
    ]);
    expectFailure(await project.run('release --apply --release-id r1 --json'), 5, 'HISTORY_CONFLICT');
    expect(await log()).toEqual(['deploy', 'app']);
    await ok('release --apply --release-id r2 --json');
    await ok('status --check --json');
  },
  120_000,
);

test('one that was gone on with is not hidden by another, which ended before that: nobody releases over its half', async () => {
  const stop = config.replace('rollback-app:', "stop-traffic: 'false'\n  start-traffic: 'true'\n  rollback-app:");
  await project.write({
    'migrations/1-cents.js': migration(
      "await db.collection('places').updateMany({}, { $mul: { price: 100 } });",
      "throw new Error('no');",
    ),
    'migrations/2-unit.js': setUnit,
    'mongo-release.yml': stop,
  });
  await ok('release --apply --release-id r1 --json');
  expectFailure(await project.run('rollback r1 --json'), 10, 'ROLLBACK_FAILED', /stop-traffic/);
  await ok('rollback r1 --start-traffic --json');
  await project.write({
    'mongo-release.yml': config.replace(/ {2}deploy:.*\n/, ''),
    'migrations/3-size.js': migration("await db.collection('places').updateMany({}, { $set: { size: 1 } });"),
  });
  await ok('release --apply --release-id r2 --json');
  await ok('rollback r2 --json');
  expectFailure(await project.run('rollback r1 --strategy down --json'), 10, 'ROLLBACK_FAILED');
  const refused = await project.run('release --apply --json');
  expectFailure(refused, 5, 'HISTORY_CONFLICT', /of release r1 is not complete: it is at data/);
}, 120_000);

test('a release that meets one right before its deploy says how far it got, and what comes next', async () => {
  await ok('release --apply --release-id r1 --json');
  await project.write({
    'migrations/2-unit.js': migration(
      `await db.collection('places').updateMany({}, { $set: { unit: 'cent' } }); ${standsStill}`,
    ),
    'migrations/3-later.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', async up({ db }) { await db.collection('places').insertOne({}); } });
`,
  });
  const { db } = cents.database;
  await db.collection('wait').insertOne({});
  const { ended } = project.start('release --apply --release-id r2 --json');
  await expect.poll(() => db.collection('places').countDocuments({ unit: 'cent' }), { timeout: 60_000 }).toBe(3);
  const rollback = {
    kind: 'rollback',
    of: 'r1',
    state: 'failed-dirty',
    startedAt: new Date(),
    migrations: [],
  } as const;
  const traffic = { state: 'stopped', since: new Date() } as const;
  await db.collection<ReleaseRecord>('_mongo_release.releases').insertOne({ _id: 'b1', ...rollback, traffic } as never);
  await db.collection('wait').drop();
  const stopped = await ended;
  const words =
    /^The migrations before it were applied, and the deploy was not begun: Rollback b1 .* \[HISTORY_CONFLICT\] Not begun: 3-later\.$/;
  expectFailure(stopped, 8, 'DEPLOY_FAILED', words);
  expect(stopped.json.error.hint).toMatch(/rollback r1 goes on with it.*release --apply goes on from what is applied/);
  expect(stopped.json).toMatchObject({ outcome: 'failed-dirty', migrate: { applied: [{}], remaining: ['3-later'] } });
  expect(await log()).toEqual(['deploy']);
}, 120_000);
