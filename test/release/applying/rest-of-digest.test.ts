import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

let database: TestDatabase;
let project: Project;

const after = `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy',
  async up({ db }) { await db.collection('places').updateMany({}, { $set: { second: 1 } }); },
  async down({ db }) { await db.collection('places').updateMany({}, { $unset: { second: 1 } }); },
});\n`;
/** The first deploy is at it as long as there is a file `hold`, and fails where there is one `fails`. */
const config = `hooks:
  deploy: 'echo deploy >> hooks.log; if mkdir first; then echo is deploying; while test -e hold; do sleep 0.1; done; fi; test ! -e fails'
`;

beforeEach(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertOne({});
  const first = migration("await db.collection('places').updateMany({}, { $set: { first: 1 } });");
  project = await makeProject(
    { 'migrations/1-first.js': first, 'migrations/2-second.ts': after, 'mongo-release.yml': config },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const place = () => database.db.collection('places').findOne({}, { projection: { _id: 0 } });

async function ok(words: string) {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.json;
}

test('the rest of what a digest names is left to the release that is at it', async () => {
  await project.write({ hold: '' });
  const { digest } = await ok('plan --json');
  const words = `release --apply --rehearsal none --digest ${digest} --json`;
  const { said, ended } = project.start(`${words} --release-id r1`);
  await said('is deploying');
  const beside = await project.run(`${words} --release-id r2`);
  expectFailure(beside, 5, 'HISTORY_CONFLICT', /^Release r1 is deploying; it was last heard of .* Process \d+ on/);
  expect(beside.json.error.hint).toMatch(/wait for its end, .* mongo-release rollback r1 takes it back/);
  const migrate = `${words.replace('release', 'migrate')} --release-id r2`;
  expectFailure(await project.run(migrate), 5, 'PLAN_MOVED', /its digest is \w+… now\.$/);
  expect(await place()).toEqual({ first: 1 });
  await rm(join(project.dir, 'hold'));
  expect((await ended).json).toMatchObject({ outcome: 'applied' });
  expect(await project.read('hooks.log')).toBe('deploy\n');
  expect(await place()).toEqual({ first: 1, second: 1 });
}, 120_000);

test('what was taken back since on purpose nobody has agreed to apply again by the old digest', async () => {
  const { digest } = await ok('plan --json');
  const words = `release --apply --rehearsal none --digest ${digest} --json`;
  await ok(words);
  await ok('down --reason test --json');
  const again = await project.run(words);
  expectFailure(again, 5, 'PLAN_MOVED', /… now\. 2-second was taken back since by down \S+ at \S+ \S+ UTC\.$/);
  expect(again.json.error.hint).toMatch(/^Where it is to be applied again, .*mongo-release plan/);
  expect(await place()).toEqual({ first: 1 });
}, 120_000);

/** The third fails before its first write as long as there is something in `stop`. */
async function stopsAtTheThird() {
  const sets = (field: string) =>
    migration(
      `await db.collection('places').updateMany({}, { $set: { ${field}: 1 } });`,
      `await db.collection('places').updateMany({}, { $unset: { ${field}: 1 } });`,
    );
  const third = migration(
    "if (await db.collection('stop').findOne()) throw new Error(); await db.collection('places').updateMany({}, { $set: { third: 1 } });",
  );
  await rm(join(project.dir, 'migrations/2-second.ts'));
  await project.write({
    'migrations/1-first.js': sets('first'),
    'migrations/2-second.js': sets('second'),
    'migrations/3-third.js': third,
    'mongo-release.yml': '',
  });
  await database.db.collection('stop').insertOne({});
  const { digest } = await ok('plan --json');
  return (id: string, command = 'release') =>
    project.run(`${command} --apply --rehearsal none --digest ${digest} --release-id ${id} --json`);
}

test.each(['rollback r1 --reason test', 'down 2 --reason test'])(
  'nor where another release went on with its rest before that: %s',
  async (takesBack) => {
    const release = await stopsAtTheThird();
    expectFailure(await release('r1'), 8, 'FAILED_DIRTY');
    expectFailure(await release('r2'), 7, 'FAILED_CLEAN');
    const verify = 'verify --release-id r2 --json';
    await ok(verify);
    await ok(`${takesBack} --json`);
    expect(await place()).toEqual({});
    // What the first one applied the later one needs, too.
    expectFailure(await project.run(verify), 8, 'TAKEN_BACK', /2-second, 1-first of it was taken back/);
    await database.db.collection('stop').drop();
    const [by] = takesBack.split(' ');
    const since = new RegExp(`2-second, 1-first were taken back since by ${by} \\S+ at .* UTC\\.$`);
    expectFailure(await release('r3'), 5, 'PLAN_MOVED', since);
    for (const id of ['r1', 'r2']) expectFailure(await release(id, 'migrate'), 5, 'PLAN_MOVED');
    expect(await place()).toEqual({});
  },
  120_000,
);

test('nor by the release itself, which a way down has taken a part of', async () => {
  const release = await stopsAtTheThird();
  expectFailure(await release('r1', 'migrate'), 8, 'FAILED_DIRTY');
  await ok('down --reason test --json');
  expect(await place()).toEqual({ first: 1 });
  await database.db.collection('stop').drop();
  expectFailure(await release('r1', 'migrate'), 5, 'PLAN_MOVED');
  expect(await place()).toEqual({ first: 1 });
}, 120_000);

test('what another release is applying right now is on its way, and was left half-way by nobody', async () => {
  const release = await stopsAtTheThird();
  expectFailure(await release('r1'), 8, 'FAILED_DIRTY');
  await database.db.collection('stop').drop();
  await database.client.withSession(async (session) => {
    session.startTransaction();
    // The third waits for this document.
    await database.db.collection('places').updateOne({}, { $set: { user: 1 } }, { session });
    const { ended } = project.start('migrate --apply --rehearsal none --release-id r2 --json');
    const history = database.db.collection('_mongo_release.history');
    const waits = () => history.countDocuments({ state: 'running', releaseId: 'r2' });
    await expect.poll(waits, { timeout: 60_000 }).toBe(1);
    const beside = await release('r3', 'migrate');
    await session.abortTransaction();
    expectFailure(beside, 5, 'PLAN_MOVED', /… now\. 3-third is on its way, by release r2\.$/);
    expect(beside.json.error.hint).toMatch(/^Look at what mongo-release plan says now/);
    expect((await ended).json).toMatchObject({ outcome: 'applied' });
  });
}, 120_000);

test('what was begun on it anew since goes on: all of that was agreed to again', async () => {
  const release = await stopsAtTheThird();
  await database.db.collection('stop').deleteMany({});
  expect((await release('r1')).json).toMatchObject({ outcome: 'applied' });
  await ok('rollback r1 --reason test --json');
  await database.db.collection('stop').insertOne({});
  expectFailure(await release('r2'), 8, 'FAILED_DIRTY');
  await database.db.collection('stop').drop();
  expect((await release('r3')).json.migrate).toMatchObject({ applied: [{ name: '3-third' }] });
}, 120_000);

test('what was shown of all of it counts for its rest, in production too, and the rest is on record as that of it', async () => {
  await project.write({ fails: '' });
  const production = '--environment production';
  const { digest } = await ok(`plan ${production} --json`);
  await ok(`release ${production} --json`);
  const words = `release --apply --rehearsal none --digest ${digest} ${production} --json`;
  expectFailure(await project.run(words), 8, 'DEPLOY_FAILED');
  expect(await place()).toEqual({ first: 1 });
  await rm(join(project.dir, 'fails'));
  const again = await ok(`${words} --release-id r2`);
  expect(again).toMatchObject({ outcome: 'applied', migrate: { applied: [{ name: '2-second' }] } });
  const records = database.db.collection<{ _id: string }>('_mongo_release.releases');
  expect(await records.findOne({ _id: 'r2' })).toMatchObject({ planDigest: digest, agreed: { digest } });
}, 120_000);
