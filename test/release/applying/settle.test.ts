import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { sandboxForAll } from '../../setup/sandbox.ts';
import { giveUpLease, killHalfWay, standsStill } from '../half-done/left-half.ts';

const writing = (_id: string) => `await db.collection('places').insertOne({ _id: '${_id}' });`;
const removing = (_id: string) => `await db.collection('places').deleteOne({ _id: '${_id}' });`;
const slow = [
  `${writing('first')} ${standsStill} ${writing('second')}`,
  `${removing('first')} ${removing('second')}`,
] as const;
const broken = [`${writing('broken')} throw new Error('no');`, removing('broken')] as const;
const afterDeploy = (up: string, down: string) => `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', async up({ db }) { ${up} }, async down({ db }) { ${down} } });\n`;

const sandbox = await sandboxForAll();
afterAll(() => sandbox.stop());
let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    {},
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups', MONGO_RELEASE_SANDBOX_URI: sandbox.uri },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: string }>('places').distinct('_id');
const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
const recordOf = (_id: string) => database.db.collection<{ _id: string }>('_mongo_release.releases').findOne({ _id });
const kill = () =>
  killHalfWay(project, database.db, 'migrate --apply --rehearsal none --json', async () => (await places()).length > 0);

describe('release --apply with a deploy hook, and half of what is for after the deploy in the target', () => {
  beforeEach(async () => {
    await project.write({
      'mongo-release.yml': 'hooks: { deploy: touch deployed }\n',
      'migrations/1-after.ts': afterDeploy(...slow),
    });
    await kill();
  });
  const deployed = () =>
    project.read('deployed').then(
      () => true,
      () => false,
    );

  test('rehearses what is for before it: what fails there is never run in the target', async () => {
    await project.write({ 'migrations/2-before.js': migration(...broken) });
    const ran = await project.run('release --apply --json');
    expectFailure(ran, 13, 'REHEARSAL_FAILED', /failed in migration 2-before/);
    expect(await places()).toEqual(['first']);
    expect(await deployed()).toBe(false);
  });

  test('taken up after the deploy where it is all there is: nothing can be rehearsed, and the release says so', async () => {
    const ran = await project.run('release --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json.steps).toMatchObject([
      ...[{ name: 'guards' }, { name: 'plan' }, { name: 'backup' }],
      { name: 'rehearsal', state: 'skipped', note: expect.stringMatching(/^Nothing is rehearsed before the deploy/) },
      ...[{ name: 'deploy' }, { name: 'apply' }, { name: 'verify' }],
    ]);
    expect(await places()).toEqual(['first', 'second']);
  });

  test('ends it after the deploy, and rehearses what comes after it then', async () => {
    await project.write({
      'migrations/2-before.js': insertPlace('before'),
      'migrations/3-after.ts': afterDeploy(writing('after'), removing('after')),
    });
    const dry = await project.run('release --json');
    expectFailure(dry, 5, 'REHEARSAL_IMPOSSIBLE');
    expect(dry.json.error.hint).toMatch(
      /^mongo-release release --apply rehearses and applies 2-before, and after the deploy first takes 1-after up where it was, and then rehearses and applies 3-after\./,
    );
    const ran = await project.run('release --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.steps)).toEqual([
      ...['guards', 'plan', 'backup', 'rehearsal', 'apply', 'deploy'],
      ...['apply', 'rehearsal', 'apply', 'verify'],
    ]);
    expect(ran.stderr).toMatch(/Nothing but 2-before is rehearsed before the deploy, since a part of 1-after is in/);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['2-before', '3-after']);
    expect(namesOf(ran.json.migrate.applied)).toEqual(['2-before', '1-after', '3-after']);
    expect(await places()).toEqual(['after', 'before', 'first', 'second']);
  });

  test('undoes it where its file was changed, and runs it in the target only once that was rehearsed', async () => {
    await project.write({ 'migrations/1-after.ts': afterDeploy(...broken) });
    const ran = await project.run('release --apply --json');
    expectFailure(
      ran,
      8,
      'FAILED_DIRTY',
      /rehearsal failed in migration 1-after.*What was done of 1-after was undone before\. Not begun: 1-after\./s,
    );
    expect(await deployed()).toBe(true);
    expect(await places()).toEqual([]);
    expect(ran.json).toMatchObject({ migrate: { remaining: ['1-after'] }, rehearsal: { failed: { name: '1-after' } } });
  });

  test('does the same with one certain plan, which is of all that', async () => {
    await project.write({
      'migrations/2-before.js': insertPlace('before'),
      'migrations/3-after.ts': afterDeploy(writing('after'), removing('after')),
    });
    const { digest } = (await project.run('plan --json')).json;
    const ran = await project.run(`release --apply --digest ${digest} --json`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['2-before', '3-after']);
    expect(namesOf(ran.json.migrate.applied)).toEqual(['2-before', '1-after', '3-after']);
  });
});

describe('in production, with a half-done migration and one that never ran here', () => {
  const production = '--environment production --json';
  const apply = `migrate --apply ${production}`;
  const waived = ['--rehearsal', 'none', '--waive-rehearsal', 'the runner has no room'];
  const waiver = { what: 'rehearsal', reason: 'the runner has no room' };

  beforeEach(async () => {
    await project.write({ 'migrations/1-slow.js': migration(...slow) });
    await kill();
    expect((await project.run(`backup ${production}`)).code).toBe(0);
  });

  test('what never ran is rehearsed once the other has come to its end, also with one certain plan', async () => {
    await project.write({ 'migrations/2-next.js': insertPlace('next') });
    expect((await project.run(`backup ${production}`)).code).toBe(0);
    const { digest } = (await project.run('plan --json')).json;
    const ran = await project.run(`${apply} --digest ${digest}`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['2-next']);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    const { proof } = ran.json;
    expect(proof).toMatchObject({ id: expect.any(String), level: 'full' });
    expect(await recordOf(ran.json.releaseId)).toMatchObject({ state: 'applied', proofId: proof.id });
  });

  test('without a rehearsal nothing is done, unless a waiver is put on record', async () => {
    await project.write({ 'migrations/2-next.js': insertPlace('next') });
    expect((await project.run(`backup ${production}`)).code).toBe(0);
    const refused = await project.run(`${apply} --rehearsal none`);
    expectFailure(refused, 5, 'PROOF_MISSING');
    expect(refused.json.error.hint).toMatch(/--rehearsal full: then what comes after 1-slow is rehearsed first/);
    expect(await places()).toEqual(['first']);
    const ran = await project.run([...apply.split(' '), ...waived]);
    expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', waiver });
    expect(await recordOf(ran.json.releaseId)).toMatchObject({ state: 'applied', waivers: [waiver] });
  });

  test('the half-done one alone needs none of it, and a waiver that was given is on record all the same', async () => {
    const ran = await project.run([...apply.split(' '), ...waived]);
    expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', waiver });
    expect(await recordOf(ran.json.releaseId)).toMatchObject({ waivers: [waiver] });
    expect(await places()).toEqual(['first', 'second']);
  });
});

describe('what was begun has reached its end, and somebody else is first with the rest', () => {
  beforeEach(async () => {
    await project.write({ 'migrations/1-slow.js': migration(...slow), 'migrations/2-next.js': migration(...next) });
    await kill();
    await project.write({ hold: '' });
  });
  /** Its rehearsal stands still as long as there is the file. */
  const stands =
    "while (require('node:fs').existsSync(__dirname + '/../hold')) await new Promise((go) => setTimeout(go, 50));";
  const next = [`${stands} ${writing('next')}`, removing('next')] as const;
  const letGo = () => rm(join(project.dir, 'hold'));
  const lease = () => database.db.collection<{ _id: string }>('_mongo_release.lease');

  test.each([
    ['migrate', 'applied'],
    ['release', 'migrate'],
  ])(
    '%s --apply says whose lease it is, and how far it is itself: exit 6, nothing is half-way',
    async (command, key) => {
      const started = project.start(`${command} --apply --json`);
      await started.said('Rehearsing in a sandbox');
      const expiresAt = new Date(Date.now() + 120_000);
      await lease().updateOne({ _id: 'lease' }, { $set: { owner: 'somebody else', expiresAt }, $inc: { fence: 1 } });
      await letGo();
      const ran = await started.ended;
      expectFailure(ran, 6, 'LEASE_HELD', /Before it reached their end: 1-slow\. Not begun: 2-next\./);
      expect(ran.json.outcome).toBe('blocked');
      expect(ran.stderr).toContain("not finished: the lease is somebody else's");
      const applied = key === 'migrate' ? ran.json.migrate.applied : ran.json.applied;
      expect(namesOf(applied)).toEqual(['1-slow']);
      expect(await recordOf(ran.json.releaseId)).toMatchObject({ state: 'blocked', error: { code: 'LEASE_HELD' } });

      await giveUpLease(database.db);
      const again = await project.run(`${command} --apply --json`);
      expect(again.code, again.stderr).toBe(0);
      expect(await places()).toEqual(['first', 'next', 'second']);
    },
  );

  test('a plan that has moved meanwhile stops it with exit 5', async () => {
    const started = project.start('migrate --apply --json');
    await started.said('Rehearsing in a sandbox');
    await project.write({ 'migrations/3-added.js': insertPlace('added') });
    await letGo();
    const ran = await started.ended;
    expectFailure(ran, 5, 'PLAN_MOVED', /added: 3-added\..*reached their end: 1-slow\. Not begun: 2-next\./s);
    expect(ran.json).toMatchObject({ outcome: 'blocked', remaining: ['2-next'] });
    expect(await places()).toEqual(['first', 'second']);
  });
});
