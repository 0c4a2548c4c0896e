import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { killHalfWay, standsStill } from '../half-done/left-half.ts';

const afterDeploy = (up: string) => `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', async up({ db }) { ${up} } });\n`;
const expand = migration("await db.collection('places').updateMany({}, { $set: { size: 1 } });");
const contract = afterDeploy("await db.collection('places').updateMany({}, { $unset: { old: 1 } });");
const files = { 'migrations/1-expand.js': expand, 'migrations/2-contract.ts': contract };

const withStore = { MONGO_RELEASE_STORE: 'backups' };

async function setUp(more: Record<string, string> = files, env: Record<string, string> = withStore) {
  const database = await freshDatabase();
  await database.db.collection('places').insertMany([{ old: 1 }, { old: 2 }]);
  const project = await makeProject(more, { MONGODB_URI: database.uri, ...env });
  const places = () => database.db.collection('places').findOne({}, { projection: { _id: 0 } });
  const digest: string = (await project.run('plan --json')).json.digest;
  const half = (phase: string, flags = '') =>
    project.run(`migrate --apply --environment production --phase ${phase} --digest ${digest} --json ${flags}`);
  const recordOf = (_id: string) => database.db.collection<{ _id: string }>('_mongo_release.releases').findOne({ _id });
  const dispose = async () => {
    await project[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
  return { database, project, places, digest, half, recordOf, [Symbol.asyncDispose]: dispose };
}

test('one plan is rehearsed as a whole, applied in two halves around a deploy, and is one release', async () => {
  await using on = await setUp();
  const backup = (await on.project.run('backup --environment production --json')).json.id;
  const joined = `--release-id one --backup ${backup}`;
  const first = await on.half('before-deploy', joined);
  expect(first.code, first.stderr).toBe(0);
  expect(first.json).toMatchObject({
    outcome: 'applied',
    applied: [{ name: '1-expand' }],
    remaining: ['2-contract'],
    rehearsal: { migrations: [{ name: '1-expand' }, { name: '2-contract' }] },
  });
  expect(await on.places()).toEqual({ old: 1, size: 1 });
  const { proofId } = (await on.recordOf('one')) as unknown as { proofId: string };
  expect(proofId).toBeTypeOf('string');

  const second = await on.half('after-deploy', joined);
  expect(second.code, second.stderr).toBe(0);
  expect(second.json).toMatchObject({ applied: [{ name: '1-expand' }, { name: '2-contract' }], remaining: [] });
  expect(second.json).not.toHaveProperty('rehearsal');
  expect(await on.places()).toEqual({ size: 1 });
  expect(await on.recordOf('one')).toMatchObject({
    ...{ state: 'applied', planDigest: on.digest, proofId, backupId: backup },
    migrations: ['1-expand', '2-contract'],
  });

  const back = await on.project.run('rollback one --environment production --reason test --yes --json');
  expect(back.json, back.stderr).toMatchObject({
    outcome: 'rolled-back',
    reverted: [{ name: '2-contract' }, { name: '1-expand' }],
  });
  expect(await on.places()).toEqual({ old: 1 });
  // Five runs of the program, one after the other.
}, 180_000);

test('what was left for after the deploy and is another one now is not applied', async () => {
  await using on = await setUp();
  await on.project.run('backup --environment production');
  const first = await on.half('before-deploy', '--release-id one');
  expect(first.code, first.stderr).toBe(0);
  await on.project.write({ 'migrations/2-contract.ts': contract.replace('old: 1', 'size: 1') });
  expectFailure(await on.half('after-deploy', '--release-id one'), 5, 'PLAN_MOVED');
  expect(await on.places()).toEqual({ old: 1, size: 1 });
  // Nor by a release that is not the one that applied the first half.
  await on.project.write({ 'migrations/2-contract.ts': contract });
  expectFailure(await on.half('after-deploy', '--release-id other'), 5, 'PLAN_MOVED');
});

test('where all of it is for after the deploy, it is rehearsed before, and applied on that proof', async () => {
  await using on = await setUp({ 'migrations/2-contract.ts': contract });
  await on.project.run('backup --environment production');
  const first = await on.half('before-deploy', '--release-id one');
  expect(first.json, first.stderr).toMatchObject({ outcome: 'nothing-to-do', remaining: ['2-contract'] });
  expect(first.json).toHaveProperty('rehearsal');
  const second = await on.half('after-deploy', '--release-id one');
  expect(second.json, second.stderr).toMatchObject({ outcome: 'applied', applied: [{ name: '2-contract' }] });
  expect(second.json).not.toHaveProperty('rehearsal');
  expect(await on.places()).toEqual({});
});

test('what fails after the deploy is told with what was applied before it', async () => {
  const fails = afterDeploy("await db.collection('places').countDocuments(); throw new Error();");
  await using on = await setUp({ ...files, 'migrations/2-contract.ts': fails });
  await on.project.run('backup --environment production');
  const unproven = '--release-id one --rehearsal none --waive-rehearsal a-test-of-failures';
  expect((await on.half('before-deploy', unproven)).code).toBe(0);
  const second = await on.half('after-deploy', unproven);
  expectFailure(second, 8, 'FAILED_DIRTY', /Before it reached their end: 1-expand\./);
});

test('a first half that has nothing to apply leaves its rehearsal to the second, also where no store keeps a proof', async () => {
  await using on = await setUp({ 'migrations/2-contract.ts': contract }, {});
  const half = (phase: string) =>
    on.project.run(
      `migrate --apply --environment staging --phase ${phase} --digest ${on.digest} --release-id one --json`,
    );
  const first = await half('before-deploy');
  expect(first.json, first.stderr).toMatchObject({ outcome: 'nothing-to-do', remaining: ['2-contract'] });
  expect(first.json).toHaveProperty('rehearsal');
  const second = await half('after-deploy');
  expect(second.json, second.stderr).toMatchObject({ outcome: 'applied', applied: [{ name: '2-contract' }] });
  expect(second.json).not.toHaveProperty('rehearsal');
});

test('a digest names what is left of its plan where another release was begun on it, as where a job is run again', async () => {
  await using on = await setUp(files, { MONGO_RELEASE_STORE: 'backups' });
  const half = (phase: string, id: string, job: Record<string, string> = { GITHUB_RUN_ATTEMPT: '2' }) =>
    on.project.run(
      `migrate --apply --rehearsal none --phase ${phase} --digest ${on.digest.slice(0, 12)} --release-id ${id} --json`,
      { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://x', GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7', ...job },
    );
  const first = await half('before-deploy', 'one', {});
  expect(first.json, first.stderr).toMatchObject({ outcome: 'applied', remaining: ['2-contract'] });
  // The workflow that has the first half may be deploying.
  const places: Record<string, string>[] = [{ GITHUB_RUN_ID: '8' }, { GITHUB_ACTIONS: '' }];
  for (const elsewhere of places) expectFailure(await half('before-deploy', 'beside', elsewhere), 5, 'PLAN_MOVED');
  const again = await half('before-deploy', 'two');
  expect(again.json, again.stderr).toMatchObject({ outcome: 'nothing-to-do', remaining: ['2-contract'] });
  const after = await half('after-deploy', 'two');
  expect(after.json, after.stderr).toMatchObject({ outcome: 'applied', applied: [{ name: '2-contract' }] });
  expect(await on.recordOf('two')).toMatchObject({ state: 'applied', agreed: { digest: on.digest } });
  // All of it is there, and its application has to be deployed once more.
  const ended = await half('before-deploy', 'three');
  expect(ended.json, ended.stderr).toMatchObject({ outcome: 'nothing-to-do' });
  // What was added since nobody has agreed to.
  await on.project.write({ 'migrations/3-more.js': expand });
  expectFailure(await half('before-deploy', 'four'), 5, 'PLAN_MOVED', /3-more/);
}, 120_000);

test('in production without a store it is said before the deploy that what is for after it would be refused', async () => {
  await using on = await setUp({ 'migrations/2-contract.ts': contract }, {});
  const alone = (phase: string) => on.project.run(`migrate --apply --environment production --phase ${phase} --json`);
  const first = await alone('before-deploy');
  expect(first.json, first.stderr).toMatchObject({ outcome: 'nothing-to-do', remaining: ['2-contract'] });
  expect(first.json.warnings.join()).toMatch(/no store is named: 2-contract would be refused behind the deploy\./);
  expectFailure(await alone('after-deploy'), 11, 'BACKUP_MISSING');
  // Who says what the whole plan is gets it refused before.
  expectFailure(await on.half('before-deploy', '--release-id one'), 11, 'BACKUP_MISSING');
});

const more = { ...files, 'migrations/3-last.ts': afterDeploy("await db.collection('places').insertOne({ last: 1 });") };
const unproven = '--release-id one --rehearsal none --waive-rehearsal a-test-of-failures';

test('a release that stopped after its deploy goes on from there, as often as it is run again', async () => {
  // It fails of what is there, not of what its file says.
  const waits = afterDeploy(
    "if (await db.collection('stop').findOne()) throw new Error(); await db.collection('places').insertOne({ last: 1 });",
  );
  await using on = await setUp({ ...files, 'migrations/3-last.ts': waits });
  await on.project.run('backup --environment production');
  expect((await on.half('before-deploy', unproven)).code).toBe(0);
  await on.database.db.collection('stop').insertOne({});
  expectFailure(await on.half('after-deploy', unproven), 8, 'FAILED_DIRTY', /: 1-expand, 2-contract\./);
  await on.database.db.collection('stop').deleteMany({});

  // As where the job is run again, all of it: its first half has nothing left to do.
  const again = await on.half('before-deploy', unproven);
  expect(again.json, again.stderr).toMatchObject({
    outcome: 'applied',
    applied: [{ name: '1-expand' }, { name: '2-contract' }],
    remaining: ['3-last'],
  });
  const second = await on.half('after-deploy', unproven);
  expect(second.json, second.stderr).toMatchObject({ outcome: 'applied', remaining: [] });
  expect(second.json.applied).toHaveLength(3);
  // And where all of it was through, and what came after it failed.
  const third = await on.half('before-deploy', unproven);
  expect(third.json, third.stderr).toMatchObject({ outcome: 'applied' });
  expect(third.json.remaining ?? []).toEqual([]);
  expect(await on.recordOf('one')).toMatchObject({ state: 'applied', planDigest: on.digest });

  const back = await on.project.run('rollback one --environment production --reason test --json');
  expect(back.json.reverted, back.stderr).toHaveLength(3);
  expect(await on.places()).toEqual({ old: 1 });
  // Taken back, it may be released again under its id: it is the plan that was agreed to.
  expect((await on.half('before-deploy', unproven)).json).toMatchObject({ outcome: 'applied' });
  expect((await on.half('after-deploy', unproven)).json).toMatchObject({ outcome: 'applied' });
}, 300_000);

test('what is left of a plan and was changed since is not gone on with', async () => {
  await using on = await setUp(more);
  await on.project.run('backup --environment production');
  expect((await on.half('before-deploy', unproven)).code).toBe(0);
  await on.project.write({ 'migrations/3-last.ts': afterDeploy('') });
  expectFailure(await on.half('before-deploy', unproven), 5, 'PLAN_MOVED', /the file was changed: 3-last/);
  await on.project.write({ 'migrations/3-last.ts': more['migrations/3-last.ts'], 'migrations/9-new.js': expand });
  expectFailure(await on.half('before-deploy', unproven), 5, 'PLAN_MOVED', /added: 9-new/);
}, 120_000);

test('a release that was taken back while it was deployed is neither ended nor verified', async () => {
  await using on = await setUp({
    ...files,
    'mongo-release.yml': 'probes: [{ name: any, mongo: { collection: places, count: { min: 1 } } }]\n',
  });
  await on.project.run('backup --environment production');
  const verify = () => on.project.run('verify --release-id one --json');
  expect((await on.half('before-deploy', unproven)).code).toBe(0);
  expect((await verify()).code).toBe(0);
  expect((await on.project.run('rollback one --environment production --reason test --json')).code).toBe(0);
  expectFailure(await on.half('after-deploy', unproven), 8, 'TAKEN_BACK', /1-expand of it was taken back by rollback/);
  const seen = await verify();
  expectFailure(seen, 8, 'TAKEN_BACK');
  expect(seen.json).toMatchObject({ outcome: 'failed-dirty', probes: [{ state: 'passed' }] });
}, 180_000);

test('nor is one that was taken back while its second half was on its way to the lease', async () => {
  const held = `import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
const file = (name: string) => new URL('../' + name, import.meta.url);
async function pass() {
  if (existsSync(file('hold'))) writeFileSync(file('held'), '');
  while (existsSync(file('hold'))) await setTimeout(100);
}
`;
  const hooks = "hooks: { rollback-app: 'echo app >> hooks.log' }\n";
  await using on = await setUp({
    'migrations/2-contract.ts': `${held}${contract.replace('async up({ db }) {', 'async up({ db }) { await pass();')}`,
    'mongo-release.yml': hooks,
  });
  const staging = '--environment staging';
  const half = (phase: string) =>
    on.project.start(`migrate --apply ${staging} --phase ${phase} --digest ${on.digest} --release-id one --json`).ended;
  const first = await half('before-deploy');
  expect(first.json, first.stderr).toMatchObject({ outcome: 'nothing-to-do', remaining: ['2-contract'] });
  // It is rehearsed once more, and that takes its time.
  const probes = 'probes: [{ name: any, mongo: { collection: places, count: { min: 1 } } }]\n';
  await on.project.write({ 'mongo-release.yml': `${hooks}${probes}`, hold: '' });
  const second = half('after-deploy');
  await expect.poll(() => on.project.read('held').catch(() => undefined), { timeout: 30_000 }).toBe('');
  const back = await on.project.run(`rollback one ${staging} --json`);
  expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'none' });
  expect(await on.project.read('hooks.log')).toBe('app\n');
  await rm(join(on.project.dir, 'hold'));
  expectFailure(await second, 8, 'TAKEN_BACK', /it was taken back by rollback/);
  expect(await on.places()).toEqual({ old: 1 });
}, 120_000);

test('a release whose rollback is not complete is not gone on with under its id', async () => {
  await using on = await setUp({ ...files, 'mongo-release.yml': "hooks: { rollback-app: 'test -e fixed' }\n" });
  await on.project.run('backup --environment production');
  expect((await on.half('before-deploy', unproven)).code).toBe(0);
  const rollback = () => on.project.run('rollback one --environment production --reason test --json');
  expectFailure(await rollback(), 10, 'ROLLBACK_FAILED');
  for (const phase of ['before-deploy', 'after-deploy'])
    expectFailure(await on.half(phase, unproven), 5, 'HISTORY_CONFLICT', /is not complete: it is at rollback-app/);
  await on.project.write({ fixed: '' });
  expect((await rollback()).code).toBe(0);
  expect((await on.half('before-deploy', unproven)).json).toMatchObject({ outcome: 'applied' });
}, 120_000);

const rehearse = 'migrate --environment production --json';
/** As far as the rehearsal is concerned: nothing is rehearsed, so what is there has to do. */
const onRecord = '--release-id one --rehearsal none';
const stops = "if (await db.collection('stop').findOne()) throw new Error();";

test('what is left of a release in production is applied on what shows it now, and on nothing else', async () => {
  const helped = `import { size } from '../size.mjs';
export const up = (db) => db.collection('places').updateMany({}, { $set: { size } });\n`;
  const size = 'export const size = 1;\n';
  const last = contract.replace('async up({ db }) {', `async up({ db }) { ${stops}`);
  await using on = await setUp({
    'size.mjs': size,
    'migrations/1-expand.mjs': helped,
    'migrations/2-contract.ts': last,
  });
  expect((await on.project.run('backup --environment production')).code).toBe(0);
  expect((await on.project.run(rehearse)).code).toBe(0);
  expect((await on.half('before-deploy', onRecord)).json).toMatchObject({
    outcome: 'applied',
    remaining: ['2-contract'],
  });
  const after = () => on.half('after-deploy', onRecord);

  await on.project.write({ 'size.mjs': size.replace('1', '2') });
  expectFailure(await after(), 5, 'PROOF_STALE', /the code changed that migrations load: size\.mjs/);
  await on.project.write({ 'size.mjs': size, 'mongo-release.yml': 'rehearsal: { max-age: 10ms }\n' });
  expectFailure(await after(), 5, 'PROOF_STALE', /older than rehearsal\.max-age/);
  await on.project.write({ 'mongo-release.yml': '' });
  await on.database.db.collection('stop').insertOne({});
  expect((await on.project.run(`${rehearse} --phase after-deploy`)).code).not.toBe(0);
  await on.database.db.collection('stop').deleteMany({});
  expectFailure(await after(), 5, 'PROOF_FAILED', /2-contract/);
  expect(await on.places()).toEqual({ old: 1, size: 1 });

  const rehearsed = await on.project.run(`${rehearse} --phase after-deploy`);
  expect(rehearsed.code, rehearsed.stderr).toBe(0);
  const ended = await after();
  expect(ended.json, ended.stderr).toMatchObject({ outcome: 'applied', proof: { id: rehearsed.json.proof.id } });
}, 180_000);

test('the backup that is named stands behind a release of which nothing is in the target yet, and behind no other', async () => {
  await using on = await setUp({
    ...files,
    'migrations/1-expand.js': migration(
      `${stops} await db.collection('places').updateMany({}, { $set: { size: 1 } });`,
    ),
  });
  const { db } = on.database;
  const takeBackup = async (): Promise<string> =>
    (await on.project.run('backup --environment production --json')).json.id;
  const [old, other] = [await takeBackup(), await takeBackup()];
  await db.collection('stop').insertOne({});
  const failed = await on.half('before-deploy', `${unproven} --backup ${old}`);
  expectFailure(failed, 7, 'FAILED_CLEAN');
  expect(failed.json.backupId).toBe(old);
  // It is tried again on another day, and users have written since.
  await db.collection('stop').deleteMany({});
  await db.collection('places').insertOne({ old: 3 });
  expectFailure(await on.half('before-deploy', `${unproven} --backup ${other}`), 5, 'BACKUP_MOVED');
  const fresh = await takeBackup();
  const first = await on.half('before-deploy', `${unproven} --backup ${fresh}`);
  expect(first.json, first.stderr).toMatchObject({ outcome: 'applied', backupId: fresh });
  expect(await on.recordOf('one')).toMatchObject({ backupId: fresh });

  const later = await takeBackup();
  for (const phase of ['before-deploy', 'after-deploy']) {
    const rest = await on.half(phase, `${unproven} --backup ${later}`);
    expect(rest.json, rest.stderr).toMatchObject({ outcome: 'applied', backupId: fresh });
    expect(rest.stderr).toContain(`Backup ${later} is not used`);
  }
  expect(await on.recordOf('one')).toMatchObject({ backupId: fresh });
}, 120_000);

test('what is said of the whole plan alone, or of what is applied, makes no proof of the whole stale for its rest', async () => {
  await using on = await setUp({
    'migrations/1-contract.js': contract,
    'migrations/2-expand.js': expand,
    'migrate-mongo-config.js': 'module.exports = { mongodb: { url: process.env.MONGODB_URI } };\n',
  });
  // Applied long ago by migrate-mongo, and its file tidied away since.
  await on.database.db.collection('changelog').insertOne({ fileName: '0-old.js', appliedAt: new Date() });
  const planned = await on.project.run('plan --json');
  const { digest, findings = [] } = planned.json;
  expect(
    findings.map(({ rule }: { rule: string }) => rule),
    planned.stderr,
  ).toEqual(expect.arrayContaining(['history-missing-file', 'plan-phase-order']));
  expect((await on.project.run('backup --environment production')).code).toBe(0);
  const proof = (await on.project.run(rehearse)).json.proof.id;
  const half = (phase: string) =>
    on.project.run(`migrate --apply --environment production --phase ${phase} --digest ${digest} --json ${onRecord}`);
  expect((await half('before-deploy')).json).toMatchObject({ outcome: 'applied', remaining: ['1-contract'] });
  const ended = await half('after-deploy');
  expect(ended.json, ended.stderr).toMatchObject({ outcome: 'applied', proof: { id: proof } });
}, 120_000);

test('where half of a migration was ended first, the rest is rehearsed on what that left', async () => {
  const slow = migration(
    `await db.collection('places').updateMany({}, { $set: { a: 1 } }); ${standsStill} await db.collection('places').updateMany({}, { $set: { b: 1 } });`,
  );
  const second = migration(`${stops} await db.collection('places').updateMany({}, { $set: { c: 1 } });`);
  await using on = await setUp({ 'migrations/1-slow.js': slow, 'migrations/2-second.js': second });
  const { db } = on.database;
  expect((await on.project.run('backup --environment production')).code).toBe(0);
  expect((await on.project.run(rehearse)).code).toBe(0);
  const first = `migrate --apply --environment production --phase before-deploy --digest ${on.digest} --json --release-id one`;
  await killHalfWay(on.project, db, first, async () => (await on.places())?.a === 1);
  await db.collection('stop').insertOne({});
  const settled = await on.half('before-deploy', '--release-id one');
  expect(settled.json.error.message, settled.stderr).toMatch(/failed in migration 2-second/);
  expect(await on.places()).toEqual({ old: 1, a: 1, b: 1 });
  await db.collection('stop').deleteMany({});
  expectFailure(await on.half('before-deploy', onRecord), 5, 'PROOF_FAILED');
  // As where that attempt was lost before it came to rehearse: the proof is of a run from the top.
  await rm(await newestProof(on.project.dir));
  expectFailure(await on.half('before-deploy', onRecord), 5, 'PROOF_MISSING');
  expect(await on.places()).toEqual({ old: 1, a: 1, b: 1 });
  const again = await on.half('before-deploy', '--release-id one');
  expect(again.json, again.stderr).toMatchObject({
    outcome: 'applied',
    rehearsal: { migrations: [{ name: '2-second' }] },
  });
  expect(await on.places()).toEqual({ old: 1, a: 1, b: 1, c: 1 });
}, 180_000);

async function newestProof(dir: string) {
  const folder = join(dir, 'backups', 'proofs');
  return join(folder, (await readdir(folder)).toSorted().at(-1) ?? '');
}
