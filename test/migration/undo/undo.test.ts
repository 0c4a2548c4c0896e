import { zstdCompressSync } from 'node:zlib';
import { type ClientSession, Double, Int32, Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { JournalDamage } from '../../../src/migration/journal/images.ts';
import { readPack } from '../../../src/migration/undo/read.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { oddDocuments } from '../../mongo/odd-documents.ts';
import { fence, own } from './journalled.ts';
import { setting } from './setting.ts';

test('documents that were inserted, changed and deleted go back byte for byte', async () => {
  await using s = await setting(({ db }) => insertRaw(db, 'odd', [oddDocuments()]));
  const { db, journal } = s;
  await journal.write('odd', (session) => db.collection('odd').updateMany({}, [{ $set: { touched: 1 } }], { session }));
  await journal.write('odd', (session) => db.collection('odd').insertOne({ at: new Timestamp(0n) }, { session }));
  await journal.write('odd', (session) => db.collection('odd').deleteMany({}, { session }));
  expect(await s.differences()).not.toEqual([]);
  const documents = oddDocuments().length;
  expect(await s.undo()).toMatchObject({ state: 'undone', documents, entriesUndone: 3 });
  expect(await s.differences()).toEqual([]);
});

test('it may be repeated, and does nothing then', async () => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 2 } }, { session }));
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 1 });
  await s.db.collection('a').updateMany({}, { $set: { user: true } });
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 1, entriesUndone: 1 });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, user: true });
});

test('numbers keep their types', async () => {
  await using s = await setting(({ db }) =>
    db.collection<{ _id: unknown; n: unknown }>('a').insertMany([
      { _id: new Double(1), n: new Double(1) },
      { _id: new Int32(2), n: new Int32(2) },
    ] as never[]),
  );
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 'other' } }, { session }));
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 2 });
  expect(await s.differences()).toEqual([]);
});

test('values of a unique index that were swapped go back', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ rank: 1 }, { unique: true });
    await db.collection<{ _id: number }>('a').insertMany(Array.from({ length: 2500 }, (_, i) => ({ _id: i, rank: i })));
  });
  // All of them move on by one: the first transaction that puts some of them back finds the values of the others.
  await s.journal.write('a', async (session) => {
    for (const rank of [10_000, -9999]) await s.db.collection('a').updateMany({}, { $inc: { rank } }, { session });
  });
  await s.journal.write('a', async (session) => {
    const swap = (_id: number, rank: number) =>
      s.db.collection<{ _id: number }>('a').updateOne({ _id }, { $set: { rank } }, { session });
    await swap(1, -1);
    await swap(2, 2);
    await swap(1, 3);
  });
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('an operation in many transactions goes back in the reverse order of all of them', async () => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const set = (_id: number, n: number) => (session: ClientSession) =>
    s.db.collection<{ _id: number }>('a').updateOne({ _id }, { $set: { n } }, { session });
  await s.journal.inSteps('a', [set(1, 1), set(2, 1), set(1, 2)]);
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('documents go back although they fail the validator of today', async () => {
  await using s = await setting(async ({ db }) => {
    await db.createCollection('a');
    await db.collection<{ _id: number }>('a').insertOne({ _id: 1, old: true } as never);
  });
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 1 } }, { session }));
  await s.db.command({ collMod: 'a', validator: { n: { $exists: true } } });
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, old: true });
});

test('a takeover stops it before it changes anything', async () => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 2 } }, { session }));
  await expect(s.undo({ fence: fence - 1 })).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, n: 2 });
});

test.each([
  ['an entry is missing', { expectedEntries: 2 }, undefined, 'has 1 of its 2 entries'],
  ['a part of the images is missing', {}, { part: 0, parts: 2 }, 'a part of the images'],
  ['the images are cut off', {}, { data: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) }, 'images of the journal are damaged'],
  [
    'the images hold no documents',
    {},
    { data: zstdCompressSync(Buffer.from([9, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0])) },
    'images of the journal are damaged',
  ],
] as const)('it changes nothing where %s', async (_, options, damage, reason) => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 2 } }, { session }));
  if (damage !== undefined) await s.db.collection(own.journal).updateOne({ kind: 'images' }, { $set: damage });
  const result = await s.undo(options);
  expect(result).toMatchObject({ state: 'impossible', reason: expect.stringContaining(reason) });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, n: 2 });
});

test.each([
  [
    'a part of the images of a later transaction',
    { part: 0, parts: 2 },
    /a part of the images of write on .*a is missing/,
  ],
  ['the entry of a later transaction', { of: '0001-first/000001/0000000009' }, /images of the journal are damaged/],
])('%s that is missing makes it impossible as well', async (_, damage, reason) => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  const set = (n: number) => (session: ClientSession) =>
    s.db.collection('a').updateMany({}, { $set: { n } }, { session });
  await s.journal.inSteps('a', [set(1), set(2)]);
  await s.journal.write('a', set(3));
  await s.db.collection(own.journal).updateOne({ of: { $exists: true } }, { $set: damage });
  expect(await s.undo()).toMatchObject({ state: 'impossible', reason: expect.stringMatching(reason), documents: 0 });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, n: 3 });
});

test.each([
  [
    'an operation without images',
    { kind: 'write', images: false, method: 'updateOne', result: { form: 'plain', value: { modifiedCount: 1 } } },
  ],
  [
    'a call whose effect is not known',
    { kind: 'unfenced', state: 'intent', images: false, method: 'aggregate $merge' },
  ],
  [
    'a collection that was dropped for good',
    {
      kind: 'catalog',
      catalog: {
        type: 'drop-collection',
        before: { type: 'timeseries', uuid: 'aa', options: Buffer.alloc(5), indexes: [] },
      },
    },
  ],
] as const)('%s makes it impossible, and it says so', async (_, entry) => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  await s.journal.write('a', (session) => s.db.collection('a').updateMany({}, { $set: { n: 2 } }, { session }));
  await s.journal.record({ ...entry, namespace: { database: s.db.databaseName, collection: 'a' } } as never);
  expect(await s.undo()).toMatchObject({ state: 'impossible', entriesUndone: 0 });
  expect(await s.db.collection('a').findOne()).toEqual({ _id: 1, n: 2 });
});

test.each([
  ['refused', { kind: 'write', state: 'refused', images: false, error: { name: 'MongoServerError', message: '' } }],
  [
    'without an effect',
    {
      kind: 'write',
      images: false,
      method: 'updateOne',
      result: { form: 'plain', value: { acknowledged: true, matchedCount: 1, modifiedCount: 0, upsertedCount: 0 } },
    },
  ],
] as const)('an operation that was %s is no obstacle', async (_, entry) => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  await s.journal.record({ ...entry, namespace: { database: s.db.databaseName, collection: 'a' } } as never);
  expect(await s.undo({ expectedEntries: 1 })).toMatchObject({ state: 'undone', documents: 0, entriesUndone: 1 });
});

test('a pack of images that is gone is no other one', async () => {
  await using s = await setting(({ db }) => db.collection<{ _id: number }>('a').insertOne({ _id: 1 }));
  const a = s.db.collection<{ _id: number }>('a');
  for (const field of ['first', 'second'])
    await s.journal.write('a', (session) => a.updateMany({}, { $set: { [field]: 1 } }, { session }));
  const journal = s.db.collection<{ _id: string }>(own.journal);
  const [first] = await journal.find({ kind: 'images' } as object, { sort: { _id: 1 } }).toArray();
  const id = first?._id as string;
  expect(await readPack(s.db, own, id)).toMatchObject({ id });
  await journal.deleteOne({ _id: id });
  await expect(readPack(s.db, own, id)).rejects.toThrow(JournalDamage);
});
