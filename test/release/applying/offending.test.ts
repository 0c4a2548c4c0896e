import { join } from 'node:path';
import { type Document, MongoClient, ObjectId } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changedFields } from '../../../src/migration/journal/changed-fields.ts';
import { entryId, imagesId } from '../../../src/migration/journal/documents.ts';
import { JournalDamage } from '../../../src/migration/journal/images.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { ReleaseError } from '../../../src/observe/error.ts';
import { offendingOnTarget } from '../../../src/release/rehearsal/offending.ts';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { stateOf } from '../state.ts';

/** What no rehearsal showed, since there was none, or since the data came after it. */

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.db.dropDatabase());

const users = () => database.db.collection<{ readonly _id: number | string | ObjectId }>('users');

/** Applies it without a rehearsal: it fails, and where it changed nothing, what is asked of the target does not either. */
async function failed(up: string, changed = false) {
  await using project = await makeProject({ 'migrations/1-a.js': migration(up, '') }, { MONGODB_URI: database.uri });
  const before = await stateOf(database.db, { own: false });
  const ran = await project.run('migrate --apply --rehearsal none --json');
  expectFailure(ran, changed ? 8 : 7, changed ? 'FAILED_DIRTY' : 'FAILED_CLEAN');
  if (!changed) expect(await stateOf(database.db, { own: false })).toEqual(before);
  expect(ran.stdout + ran.stderr).not.toContain('example.com');
  const { message, hint } = ran.json.error;
  return { message: String(message), hint: String(hint), ...ran.json.failed };
}

test('a unique index over duplicates: those that have the same key are named', async () => {
  const one = new ObjectId();
  await users().insertMany([
    { _id: 1, email: 'ann@example.com' },
    { _id: one, email: 'ann@example.com' },
    { _id: 3, email: 'bob@example.com' },
  ] as never[]);
  const { message, offending } = await failed(
    "await db.collection('users').createIndex({ email: 1 }, { unique: true });",
  );
  expect(offending).toMatchObject([{ kind: 'duplicate-key', fields: ['email'], found: 'present', more: false }]);
  expect(offending[0].groups.map((ids: string[]) => ids.toSorted())).toEqual([['1', one.toHexString()].toSorted()]);
  expect(message).toMatch(/In users these documents have the same email: .* It changed nothing\.$/);
});

test('a write whose key is taken: the document that has it is named, an id of text as a hash', async () => {
  await users().insertMany([{ _id: 'ann@example.com', email: 'a' }] as never[]);
  await users().createIndex({ email: 1 }, { unique: true });
  const { message, offending } = await failed("await db.collection('users').insertOne({ _id: 2, email: 'a' });");
  expect(offending).toMatchObject([
    { kind: 'duplicate-key', found: 'written', groups: [[expect.stringMatching(/^with the hash/)]] },
  ]);
  expect(message).toMatch(/The document with the hash [0-9a-f]{12} of users has that email already\./);
});

test('a text that a conversion does not take is named', async () => {
  await users().insertMany([
    { _id: 1, price: '12.5' },
    { _id: 2, price: '12,50 at bob@example.com' },
  ] as never[]);
  const converting = await failed(
    "await db.collection('users').updateMany({}, [{ $set: { price: { $toDouble: '$price' } } }]);",
    true,
  );
  expect(converting.offending).toMatchObject([{ kind: 'unconvertible', field: 'price', to: 'double', ids: ['2'] }]);
});

test('an operation that does not take the type of a field: it is said that types are why, and of which documents', async () => {
  await users().insertMany([
    { _id: 1, visits: 3 },
    { _id: 2, visits: 4 },
    { _id: 3, visits: 'five' },
  ] as never[]);
  const inc = await failed("await db.collection('users').updateMany({}, { $inc: { visits: 1 } });", true);
  expect(inc.message).toMatch(/a value is not of the type that this needs \(TypeMismatch\)/);
  expect(inc.hint).toMatch(/^Correct the types of the documents' fields, or 1-a\.js, first/);
  expect(inc.offending).toMatchObject([{ kind: 'mixed-types', field: 'visits', usual: 'number' }]);
});

test('code that throws on a type that it did not expect: the documents of that type are named', async () => {
  await users().insertMany([
    { _id: 1, name: 'Ann' },
    { _id: 2, name: 'Bob' },
    { _id: 3, name: null },
  ] as never[]);
  const typed = await failed(
    "for await (const one of db.collection('users').find({})) if (one.name.length > 9) throw new Error('long');",
  );
  expect(typed.offending).toContainEqual(
    expect.objectContaining({ kind: 'mixed-types', field: 'name', usual: 'string' }),
  );
  expect(typed.message).toMatch(/field name is string in most documents, and null in 1 document \(such as 3\)/);
});

test('where the journal does not tell what the migration has set itself, the types that were found are told all the same', async () => {
  const { db } = database;
  await users().insertMany([{ _id: 1, visits: 1 }, { _id: 2, visits: 2 }, { _id: 3 }] as never[]);
  await using project = await makeProject({ 'migrations/1-a.js': migration('visits;', '') });
  const own = ownNames('_mongo_release');
  const attempt = { migration: '1-a.js', number: 1 };
  const entry = entryId(attempt, 1);
  const damaged = { kind: 'images', namespace: { database: db.databaseName, collection: 'users' }, count: 1, part: 0 };
  await db
    .collection<Document & { _id: string }>(own.journal)
    .insertMany([{ _id: entry }, { _id: imagesId(entry, 0), ...damaged, parts: 1, data: Buffer.from('damaged') }]);
  await expect(changedFields(db, own, attempt)).rejects.toThrow(JournalDamage);
  const end = {
    ...{ state: 'failed', durationMs: 1, effects: { byCollection: { users: {} } } },
    error: new ReleaseError('MIGRATION_FAILED', 'It failed.', { hint: '' }),
  };
  const file = { path: join(project.dir, 'migrations/1-a.js') };
  const { signal } = new AbortController();
  const found = await offendingOnTarget({ db, own, attempt, signal, end: end as never, file: file as never });
  expect(found).toMatchObject([{ kind: 'mixed-types', field: 'visits', others: [{ type: 'missing', ids: ['3'] }] }]);
});

test('a search on the target ends with its run: it asks no more, and no question goes on for longer than the search might', async () => {
  const { db } = database;
  await users().insertMany(Array.from({ length: 20_000 }, (_, n) => ({ _id: n, visits: n })) as never[]);
  const sleeping = { $function: { body: 'function() { sleep(2); return 1; }', args: [], lang: 'js' } };
  await db.createCollection('slow', { viewOn: 'users', pipeline: [{ $set: { late: sleeping } }] });
  await using project = await makeProject({ 'migrations/1-a.js': migration('visits;', '') });
  await using client = await MongoClient.connect(database.uri, { monitorCommands: true });
  const asked: Document[] = [];
  client.on(
    'commandStarted',
    ({ command }) => (command.find === 'slow' || command.aggregate === 'slow') && asked.push(command),
  );
  const end = {
    ...{ state: 'failed', lastRead: { collection: 'slow', id: '1' }, durationMs: 1 },
    error: new ReleaseError('MIGRATION_FAILED', 'It failed.', { hint: '' }),
    effects: { byCollection: { slow: {} } },
  };
  const stop = new AbortController();
  const file = { path: join(project.dir, 'migrations/1-a.js') };
  const own = ownNames('_mongo_release');
  const found = offendingOnTarget({
    ...{ db: client.db(db.databaseName), own, attempt: undefined, signal: stop.signal },
    ...{ end: end as never, file: file as never },
  });
  await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(2);
  stop.abort();
  const began = performance.now();
  // What needed no search is told.
  expect(await found).toEqual([{ kind: 'last-read', collection: 'slow', id: '1' }]);
  // It might have gone on for ten seconds.
  expect(performance.now() - began).toBeLessThan(7000);
  const running = async () =>
    (await db.admin().command({ currentOp: 1, ns: `${db.databaseName}.users`, op: { $in: ['query', 'command'] } }))
      .inprog;
  await expect.poll(running, { timeout: 30_000 }).toEqual([]);
  // And no more was asked behind it.
  expect(asked.map((command) => Object.keys(command)[0])).toEqual(['find', 'aggregate']);
  expect(asked[1]?.maxTimeMS).toBeLessThan(10_000);
}, 120_000);
