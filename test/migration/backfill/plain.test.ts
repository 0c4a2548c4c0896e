import { type Collection, Decimal128, Long } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { type Running, withoutJournal } from './lab.ts';

interface Town {
  _id: number;
  name: string;
  slug?: string;
}

let database: TestDatabase;
let towns: Collection<Town>;
let run: Running;

beforeAll(async () => {
  database = await freshDatabase();
  towns = database.db.collection<Town>('towns');
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await towns.deleteMany({});
  await towns.insertMany(Array.from({ length: 12 }, (_, _id) => ({ _id, name: `T${_id}` })));
  run = withoutJournal(database);
});

test('without a journal it does the same', async () => {
  const result = await run.batch<Town>({
    collection: 'towns',
    size: 5,
    each: ({ _id, name }) => (_id === 4 ? 'delete' : _id === 5 ? null : { _id, name, slug: name.toLowerCase() }),
  });
  expect(result).toEqual({ matched: 12, modified: 10, deleted: 1, skipped: 1, quarantined: 0 });
  expect(await towns.countDocuments({ slug: /^t/ })).toBe(10);
  expect(run.gate.effects()).toMatchObject({ modified: 10, deleted: 1, unknown: 0 });
});

test('without a journal, too, nothing is written over what a user wrote meanwhile', async () => {
  let asked = 0;
  const result = await run.batch<Town>({
    collection: 'towns',
    each: async (town) => {
      asked += 1;
      if (asked === 6) {
        await towns.updateOne({ _id: 2 }, { $set: { name: 'renamed' } });
        await towns.deleteOne({ _id: 3 });
      }
      return { ...town, slug: town.name };
    },
  });
  expect(asked).toBe(13);
  expect(await towns.findOne({ _id: 2 })).toEqual({ _id: 2, name: 'renamed', slug: 'renamed' });
  expect(await towns.findOne({ _id: 3 })).toBeNull();
  expect(result).toMatchObject({ matched: 11, modified: 11 });
});

test('documents that no driver writes down as they are, are changed all the same', async () => {
  const odd = {
    _id: 20,
    '2': 1,
    a: Number.NaN,
    b: Long.fromString('9007199254740993'),
    c: Decimal128.fromString('1.50'),
  };
  // Keys like numbers come first in objects: their order on the server is another one.
  await towns.updateOne({ _id: 20 }, [{ $set: { a: odd.a, b: odd.b, c: odd.c, z: { y: 1 }, '2': 1 } }], {
    upsert: true,
  });
  const result = await run.batch<Town>({
    collection: 'towns',
    filter: { _id: 20 },
    each: () => ({ $set: { slug: 'x' } }),
  });
  expect(result).toMatchObject({ matched: 1, modified: 1 });
  expect(await towns.findOne({ _id: 20 })).toMatchObject({ slug: 'x' });
});

test('what fails is put into quarantine, or stops it', async () => {
  await towns.createIndex({ slug: 1 }, { unique: true, sparse: true });
  const each = ({ _id }: Town) => ({ $set: { slug: _id === 7 ? 's3' : `s${_id}` } });
  const refused = run.batch<Town>({ collection: 'towns', each: each as never });
  await expect(refused).rejects.toMatchObject({
    code: 'BATCH_DOCUMENT_FAILED',
    message: 'batch on towns: the server refused the change of the document 7: duplicate key in slug.',
  });
  expect(run.gate.effects()).toMatchObject({ modified: 7, unknown: 0 });
  const result = await run.batch<Town>({ collection: 'towns', onError: 'quarantine', each: each as never });
  expect(result).toMatchObject({ matched: 12, quarantined: 1 });
  expect(await database.db.collection('_mongo_release.quarantine').find().toArray()).toMatchObject([
    { documentId: 7, document: { _id: 7, name: 'T7' }, error: { name: 'MongoServerError', code: 11000 } },
  ]);
  expect(run.gate.effects()).toMatchObject({ quarantined: 1, byCollection: { towns: { quarantined: 1 } } });
  await towns.dropIndexes();
});
