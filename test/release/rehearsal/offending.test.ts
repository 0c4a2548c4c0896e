import { ObjectId } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { sandboxForAll } from '../../setup/sandbox.ts';
import { stateOf } from '../state.ts';

/** What works on the data of a seed, and fails on those of production. */

interface User {
  readonly _id: number | string | ObjectId;
  readonly [field: string]: unknown;
}

const sandbox = await sandboxForAll();
afterAll(() => sandbox.stop());
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.db.dropDatabase());

const users = () => database.db.collection<User>('users');

/** Runs it with `migrate --apply`: stopped by the rehearsal, and the target as it was. */
async function stopped(up: string) {
  await using project = await makeProject(
    { 'migrations/1-a.js': migration(up, '') },
    { MONGODB_URI: database.uri, MONGO_RELEASE_SANDBOX_URI: sandbox.uri },
  );
  const before = await stateOf(database.db, { own: false });
  const ran = await project.run('migrate --apply --json');
  expectFailure(ran, 13, 'REHEARSAL_FAILED', /did not touch the target/);
  expect(await stateOf(database.db, { own: false })).toEqual(before);
  return { message: String(ran.json.error.message), ...ran.json.rehearsal.failed };
}

test('a unique index over duplicates: the rehearsal names the documents that have the same key', async () => {
  const [one, two] = [new ObjectId(), new ObjectId()];
  const people = [
    { _id: 1, email: 'ann@example.com' },
    { _id: 2, email: 'bob@example.com' },
    { _id: one, email: 'ann@example.com' },
    { _id: two, name: 'without' },
    { _id: 7, email: null },
    { _id: 'somebody@example.com', email: 'bob@example.com' },
  ];
  await users().insertMany(people);
  const { message, offending } = await stopped(
    "await db.collection('users').createIndex({ email: 1 }, { unique: true });",
  );
  const groups = offending[0].groups.map((ids: string[]) => ids.toSorted()).toSorted();
  expect(offending).toMatchObject([
    { kind: 'duplicate-key', collection: 'users', fields: ['email'], found: 'present', more: false },
  ]);
  expect(groups).toEqual(
    [
      ['1', one.toHexString()],
      ['2', expect.stringMatching(/^with the hash/)],
    ]
      .map((ids) => ids.toSorted())
      .toSorted(),
  );
  expect(offending[0].lacking.toSorted()).toEqual(['7', two.toHexString()].toSorted());
  expect(message).toMatch(/In users these documents have the same email: .*\b1\b.*; these have no email, .*\b7\b/);
  expect(message).not.toContain('example.com');
});

test('writes that meet a unique index: the rehearsal names the documents that would get the same key', async () => {
  await users().insertMany([
    { _id: 1, email: 'A' },
    { _id: 3, email: 'a' },
  ]);
  await users().createIndex({ email: 1 }, { unique: true });
  const { message, offending } = await stopped(
    "await db.collection('users').updateMany({}, [{ $set: { email: { $toLower: '$email' } } }]);",
  );
  expect(offending).toEqual([
    { kind: 'duplicate-key', collection: 'users', fields: ['email'], found: 'made', groups: [['1', '3']], more: false },
  ]);
  expect(message).toContain('In users these documents would get the same email: 1 and 3.');
});

test('a write after others that meets a unique index: the rehearsal names the document that has the key', async () => {
  await users().insertMany([
    { _id: 1, email: 'A' },
    { _id: 3, email: 'a' },
  ]);
  await users().createIndex({ email: 1 }, { unique: true });
  const { message, offending } = await stopped(
    "await db.collection('users').updateOne({ _id: 3 }, { $inc: { n: 1 } }); await db.collection('users').updateOne({ _id: 1 }, { $set: { email: 'a' } });",
  );
  expect(offending).toMatchObject([{ found: 'written', groups: [['3']] }]);
  expect(message).toContain('The document 3 of users has that email already.');
});

test('code that throws on a type that it did not expect: the rehearsal names the document it was at, and its like', async () => {
  const documents = Array.from({ length: 40 }, (_, n) => ({ _id: n, zip: `1000${n}`, shape: { side: 'a' } }));
  await users().insertMany(documents);
  await users().updateMany({ _id: { $in: [17, 31] } }, { $set: { zip: 10_115 } });
  await users().updateOne({ _id: 23 }, { $unset: { zip: '' } });
  const loop = `const users = db.collection('users');
    for await (const user of users.find().sort({ _id: 1 }))
      await users.updateOne({ _id: user._id }, { $set: { zip: user.zip.trim(), side: user.shape.side } });`;
  const { message, offending } = await stopped(loop);
  expect(offending).toEqual([
    { kind: 'last-read', collection: 'users', id: '17' },
    {
      kind: 'mixed-types',
      collection: 'users',
      field: 'zip',
      usual: 'string',
      others: [
        { type: 'number', documents: 2, ids: ['17', '31'] },
        { type: 'missing', documents: 1, ids: ['23'] },
      ],
    },
  ]);
  expect(message).toContain('It had read the document 17 of users last.');
  expect(message).toContain(
    'In users the field zip is string in most documents, and number in 2 documents (such as 17, 31), missing in 1 document (such as 23).',
  );
});

test('code that has read everything first: the types tell which documents are meant', async () => {
  await users().insertMany(Array.from({ length: 20 }, (_, n) => ({ _id: n, zip: n === 9 ? [n] : `1000${n}` })));
  const { offending } = await stopped(
    "for (const user of await db.collection('users').find().toArray()) if (user.zip.trim() === '') throw new Error('empty');",
  );
  expect(offending).toMatchObject([{ kind: 'mixed-types', field: 'zip', others: [{ type: 'array', ids: ['9'] }] }]);
});

test('a conversion that the server refuses: the types tell which documents are meant', async () => {
  await users().insertMany(
    Array.from({ length: 9 }, (_, n) => ({ _id: n, total: n === 4 ? { amount: 1 } : `${n}.50` })),
  );
  const { offending } = await stopped(
    "await db.collection('users').updateMany({}, [{ $set: { cents: { $toDecimal: '$total' } } }]);",
  );
  expect(offending).toMatchObject([{ kind: 'mixed-types', field: 'total', others: [{ type: 'object', ids: ['4'] }] }]);
});

test('a conversion that the server refuses of texts: it is told which texts, and of which field', async () => {
  await users().insertMany(
    Array.from({ length: 9 }, (_, n) => ({ _id: n, name: `n${n}`, total: n === 4 || n === 6 ? 'n/a' : `${n}.50` })),
  );
  const { message, offending } = await stopped(
    "await db.collection('users').updateMany({ name: { $exists: true } }, [{ $set: { cents: { $toDecimal: { $trim: { input: '$total' } } } } }]);",
  );
  expect(offending).toEqual([
    { kind: 'unconvertible', collection: 'users', field: 'total', to: 'decimal', documents: 2, ids: ['4', '6'] },
  ]);
  expect(message).toContain('In users 2 documents have a text in total that cannot be converted to decimal: 4, 6.');
  expect(message).not.toContain('n/a');
  // Also where none of them can, and there is no other field that may be meant.
  await users().updateMany({}, { $set: { total: 'n/a' }, $unset: { name: '' } });
  const all = await stopped(
    "await db.collection('users').updateMany({}, [{ $set: { total: { $toInt: '$total' } } }]);",
  );
  expect(all.offending).toMatchObject([{ kind: 'unconvertible', field: 'total', to: 'int', documents: 9 }]);
});

test('a duplicate that the server refuses is not put down to types', async () => {
  await users().insertMany([...Array.from({ length: 9 }, (_, n) => ({ _id: n, email: `${n}` })), { _id: 9, email: 9 }]);
  await users().createIndex({ email: 1 }, { unique: true });
  const { message, offending } = await stopped(
    "await db.collection('users').insertMany([{ email: '10' }, { email: '1' }]);",
  );
  expect(offending.filter(({ kind }: { kind: string }) => kind === 'mixed-types')).toEqual([]);
  expect(message).toContain('duplicate key');
});
