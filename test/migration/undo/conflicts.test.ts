import { type Document, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { foreseeConflicts } from '../../../src/migration/undo/forecast.ts';
import { describeConflict } from '../../../src/migration/undo/result.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { copyTo, own } from './journalled.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}
const seeded = (count: number) => Array.from({ length: count }, (_, i): Numbered => ({ _id: i, n: i }));

async function untouched<T>(s: Awaited<ReturnType<typeof setting>>, run: () => Promise<T>): Promise<T> {
  await using as = await freshDatabase('undo_as');
  await copyTo(s.db, as.db);
  const result = await run();
  expect(await compareDatabases(as.db, s.db, { own })).toEqual([]);
  expect(await s.db.collection(own.journal).countDocuments({ undone: { $exists: true } })).toBe(0);
  return result;
}

test.each([
  ['changed', (s: Numbered[]) => s, 'updateOne'],
  ['deleted', (s: Numbered[]) => s, 'deleteOne'],
] as const)('one document that a user %s keeps everything as it is', async (_, _seed, method) => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(1500)));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { by: 'us' } }, { session }));
  if (method === 'updateOne') await a.updateOne({ _id: 700 }, { $set: { by: 'user' } });
  else await a.deleteOne({ _id: 700 });
  const result = await untouched(s, () => s.undo());
  const conflict = { kind: 'document', namespace: `${s.db.databaseName}.a`, id: '700' };
  expect(result).toMatchObject({ state: 'conflicts', conflicts: [conflict], conflictsTotal: 1, documents: 0 });
});

test('a write of a user between two operations of the migration is found', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(3)));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1 } }, { session }));
  await a.updateOne({ _id: 1 }, { $inc: { n: 100 } });
  await s.journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1 } }, { session }));
  const result = await untouched(s, () => s.undo());
  expect(result).toMatchObject({ state: 'conflicts', conflictsTotal: 1 });
});

test('a user who put a document in where the migration had deleted it is found', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(3)));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.deleteMany({}, { session }));
  await a.insertOne({ _id: 1, n: 'user' });
  expect(await untouched(s, () => s.undo())).toMatchObject({ state: 'conflicts', conflictsTotal: 1 });
});

test('documents and fields that the migration never touched are no conflict', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(3)));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, { $set: { n: 'us' } }, { session }));
  await a.updateOne({ _id: 2 }, { $set: { n: 'user' } });
  await a.insertOne({ _id: 9, n: 'user' });
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 1 });
  expect(await a.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 0, n: 0 },
    { _id: 1, n: 1 },
    { _id: 2, n: 'user' },
    { _id: 9, n: 'user' },
  ]);
});

test('a collection of the migration that holds a document of a user is a conflict', async () => {
  await using s = await setting(async () => {});
  await s.journal.catalog('made', 'create-collection', () => s.db.createCollection('made'));
  await s.journal.write('made', (session) => s.db.collection<Numbered>('made').insertMany(seeded(5), { session }));
  await s.db.collection<Numbered>('made').insertOne({ _id: 100 });
  expect(await untouched(s, () => s.undo())).toMatchObject({
    state: 'conflicts',
    conflicts: [{ kind: 'collection', reason: 'holds-documents' }],
  });
});

test('a collection that was made anew where one was dropped is a conflict', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(3)));
  await s.journal.drop('a');
  await s.db.collection<Numbered>('a').insertOne({ _id: 1 });
  expect(await untouched(s, () => s.undo())).toMatchObject({
    state: 'conflicts',
    conflicts: [{ kind: 'aside', why: 'meanwhile', writes: 1, carried: 0 }],
  });
});

test('a validator that a user set over that of the migration is a conflict', async () => {
  await using s = await setting(({ db }) => db.createCollection('a'));
  const validator = { n: { $gt: 0 } };
  await s.journal.catalog('a', 'modify-collection', () => s.db.command({ collMod: 'a', validator }));
  await s.db.command({ collMod: 'a', validator: { n: { $gt: 5 } } });
  expect(await untouched(s, () => s.undo())).toMatchObject({
    state: 'conflicts',
    conflicts: [{ kind: 'collection', reason: 'changed' }],
  });
});

test('a unique value that a user has taken since stops it, and it says how far it got', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertMany(seeded(3));
  });
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, { $set: { n: 'us' } }, { session }));
  await a.insertOne({ _id: 50, n: 1 });
  expect(await s.undo()).toMatchObject({
    state: 'conflicts',
    conflicts: [{ kind: 'unique', namespace: `${s.db.databaseName}.a` }],
    documents: 0,
  });
  expect(await a.findOne({ _id: 1 })).toEqual({ _id: 1, n: 'us' });
});

test('of documents that were changed several times, each conflict is foreseen once', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(seeded(400)));
  const a = s.db.collection<Numbered>('a');
  for (let round = 0; round < 3; round++) {
    await s.journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1 } }, { session }));
  }
  expect((await foreseeConflicts(s.connection, own, s.journal.attempt)).total).toBe(0);
  await a.updateMany({ _id: { $gte: 100, $lt: 200 } }, { $set: { user: 1 } });
  expect((await foreseeConflicts(s.connection, own, s.journal.attempt)).total).toBe(100);
});

test('people are told of documents by ids that hold no data', async () => {
  await using s = await setting(({ db }) =>
    db
      .collection<Document>('a')
      .insertMany([{ _id: 'anna@example.com' }, { _id: new ObjectId('0000000700000000000000aa') }] as Document[]),
  );
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 1 } }, { session }));
  await s.db.collection('a').updateMany({}, { $set: { n: 2 } });
  const result = await s.undo();
  const lines = result.state === 'conflicts' ? result.conflicts.map(describeConflict).join('\n') : '';
  expect(lines).toMatch(/document 0000000700000000000000aa was changed/);
  expect(lines).toMatch(/document with the hash [0-9a-f]{12} was changed/);
  expect(lines).not.toContain('anna');
});

const view = (n: number) => ({ viewOn: 'a', pipeline: [{ $match: { n } }] });
const changed = { state: 'conflicts', conflicts: [{ kind: 'collection', reason: 'changed' }], conflictsTotal: 1 };

test.each([
  ['another view', view(2)],
  ['one with a collation', { ...view(1), collation: { locale: 'de' } }],
  ['a collection', {}],
])('a view of the migration that somebody replaced by %s stays', async (_, other) => {
  await using s = await setting(({ db }) => db.createCollection('a'));
  await s.journal.catalog('v', 'create-collection', () => s.db.createCollection('v', view(1)));
  await s.db.dropCollection('v');
  await s.db.createCollection('v', other);
  expect(await untouched(s, () => s.undo())).toMatchObject(changed);
  await s.undo({ mode: 'tolerant' });
  expect(await s.db.listCollections({ name: 'v' }).toArray()).toMatchObject([{ options: other }]);
});

test('a view that the migration made and then changed itself is no conflict', async () => {
  await using s = await setting(({ db }) => db.createCollection('a'));
  await s.journal.catalog('v', 'create-collection', () => s.db.createCollection('v', view(1)));
  const change = () => s.db.command({ collMod: 'v', ...view(2) });
  await s.journal.catalog('v', 'modify-collection', change, { intentOnly: true });
  expect(await s.undo()).toMatchObject({ state: 'undone', left: [] });
  expect(await s.differences()).toEqual([]);
});

test('an empty collection or a view stays where the journal does not tell whether the migration made it', async () => {
  for (const options of [{}, view(1)]) {
    await using s = await setting(({ db }) => db.createCollection('a'));
    const create = () => s.db.createCollection('x', options);
    await s.journal.catalog('x', 'create-collection', create, { intentOnly: true });
    expect(await untouched(s, () => s.undo())).toMatchObject(changed);
    await s.undo({ mode: 'tolerant' });
    expect(await s.db.listCollections({ name: 'x' }).toArray()).toHaveLength(1);
  }
});
