import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { BSON } from 'mongodb';
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';

test('the driver still takes prepared document sequences in the shape that raw writes rely on', () => {
  const sequence = new DocumentSequence('documents') as DocumentSequence & { toBin(): Uint8Array };
  const bytes = BSON.serialize({ _id: 1 });
  sequence.push({}, bytes);
  const section = Buffer.from(sequence.toBin());
  expect(section[0]).toBe(1);
  expect(section.readInt32LE(1)).toBe(section.length - 1);
  expect(section.toString('latin1', 5, 15)).toBe('documents\0');
  expect(section.subarray(15).equals(bytes)).toBe(true);
});

test("a cursor's reply still gives its batch as one run of bytes, and counts it as taken when it is cleared", async () => {
  await using test = await freshDatabase();
  await test.db.collection<{ _id: number }>('a').insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
  const cursor = test.db.runCursorCommand({ find: 'a', batchSize: 2 });
  expect(await cursor.hasNext()).toBe(true);
  const { documents } = cursor as unknown as { documents: { batch: { toBytes(): Uint8Array }; clear(): void } };
  expect(BSON.deserialize(documents.batch.toBytes())).toEqual({ 0: { _id: 1 }, 1: { _id: 2 } });
  documents.clear();
  expect(cursor.bufferedCount()).toBe(0);
  expect(await cursor.toArray()).toEqual([{ _id: 3 }]);
});

test("only one file of ours uses the driver's insides", async () => {
  const root = path.join(import.meta.dirname, '../../src');
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const users: string[] = [];
  for (const file of files) {
    if (/from 'mongodb\/lib\//.test(await readFile(path.join(root, file), 'utf8'))) users.push(file);
  }
  expect(users).toEqual([path.join('mongo', 'raw-sequence.ts')]);
});
