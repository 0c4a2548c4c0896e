import { type Document, MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { startServers } from '../../guard/servers.ts';
import { connected, fence, Journalled, own } from './journalled.ts';

interface Numbered extends Document {
  _id: number;
}

test('who may only read and write undoes what takes several transactions', async () => {
  await using servers = await startServers({ members: [{}], accessControl: true });
  await using client = await MongoClient.connect(servers.uri);
  const db = client.db('shop');
  await client
    .db('admin')
    .command({ createUser: 'clerk', pwd: 'secret', roles: [{ role: 'readWrite', db: db.databaseName }] });
  const documents = Array.from({ length: 8 }, (_, _id) => ({ _id }));
  const a = db.collection<Numbered>('a');
  await a.insertMany(documents);
  const journal = new Journalled(db);
  await journal.begin();
  for (const _id of [{ $lt: 4 }, { $gte: 4 }])
    await journal.write('a', (session) => a.updateMany({ _id }, { $set: { n: 1 } }, { session }));
  const uri = servers.uri.replace('root:secret@', 'clerk:secret@').replace('/?', '/shop?authSource=admin&');
  await using connection = await connected({ uri });
  // What is undone beside the newer one has sent its write before that one knows what is allowed.
  await client.db('admin').command({
    ...{ configureFailPoint: 'failCommand', mode: { times: 1 } },
    data: { failCommands: ['find'], namespace: 'shop.a', blockConnection: true, blockTimeMS: 1000 },
  });
  const sizes = { first: 4, most: 4, leastForTime: 4 };
  const result = await undoAttempt(connection, own, journal.attempt, { fence, mode: 'tolerant', sizes });
  expect(result).toMatchObject({ state: 'undone', documents: 8, entriesUndone: 2, quarantined: 0 });
  expect(await a.find().sort({ _id: 1 }).toArray()).toEqual(documents);
});
