import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeManifest } from '../../src/backup/manifest.ts';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { startStandalone } from '../migration/standalone.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { giveUpLease } from './half-done/left-half.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;

const files = {
  'migrations/1-expand.js': migration(
    "await db.collection('places').updateMany({}, { $set: { size: 1 } });",
    "await db.collection('places').updateMany({}, { $unset: { size: 1 } });",
  ),
  'migrations/2-contract.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  phase: 'after-deploy', irreversible: 'drops the old field',
  async up({ db }) { await db.collection('places').updateMany({}, { $unset: { old: 1 } }); },
});\n`,
};
const noImages = 'migrations: { journal: operations }\n';
const sized = (count: number) =>
  `probes: [{ name: all have a size, retries: 0, mongo: { collection: places, filter: { size: 1 }, count: ${count} } }]\n`;
const release = 'release --apply --rehearsal none --json';

beforeEach(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertMany([{ old: 1 }, { old: 2 }]);
  project = await makeProject(files, { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const dataOf = () => stateOf(database.db, { own: false, uuids: false });
const recordOf = (_id: string) =>
  database.db.collection<{ _id: string; steps?: { name: string }[] }>('_mongo_release.releases').findOne({ _id });
const names = (steps: readonly { name: string }[]) => steps.map(({ name }) => name);

describe('a release', () => {
  test('without --apply rehearses, changes nothing, and leaves no backup behind', async () => {
    await project.write({ 'mongo-release.yml': 'hooks: { deploy: exit 1 }\n' });
    const before = await stateOf(database.db);
    const ran = await project.run('release --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({
      outcome: 'rehearsed',
      plan: { pending: [{ name: '1-expand' }, { name: '2-contract' }] },
      rehearsal: { restoredDocuments: 2, migrations: [{ name: '1-expand' }, { name: '2-contract' }] },
    });
    expect(ran.json.steps).toMatchObject([
      ...[{ name: 'guards' }, { name: 'plan' }],
      { name: 'backup', state: 'skipped', note: 'the rehearsal takes one and removes it' },
      { name: 'rehearsal', state: 'done' },
    ]);
    expect(await project.run('inspect --json')).toMatchObject({ json: { backups: [] } });
    expect(await stateOf(database.db)).toEqual(before);
  });

  test('that fails says what else it did not come to, also what was for after the deploy', async () => {
    const file = 'migrations/1-expand.js';
    await project.write({
      'mongo-release.yml': 'hooks: { deploy: exit 3 }\n',
      [file]: migration("throw new Error('no')"),
    });
    const failed = await project.run(`${release} --release-id r1`);
    expectFailure(failed, 7, 'FAILED_CLEAN', /Not begun: 2-contract\./);
    expect(failed.json.migrate).toMatchObject({ failed: { name: '1-expand' }, remaining: ['2-contract'] });
    await project.write({ [file]: files[file] });
    const undeployed = await project.run(`${release} --release-id r2`);
    expectFailure(undeployed, 8, 'DEPLOY_FAILED', /exit code 3\. Not begun: 2-contract\.$/);
    expect(undeployed.json.migrate).toMatchObject({ applied: [{ name: '1-expand' }], remaining: ['2-contract'] });
  });

  test('takes no second backup where one is named, and relies on that', async () => {
    expectFailure(await project.run('release --json --backup nothing'), 11, 'BACKUP_NOT_FOUND');
    const { id } = (await project.run('backup --json')).json;
    const ran = await project.run(`${release} --backup ${id}`);
    expect(ran.json.backup, ran.stderr).toMatchObject({ id });
    expect((await project.run('inspect --json')).json.backups).toHaveLength(1);
    expect(await recordOf(ran.json.releaseId)).toMatchObject({ backupId: id });
  });

  test('applies, deploys, applies what is for after the deploy, verifies, and says so', async () => {
    // What a deploy sees: the expanded shape, and not yet the contracted one.
    await project.write({
      'mongo-release.yml': `${sized(2)}hooks:
  deploy: env | sort > environment.txt; touch deployed; node look.cjs
  env: [GREETING, DEPLOY_TOKEN]\n`,
      'look.cjs': `const { MongoClient } = require('mongodb');
MongoClient.connect(${JSON.stringify(database.uri)}).then(async (client) => {
  const places = await client.db().collection('places').find().toArray();
  console.log('seen: ' + places.every((one) => one.size === 1 && one.old > 0) + ' with ' + process.env.DEPLOY_TOKEN);
  await client.close();
});\n`,
    });
    const env = {
      GREETING: 'hello',
      DEPLOY_TOKEN: 'very-secret-token',
      NOT_GIVEN: 'x',
      NODE_PATH: `${process.cwd()}/node_modules`,
    };
    await using linked = await makeProject({}, {}, { modules: true });
    const script = (await project.read('look.cjs')).replace("'mongodb'", `'${linked.dir}/node_modules/mongodb'`);
    await project.write({ 'look.cjs': script });
    const ran = await project.run(`${release} --release-id first`, env);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('seen: true with ***');
    expect(ran.json).toMatchObject({
      outcome: 'applied',
      releaseId: 'first',
      backup: { id: expect.any(String) },
      migrate: { applied: [{ name: '1-expand' }, { name: '2-contract' }], remaining: [] },
      deploy: { durationMs: expect.any(Number) },
      verify: { probes: [{ name: 'all have a size', state: 'passed' }] },
    });
    expect(names(ran.json.steps)).toEqual([
      'guards',
      'plan',
      'backup',
      'rehearsal',
      'apply',
      'deploy',
      'apply',
      'verify',
    ]);
    const given = await project.read('environment.txt');
    expect(given).toContain('MONGO_RELEASE_ID=first\n');
    expect(given).toContain('MONGO_RELEASE_TARGET=default\n');
    expect(given).toContain('GREETING=hello\n');
    expect(given).not.toMatch(/MONGODB_URI|NOT_GIVEN|MONGO_RELEASE_STORE|mongodb:\/\//);
    expect(await recordOf('first')).toMatchObject({
      kind: 'release',
      state: 'applied',
      backupId: ran.json.backup.id,
      planDigest: ran.json.plan.digest,
      migrations: ['1-expand', '2-contract'],
      steps: expect.arrayContaining([expect.objectContaining({ name: 'verify', state: 'done' })]),
    });
    expect(await project.run('release --apply --json')).toMatchObject({ code: 0 });
  });

  test('whose probe fails stops there by default, and can be taken back by its name', async () => {
    await project.write({ 'mongo-release.yml': sized(5) });
    const before = await dataOf();
    const ran = await project.run(`${release} --phase before-deploy --release-id bad`);
    expectFailure(ran, 9, 'VERIFICATION_FAILED', /all have a size.*expected exactly 5.*saw 2/s);
    expect(ran.json).toMatchObject({
      outcome: 'failed-dirty',
      migrate: { applied: [{ name: '1-expand' }] },
      verify: { probes: [{ state: 'failed', expected: expect.any(String), seen: expect.any(String) }] },
    });
    expect(await recordOf('bad')).toMatchObject({ state: 'failed-dirty', error: { code: 'VERIFICATION_FAILED' } });

    await project.write({ 'mongo-release.yml': '' });
    expectFailure(await project.run('rollback worse --json'), 2, 'RELEASE_UNKNOWN', /no release worse/);
    const asked = await project.run('rollback bad --dry-run --json');
    expect(asked.json, asked.stderr).toMatchObject({ outcome: 'nothing-to-do', strategy: 'undo', reverted: [] });
    expect(asked.json.warnings).toEqual(['Nothing was done. A rollback would undo: 1-expand.']);
    const back = await project.run('rollback bad --reason broken --json');
    expect(back.code, back.stderr).toBe(0);
    expect(back.json).toMatchObject({ outcome: 'rolled-back', strategy: 'undo', reverted: [{ name: '1-expand' }] });
    expect(await dataOf()).toEqual(before);
    const record = await database.db.collection('_mongo_release.releases').findOne({ kind: 'rollback' });
    expect(record).toMatchObject({ of: 'bad', state: 'rolled-back', reason: 'broken' });
    // Typed once more, it finds nothing left to do: it never goes on to the release before.
    const twice = await project.run('rollback --json');
    expect(twice.json, twice.stderr).toMatchObject({ outcome: 'nothing-to-do', releaseId: 'bad', reverted: [] });
    const again = await project.run('rollback bad --json');
    expect(again.json, again.stderr).toMatchObject({ outcome: 'nothing-to-do', reverted: [] });
  });

  test('that is to be rolled back on failure leaves the database as it was: by a restore where there is neither journal nor down', async () => {
    await project.write({
      'mongo-release.yml': `${sized(5)}${noImages}hooks: { stop-traffic: touch stopped, rollback-app: touch back }\n`,
    });
    const before = await dataOf();
    const ran = await project.run(`${release} --on-failure rollback`);
    // The same probe fails after the way back as well: there is nothing that it could be fulfilled by.
    expectFailure(ran, 10, 'ROLLBACK_FAILED', /rollback that was asked for did not succeed.*all have a size/s);
    expect(await dataOf()).toEqual(before);
    expect(await project.read('stopped')).toBe('');
    // Nobody writes, so what it saw is so: neither the application nor users come back to that.
    await expect(project.read('back')).rejects.toThrow('ENOENT');
    expect(ran.json.error.message).toContain('Traffic is stopped, and stays so until the rollback is done:');

    const probe = sized(5).replace('retries', 'phase: after-deploy, retries');
    await project.write({ 'mongo-release.yml': `${probe}${noImages}hooks: { stop-traffic: touch stopped }\n` });
    // Nobody releases while users are out: the rollback comes to its end first.
    const blocked = await project.run(`${release} --release-id second`);
    expectFailure(blocked, 5, 'HISTORY_CONFLICT', /it is at verify-data\. Traffic is stopped/);
    const open = await database.db.collection('_mongo_release.releases').findOne({ kind: 'rollback' });
    const done = await project.run(`rollback ${open?.of} --json`);
    expect(done.json, done.stderr).toMatchObject({ outcome: 'rolled-back' });

    const again = await project.run(`${release} --on-failure rollback --release-id second`);
    expectFailure(again, 14, 'ROLLED_BACK', /expected exactly 5.*The release was rolled back, as asked/s);
    expect(again.json).toMatchObject({
      outcome: 'rolled-back',
      rollback: { strategy: 'restore', restore: { restored: [{ collection: 'places', documents: 2 }] } },
    });
    expect(again.json.rollback.reverted).toEqual([{ name: '2-contract' }, { name: '1-expand' }]);
    expect(again.stderr).toContain('Taken back with that: 2-contract, 1-expand.');
    expect(again.json.steps.at(-1)).toMatchObject({ name: 'rollback', state: 'done' });
    expect(await dataOf()).toEqual(before);
    expect(await recordOf('second')).toMatchObject({ state: 'rolled-back' });
    const { json } = await project.run('status --json');
    expect(json.pending).toBe(2);
  });

  test('whose deploy fails stops before what is for after it, or goes down as asked', async () => {
    await project.write({ 'mongo-release.yml': 'hooks: { deploy: exit 3 }\n' });
    const before = await dataOf();
    const ran = await project.run(`${release} --on-failure rollback`);
    expectFailure(
      ran,
      14,
      'ROLLED_BACK',
      /were applied, and the deploy hook failed: exit code 3.*and what it had applied is taken back/s,
    );
    expect(ran.json.rollback).toMatchObject({ strategy: 'undo', reverted: [{ name: '1-expand' }] });
    expect(await dataOf()).toEqual(before);

    const stopped = await project.run(`${release} --release-id stopped`);
    expectFailure(stopped, 8, 'DEPLOY_FAILED', /The migrations before it were applied, and the deploy hook failed/);
    expect(await recordOf('stopped')).toMatchObject({
      planDigest: stopped.json.plan.digest,
      migrations: ['1-expand', '2-contract'],
    });
    const { json } = await project.run('status --json');
    expect(json.migrations).toMatchObject([{ state: 'applied' }, { name: '2-contract', state: 'pending' }]);
  });
});

test('a rollback that is asked for while somebody else has the lease says how it is begun then', async () => {
  const deploy = 'while ! test -e go; do sleep 0.1; done; exit 3';
  await project.write({ 'mongo-release.yml': `hooks: { deploy: '${deploy}' }\n` });
  const started = project.start(`${release} --on-failure rollback`);
  const lease = database.db.collection<{ _id: string; owner: string | null }>('_mongo_release.lease');
  await started.said('1-expand is applied');
  while ((await lease.findOne({ _id: 'lease' }))?.owner !== null) await new Promise((go) => setTimeout(go, 20));
  const expiresAt = new Date(Date.now() + 120_000);
  await lease.updateOne({ _id: 'lease' }, { $set: { owner: 'somebody else', expiresAt } });
  await project.write({ go: '' });
  const ran = await started.ended;
  expectFailure(ran, 10, 'ROLLBACK_FAILED', /deploy hook failed: exit code 3.*the lease .* is somebody else's/is);
  const [command = ''] =
    new RegExp(`^Type mongo-release rollback ${ran.json.releaseId} --wait 60s`).exec(ran.json.error.hint) ?? [];
  await giveUpLease(database.db);
  const back = await project.run(`${command.replace('Type mongo-release ', '')} --json`);
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-expand' }] });
});

test('what a release needs that did not come to its end stays in the store for the way back', async () => {
  await project.write({ 'mongo-release.yml': `backup: { keep: 1 }\n${sized(5)}` });
  const bad = await project.run(`${release} --release-id bad`);
  expectFailure(bad, 9, 'VERIFICATION_FAILED');
  const stored = async () =>
    (await project.run('inspect --json')).json.backups.map(({ id }: { id: string }) => id).reverse();
  const next = await project.run('backup --json');
  expect(await stored()).toEqual([bad.json.backup.id, next.json.id]);
  await project.write({ 'mongo-release.yml': 'backup: { keep: 1 }\n' });
  const back = await project.run('rollback bad --strategy restore --json --yes');
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
});

test('a backup that went while the run waited for the lease is missed before anything is applied', async () => {
  const { id } = (await project.run('backup --json')).json;
  const lease = database.db.collection<{ _id: string }>('_mongo_release.lease');
  const somebodyElses = { _id: 'lease', owner: 'somebody else', fence: 1, expiresAt: new Date(Date.now() + 300_000) };
  await lease.insertOne(somebodyElses);
  const started = project.start(`migrate --apply --backup ${id} --rehearsal none --wait 120s --json`);
  await started.said('Waiting for the lease');
  await rm(join(project.dir, 'backups'), { recursive: true });
  await giveUpLease(database.db);
  expectFailure(await started.ended, 11, 'BACKUP_NOT_FOUND');
  expect(await database.db.collection('_mongo_release.releases').distinct('state')).toEqual(['blocked']);
  expect(await database.db.collection('places').countDocuments({ size: 1 })).toBe(0);
});

describe('production', () => {
  const production = '--environment production --rehearsal none --waive-rehearsal not-what-this-is-about --json';

  test('is migrated only with a backup of its present position, which is then the way back', async () => {
    const missing = await project.run(`migrate --apply ${production}`);
    expectFailure(
      missing,
      11,
      'BACKUP_MISSING',
      /backups has none of that position in database \w+ that is no older than 24 h.* \(rehearsal\.max-age\)/,
    );
    expectFailure(await project.run(`up ${production}`, { MONGO_RELEASE_STORE: '' }), 11, 'BACKUP_MISSING', /no store/);
    const { json } = await project.run('backup --environment production --json');
    const ran = await project.run(`migrate --apply ${production} --to 1-expand`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(await recordOf(ran.json.releaseId)).toMatchObject({ backupId: json.id, environment: 'production' });
    // That backup is of before: the position has moved.
    expectFailure(await project.run(`migrate --apply ${production}`), 11, 'BACKUP_MISSING');
    expectFailure(await project.run(`migrate --apply --backup ${json.id} ${production}`), 5, 'BACKUP_MOVED', /history/);

    const restore = `rollback ${ran.json.releaseId} --strategy restore --environment production --reason broken --json`;
    expectFailure(await project.run(restore.replace('--reason broken ', '')), 2, 'USAGE', /needs a reason/);
    expectFailure(await project.run(restore), 2, 'CONFIRMATION_NEEDED', /Nothing but migrations has written since/);
    await database.db.collection('places').updateMany({}, { $set: { visited: true } });
    expectFailure(await project.run(restore), 2, 'CONFIRMATION_NEEDED', /is lost: 2 writes \(places 2\)/);
    for (const less of ['', ' --accept-loss 1']) {
      const unsaid = await project.run(`${restore} --yes${less}`);
      expectFailure(unsaid, 2, 'CONFIRMATION_NEEDED', /is lost: 2 writes/);
      expect(unsaid.json.error.hint).toContain('--accept-loss 2');
    }
    expect(await database.db.collection('places').countDocuments({ visited: true })).toBe(2);
    const back = await project.run(`${restore} --accept-loss 2`);
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
    expect(await database.db.collection('places').countDocuments({ size: 1 })).toBe(0);
  });

  test('has no backup of another environment behind it, nor of another cluster, whatever the names of databases', async () => {
    const { json: staging } = await project.run('backup --environment staging --json');
    const missing = await project.run(`migrate --apply ${production}`);
    const environment = `${staging.id} is of environment staging, not of production`;
    expectFailure(missing, 11, 'BACKUP_MISSING', new RegExp(environment));
    expect(missing.json.error.hint).toContain('mongo-release backup --environment production, or name one');
    const named = await project.run(`migrate --apply --backup ${staging.id} ${production}`);
    expectFailure(named, 5, 'BACKUP_MOVED', new RegExp(environment));

    const { json } = await project.run('backup --environment production --json');
    const file = `backups/${json.id}.manifest.json`;
    const { checksum: _, ...manifest } = JSON.parse(await project.read(file));
    manifest.target.cluster = { replicaSetId: '5e2211c17a3e5a48f5497de3' };
    await project.write({ [file]: encodeManifest(manifest) });
    const elsewhere = await project.run(`migrate --apply --backup ${json.id} ${production}`);
    expectFailure(elsewhere, 5, 'BACKUP_MOVED', /in another cluster/);
    expect(await database.db.collection('_mongo_release.releases').distinct('state')).toEqual(['blocked']);
  });
});

describe('a release whose only way back is its backup', () => {
  const traffic = { 'stop-traffic': 'echo stop >> hooks.log', 'start-traffic': 'echo start >> hooks.log' };
  const held = 'touch is-at; while test -e hold; do sleep 0.1; done';
  const places = () => database.db.collection('places');
  /** It stands still in the hook, and a user writes. */
  async function writtenDuring(
    hook: 'deploy' | 'stop-traffic',
    words: string,
    write: () => Promise<unknown> = () => places().insertOne({ by: 'a user' }),
  ) {
    const hooks = { ...traffic, [hook]: held };
    await project.write({ hold: '', 'mongo-release.yml': `${failing}${noImages}hooks: ${JSON.stringify(hooks)}\n` });
    const { ended } = project.start(`${release} --on-failure rollback --release-id r1 ${words}`);
    await expect.poll(() => project.read('is-at').catch(() => 'not yet'), { timeout: 60_000 }).toBe('');
    await write();
    await rm(join(project.dir, 'hold'));
    return { ended };
  }
  const failing = sized(5).replace('retries', 'phase: after-deploy, retries');

  test.each(['staging', 'production'])(
    'is restored by itself where nothing is lost, and by a person where users have written: %s',
    async (environment) => {
      const waived = environment === 'production' ? ' --waive-rehearsal not-what-this-is-about' : '';
      const words = `--environment ${environment}${waived}`;
      await project.write({ 'mongo-release.yml': `${failing}${noImages}hooks: ${JSON.stringify(traffic)}\n` });
      const before = await dataOf();
      const alone = await project.run(`${release} --on-failure rollback ${words}`);
      expectFailure(alone, 14, 'ROLLED_BACK');
      expect(await project.read('hooks.log')).toBe('stop\nstart\n');
      expect(alone.json.rollback).toMatchObject({ strategy: 'restore', loss: { writes: 0 } });
      expect(await dataOf()).toEqual(before);

      const ran = await (await writtenDuring('deploy', words)).ended;
      expectFailure(ran, 10, 'ROLLBACK_FAILED', /no other way back than a restore: .*is lost: 1 write \(places 1\)/s);
      expect(await places().countDocuments()).toBe(3);
      const [command = ''] = /rollback r1 --strategy restore --accept-loss 1/.exec(ran.json.error.hint) ?? [];
      const back = await project.run(`${command} --environment ${environment} --reason agreed --json`);
      expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', loss: { writes: 1 } });
      expect(await dataOf()).toEqual(before);
    },
  );

  test.each(['staging', 'production'])(
    'is not restored by itself where nothing keeps users from writing meanwhile: %s',
    async (environment) => {
      const waived = environment === 'production' ? ' --waive-rehearsal not-what-this-is-about' : '';
      await project.write({ 'mongo-release.yml': failing + noImages });
      const words = `--environment ${environment}${waived} --release-id r1`;
      const ran = await project.run(`${release} --on-failure rollback ${words}`);
      expectFailure(
        ran,
        10,
        'ROLLBACK_FAILED',
        /has written since\. What users write until it is done is at best kept aside: there is no hook stop-traffic/,
      );
      expect(ran.json.error.hint).toMatch(
        /^Stop what writes, then .* With hooks\.stop-traffic in the configuration file nobody is asked/,
      );
      expect(await places().countDocuments({ size: 1 })).toBe(2);
      const [command = ''] = /rollback r1 --strategy restore --accept-loss 0/.exec(ran.json.error.hint) ?? [];
      const back = await project.run(`${command} --environment ${environment} --reason agreed --json`);
      expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', loss: { writes: 0 } });
      expect(await places().countDocuments({ size: 1 })).toBe(0);
    },
  );

  test('is restored by itself, and what somebody writes then whom the hook has not kept out is kept', async () => {
    for (let n = 0; n < 30; n += 1) await database.db.createCollection(`filler${n}`);
    // What the backup does not hold is removed last.
    const make = () => database.db.createCollection('wishes');
    const { ended } = await writtenDuring('deploy', '--environment staging', make);
    const restores = database.db.collection('_mongo_release.restore');
    const swapping = () => restores.countDocuments({ state: 'swapping' });
    await expect.poll(swapping, { timeout: 60_000, interval: 1 }).toBe(1);
    await database.db.collection<{ _id: number }>('wishes').insertOne({ _id: 7 });
    const ran = await ended;
    expectFailure(ran, 14, 'ROLLED_BACK');
    expect(ran.json.rollback.loss).toMatchObject({ writes: 1, kept: [{ name: 'wishes', writes: 1 }] });
    const [{ tombstone }] = ran.json.rollback.loss.kept;
    expect(ran.json.warnings.join()).toContain(`the wishes of before is kept as ${tombstone}`);
    expect(await database.db.collection(tombstone).distinct('_id')).toEqual([7]);
  });

  test('is not restored where users write until traffic is stopped', async () => {
    const ran = await (await writtenDuring('stop-traffic', '--environment staging')).ended;
    expectFailure(ran, 10, 'ROLLBACK_FAILED', /What was written since is lost: 1 write .*Traffic is stopped/s);
    expect(ran.json.error.hint).toContain('mongo-release rollback r1 --accept-loss 1 --environment staging again');
    expect(await places().countDocuments({ by: 'a user' })).toBe(1);
  });
});

test('a release is not restored by itself where nobody can count what that loses', async () => {
  await using server = await startStandalone();
  await using alone = await makeProject(
    { ...files, 'mongo-release.yml': sized(5) },
    { MONGODB_URI: `${server.uri}shop`, MONGO_RELEASE_STORE: 'backups' },
  );
  await using client = await new MongoClient(server.uri).connect();
  await client.db('shop').collection('places').insertOne({ old: 1 });
  const ran = await alone.run(`${release} --on-failure rollback --release-id r1`);
  expectFailure(ran, 10, 'ROLLBACK_FAILED', /How much was written since is not known/);
  expect(ran.json.error.hint).toContain('mongo-release rollback r1 --strategy restore --accept-loss unknown');
  expect(await client.db('shop').collection('places').countDocuments({ size: 1 })).toBe(1);
});

test('a copy with the records in it is not taken back to the original, unless that was restored there on purpose', async () => {
  const ran = await project.run(`${release} --environment production --waive-rehearsal not-what-this-is-about`);
  expect(ran.code, ran.stderr).toBe(0);
  const { releaseId, backup } = ran.json;
  await using copy = await freshDatabase();
  const elsewhere = { MONGODB_URI: copy.uri };
  const records = await database.db.collection('_mongo_release.releases').find().toArray();
  await copy.db.collection('_mongo_release.releases').insertMany(records);
  const rollback = `rollback ${releaseId} --strategy restore --yes --json`;
  const foreign = new RegExp(`${backup.id}.* is of database ${database.name}, not of ${copy.name}`);
  expectFailure(await project.run(rollback, elsewhere), 5, 'BACKUP_MOVED', foreign);

  const restored = await project.run(`restore ${backup.id} --environment staging --yes --json`, elsewhere);
  expect(restored.code, restored.stderr).toBe(0);
  expect(restored.stderr).toContain(`Backup ${backup.id} is of environment production, not of staging.`);
  const back = await project.run(rollback, elsewhere);
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
  expect(await copy.db.collection('places').countDocuments({ size: 1 })).toBe(0);
});

test('a migration in the way of a rollback is named', async () => {
  const first = await project.run('up --to 1-expand --rehearsal none --json');
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  expectFailure(await project.run(`rollback ${first.json.releaseId} --json`), 5, 'DOWN_BLOCKED', /2-contract/);
  expectFailure(await project.run('rollback --strategy down --json'), 5, 'IRREVERSIBLE', /drops the old field/);
  // Its journal leads back all the same.
  expect((await project.run('rollback --json')).json).toMatchObject({ strategy: 'undo', outcome: 'rolled-back' });
});
