import { expect, test } from 'vitest';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase } from '../../setup/mongo.ts';

test('a release that is tried again keeps who tried it before, and what became of that', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  const failing = migration("throw new Error('no')");
  await using project = await makeProject(
    { 'migrations/1-a.js': failing },
    { MONGODB_URI: database.uri, USER: 'first' },
  );
  const records = database.db.collection<ReleaseRecord>('_mongo_release.releases');
  const apply = (env = {}) => project.run('migrate --apply --rehearsal none --release-id r1 --json', env);

  expect((await apply()).code).toBe(7);
  const first = await records.findOne({ _id: 'r1' });
  expect(first).not.toHaveProperty('attempts');
  // All that only the first attempt had, and none of it is the second's.
  const only = {
    ...{ runUrl: 'https://github.example/1', commit: 'ab', reason: 'it burns', acceptedLoss: '3', followedBy: 'r0' },
    ...{ proofId: 'p', waivers: [{ what: 'rehearsal' as const, reason: 'it burns' }] },
  };
  await records.updateOne({ _id: 'r1' }, { $set: only });
  expect((await apply({ USER: 'second' })).code).toBe(7);
  const second = await records.findOne({ _id: 'r1' });
  for (const field of Object.keys(only)) expect(second).not.toHaveProperty(field);
  await project.write({
    'migrations/1-a.js': migration("await db.collection('places').updateMany({}, { $inc: { n: 1 } })"),
  });
  expect((await apply({ USER: 'third' })).code).toBe(0);

  const { startedAt, finishedAt, error, planDigest } = first ?? {};
  const last = await records.findOne({ _id: 'r1' });
  expect(last).toMatchObject({ state: 'applied', actor: 'third', startedAt });
  expect(last).not.toHaveProperty('error');
  expect(last?.attempts).toMatchObject([
    { state: 'failed-clean', actor: 'first', startedAt, finishedAt, error, planDigest, ...only },
    { state: 'failed-clean', actor: 'second', error: { code: 'FAILED_CLEAN' } },
  ]);
  const [one, two] = last?.attempts ?? [];
  expect(two).not.toHaveProperty('waivers');
  expect(Number(two?.startedAt)).toBeGreaterThanOrEqual(Number(one?.finishedAt));
  expect(Number(last?.reopenedAt)).toBeGreaterThanOrEqual(Number(two?.finishedAt));

  // As many as there is room for; of those that are older, how many there were.
  const earlier = Array.from({ length: 100 }, (_, n) => ({ ...one, actor: `a${n}` }));
  await records.updateOne({ _id: 'r1' }, { $set: { attempts: earlier as never } });
  await project.write({ 'migrations/2-b.js': failing });
  expect((await apply({ USER: 'fourth' })).code).toBe(7);
  const full = await records.findOne({ _id: 'r1' });
  expect(full?.attempts).toHaveLength(100);
  expect([full?.attempts?.[0]?.actor, full?.attempts?.at(-1)?.actor]).toEqual(['a1', 'third']);
  expect(full?.attemptsLeftOut).toBe(1);
});

test('a release that is tried again without a backup has none, unless something of the attempt that took it is there', async () => {
  await using database = await freshDatabase();
  const insert = (n: number) => `await db.collection('places').insertOne({ _id: ${n} });`;
  await using project = await makeProject(
    { 'migrations/1-a.js': migration("throw new Error('no')") },
    { MONGODB_URI: database.uri },
  );
  await database.db.collection('places').insertOne({ n: 0 });
  const backupId = async () =>
    (await database.db.collection<ReleaseRecord>('_mongo_release.releases').findOne({ _id: 'r1' }))?.backupId;
  const again = 'migrate --apply --rehearsal none --release-id r1';
  const first = await project.run('release --apply --rehearsal none --release-id r1 --store backups');
  expect(first.code, first.stderr).toBe(7);
  expect(await backupId()).toEqual(expect.any(String));
  await project.write({
    'migrations/1-a.js': migration(insert(1)),
    'migrations/2-b.js': migration("throw new Error('no')"),
  });
  expect((await project.run(again)).code).toBe(8);
  expect(await backupId()).toBeUndefined();

  // Of this one 1-a is there: the way back leads to before that.
  await database.db
    .collection<ReleaseRecord>('_mongo_release.releases')
    .updateOne({ _id: 'r1' }, { $set: { backupId: 'b' } });
  await project.write({ 'migrations/2-b.js': migration(insert(2)) });
  expect((await project.run(again)).code).toBe(0);
  expect(await backupId()).toBe('b');
});

test('how an attempt ended that another one has overtaken stands among the earlier ones', async () => {
  await using database = await freshDatabase();
  await using project = await makeProject(
    { 'migrations/1-a.js': migration("await db.collection('places').insertOne({}); await new Promise(() => {})") },
    { MONGODB_URI: database.uri, USER: 'first' },
  );
  const records = database.db.collection<ReleaseRecord>('_mongo_release.releases');
  const started = project.start('migrate --apply --rehearsal none --release-id r1 --json');
  const began = async () => (await database.db.collection('places').countDocuments()) > 0;
  await expect.poll(began, { timeout: 60_000 }).toBe(true);
  const { _id, ...attempt } = (await records.findOne({ _id: 'r1' })) ?? ({} as ReleaseRecord);
  expect(attempt).toMatchObject({ state: 'running', actor: 'first', attemptId: expect.any(String) });
  const later = { actor: 'second', attemptId: 'of the second', attempts: [attempt] };
  await records.updateOne({ _id: 'r1' }, { $set: later });
  started.process.kill('SIGINT');
  await started.ended;
  expect(await records.findOne({ _id: 'r1' })).toMatchObject({
    ...{ state: 'running', actor: 'second' },
    attempts: [{ actor: 'first', state: expect.stringMatching(/cancelled|failed/), finishedAt: expect.any(Date) }],
  });
});

test('the id of a run names no run of another kind: its record would be written over', async () => {
  await using database = await freshDatabase();
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration(
        "await db.collection('places').insertOne({})",
        "await db.collection('places').drop()",
      ),
    },
    { MONGODB_URI: database.uri },
  );
  expect((await project.run('migrate --apply --rehearsal none --release-id r1')).code).toBe(0);
  const down = await project.run('down --release-id r1 --json');
  expectFailure(down, 2, 'USAGE', /r1 is on record as the id of a migrate, and this is a down/);
  const record = await database.db.collection('_mongo_release.releases').findOne({ kind: 'migrate' });
  expect(record).toMatchObject({ _id: 'r1', state: 'applied', migrations: ['1-a'] });
  expect(await database.db.collection('places').countDocuments()).toBe(1);
});
