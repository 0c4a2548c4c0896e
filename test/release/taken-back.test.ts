import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { outputsOf } from '../../src/action/outputs.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { startServers } from '../guard/servers.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

/** Of a release whose migrations are applied and whose application somebody deploys: what `verify` sees of a way back. */

let database: TestDatabase;
let project: Project;

const stops = "if (await db.collection('stop').findOne()) throw new Error();";
const seen = migration(
  "await db.collection('places').updateMany({}, { $set: { seen: 1 } });",
  `await db.collection('places').updateOne({}, { $unset: { seen: 1 } }); ${stops}`,
);
const afterDeploy = `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', async up({ db }) {
  await db.collection('places').updateMany({}, { $set: { last: 1 } });
} });\n`;
const hooks = `  rollback-app: 'echo app >> hooks.log'
  stop-traffic: 'true'
  start-traffic: 'test ! -e start.fails'
`;
const config = `rehearsal: { level: none }
probes: [{ name: no stop, retries: 0, mongo: { collection: stop, count: 0 } }]
`;

beforeEach(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertMany([{}, {}]);
  project = await makeProject(
    { 'migrations/1-seen.js': seen, 'mongo-release.yml': `${config}hooks:\n${hooks}` },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const verify = () => project.run('verify --release-id r1 --json');
const stop = () => database.db.collection('stop').insertOne({});
const goOn = () => database.db.collection('stop').deleteMany({});

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('a way down that stopped half-way has taken it back, in part', async () => {
  await ok('migrate --apply --release-id r1 --json');
  expect((await verify()).code).toBe(0);
  await stop();
  expect((await project.run('down --json')).code).not.toBe(0);
  await goOn();
  expectFailure(await verify(), 8, 'TAKEN_BACK', /1-seen of it was taken back, in part\./);
  // Nor does an attempt that comes to nothing make it good.
  await project.write({ 'migrations/0-bad.js': 'module.exports = {' });
  expect((await project.run('migrate --apply --release-id r1 --json')).code).not.toBe(0);
  await rm(join(project.dir, 'migrations', '0-bad.js'));
  expectFailure(await verify(), 8, 'TAKEN_BACK');
});

test('so has a rollback that brought the application of before back and then failed', async () => {
  await rm(join(project.dir, 'migrations', '1-seen.js'));
  const { digest } = await ok('plan --json');
  await ok(`migrate --apply --phase before-deploy --digest ${digest} --release-id r1 --json`);
  await stop();
  expectFailure(await project.run('rollback r1 --yes --json'), 10, 'ROLLBACK_FAILED');
  await goOn();
  expectFailure(await verify(), 8, 'TAKEN_BACK', /it was taken back by rollback \S+, in part\./);
});

test('an application that somebody else may have deployed over its rollback is brought back where a person says so', async () => {
  const { digest } = await ok('plan --json');
  await ok(`migrate --apply --phase before-deploy --digest ${digest} --release-id r1 --json`);
  await ok('rollback r1 --json');
  expectFailure(await verify(), 8, 'TAKEN_BACK');
  const unsure = await ok('rollback r1 --json');
  expect(unsure).toMatchObject({ outcome: 'nothing-to-do' });
  expect(unsure.warnings.join(' ')).toMatch(
    /Nobody saw whether its deploy ended before .* mongo-release rollback r1 --yes/,
  );
  expect(await project.read('hooks.log')).toBe('app\n');
  expect(await ok('rollback r1 --yes --json')).toMatchObject({ outcome: 'rolled-back' });
  expect(await project.read('hooks.log')).toBe('app\napp\n');
});

test('a release that is tried again after it was taken back is judged by what came after that', async () => {
  await rm(join(project.dir, 'migrations', '1-seen.js'));
  // The way back is not judged by it.
  const after = config.replace('retries: 0', 'retries: 0, phase: after-deploy');
  const deploys = `${after}hooks:\n  deploy: 'true'\n${hooks}`;
  await project.write({ 'migrations/2-last.ts': afterDeploy, 'mongo-release.yml': deploys });
  await stop();
  const release = () => project.run('release --apply --on-failure rollback --release-id r1 --json');
  expect((await release()).json).toMatchObject({ outcome: 'rolled-back' });
  await goOn();
  const again = await release();
  expect(again.json, again.stderr).toMatchObject({ outcome: 'applied' });
});

test('where nobody may look whether it was, nothing is verified', async () => {
  await using servers = await startServers({ members: [{}], accessControl: true });
  await using root = await MongoClient.connect(servers.uri);
  await root.db('shop').collection('places').insertOne({});
  const onPlaces = { resource: { db: 'shop', collection: 'places' }, actions: ['find'] };
  const onStop = { ...onPlaces, resource: { db: 'shop', collection: 'stop' } };
  await root.db('shop').command({ createRole: 'prober', privileges: [onPlaces, onStop], roles: [] });
  await root.db('admin').command({ createUser: 'prober', pwd: 'secret', roles: [{ role: 'prober', db: 'shop' }] });
  const uri = servers.uri.replace('root:', 'prober:').replace('/?', '/shop?authSource=admin&');
  expect((await project.run('verify --json', { MONGODB_URI: uri })).code).toBe(0);
  const ran = await project.run('verify --release-id r1 --json', { MONGODB_URI: uri });
  expect(ran.json, ran.stderr).toMatchObject({
    outcome: 'unknown',
    probes: [{ state: 'passed' }],
    error: { code: 'NOT_AUTHORIZED', message: expect.stringContaining('whether the release was taken back') },
  });
  const { probes } = ran.json;
  const error = new ReleaseError('NOT_AUTHORIZED', 'not allowed', { hint: 'grant it' });
  expect(outputsOf('verify', { command: 'verify', outcome: 'unknown', result: { probes }, error }, {})).toMatchObject({
    verified: 'unknown',
  });
});
