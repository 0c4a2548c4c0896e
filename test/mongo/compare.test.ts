import { expect, test } from 'vitest';
import { compareDatabases, describeDifference } from '../../src/mongo/compare.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { insertRaw } from '../../src/mongo/raw-write.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { element, int32, rawDocument } from './odd-documents.ts';

const id = element(0x10, '_id', int32(1));
const a = element(0x10, 'a', int32(1));
const b = element(0x10, 'b', int32(2));

test('finds no difference between equal databases, in whatever order they were filled', async () => {
  await using left = await freshDatabase();
  await using right = await freshDatabase();
  for (const [side, documents] of [
    [left, [{ _id: 1 }, { _id: 2 }]],
    [right, [{ _id: 2 }, { _id: 1 }]],
  ] as const) {
    await side.db.collection<{ _id: number }>('places').insertMany([...documents]);
    await side.db.collection('places').createIndex({ '10': 1, '2': 1 }, { name: 'x' });
    await side.db.collection('_mongo_release.history').insertOne({ at: side.name });
  }
  const own = ownNames();
  expect(await compareDatabases(left.db, right.db, { own })).toEqual([]);
  expect(await compareDatabases(left.db, right.db)).toEqual([
    { kind: 'documents', collection: '_mongo_release.history' },
  ]);
});

test('tells each kind of difference apart', async () => {
  await using left = await freshDatabase();
  await using right = await freshDatabase();
  await left.db.createCollection('gone');
  await right.db.createCollection('new');
  await left.db.createCollection('kind');
  await right.db.createCollection('kind', { viewOn: 'new', pipeline: [] });
  await left.db.createCollection('options', { validator: { n: 1 } });
  await right.db.createCollection('options', { validator: { n: 2 } });
  await left.db.collection('indexes').createIndex({ a: 1, b: 1 }, { name: 'x' });
  await right.db.collection('indexes').createIndex({ b: 1, a: 1 }, { name: 'x' });
  await left.db.collection('count').insertOne({});
  await right.db.createCollection('count');
  await insertRaw(left.db, 'documents', [[rawDocument(id, a)]]);
  await insertRaw(right.db, 'documents', [[rawDocument(id, b)]]);
  await insertRaw(left.db, 'order', [[rawDocument(id, a, element(3, 'in', rawDocument(a, b)), b)]]);
  await insertRaw(right.db, 'order', [[rawDocument(id, b, a, element(3, 'in', rawDocument(b, a)))]]);
  for (const [side, numbers] of [
    [left, [1, 2]],
    [right, [2, 1]],
  ] as const) {
    await side.db.createCollection('log', { capped: true, size: 4096 });
    for (const _id of numbers) await side.db.collection<{ _id: number }>('log').insertOne({ _id });
  }
  const differences = await compareDatabases(left.db, right.db);
  expect(differences).toEqual([
    { kind: 'count', collection: 'count', left: 1, right: 0 },
    { kind: 'documents', collection: 'documents' },
    { kind: 'missing', collection: 'gone' },
    { kind: 'index', collection: 'indexes', index: 'x' },
    { kind: 'type', collection: 'kind' },
    { kind: 'sequence', collection: 'log' },
    { kind: 'added', collection: 'new' },
    { kind: 'options', collection: 'options' },
    { kind: 'field-order', collection: 'order' },
  ]);
  expect(differences.map(describeDifference)).toContain('count has 0 documents where 1 were');
});

test('compares the measurements of time series, not their buckets', async () => {
  await using left = await freshDatabase();
  await using right = await freshDatabase();
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
  const points = [1, 2, 3].map((minute) => ({ _id: minute, t: at(minute), m: 1, v: minute }));
  for (const side of [left, right])
    await side.db.createCollection('ts', { timeseries: { timeField: 't', metaField: 'm' } });
  await left.db.collection<(typeof points)[number]>('ts').insertMany(points);
  for (const point of points.toReversed()) await right.db.collection<(typeof points)[number]>('ts').insertOne(point);
  expect(await compareDatabases(left.db, right.db)).toEqual([]);
  await right.db.collection('ts').insertOne({ t: at(4), m: 1, v: 4 });
  expect(await compareDatabases(left.db, right.db)).toEqual([{ kind: 'count', collection: 'ts', left: 3, right: 4 }]);
});
