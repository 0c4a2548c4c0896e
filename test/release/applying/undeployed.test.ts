import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { killHalfWay, standsStill } from '../half-done/left-half.ts';

let database: TestDatabase;
let project: Project;

const insert = (_id: string) => `await db.collection('places').insertOne({ _id: '${_id}' });`;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    {
      'migrations/1-slow.js': migration(`${insert('first')} ${standsStill} ${insert('second')}`),
      'migrations/2-contract.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', async up({ db }) { ${insert('contract')} } });\n`,
      'mongo-release.yml': "rehearsal: { level: none }\nhooks: { deploy: 'echo deploy >> log; test ! -e fails' }\n",
      log: '',
    },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: string }>('places').distinct('_id');
const deploys = async () => (await project.read('log')).trim();

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('after a release that was killed before its deploy, everyone names its command, and nothing else passes the deploy', async () => {
  const release = 'release --apply --release-id r1 --json';
  await killHalfWay(project, database.db, release, async () => (await places()).length > 0);
  const goesOn =
    /mongo-release release --apply first takes (it|1-slow) up where it was.*mongo-release rollback r1 takes/;
  const status = await ok('status --json');
  expect(status).toMatchObject({ attention: true, warnings: [expect.stringMatching(goesOn)] });
  const { findings } = await ok('plan --json');
  expect(findings[0].next).toMatch(goesOn);
  const dry = await project.run('migrate --rehearsal full --json');
  expectFailure(dry, 5, 'REHEARSAL_IMPOSSIBLE');
  expect(dry.json.error.hint).toMatch(goesOn);

  const past = await project.run('migrate --apply --json');
  expectFailure(
    past,
    5,
    'HISTORY_CONFLICT',
    /^Release r1 has not come to its deploy, and 2-contract is for after that/,
  );
  expect(past.json.error.hint).toMatch(/^Type mongo-release release --apply: it goes on from there, deploys,/);
  expect(await places()).toEqual(['first']);

  expect(await ok('release --apply --json')).toMatchObject({ outcome: 'applied' });
  expect(await places()).toEqual(['contract', 'first', 'second']);
  expect(await deploys()).toBe('deploy');
  expect((await ok('status --check --json')).attention).toBeUndefined();
}, 120_000);

test('so it is where nothing is half-way, and as well as long as somebody only tries; the phases are there for who deploys otherwise', async () => {
  await project.write({ 'migrations/1-slow.js': insertPlace('first') });
  await ok('release --apply --release-id r1 --json');
  await ok('rollback r1 --json');
  // As a run leaves it that is killed between what is for before its deploy and the deploy.
  await project.write({ 'migrations/3-more.js': migration("throw new Error('no');") });
  const failed = await project.run('release --apply --release-id r2 --json');
  expectFailure(failed, 8, 'FAILED_DIRTY');
  await rm(join(project.dir, 'migrations/3-more.js'));
  const checked = await project.run('status --check --json');
  expectFailure(
    checked,
    8,
    'FAILED_DIRTY',
    /^Release r2 stopped before its deploy at .* \[FAILED_DIRTY\], and nothing/,
  );
  expect(checked.json.error.hint).toMatch(
    /^mongo-release release --apply goes on .*, and deploys; mongo-release rollback r2/,
  );
  expectFailure(await project.run('migrate --apply --json'), 5, 'HISTORY_CONFLICT', /2-contract is for after that/);
  await ok('migrate --apply --phase before-deploy --json');
  await ok('migrate --apply --json');
  expect(await places()).toEqual(['contract', 'first']);
  expect(await ok('status --check --json')).toMatchObject({ pending: 0 });
}, 120_000);

test('a release whose deploy failed is named by status until another one has come to its end, which deployed and says so', async () => {
  await rm(join(project.dir, 'migrations/2-contract.ts'));
  await project.write({ 'migrations/1-slow.js': insertPlace('first'), fails: '' });
  expectFailure(await project.run('release --apply --release-id r1 --json'), 8, 'DEPLOY_FAILED');
  const words = /^Release r1 stopped at deploy at .* \[DEPLOY_FAILED\], .*mongo-release rollback r1 takes it back\.$/;
  expect(await ok('status --json')).toMatchObject({
    attention: true,
    pending: 0,
    warnings: [expect.stringMatching(words)],
  });
  expect((await project.run('status')).stderr).toMatch(/^✗ Status: the target needs attention/m);
  expectFailure(await project.run('status --check --json'), 8, 'DEPLOY_FAILED', /^Release r1 stopped at deploy/);
  await rm(join(project.dir, 'fails'));
  expect(await ok('release --apply --json')).toMatchObject({ outcome: 'applied' });
  expect(await deploys()).toBe('deploy\ndeploy');
  expect((await ok('status --check --json')).warnings).toBeUndefined();
  expect((await project.run('status')).stderr).toMatch(/^✓ Status/m);
}, 120_000);
