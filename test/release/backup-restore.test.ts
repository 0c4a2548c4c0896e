import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareDatabases } from '../../src/mongo/compare.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { fillWithEverything } from '../backup/backing-up.ts';
import { installMongodump } from '../backup/engines/mongodump-on-path.ts';
import { expectFailure, makeProject, migration } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { type S3Server, startS3 } from '../setup/s3.ts';
import { installTime } from '../setup/tools.ts';

const own = ownNames();
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
let s3: S3Server;
let database: TestDatabase;

beforeAll(async () => {
  s3 = await startS3();
  database = await freshDatabase();
  await fillWithEverything(database.db);
}, installTime);
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

const places = {
  folder: async () => ({ settings: '{ store: backups }', env: {} }),
  S3: async () => {
    await s3.bucket(`roundtrip-${++buckets}`);
    return {
      settings: `{ store: s3://roundtrip-${buckets}/prod, s3: { endpoint: "${s3.endpoint}" } }`,
      env: s3.environment,
    };
  },
};
let buckets = 0;

describe.each(['folder', 'S3'] as const)('through a store in %s', (kind) => {
  describe.each(['zstd', 'gzip', 'none'])('with %s', (compression) => {
    test.each(['encrypted', 'readable'])('a database comes back byte for byte, %s', async (how) => {
      await using copy = await freshDatabase();
      const { settings, env } = await places[kind]();
      await using project = await makeProject(
        { 'mongo-release.yml': `backup: ${settings}\n`, 'key.txt': `# public key: ${recipient}\n${identity}\n` },
        { ...env, MONGODB_URI: database.uri },
      );
      const encrypt = how === 'encrypted' ? ` --recipient ${recipient}` : '';
      const key = how === 'encrypted' ? ' --identity key.txt' : '';
      const backup = await project.run(`backup --json --compression ${compression}${encrypt}`);
      expect(backup.code, backup.stderr).toBe(0);
      expect(backup.json).toMatchObject({ compression, encrypted: how === 'encrypted' });
      const { id } = backup.json;
      const listed = await project.run('inspect --json');
      expect(listed.json.backups).toMatchObject([{ id, encrypted: how === 'encrypted' }]);
      expect(await project.run(`inspect ${id} --json${key}`)).toMatchObject({ code: 0, json: { verified: true } });
      const restored = await project.run(`restore ${id} --into ${copy.name} --yes --json${key}`);
      expect(restored.code, restored.stderr).toBe(0);
      expect(await compareDatabases(database.db, copy.db, { own })).toEqual([]);
      expect(`${backup.stderr}${restored.stderr}`).not.toContain(identity);
    });
  });
});

test("a server of one's own is found by the variables that the tools of S3 know", async () => {
  await s3.bucket('by-environment');
  const env = { ...s3.environment, AWS_ENDPOINT_URL_S3: s3.endpoint, MONGODB_URI: database.uri };
  await using project = await makeProject(
    { 'mongo-release.yml': 'backup: { store: s3://by-environment/prod }\n' },
    env,
  );
  const backup = await project.run('backup --json');
  expect(backup.code, backup.stderr).toBe(0);
  expect((await project.run(`inspect ${backup.json.id} --json`)).json).toMatchObject({ verified: true });
});

describe('an encrypted backup', () => {
  const files = {
    'mongo-release.yml': `backup: { store: backups, recipients: [${recipient}] }\n`,
    'migrations/1-a.js': migration(`await db.collection('places').insertOne({ _id: 1 });`),
  };
  async function withProject(
    work: (database: TestDatabase, project: Awaited<ReturnType<typeof makeProject>>) => Promise<void>,
  ) {
    await using database = await freshDatabase();
    await database.db.collection('places').insertOne({ a: 1 });
    await using project = await makeProject(files, { MONGODB_URI: database.uri });
    await work(database, project);
  }

  test('is rehearsed on by the run that took it, without any identity', () =>
    withProject(async (_database, project) => {
      const released = await project.run('release --apply --json');
      expect(released.code, released.stderr).toBe(0);
      expect(released.json).toMatchObject({ outcome: 'applied', rehearsal: { restoredDocuments: 1 } });
      expect((await readdir(join(project.dir, 'backups'))).filter((name) => name.endsWith('.age'))).toHaveLength(1);
    }));

  test('is restored by the release that took it, as the way back, without any identity', () =>
    withProject(async ({ db }, project) => {
      const probe = 'phase: after-deploy, retries: 0, mongo: { collection: places, count: 9 }';
      await project.write({
        'mongo-release.yml': `${files['mongo-release.yml']}migrations: { journal: operations }\nhooks: { stop-traffic: 'true' }\nprobes: [{ name: nine places, ${probe} }]\n`,
      });
      const ran = await project.run('release --apply --rehearsal none --on-failure rollback --json');
      expectFailure(ran, 14, 'ROLLED_BACK', /nine places/);
      expect(ran.json.rollback).toMatchObject({ strategy: 'restore', restore: { restored: [{ documents: 1 }] } });
      expect(await db.collection('places').countDocuments()).toBe(1);
    }));

  test('stands behind the migrations of a run without an identity, which says that it rehearsed on another', () =>
    withProject(async ({ db }, project) => {
      const { id } = (await project.run('backup --json')).json;
      // Nobody has a key to it but the one it was encrypted to.
      const [header = ''] = (await project.read(`backups/${id}.archive.zst.age`)).split('\n---');
      expect(header.match(/^-> X25519 /gm)).toHaveLength(1);
      const ran = await project.run('migrate --apply --json');
      expect(ran.code, ran.stderr).toBe(0);
      const { rehearsal, releaseId } = ran.json;
      expect(rehearsal).toMatchObject({ restoredDocuments: 1, migrations: [{ name: '1-a' }] });
      expect(rehearsal.uncovered.join('\n')).toMatch(`Whether backup ${id} can be restored: it is encrypted`);
      const record = await db.collection('_mongo_release.releases').findOne({ kind: 'migrate' });
      expect(record).toMatchObject({ _id: releaseId, backupId: id });
    }));

  test('is asked for in production, also by whoever only takes one', () =>
    withProject(async (_database, project) => {
      const backup = () => project.run('backup --environment production --json');
      expect((await backup()).json.warnings).toBeUndefined();
      await project.write({ 'mongo-release.yml': 'backup: { store: backups }\n' });
      expect((await backup()).json.warnings).toEqual([expect.stringMatching(/not encrypted.*backup\.recipients/)]);
    }));

  test('is not read without the identity, nor with another one; a misplaced one is not repeated', () =>
    withProject(async (_database, project) => {
      const { id } = (await project.run('backup --json')).json;
      expectFailure(await project.run(`inspect ${id} --json`), 2, 'IDENTITY_MISSING', /is encrypted/);
      const stranger = await generateX25519Identity();
      const wrong = { MONGO_RELEASE_IDENTITY: stranger };
      expectFailure(await project.run(`inspect ${id} --json`, wrong), 11, 'IDENTITY_WRONG', /opens/);
      expectFailure(await project.run(`restore ${id} --yes --json`, wrong), 11, 'IDENTITY_WRONG', /opens/);
      const misplaced = await project.run(`inspect ${id} --json --identity ${identity}`);
      expectFailure(misplaced, 2, 'USAGE', /names a file/);
      expect(misplaced.stdout + misplaced.stderr).not.toContain(identity);
      expect((await project.run(`inspect ${id}`, { MONGO_RELEASE_IDENTITY: identity })).code).toBe(0);
    }));
});

test('a backup during which a migration ends begins again, and says where in history its data are', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  await using project = await makeProject({ 'migrations/1-a.js': migration('') }, { MONGODB_URI: database.uri });
  const bin = join(project.dir, 'bin');
  await mkdir(bin);
  await installMongodump(bin);
  // Reads the data only once the history has moved.
  await rename(join(bin, 'mongodump'), join(bin, 'tool'));
  const wait = `case "$*" in *--version*) ;; *) : >'${bin}/reads'; while [ ! -e '${bin}/go' ]; do sleep 0.05; done ;; esac`;
  await writeFile(join(bin, 'mongodump'), `#!/bin/sh\n${wait}\nexec '${bin}/tool' "$@"\n`, { mode: 0o755 });
  const path = { PATH: `${bin}:${process.env.PATH}` };
  const started = project.start('backup --store backups --engine mongodump --json', path);
  while (!existsSync(join(bin, 'reads'))) await new Promise((go) => setTimeout(go, 20));
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  await writeFile(join(bin, 'go'), '');
  const ran = await started.ended;
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toContain('The history moved while the backup was taken; beginning again.');
  const stored = await readdir(join(project.dir, 'backups'));
  expect(stored.filter((name) => name.endsWith('.manifest.json'))).toEqual([`${ran.json.id}.manifest.json`]);
  const { position } = JSON.parse(await project.read(`backups/${ran.json.id}.manifest.json`));
  expect(position.applied).toMatchObject([{ name: '1-a' }]);
});

test('a backup of data that a migration was left half-way in says so', async () => {
  await using database = await freshDatabase();
  const half = migration("await db.collection('places').insertOne({ n: 1 }); throw new Error('stop');");
  await using project = await makeProject({ 'migrations/1-half.js': half }, { MONGODB_URI: database.uri });
  expect((await project.run('up --rehearsal none --json')).code).toBe(8);
  const { json } = await project.run('backup --store backups --json');
  expect(json.warnings).toEqual([expect.stringMatching(/part of 1-half/)]);
});

test('files that are broken or not there keep nobody from a backup', async () => {
  await using database = await freshDatabase();
  await using project = await makeProject({ 'migrations/1-a.js': 'export {' }, { MONGODB_URI: database.uri });
  const ran = await project.run('backup --store backups --json');
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(/does not say what was pending: .*1-a\.js/);
  const manifest = JSON.parse(await project.read(`backups/${ran.json.id}.manifest.json`));
  expect(manifest.planDigest).toBeUndefined();
});

test('who may not write is told before anything begins, and before anybody is asked', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  await database.db.command({
    createUser: 'reader',
    pwd: 'not-a-secret',
    roles: [{ role: 'read', db: database.name }],
  });
  try {
    await using project = await makeProject({}, { MONGODB_URI: database.uri });
    const { id } = (await project.run('backup --store backups --json')).json;
    const reader = new URL(database.uri);
    [reader.username, reader.password] = ['reader', 'not-a-secret'];
    reader.searchParams.set('authSource', database.name);
    const ran = await project.run(`restore ${id} --store backups --json`, { MONGODB_URI: reader.toString() });
    expectFailure(ran, 5, 'BLOCKED_BY_GUARD', /needs/);
    expect(await database.db.listCollections().toArray()).toHaveLength(1);
  } finally {
    await database.db.command({ dropUser: 'reader' });
  }
});

test('after a new backup old ones go, but never the one that was verified last', async () => {
  await using database = await freshDatabase();
  await using project = await makeProject(
    { 'mongo-release.yml': 'backup: { store: backups, keep: 2 }\n' },
    { MONGODB_URI: database.uri },
  );
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) {
    const ran = await project.run('backup --json');
    expect(ran.code, ran.stderr).toBe(0);
    ids.push(ran.json.id);
    if (n === 0) expect((await project.run(`inspect ${ids[0]}`)).code).toBe(0);
  }
  const { backups } = (await project.run('inspect --json')).json;
  expect(backups.map(({ id }: { id: string }) => id)).toEqual([ids[3], ids[2], ids[0]]);
});
