import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, makeProject, migration, type Project } from '../cli/cli.ts';
import { startStandalone } from '../migration/standalone.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { giveUpLease, standsStill } from './half-done/left-half.ts';

const slug = {
  up: "await db.collection('cities').updateMany({ slug: { $exists: false } }, { $set: { slug: 'made' } });",
  down: "await db.collection('cities').updateMany({}, { $unset: { slug: '' } });",
};
const first = migration("await db.collection('log').insertOne({ _id: 'a' });", "await db.collection('log').drop();");

let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    {
      'migrations/1-a.js': first,
      'migrations/2-b.js': migration(`${standsStill} ${slug.up}`, `${standsStill} ${slug.down}`),
    },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  // The application writes the field itself by now.
  await database.db.collection('cities').insertOne({ name: 'x', slug: 'its-own' });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const apply = 'migrate --apply --rehearsal none';
const slugs = () => database.db.collection('cities').distinct('slug');

async function ok(words: string) {
  const ran = await project.run(`${words} --json`);
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
}

/** Ends a run in which 2-b has begun and stands before its first write. */
async function stop(words: string, signal: NodeJS.Signals) {
  await database.db.collection('wait').insertOne({});
  const started = project.start(`${words} --json`);
  await started.said('Migration 2-b goes');
  started.process.kill(signal);
  const ran = await started.ended;
  await database.db.collection('wait').drop();
  return ran;
}

describe('a migration that was killed before its first write', () => {
  test('is nothing for down: its own down does not run, and the one before it is taken back', async () => {
    await ok(`${apply} --to 1-a`);
    await stop(apply, 'SIGKILL');
    await giveUpLease(database.db);
    expect((await ok('down')).json).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-a' }] });
    expect(await slugs()).toEqual(['its-own']);
    const { json } = await ok('status');
    expect(json.migrations).toMatchObject([{ state: 'rolled-back' }, { state: 'interrupted' }]);
    expect(json.warnings).toEqual([expect.stringMatching(/^2-b .* after 0 operations.* Nothing of it was done: /)]);
  });

  test('is nothing for rollback, which hears that under the lease', async () => {
    await ok(`${apply} --to 1-a`);
    await stop(apply, 'SIGKILL');
    await giveUpLease(database.db);
    // Of which something is there is the one before, and that is taken back by its name only.
    const ran = await project.run('rollback --yes --json');
    expectFailure(
      ran,
      2,
      'RELEASE_UNKNOWN',
      /Nothing of release .* is in the data\. The newest one of which something/,
    );
    expect(ran.json.error.hint).toMatch(/type mongo-release rollback \S+\.$/);
    expect(await slugs()).toEqual(['its-own']);
    expect(await database.db.collection('log').countDocuments()).toBe(1);
  });

  test('leaves to rollback what the same release did before it', async () => {
    const ended = await stop('release --apply --rehearsal none', 'SIGINT');
    expect(ended.code, ended.stderr).toBe(130);
    const back = await ok('rollback --yes');
    expect(back.json).toMatchObject({ outcome: 'rolled-back', strategy: 'undo', reverted: [{ name: '1-a' }] });
    expect(await slugs()).toEqual(['its-own']);
    expect(await database.db.collection('log').countDocuments()).toBe(0);
  });

  test('on its way down is applied as a whole, and its up does not run over that', async () => {
    await ok(apply);
    await stop('down', 'SIGKILL');
    await giveUpLease(database.db);
    await database.db.collection('cities').insertOne({ name: 'y' });
    const ran = await ok(apply);
    expect(ran.stderr).toContain('The interrupted way down of 2-b is undone: it is applied, as it was before.');
    expect(await database.db.collection('cities').countDocuments({ slug: { $exists: false } })).toBe(1);
    expect((await ok('status')).json.migrations).toMatchObject([{ state: 'applied' }, { state: 'applied' }]);
  });
});

test('a migration whose first write was refused has left nothing: it is rehearsed and run like one that never ran', async () => {
  const unique = (_id: string) => migration(`await db.collection('cities').insertOne({ _id: '${_id}' });`);
  await project.write({ 'migrations/1-a.js': unique('taken'), 'migrations/2-b.js': unique('b') });
  await database.db.collection<{ _id: string }>('cities').insertOne({ _id: 'taken' });
  for (const _ of ['first', 'second']) {
    const failed = await project.run(`${apply} --json`);
    expectFailure(failed, 7, 'FAILED_CLEAN', /It changed nothing\. Not begun/);
    const { json } = await ok('plan');
    expect(json.findings.map(({ rule }: { rule: string }) => rule)).not.toContain('history-failed');
  }
  await project.write({ 'migrations/1-a.js': unique('a') });
  expect((await ok('migrate')).json).toMatchObject({ outcome: 'rehearsed' });
  await project.write({ 'migrations/1-a.js': unique('taken') });
  await database.db.collection<{ _id: string }>('cities').deleteOne({ _id: 'taken' });
  const ran = await ok('migrate --apply');
  expect(ran.json).toMatchObject({ applied: [{ name: '1-a' }, { name: '2-b' }], rehearsal: {} });
}, 120_000);

test('on a standalone server the half that is there is not forgotten by a run over it that does nothing', async () => {
  await using server = await startStandalone();
  const env = { MONGODB_URI: `${server.uri}shop` };
  const run = (words: string) => project.run(`${words} --json`, env);
  const half = "await db.collection('cities').insertOne({ half: 1 });";
  const write = (up: string) =>
    project.write({
      'migrations/2-b.js': migration(`${up} throw new Error('no');`, "await db.collection('cities').drop();"),
    });
  await write(half);
  expectFailure(await run(apply), 8, 'FAILED_DIRTY');
  await write('');
  const ran = await run(apply);
  expectFailure(ran, 7, 'FAILED_CLEAN', /It changed nothing; what was done of it before stays\./);
  expect(ran.json.error.hint).toMatch(/No journal was kept of it, so either way has to bear what is done already: /);
  expect((await run('down')).json).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '2-b' }] });
});

test('on a standalone server the lease of a killed run has to run out: no fence holds back what is left of it', async () => {
  await using server = await startStandalone();
  const env = { MONGODB_URI: `${server.uri}shop` };
  await project.write({
    'migrations/1-a.js': migration(
      "await db.collection('log').insertOne({}); await new Promise((go) => setTimeout(go, 60_000));",
    ),
  });
  const started = project.start(`${apply} --json`, env);
  await started.said('Migration 1-a goes');
  started.process.kill('SIGKILL');
  await started.ended;
  expectFailure(await project.run(`${apply} --json`, env), 6, 'LEASE_HELD', /seems to be gone/);
});

describe('what is said of a migration that failed half-way', () => {
  const failing = migration(
    `await db.collection('cities').updateOne({}, { $set: { half: 1 } }); throw new Error('no');`,
    slug.down,
  );

  test('promises no undo where no images are kept', async () => {
    await project.write({ 'migrations/1-a.js': failing, 'mongo-release.yml': 'migrations: { journal: operations }\n' });
    const failed = await project.run(`${apply} --json`);
    expectFailure(failed, 8, 'FAILED_DIRTY');
    expect(failed.json.error.hint).toMatch(
      /takes it up where it was \(once its file is changed: cannot, .*mongo-release down cannot undo what it did/,
    );
  });

  test('is that the cause is to be corrected first, and not in its file', async () => {
    await project.write({ 'migrations/1-a.js': failing });
    const failed = await project.run(`${apply} --json`);
    expect(failed.json.error.hint).toMatch(
      /mongo-release rollback \S+ takes its release back: .* keeps what users wrote since\.$/,
    );
    await database.db.collection('cities').updateOne({}, { $set: { half: 'mine' } });
    const down = await project.run('down --json');
    expectFailure(down, 8, 'RESUME_BLOCKED');
    expect(down.json.error.hint).toMatch(
      /^Type mongo-release migrate --apply, once what it failed of \(MIGRATION_FAILED\) is corrected elsewhere than in 1-a\.js: it goes on where it was\. mongo-release rollback .*\. Or finish/,
    );
    expect(down.stderr).toContain('What an earlier run of 1-a did is to be undone: ');
    expect(down.stderr).not.toContain('is undone');
  });
});
