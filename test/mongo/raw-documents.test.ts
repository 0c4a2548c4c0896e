import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import type { RawDocuments } from '../../src/mongo/raw-documents.ts';
import { readClusterTime, readRaw } from '../../src/mongo/raw-read.ts';
import { RawInsertError } from '../../src/mongo/raw-sequence.ts';
import { insertRaw } from '../../src/mongo/raw-write.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { oddDocuments } from './odd-documents.ts';

async function all(batches: AsyncIterable<RawDocuments>): Promise<string[]> {
  const documents: string[] = [];
  for await (const batch of batches) documents.push(...batch.map((bytes) => bytes.toString('hex')));
  return documents;
}

test('documents come back byte by byte, whatever they hold', async () => {
  await using test = await freshDatabase();
  const documents = oddDocuments();
  const total = await insertRaw(test.db, 'odd', [documents.slice(0, 3), [], documents.slice(3)]);
  expect(total).toEqual({
    documents: documents.length,
    bytes: documents.reduce((sum, document) => sum + document.length, 0),
  });
  const back = await all(readRaw(test.db, 'odd'));
  expect(back.sort()).toEqual(documents.map((document) => document.toString('hex')).sort());
});

test('more than one batch and one reply arrive whole, in the order of a capped collection', async () => {
  await using test = await freshDatabase();
  await test.db.createCollection('log', { capped: true, size: 64 * 1024 * 1024 });
  const documents = Array.from({ length: 25_000 }, (_, index) =>
    Buffer.from(BSON.serialize({ _id: (index * 7919) % 25_000, pad: 'x'.repeat(900) })),
  );
  await insertRaw(test.db, 'log', [documents], { inOrder: true });
  const back = await all(readRaw(test.db, 'log', { natural: true }));
  expect(back).toEqual(documents.map((document) => document.toString('hex')));
});

test('a read at a cluster time does not see what was written after it', async () => {
  await using test = await freshDatabase();
  await test.db.collection('a').insertMany([{ n: 1 }, { n: 2 }]);
  const at = await readClusterTime(test.db);
  await test.db.collection('a').deleteMany({});
  await test.db.collection('a').insertOne({ n: 3 });
  expect(await all(readRaw(test.db, 'a', { at }))).toHaveLength(2);
  expect(await all(readRaw(test.db, 'a'))).toHaveLength(1);
});

test('the cluster time is not before the one that was asked for', async () => {
  await using test = await freshDatabase();
  const now = await readClusterTime(test.db);
  const later = new BSON.Timestamp({ t: now.getHighBitsUnsigned() + 100, i: 1 });
  expect(await readClusterTime(test.db, later)).toEqual(later);
  expect((await readClusterTime(test.db, now)).compare(now)).toBeGreaterThanOrEqual(0);
});

test('a name that stands for another collection by now is refused when the UUID is known', async () => {
  await using test = await freshDatabase();
  await test.db.createCollection('a');
  const read = all(readRaw(test.db, 'a', { uuid: '00112233445566778899aabbccddeeff' }));
  await expect(read).rejects.toMatchObject({ code: 361 });
});

test('a document that the server refuses is reported by its code', async () => {
  await using test = await freshDatabase();
  await test.db.createCollection('a', { validator: { n: { $gt: 0 } } });
  const document = BSON.serialize({ _id: 1, n: 0 });
  await expect(insertRaw(test.db, 'a', [[document]])).rejects.toMatchObject({ code: 121 });
  await insertRaw(test.db, 'a', [[document]], { bypassValidation: true });
  const again = insertRaw(test.db, 'a', [[document]], { bypassValidation: true });
  await expect(again).rejects.toBeInstanceOf(RawInsertError);
  await expect(again).rejects.toMatchObject({ code: 11_000 });
});

test('reading and writing stop when they are aborted', async () => {
  await using test = await freshDatabase();
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(insertRaw(test.db, 'a', [[BSON.serialize({ _id: 1 })]], { signal })).rejects.toBe(reason);
  await test.db.collection('a').insertOne({});
  await expect(all(readRaw(test.db, 'a', { signal }))).rejects.toBe(reason);
});
