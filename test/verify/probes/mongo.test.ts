import { MongoClient, ObjectId } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { probing } from '../probing.ts';

let database: TestDatabase;
const known = new ObjectId();

beforeAll(async () => {
  database = await freshDatabase('probe');
  await database.db.collection('cities').insertMany([
    { _id: known, name: 'MARKER Delft', since: new Date('2020-01-01'), places: 1 },
    { name: 'Delfzijl', since: new Date('2021-01-01'), places: 2 },
    { name: 'Den Haag', since: new Date('2022-01-01'), places: 2 },
  ]);
});

afterAll(() => database[Symbol.asyncDispose]());

const look = (mongo: object, more: object = {}) => probing({ name: 'p', mongo, ...more }, { db: database.db });

test.each([
  [{ count: 3 }, 'passed', 'exactly 3 in cities', '3'],
  [{ count: 2 }, 'failed', 'exactly 2 in cities', '3 or more'],
  [{ count: 4 }, 'failed', 'exactly 4 in cities', '3'],
  [{ count: 0 }, 'failed', 'none in cities', '1 or more'],
  [{ count: { min: 2 } }, 'passed', '2 or more in cities', '2 or more'],
  [{ count: { min: 4 } }, 'failed', '4 or more in cities', '3'],
  [{ count: { max: 3 } }, 'passed', '3 or fewer in cities', '3'],
  [{ count: { min: 1, max: 2 } }, 'failed', '1 to 2 in cities', '3 or more'],
  [{ exists: true }, 'passed', '1 or more in cities', '1 or more'],
  [{ exists: false }, 'failed', 'none in cities', '1 or more'],
  [{ exists: false, filter: { name: { $exists: false } } }, 'passed', 'none in cities', 'none'],
])('%j: %s', async (wanted, state, expected, seen) => {
  expect(await look({ collection: 'cities', ...wanted })).toMatchObject({ state, expected, seen, attempts: 1 });
});

test('reads Extended JSON in filters and pipelines', async () => {
  const collection = 'cities';
  expect(await look({ collection, filter: { _id: { $oid: known.toHexString() } }, exists: true })).toMatchObject({
    state: 'passed',
  });
  const aggregate = [{ $match: { since: { $gte: { $date: '2021-01-01T00:00:00Z' } } } }];
  expect(await look({ collection, aggregate, count: 2 })).toMatchObject({ state: 'passed', seen: '2' });
});

test('counts the results of a pipeline', async () => {
  const aggregate = [{ $group: { _id: '$places', n: { $sum: 1 } } }, { $match: { n: { $gt: 1 } } }];
  expect(await look({ collection: 'cities', aggregate, exists: false })).toMatchObject({
    state: 'failed',
    seen: '1 or more',
  });
  expect(await look({ collection: 'cities', aggregate, count: 1 })).toMatchObject({ state: 'passed', seen: '1' });
});

test('shows no value of a document', async () => {
  const result = await look({ collection: 'cities', aggregate: [{ $match: { places: 1 } }], count: 9 });
  expect(JSON.stringify(result)).not.toContain('MARKER');
});

test('does not pass on a collection that is not there, unless that is all it asks', async () => {
  expect(await look({ collection: 'citties', filter: { place: null }, count: 0 })).toMatchObject({
    state: 'unknown',
    seen: 'there is no collection citties',
  });
  expect(await look({ collection: 'citties', aggregate: [{ $match: {} }], exists: false })).toMatchObject({
    state: 'unknown',
  });
  expect(await look({ collection: 'citties', exists: false })).toMatchObject({ state: 'passed', seen: 'none' });
});

test.each([
  [{ collection: 'cities', aggregate: [{ $match: {} }, { $out: 'elsewhere' }], exists: true }, /\$out/],
  [{ collection: 'cities', aggregate: [{ $merge: { into: 'elsewhere' } }], exists: true }, /\$merge/],
  [{ collection: 'cities', aggregate: [{ $changeStream: {} }], exists: true }, /\$changeStream/],
  [{ collection: 'cities', filter: { _id: { $oid: 'no' } }, exists: true }, /no Extended JSON/],
  [{ collection: 'cities', count: {} }, /any count/],
  [{ collection: 'cities', count: { min: 0 } }, /any count/],
  [{ collection: 'cities', count: { min: 3, max: 2 } }, /3 or more and 2 or fewer/],
])('refuses %j', async (mongo, message) => {
  await expect(look(mongo)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\w/),
  });
  expect(await database.db.listCollections({ name: 'elsewhere' }).toArray()).toEqual([]);
});

test('cannot say, and does not ask again, when the server refuses the question', async () => {
  const aggregate = [{ $noSuchStage: { secret: 'MARKER' } }];
  const result = await look({ collection: 'cities', aggregate, exists: true }, { retries: 3 });
  expect(result).toMatchObject({ state: 'unknown', attempts: 1, seen: expect.stringContaining('40324') });
  expect(JSON.stringify(result)).not.toContain('MARKER');
});

test('cannot say when counting takes longer than its time limit', async () => {
  const aggregate = [
    { $match: { $expr: { $function: { body: 'function() { sleep(400); return true; }', args: [], lang: 'js' } } } },
  ];
  expect(await look({ collection: 'cities', aggregate, count: 3 }, { timeout: '150ms' })).toMatchObject({
    state: 'unknown',
    seen: 'no answer within 0.15 s',
  });
});

test('cannot say when the server is down', async () => {
  await using client = new MongoClient('mongodb://127.0.0.1:9/', { serverSelectionTimeoutMS: 60_000 });
  const result = await probing(
    { name: 'p', mongo: { collection: 'cities', exists: true }, timeout: '200ms' },
    { db: client.db('t') },
  );
  expect(result).toMatchObject({ state: 'unknown' });
  expect(result.durationMs).toBeLessThan(30_000);
});

test('cannot say without a database', async () => {
  expect(await probing({ name: 'p', mongo: { collection: 'cities', exists: true } })).toMatchObject({
    state: 'unknown',
    seen: 'no database was given',
  });
});
