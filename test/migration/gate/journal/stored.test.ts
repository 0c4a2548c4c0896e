import * as mongodb from 'mongodb';
import { expect, test } from 'vitest';
import { restoreError, restoreResult, storeError, storeResult } from '../../../../src/migration/gate/journal/stored.ts';
import type { Driver } from '../../../../src/migration/gate/raw.ts';
import { freshDatabase } from '../../../setup/mongo.ts';

const driver: Driver = { version: '7.8.0', major: 7, classes: mongodb };

/** Through the server, as the journal does it. */
async function kept<T>(db: mongodb.Db, value: T): Promise<T> {
  const { insertedId } = await db.collection('journal').insertOne({ value });
  return (await db.collection('journal').findOne({ _id: insertedId }))?.value as T;
}

async function thrown(run: () => Promise<unknown>): Promise<Error> {
  return run().then(
    () => expect.unreachable('it did not fail'),
    (error) => error as Error,
  );
}

test('results come back as the driver gave them', async () => {
  await using it = await freshDatabase();
  const c = it.db.collection<mongodb.Document>('c');
  const results = [
    await c.insertOne({ a: 1 }),
    await c.insertMany([{ a: 1 }, { a: 2 }]),
    await c.updateOne({ a: 9 }, { $set: { b: 1 } }, { upsert: true }),
    await c.findOneAndUpdate({ a: 1 }, { $set: { b: 2 } }, { includeResultMetadata: true }),
    await c.findOneAndDelete({ a: 77 }),
    await c.deleteMany({ a: 2 }),
    await c.bulkWrite([
      { insertOne: { document: { a: 5 } } },
      { updateOne: { filter: { a: 6 }, update: { $set: { b: 1 } }, upsert: true } },
      { deleteOne: { filter: { a: 5 } } },
    ]),
    undefined,
    null,
    'index_1',
    true,
  ];
  for (const result of results) {
    const restored = restoreResult(await kept(it.db, storeResult(result)), driver);
    expect(without(restored)).toEqual(without(result));
    expect(restored?.constructor?.name).toBe(result?.constructor?.name);
  }
  const bulk = restoreResult(await kept(it.db, storeResult(results[6])), driver) as mongodb.BulkWriteResult;
  const real = results[6] as mongodb.BulkWriteResult;
  expect([bulk.ok, bulk.isOk(), bulk.hasWriteErrors(), bulk.getUpsertedIdAt(0)]).toEqual([
    real.ok,
    real.isOk(),
    real.hasWriteErrors(),
    real.getUpsertedIdAt(0),
  ]);
});

function without(result: unknown): unknown {
  const { $clusterTime: _time, operationTime: _operation, ...rest } = (result ?? {}) as mongodb.Document;
  return typeof result === 'object' && result !== null ? rest : result;
}

test('what is too large or no data is marked as left out', () => {
  expect(storeResult({ text: 'x'.repeat(1_100_000) })).toEqual({ form: 'omitted' });
  expect(storeResult(Array.from({ length: 200_000 }, (_, index) => index)).form).toBe('omitted');
  expect(storeResult({ text: 'x'.repeat(900_000) }).form).toBe('plain');
  expect(storeResult(new Set([1])).form).toBe('omitted');
});

test('errors of the server come back with class, code and what they say', async () => {
  await using it = await freshDatabase();
  const c = it.db.collection<mongodb.Document>('c');
  await it.db.createCollection('c', { validator: { n: { $gte: 0 } } });
  await c.insertOne({ _id: 1 as never, n: 1 });
  const runs: (() => Promise<unknown>)[] = [
    () => c.insertOne({ _id: 1 as never, n: 1 }),
    () => c.insertOne({ n: -1 }),
    () => c.updateOne({}, { $nonsense: 1 } as never),
    () => it.db.command({ nonsense: 1 }),
    () => c.findOneAndUpdate({ _id: 1 as never }, { $set: { n: -5 } }),
    () => c.bulkWrite([{ deleteOne: { filter: { n: 4 } } }, { insertOne: { document: { _id: 1 as never, n: 1 } } }]),
    () => c.insertMany([{ _id: 2 as never, n: 2 }, { n: -1 }, { _id: 1 as never }, { n: 3 }], { ordered: false }),
    () => c.insertMany([{ n: 1 }], { collation: { locale: 'de' } } as never),
  ];
  for (const run of runs) {
    const error = await thrown(run);
    const restored = restoreError((await kept(it.db, storeError(error)))!, driver);
    expect(restored).toBeInstanceOf(error.constructor);
    expect(facts(restored)).toEqual(facts(error));
  }
});

function facts(error: Error): unknown {
  const { $clusterTime, operationTime, errorResponse: _response, ...own } = error as unknown as mongodb.Document;
  const { result, writeErrors, ...rest } = own;
  const bulk = error as mongodb.MongoBulkWriteError;
  return {
    name: error.name,
    message: error.message,
    rest: Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined && typeof value !== 'object'),
    ),
    info: (error as mongodb.MongoServerError).errInfo,
    keys: (error as mongodb.MongoServerError).keyPattern,
    errors: [writeErrors ?? []].flat().map(({ index, code, errmsg }) => ({ index, code, errmsg })),
    counts: result === undefined ? undefined : [bulk.insertedCount, bulk.deletedCount, Object.keys(bulk.insertedIds)],
  };
}

test('what the driver refuses by itself comes back as what it was', async () => {
  await using it = await freshDatabase();
  const c = it.db.collection<mongodb.Document>('c');
  const circle: mongodb.Document = {};
  circle.circle = circle;
  for (const run of [
    () => c.bulkWrite([]),
    () => c.insertOne(circle),
    async () => new mongodb.ObjectId('x'),
    async () => (null as never as string).length,
  ]) {
    const error = await thrown(run);
    const restored = restoreError(await kept(it.db, storeError(error)!), driver);
    expect(restored).not.toBe(error);
    expect(Object.getPrototypeOf(restored)).toBe(Object.getPrototypeOf(error));
    expect([restored.name, restored.message]).toEqual([error.name, error.message]);
    expect(restored instanceof mongodb.MongoError && restored.hasErrorLabel('x')).toBe(false);
  }
});

test('an error of a class that the driver has not is known by its name', () => {
  const restored = restoreError({ name: 'MongoOfTomorrowError', message: 'x' }, driver);
  expect(restored).toBeInstanceOf(mongodb.MongoError);
  expect(restored.name).toBe('MongoOfTomorrowError');
});

test('what was not answered is no error to keep', () => {
  for (const error of [new Error('x'), new mongodb.MongoNetworkError('gone'), 'text', undefined])
    expect(storeError(error)).toBeUndefined();
  const labelled = new mongodb.MongoServerError({
    message: 'x',
    code: 112,
    errorLabels: ['TransientTransactionError'],
  });
  expect(storeError(labelled)).toBeUndefined();
});
