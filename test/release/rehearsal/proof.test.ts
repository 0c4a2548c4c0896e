import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeChecked } from '../../../src/backup/checked-json.ts';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { stateOf } from '../state.ts';

/** What production is changed on: a full rehearsal of this very plan that passed, or somebody's word for it. */

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
  project = await makeProject({ 'migrations/1-a.js': migration(up, down) }, { MONGODB_URI: database.uri });
});

const production = '--store backups --environment production --json';
const apply = `release --apply --rehearsal none ${production}`;
const recordOf = (_id: string) => database.db.collection<{ _id: string }>('_mongo_release.releases').findOne({ _id });

async function prepared(options = production) {
  const ran = await project.run(`release ${options}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed', rehearsal: { level: 'full' } });
  return ran.json.rehearsal.proof;
}

test('production is not applied without one, before anything is done, and the message says what to type', async () => {
  const before = await stateOf(database.db);
  const missing = await project.run(apply);
  expectFailure(missing, 5, 'PROOF_MISSING', /the store has none of this plan/);
  expect(missing.json.error.hint).toMatch(/mongo-release release without --apply.*--rehearsal full.*--waive-rehearsal/);
  expect(await stateOf(database.db)).toEqual(before);
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
  expect(proof).toEqual({ id: expect.any(String), level: 'full', at: expect.any(String) });
  const kept = JSON.parse(await readFile(join(project.dir, 'backups', 'proofs', `${proof.id}.json`), 'utf8'));
  expect(kept).toMatchObject({
    kind: 'proof',
    level: 'full',
    migrations: ['1-a'],
    target: { environment: 'production' },
  });
  // With a newer backup, taken since.
  const ran = await project.run(apply);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', proof });
  expect(ran.json).not.toHaveProperty('rehearsal');
  expect(ran.json).not.toHaveProperty('waiver');
  expect(await recordOf(ran.json.releaseId)).toMatchObject({ proofId: proof.id });
  expect(await database.db.collection('places').countDocuments({ seen: true })).toBe(2);
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
  expectFailure(stale, 5, 'PROOF_STALE', /older than rehearsal\.max-age/);
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

test('one of another version of the server, or of other findings, does not count', async () => {
  const { id } = await prepared();
  const file = join(project.dir, 'backups', 'proofs', `${id}.json`);
  const { checksum: _, ...proof } = JSON.parse(await readFile(file, 'utf8'));
  for (const [changed, why] of [
    [{ serverVersion: '5.0.1' }, /is of MongoDB 5\.0\.1, and the target runs/],
    [{ findings: proof.planDigest }, /before what is found about the plan changed/],
  ] as const) {
    await writeFile(file, encodeChecked({ ...proof, ...changed }));
    expectFailure(await project.run(apply), 5, 'PROOF_STALE', why);
  }
  await writeFile(file, encodeChecked(proof));
  expect((await project.run(apply)).json).toMatchObject({ outcome: 'applied', proof: { id } });
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
