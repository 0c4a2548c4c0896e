import { once } from 'node:events';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeChecked } from '../../../src/backup/checked-json.ts';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { sandboxForAll } from '../../setup/sandbox.ts';
import { stateOf } from '../state.ts';

/** What production is changed on: a full rehearsal of this very plan that passed, or somebody's word for it. */

const sandbox = await sandboxForAll();
afterAll(() => sandbox.stop());
let database: TestDatabase;
let project: Project;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await project?.[Symbol.asyncDispose]();
  await database.db.dropDatabase();
  await database.db.collection('places').insertMany([{ n: 1 }, { n: 2 }]);
  const up = "await db.collection('places').updateMany({}, { $set: { seen: true } });";
  const down = "await db.collection('places').updateMany({}, { $unset: { seen: '' } });";
  project = await makeProject(
    { 'migrations/1-a.js': migration(up, down) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_SANDBOX_URI: sandbox.uri },
  );
});

const production = '--store backups --environment production --json';
const apply = `release --apply --rehearsal none ${production}`;
const recordOf = (_id: string) => database.db.collection<{ _id: string }>('_mongo_release.releases').findOne({ _id });

/** A proof as it is kept, how to change it there, and where. */
async function kept(id: string) {
  const proofs = join(project.dir, 'backups', 'proofs');
  const file = join(proofs, `${id}.json`);
  const { checksum: _, ...proof } = JSON.parse(await readFile(file, 'utf8'));
  const keep = (changed: object) => writeFile(file, encodeChecked({ ...proof, ...changed }));
  return [proof, keep, proofs] as const;
}

async function prepared(options = production) {
  const ran = await project.run(`release ${options}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed', rehearsal: { level: 'full' } });
  // In one place, whether it was made by this run or relied on.
  expect(ran.json.rehearsal).not.toHaveProperty('proof');
  return ran.json.proof;
}

test('production is not applied without one, before anything is done, and the message says what to type', async () => {
  const before = await stateOf(database.db, { own: false });
  const missing = await project.run(apply);
  expectFailure(missing, 5, 'PROOF_MISSING', /the store has none of this plan/);
  expect(missing.json.error.hint).toMatch(
    /mongo-release release .*without --apply.*--rehearsal full.*--waive-rehearsal/,
  );
  expect(await stateOf(database.db, { own: false })).toEqual(before);
  expect(await readdir(project.dir)).not.toContain('backups');
});

test('it is let off by a waiver, which stands in the record with its reason', async () => {
  expectFailure(await project.run([...apply.split(' '), '--waive-rehearsal', 'because']), 2, 'USAGE', /reason/);
  const ran = await project.run([...apply.split(' '), '--waive-rehearsal', 'the disk of the runner broke']);
  const waiver = { what: 'rehearsal', reason: 'the disk of the runner broke' };
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', waiver });
  expect(await recordOf(ran.json.releaseId)).toMatchObject({ waivers: [waiver] });
  expect(ran.stderr).toContain('the disk of the runner broke');
});

test('the rehearsal of a run that only reads is proof for the one that applies, and is not repeated', async () => {
  const proof = await prepared();
  expect(proof).toEqual({ id: expect.any(String), level: 'full', at: expect.any(String), dataAt: expect.any(String) });
  const kept = JSON.parse(await readFile(join(project.dir, 'backups', 'proofs', `${proof.id}.json`), 'utf8'));
  expect(kept).toMatchObject({
    kind: 'proof',
    level: 'full',
    migrations: ['1-a'],
    target: { environment: 'production' },
  });
  // With a newer backup, taken since.
  const ran = await project.run(`release --apply ${production}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', proof });
  expect(ran.json.steps).toContainEqual({ name: 'rehearsal', state: 'skipped', note: `passed at ${proof.at}` });
  expect(ran.json).not.toHaveProperty('rehearsal');
  expect(ran.json).not.toHaveProperty('waiver');
  expect(await recordOf(ran.json.releaseId)).toMatchObject({ proofId: proof.id });
  expect(await database.db.collection('places').countDocuments({ seen: true })).toBe(2);
});

test('a rehearsal without a store says that it leaves none, and what to type', async () => {
  const ran = await project.run('migrate --environment production --json');
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed' });
  expect(ran.stderr).toMatch(/^! No store is named, so this rehearsal leaves no proof: --store FOLDER/m);
  expect((await project.run('migrate --environment production --store backups')).stderr).not.toContain('No store');
});

test('a level that was typed wants a new one', async () => {
  const proof = await prepared();
  const ran = await project.run(`release --apply --rehearsal full ${production}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', rehearsal: { level: 'full' } });
  expect(ran.json.proof.id).not.toBe(proof.id);
});

test('one of the whole plan is not one of a part of it, and the message says so', async () => {
  await project.write({ 'migrations/2-b.js': migration("await db.collection('places').insertOne({ n: 9 });") });
  await prepared();
  expect((await project.run(`backup ${production}`)).code).toBe(0);
  const part = await project.run(`migrate --apply --rehearsal none --to 1-a ${production}`);
  expectFailure(part, 5, 'PROOF_MISSING', /has none of --to 1-a; one of a larger plan is not of a part of it/);
  expect(part.json.error.hint).toMatch(/mongo-release migrate --to 1-a .*without --apply/);
});

test('a full rehearsal of the same run is as good', async () => {
  const ran = await project.run(`release --apply ${production}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', proof: { level: 'full' } });
  expect(await recordOf(ran.json.releaseId)).toMatchObject({ proofId: ran.json.proof.id });
});

test('one that is too old, or of other files, does not count', async () => {
  await prepared();
  await project.write({ 'mongo-release.yml': 'rehearsal: { max-age: 10ms }\n' });
  const stale = await project.run(apply);
  expectFailure(stale, 5, 'PROOF_STALE', /ran on data of .*, older than rehearsal\.max-age/);
  await project.write({
    'mongo-release.yml': '',
    'migrations/1-a.js': migration("await db.collection('places').deleteMany({});"),
  });
  expectFailure(await project.run(apply), 5, 'PROOF_MISSING');
  expect(await database.db.collection('places').countDocuments({ seen: { $exists: false } })).toBe(2);
});

test('one of another target, or that somebody changed, does not count', async () => {
  const staging = await prepared('--store backups --environment staging --json');
  expectFailure(await project.run(apply), 5, 'PROOF_STALE', /is of environment staging, not of production/);
  const file = join(project.dir, 'backups', 'proofs', `${staging.id}.json`);
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('staging', 'production'));
  expectFailure(await project.run(apply), 5, 'PROOF_MISSING');
});

test('one of another version of the server or of this program, or of other findings, does not count', async () => {
  const { id } = await prepared();
  const [proof, keep] = await kept(id);
  for (const [changed, why] of [
    [{ serverVersion: '5.0.1' }, /is of MongoDB 5\.0\.1, and the target runs/],
    [{ findings: [{ rule: 'odd', severity: 'note', name: '1-a', message: 'm' }] }, /plan changed: odd of 1-a is gone/],
    [{ runtime: { node: '20' } }, /was made with Node 20, and this is \d+/],
    [{ toolVersion: '0.0.9' }, /was made by mongo-release 0\.0\.9, and this is/],
  ] as const) {
    await keep(changed);
    expectFailure(await project.run(apply), 5, 'PROOF_STALE', why);
  }
  await keep(proof);
  const elsewhere = await project.run(apply, { NODE_ENV: 'production' });
  expectFailure(elsewhere, 5, 'PROOF_STALE', /was made with NODE_ENV not set, and here it is "production"/);
  // It holds all the same, and whoever relies on it is told.
  await keep({ sandboxVersion: '7.0.1' });
  const ran = await project.run(apply);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', proof: { id, sandboxVersion: '7.0.1' } });
  expect(ran.stderr).toMatch(/in a sandbox of MongoDB 7\.0\.1, and the target runs/);
});

test.each([
  ['code that a migration imports', { 'lib/value.cjs': 'module.exports = 2;\n' }, /code changed .*: lib\/value\.cjs/],
  ['code that only running it loads', { 'lib/late.cjs': 'module.exports = 2;\n' }, /code changed .*: lib\/late\.cjs/],
  [
    'another version of a package',
    { 'node_modules/left/package.json': '{"version":"2.0.0"}' },
    /node_modules\/left\/pack/,
  ],
  [
    'a probe that was not asked',
    { 'mongo-release.yml': 'probes: [{ name: none, mongo: { collection: places, count: 0 } }]\n' },
    /with other probes/,
  ],
  ['other settings', { 'mongo-release.yml': 'migrations: { time-limit: 5s }\n' }, /with other settings of migrations/],
])('one that was made before %s came does not count', async (_, changed, why) => {
  await project.write({
    'migrations/1-a.js': `const value = require('../lib/value.cjs') + require('left');
${migration("await db.collection('places').updateMany({}, { $set: { seen: value + require('../lib/late.cjs') } });")}`,
    'lib/value.cjs': 'module.exports = 1;\n',
    'lib/late.cjs': 'module.exports = 1;\n',
    'node_modules/left/package.json': '{"version":"1.0.0"}',
    'node_modules/left/index.js': 'module.exports = 1;\n',
  });
  await prepared();
  await project.write(changed);
  expectFailure(await project.run(apply), 5, 'PROOF_STALE', why);
  expect(await database.db.collection('places').countDocuments({ seen: { $exists: true } })).toBe(0);
});

test('a later rehearsal that failed ends it, until one passes again', async () => {
  const up = "if (await db.collection('places').findOne({ n: 3 })) throw new Error('three');";
  await project.write({ 'migrations/1-a.js': migration(`${up} await db.collection('places').insertOne({ n: 4 });`) });
  await prepared();
  await database.db.collection('places').insertOne({ n: 3 });
  expectFailure(await project.run(`release ${production}`), 13, 'REHEARSAL_FAILED');
  expectFailure(
    await project.run(apply),
    5,
    'PROOF_FAILED',
    /latest rehearsal .* failed \(release .*\): .*in migration 1-a/,
  );
  await project.write({ 'mongo-release.yml': 'backup: { store: backups }\n' });
  const asked = 'plan --environment production --json';
  const plan = await project.run(asked);
  const status = 'status --environment production --json';
  const told =
    /latest rehearsal .* failed \(release \d+-.*, at 20.*Z\): .*migration 1-a.*three.*rehearse again: mongo-release migrate/;
  expect((await project.run(status)).json.warnings).toEqual([expect.stringMatching(told)]);
  expect(plan.json.findings).toContainEqual(
    expect.objectContaining({ rule: 'rehearsal-failed', severity: 'warning', message: expect.stringMatching(/three/) }),
  );
  await database.db.collection('places').deleteOne({ n: 3 });
  const { id } = await prepared();
  expect((await project.run(asked)).stdout).not.toContain('rehearsal-failed');
  expect((await project.run(status)).json).not.toHaveProperty('warnings');
  expect((await project.run(apply)).json).toMatchObject({ outcome: 'applied', proof: { id } });
});

test('who asks where things stand does not wait for a store that is silent', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const s3 = `{ endpoint: 'http://127.0.0.1:${port}' }`;
  await project.write({ 'mongo-release.yml': `backup: { store: s3://shop/prod, s3: ${s3} }\n` });
  const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' };
  const asked = performance.now();
  const { code, json } = await project.run('status --json', keys);
  expect([code, json.pending]).toEqual([0, 1]);
  expect(performance.now() - asked).toBeLessThan(45_000);
  silent.close();
});

test('a waiver says that a rehearsal which had failed was known, wherever somebody looks', async () => {
  await project.write({ 'migrations/1-a.js': migration("throw new Error('no');") });
  const failed = await project.run(`release ${production}`);
  expectFailure(failed, 13, 'REHEARSAL_FAILED');
  const ran = await project.run([...apply.split(' '), '--waive-rehearsal', 'we know better tonight']);
  expectFailure(ran, 7, 'FAILED_CLEAN');
  const { releaseId } = failed.json;
  const known = { releaseId, at: expect.any(String), proofId: expect.any(String) };
  expect(ran.json.waiver).toMatchObject({ reason: 'we know better tonight', failed: known });
  expect(await recordOf(ran.json.releaseId)).toMatchObject({ waivers: [{ failed: known }] });
  expect(ran.stderr).toMatch(new RegExp(`! .*failed \\(release ${releaseId}.*we know better tonight.*migration 1-a`));
  expect(ran.stderr).toMatch(new RegExp(`waived, though it had failed in release ${releaseId}`));
  expect((await project.run('audit --store backups --environment production')).stderr).toMatch(
    new RegExp(`without rehearsal, though it had failed in release ${releaseId} .*because: we know better tonight`),
  );
});

test('a failed one that the store does not take says that what it has of before may still hold', async () => {
  await project.write({ 'backups/proofs': '', 'migrations/1-a.js': migration("throw new Error('no');") });
  const ran = await project.run(`release ${production}`);
  expectFailure(
    ran,
    13,
    'REHEARSAL_FAILED',
    /in migration 1-a.*store did not take that.*a proof of before may still hold/s,
  );
});

test('what is kept of a failure, there and in the history, has no secret in it', async () => {
  await project.write({ 'migrations/1-a.js': migration("throw new Error('sesame opens it');") });
  const secret = { MONGODB_READ_URI: 'mongodb://reader:sesame@127.0.0.1:9/shop' };
  expectFailure(await project.run('release --apply --store backups --json', secret), 13, 'REHEARSAL_FAILED');
  const proofs = join(project.dir, 'backups', 'proofs');
  const texts = (await readdir(proofs)).map((name) => readFile(join(proofs, name), 'utf8'));
  expect((await Promise.all(texts)).join()).toMatch(/^(?!.*sesame).*opens it/s);
  await project.run('migrate --apply --rehearsal none --json', secret);
  const history = database.db.collection<{ _id: string; error: object }>('_mongo_release.history');
  expect(JSON.stringify(await history.findOne({ _id: '1-a' }))).toMatch(/^(?!.*sesame).*opens it/s);
});

test('it holds wherever somebody stands', async () => {
  await project.write({ 'migrations/1-a.js': migration("if (process.env.CI) await fetch('http://x');") });
  const ran = await project.run(`release ${production}`, { GITHUB_WORKSPACE: join(project.dir, '..') });
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed' });
  expect(ran.json.plan.findings.length).toBeGreaterThan(0);
  const applied = await project.run(apply, { CI: 'true' });
  expect(applied.json, applied.stderr).toMatchObject({ outcome: 'applied', proof: ran.json.proof });
});

test('one that ran on an old backup is as old as its data', async () => {
  const { id } = (await project.run(`backup ${production}`)).json;
  const file = join(project.dir, 'backups', `${id}.manifest.json`);
  const { checksum: _, ...manifest } = JSON.parse(await readFile(file, 'utf8'));
  const clusterTime = { t: Date.UTC(2026, 0, 1) / 1000, i: 1 };
  await writeFile(file, encodeChecked({ ...manifest, clusterTime }));
  const proof = await prepared(`${production} --backup ${id}`);
  expect(proof).toMatchObject({ dataAt: '2026-01-01T00:00:00.000Z', backupId: id });
  expectFailure(await project.run(apply), 5, 'PROOF_STALE', /ran on data of 2026-01-01T00:00:00\.000Z, older than/);
});

test('a sample leaves none, and others of the same plan do not hide one, however many', async () => {
  const { id } = await prepared();
  const sampled = await project.run(`release --rehearsal sample ${production}`);
  expect(sampled.json.rehearsal, sampled.stderr).toMatchObject({ level: 'sample' });
  expect(sampled.json).not.toHaveProperty('proof');
  const [proof, , proofs] = await kept(id);
  for (let n = 10; n < 35; n++) {
    const other = id.replace(/-.{6}-/, `-0000${n}-`).replace(/^\d{4}/, '2999');
    await writeFile(
      join(proofs, `${other}.json`),
      encodeChecked({ ...proof, target: { ...proof.target, name: 'another' } }),
    );
  }
  expect((await project.run(apply)).json).toMatchObject({ outcome: 'applied', proof: { id } });
});

test('what is too old to prove anything goes when a new one comes, but for what a release relied on', async () => {
  const { id: relied } = await prepared();
  expect((await project.run(apply)).json).toMatchObject({ outcome: 'applied' });
  const [, , proofs] = await kept(relied);
  const aged = (id: string) => id.replace(/^\d{4}/, '2020');
  await rename(join(proofs, `${relied}.json`), join(proofs, `${aged(relied)}.json`));
  await database.db.collection('_mongo_release.releases').updateMany({}, { $set: { proofId: aged(relied) } });
  const old = aged(relied).replace(/-.{6}-/, '-000000-');
  const foreign = aged(relied).replace(/-.{6}-.{8}-/, '-000000-00000000-');
  for (const id of [old, foreign]) await writeFile(join(proofs, `${id}.json`), '{}');
  await project.write({ 'migrations/2-b.js': migration("await db.collection('places').insertOne({ n: 9 });") });
  const { id } = await prepared();
  expect((await readdir(proofs)).sort()).toEqual([foreign, aged(relied), id].map((one) => `${one}.json`).sort());
});

test('elsewhere nothing is wanted, and what was rehearsed before is named', async () => {
  const proof = await prepared('--store backups --json');
  const ran = await project.run('migrate --apply --rehearsal none --store backups --json');
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', proof });
  expect(ran.json.warnings ?? []).not.toContain('Nothing was rehearsed.');
  const none = await project.run('down --json');
  expect(none.json, none.stderr).toMatchObject({ outcome: 'rolled-back' });
  const without = await project.run('migrate --apply --rehearsal none --json');
  expect(without.json, without.stderr).toMatchObject({ outcome: 'applied' });
  expect(without.json).not.toHaveProperty('proof');
});
