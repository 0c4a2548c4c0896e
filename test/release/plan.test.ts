import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

let database: TestDatabase;
let project: Project;
const files = {
  'migrations/1-a.js': insertPlace(1),
  'migrations/2-b.js': insertPlace(2),
  'migrations/3-c.js': insertPlace(3),
};
const apply = 'migrate --apply --rehearsal none --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(files, { MONGODB_URI: database.uri });
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('a plan that was written down is applied as it is, with its scope, and not a second time', async () => {
  const planned = await project.run('plan --to 2-b --out plan.json --json');
  expect(planned.code, planned.stderr).toBe(0);
  expect(planned.json).toMatchObject({
    outcome: 'nothing-to-do',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    pending: [{ name: '1-a', phase: 'before-deploy', reversible: true, checksum: expect.any(String) }, { name: '2-b' }],
  });
  // A server that others use, too, has other databases, and this one is empty.
  expect(planned.json.findings.filter(({ rule }: { rule: string }) => rule !== 'database')).toEqual([]);
  const again = await project.run('plan --to 2-b --json');
  expect(again.json.digest).toBe(planned.json.digest);
  expect(await database.db.listCollections().toArray()).toEqual([]);

  const ran = await project.run(`${apply} --plan plan.json`);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json.applied.map((one: { name: string }) => one.name)).toEqual(['1-a', '2-b']);
  expectFailure(await project.run(`${apply} --plan plan.json`), 5, 'PLAN_MOVED', /applied since: 1-a, 2-b/);
});

test('a plan does not hold for files that were changed, and a digest not for another plan', async () => {
  const { json } = await project.run('plan --out plan.json --json');
  await project.write({ 'migrations/2-b.js': insertPlace(22) });
  expectFailure(await project.run(`${apply} --plan plan.json`), 5, 'PLAN_MOVED', /the file was changed: 2-b/);
  expectFailure(await project.run(`${apply} --digest ${json.digest}`), 5, 'PLAN_MOVED', /its digest is/);
  expectFailure(await project.run(`${apply} --plan nowhere.json`), 2, 'PLAN_FILE_INVALID');
  // That they were stopped is on record; what was mistyped is no release.
  const records = database.db.collection('_mongo_release.releases');
  const moved = { kind: 'migrate', state: 'blocked', error: { code: 'PLAN_MOVED' } };
  expect(await records.find().toArray()).toMatchObject([moved, moved]);
  await records.drop();
  expect(await database.db.listCollections().toArray()).toEqual([]);

  await project.write(files);
  expectFailure(await project.run(`${apply} --digest ${json.digest.slice(0, 11)}`), 2, 'USAGE', /too short/);
  const ran = await project.run(`${apply} --digest ${json.digest.slice(0, 12)}`);
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'applied', remaining: [] });
});

test('status --check, findings of edited and missing files, and baseline, which settles them', async () => {
  expectFailure(await project.run('status --check --json'), 3, 'MIGRATIONS_PENDING', /All 3 migrations are pending/);
  expect((await project.run('up --rehearsal none --json')).code).toBe(0);
  expect(await project.run('status --check --json')).toMatchObject({ code: 0, json: { pending: 0 } });

  await project.write({ 'migrations/2-b.js': insertPlace(22), 'migrations/0-late.js': insertPlace(0) });
  const status = await project.run('status --json');
  expect(status.json.migrations[2]).toMatchObject({ name: '2-b', state: 'applied', note: 'edited-since-applied' });
  const planned = await project.run('plan --json --sarif findings.sarif');
  expectFailure(planned, 4, 'FINDINGS', /2-b\.js was edited after it had been applied/);
  // What there is to say is said in spite of them.
  expect(planned.json).toMatchObject({ outcome: 'blocked', pending: [{ name: '0-late' }], digest: expect.any(String) });
  const errors = planned.json.findings.filter((one: { severity: string }) => one.severity === 'error');
  expect(errors.map((one: { rule: string }) => one.rule)).toEqual(['history-edited-file', 'history-out-of-order']);
  const [{ results }] = JSON.parse(await project.read('findings.sarif')).runs;
  expect(results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('migrations/2-b.js');
  expectFailure(await project.run(apply), 4, 'FINDINGS', /2 findings stop this/);
  expectFailure(await project.run('plan --sarif no/where.sarif --json'), 2, 'USAGE', /cannot be written/);

  expectFailure(await project.run('baseline late2 --json'), 2, 'MIGRATION_UNKNOWN');
  for (const name of ['2-b', '0-late']) {
    const ran = await project.run(`baseline ${name} --reason known --json`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ outcome: 'applied', recorded: [name] });
    expect(ran.stderr).toContain('Recorded as applied');
  }
  const settled = await project.run('plan --json');
  expect(settled.json, settled.stderr).toMatchObject({ pending: [], findings: [] });
  // It was recorded, and not run.
  expect(await database.db.collection('places').distinct('_id')).toEqual([1, 2, 3]);
  const records = await database.db.collection('_mongo_release.releases').find({ kind: 'baseline' }).toArray();
  expect(records).toMatchObject([
    { state: 'applied', migrations: ['2-b'], reason: 'known' },
    { state: 'applied', migrations: ['0-late'] },
  ]);
});

test('without a database the files are looked at all the same, and nothing is claimed about what is pending', async () => {
  const ran = await project.run('plan --offline --json', { MONGODB_URI: '' });
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json).toMatchObject({ pending: 'unknown', digest: 'unknown', findings: [] });
});

test('unlock has nothing to do where nobody holds the lease, and clears one that a wrong clock left behind', async () => {
  expect(await project.run('unlock --json')).toMatchObject({ code: 0, json: { outcome: 'nothing-to-do', was: null } });
  expect((await project.run(`${apply} --to 1-a`)).code).toBe(0);
  const future = new Date(Date.now() + 86_400_000);
  await database.db.collection<{ _id: string }>('_mongo_release.lease').updateOne(
    { _id: 'lease' },
    {
      $set: {
        ...{ owner: 'gone', heartbeatAt: future, expiresAt: future, ttlMs: 30_000 },
        'holder.process.boot': 'of another machine',
      },
    },
  );
  expectFailure(await project.run(apply), 6, 'LEASE_HELD');
  // Nothing that takes long is begun for nothing.
  const released = await project.run('release --apply --store backups --rehearsal none --json');
  expectFailure(released, 6, 'LEASE_HELD');
  expect(released.json).not.toHaveProperty('backup');
  expect((await project.run('inspect --store backups --json')).json.backups).toEqual([]);
  const cleared = await project.run('unlock --json');
  expect(cleared.json, cleared.stderr).toMatchObject({ outcome: 'applied', was: { fence: 1 } });
  expect((await project.run(apply)).code).toBe(0);
});
