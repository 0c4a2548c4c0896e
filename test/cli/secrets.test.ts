import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EJSON } from 'bson';
import { type Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { expectFailure, makeProject, migration, type Ran } from './cli.ts';

const password = 'p@ss:w/rd%marker';
const marker = 'MARKERVALUE';
const forms = [password, encodeURIComponent(password), Buffer.from(password).toString('base64')];

let sandbox: Sandbox;
let client: MongoClient;
let databases = 0;

beforeAll(async () => {
  const secrets = new Secrets();
  sandbox = await startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod: process.env.MONGO_RELEASE_MONGOD,
    log: new Log(() => {}, secrets),
    secrets,
  });
  client = await MongoClient.connect(sandbox.uri);
  const admin = client.db('admin');
  await admin.command({ createUser: 'owner', pwd: password, roles: ['root'] });
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

function uriOf(database: string, user = 'owner', secret = password): string {
  const [, rest = ''] = /@(.*)$/.exec(sandbox.uri) ?? [];
  const [hosts, query = ''] = rest.split('/');
  const options = query.replace(/^\?/, '');
  return `mongodb://${user}:${encodeURIComponent(secret)}@${hosts}/${database}?${options.includes('authSource') ? options : `authSource=admin&${options}`}`;
}

/** A database whose every document holds values that may be seen nowhere else. */
async function marked(): Promise<Db> {
  databases += 1;
  const db = client.db(`marked${databases}`);
  await db
    .collection<{ _id: string }>('people')
    .insertMany([1, 2].map((n) => ({ _id: `${marker}-id-${n}`, name: `${marker}-name-${n}`, age: n })));
  await db.collection('people').createIndex({ name: 1 }, { unique: true });
  await db.createCollection('strict', { validator: { size: { $type: 'int' } } });
  return db;
}

const files = (up: string) => ({
  'migrations/1-a.js': migration(up, up),
  'mongo-release.yml': `backup: { store: backups }
hooks: { deploy: cat secret.txt, rollback-app: cat secret.txt }
probes: [{ name: none is young, retries: 0, phase: after-deploy, mongo: { collection: people, filter: { age: 1 }, count: 0 } }]\n`,
  'secret.txt': `${forms.join('\n')}\n`,
});

/** What is documents by its nature, and leaves the database no more than the documents themselves. */
const inTheDatabase = /\.(journal|quarantine|dropped\..*)$/;

/** Whatever anybody could read of a run: its streams, the files that it wrote, and our own records. */
async function everythingOf(dir: string, db: Db, runs: readonly Ran[]): Promise<string> {
  const texts = runs.flatMap((ran) => [ran.stdout, ran.stderr]);
  for (const name of ['.', 'backups'])
    for (const file of await readdir(join(dir, name)).catch(() => []))
      if (/\.(json|sarif)$/.test(file)) texts.push(await readFile(join(dir, name, file), 'utf8'));
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
    if (name.startsWith('_mongo_release.') && !inTheDatabase.test(name))
      texts.push(EJSON.stringify(await db.collection(name).find().toArray()));
  return texts.join('\n');
}

function expectClean(text: string): void {
  for (const secret of [...forms, marker]) {
    const at = text.indexOf(secret);
    expect(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)).toBe('');
  }
}

function expectCode(ran: Ran, exit: number, code: string): void {
  expect({ exit: ran.code, code: ran.json.error?.code }, ran.stderr).toEqual({ exit, code });
}

const one = "const one = await db.collection('people').findOne({ age: 1 });";

test.each([
  ['a duplicate key', `${one} await db.collection('people').insertOne({ ...one, _id: 7 });`],
  [
    'a bulk of duplicates',
    `${one} await db.collection('people').insertMany([{ x: 1 }, { ...one }], { ordered: false });`,
  ],
  ['a validator', `${one} await db.collection('strict').insertOne({ size: one.name });`],
  [
    'an error that quotes a document',
    `${one} throw new Error('cannot move ' + one.name + ' of ' + JSON.stringify(one));`,
  ],
  ['a thrown document', `${one} throw one;`],
  [
    'an error whose name and cause are values',
    `${one} throw Object.assign(new Error('x', { cause: new Error(one.name) }), { name: one.name, code: one.name });`,
  ],
  ['a process that prints and exits', `${one} console.log(one); console.error(one.name); process.exit(one.age);`],
])('%s tells no value, not even with --debug', async (_, up) => {
  const db = await marked();
  await using project = await makeProject(files(up), { MONGODB_URI: uriOf(db.databaseName) });
  const applied = await project.run('release --apply --rehearsal none --on-failure rollback --debug --json');
  expect([7, 8, 10, 14], applied.stderr).toContain(applied.code);
  const text = await everythingOf(project.dir, db, [applied]);
  expect(text).toContain('1-a');
  expectClean(text);
});

test('a rehearsal that fails tells none either, and neither does what it leaves on the disk', async () => {
  const db = await marked();
  const up = `${one} await db.collection('people').insertOne({ ...one, _id: 7 });`;
  await using project = await makeProject(files(up), { MONGODB_URI: uriOf(db.databaseName) });
  const ran = await project.run('release --debug --json');
  expectCode(ran, 13, 'REHEARSAL_FAILED');
  const text = await everythingOf(project.dir, db, [ran]);
  expect(text).toContain('duplicate key in name');
  expectClean(text);
});

test('a whole release that succeeds, fails its probe, is rolled back and restored tells neither values nor the password', async () => {
  const db = await marked();
  const up = `${one} console.log(one); await db.collection('people').updateMany({ name: one.name }, { $set: { seen: one.name } });`;
  await using project = await makeProject(files(up), { MONGODB_URI: uriOf(db.databaseName), RUNNER_DEBUG: '1' });
  const runs: Ran[] = [];
  const run = async (words: string, exit = 0) => {
    const ran = await project.run(`${words} --json`);
    expect(ran.code, `${words}: ${ran.stderr}`).toBe(exit);
    runs.push(ran);
    return ran.json;
  };
  await run('plan --out p.json --sarif f.sarif');
  const released = await run('release --apply --rehearsal none', 9);
  await run('verify', 9);
  await run('down');
  await run(`inspect ${released.backup.id}`);
  await run('inspect');
  await run(`restore ${released.backup.id} --yes`);
  await run('status');
  await run('migrate --apply --rehearsal none --digest abcdefabcdef', 5);
  const text = await everythingOf(project.dir, db, runs);
  expect(text).toContain(released.backup.id);
  expect(runs[1]?.stderr).toContain('***');
  expectClean(text);
});

test('refused credentials and missing rights are told without them', async () => {
  const db = await marked();
  await client
    .db('admin')
    .command({ createUser: 'clerk', pwd: password, roles: [{ role: 'readWrite', db: db.databaseName }] });
  await client.db('admin').command({ createUser: 'nobody', pwd: password, roles: [] });
  await using project = await makeProject({ ...files(''), 'mongo-release.yml': 'guards: { replica-lag: 10s }\n' }, {});
  const uri = (user: string, secret = password) => ({ MONGODB_URI: uriOf(db.databaseName, user, secret) });
  const refused = await project.run('status --json --debug', uri('owner', `${password}2`));
  expectCode(refused, 12, 'CREDENTIALS_REFUSED');
  const barred = await project.run('status --json', uri('nobody'));
  expectFailure(barred, 12, 'NOT_AUTHORIZED');
  for (const command of ['migrate', 'rollback --dry-run'])
    expectFailure(await project.run(`${command} --json`, uri('nobody')), 12, 'NOT_AUTHORIZED');
  // A guard that may not look is no pass where production is going to be changed.
  const guarded = await project.run('migrate --apply --environment production --rehearsal none --json', uri('clerk'));
  expectFailure(guarded, 5, 'BLOCKED_BY_GUARD', /could not look/);
  // That it was stopped is on record, and nothing else was begun.
  const ours = await db.listCollections({ name: /^_mongo_release/ }).toArray();
  expect(ours.map(({ name }) => name)).toEqual(['_mongo_release.releases']);
  expectClean([refused, barred, guarded].map((ran) => ran.stdout + ran.stderr).join('\n'));
});
