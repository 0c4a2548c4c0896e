import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test('a rehearsal says of each migration which fields it changed, what it built, and what does not fit its validator', async () => {
  const { db } = database;
  await db.collection<{ _id: number }>('places').insertMany(
    Array.from({ length: 30 }, (_, n) => ({
      _id: n,
      city: 'Paris',
      tags: ['a', 'b'],
      by: { 'ann@example.com': 1 },
      stars: n < 3 ? 'many' : n,
    })),
  );
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration(
        `const places = db.collection('places');
         await places.updateMany({}, { $set: { 'address.city': 'x', 'tags.1': 7, 'by.ann@example.com': 'x' }, $unset: { city: '' } });
         await places.insertOne({ _id: 99, stars: 1 });
         await places.createIndex({ stars: 1 });
         await places.createIndex({ tags: 1 });`,
        'await db.collection("places").deleteOne({ _id: 99 });',
      ),
      'migrations/2-b.js': migration(
        "await db.command({ collMod: 'places', validator: { $jsonSchema: { properties: { stars: { bsonType: 'int' } } } } });",
      ),
    },
    { MONGODB_URI: database.uri },
  );
  const ran = await project.run('migrate --json');
  const [a, b] = ran.json.rehearsal.migrations;
  expect(a.effects, ran.stderr).toMatchObject({ modified: 30, inserted: 1 });
  expect(a.seen).toMatchObject({
    fields: { changes: 30, cut: false },
    indexBuilds: [{ collection: 'places', indexes: ['stars_1', 'tags_1'], durationMs: expect.any(Number) }],
    violations: [],
    journalBytes: expect.any(Number),
  });
  expect(a.seen.fields.fields).toHaveLength(4);
  expect(a.seen.fields.fields).toEqual(
    expect.arrayContaining([
      { collection: 'places', path: 'address', after: 'object', changes: 30 },
      { collection: 'places', path: 'city', before: 'string', changes: 30 },
      { collection: 'places', path: 'tags[]', before: 'string', after: 'int', changes: 30 },
      // The name of a field that is data is not told.
      { collection: 'places', path: 'by.*', after: 'object', changes: 30 },
    ]),
  );
  expect(a.seen.journalBytes).toBeGreaterThan(500);
  expect(a.seen.oplogBytes).toBeGreaterThan(a.seen.journalBytes);
  expect(a.onTarget).toEqual({
    durationMs: a.durationMs,
    oplogBytes: a.seen.oplogBytes,
    basis: expect.stringContaining('on all of the data'),
  });
  expect(b.seen.violations).toEqual([{ collection: 'places', documents: 3, more: false, ids: ['0', '1', '2'] }]);
  expect(b.seen.fields).toEqual({ fields: [], changes: 0, cut: false });
  expect(ran.stderr).toContain('3 documents of places do not fulfil its validator: 0, 1, 2.');
  expect(ran.json.rehearsal.oplog).toEqual({ maxBytes: expect.any(Number), reachMs: expect.any(Number) });
  expect(ran.stdout + ran.stderr).not.toContain('example.com');
});

test('of each operation of a migration the rehearsal says what it changed, however many documents the first one has', async () => {
  await using other = await freshDatabase();
  await other.db.collection<{ _id: number }>('places').insertMany(Array.from({ length: 1500 }, (_, _id) => ({ _id })));
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration(
        `const places = db.collection('places');
         await places.updateMany({}, { $set: { first: 1 } });
         await places.updateMany({ _id: { $lt: 3 } }, { $set: { few: 1 } });
         await places.updateMany({}, { $set: { second: 1 } });`,
      ),
    },
    { MONGODB_URI: other.uri },
  );
  const ran = await project.run('migrate --json');
  const { fields, changes, cut } = ran.json.rehearsal.migrations[0].seen.fields;
  expect({ changes, cut }).toEqual({ changes: 1000, cut: true });
  const seen = Object.fromEntries(
    fields.map(({ path, changes }: { path: string; changes: number }) => [path, changes]),
  );
  expect(seen).toEqual({ first: 498, few: 3, second: 499 });
  expect(ran.stderr).toContain('Changed fields, in 1,000 of 3,003 changes');
});
