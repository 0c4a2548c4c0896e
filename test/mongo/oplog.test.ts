import { type MongoClient, Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { oplogBytesAfter, oplogEnd } from '../../src/mongo/oplog.ts';
import { freshDatabase } from '../setup/mongo.ts';

test('what was written is counted, and more than that is known where the oplog begins later', async () => {
  await using database = await freshDatabase();
  const client: MongoClient = database.client;
  const end = await oplogEnd(client);
  if (end === undefined) throw new Error('no oplog');
  await database.db.collection('places').insertOne({ text: 'x'.repeat(5000) });
  const written = await oplogBytesAfter(client, end);
  expect(written.more).toBe(false);
  expect(written.bytes).toBeGreaterThan(5000);
  // Before the set was initiated.
  expect(await oplogBytesAfter(client, new Timestamp({ t: 1, i: 1 }))).toMatchObject({ more: true });
});
