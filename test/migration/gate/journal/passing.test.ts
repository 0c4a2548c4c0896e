import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../setup/mongo.ts';
import { type Migration, run } from '../replay/crashing.ts';

/** A server that stops being the primary: it says so without a label. */
const interrupted = 11_602;

const up: Migration = (db) => db.collection('c').createIndex({ n: 1 });

test.each(['listCollections', 'listIndexes'])(
  'what the server answers a look-up of ours is no refusal of the call: %s',
  async (command) => {
    await using it = await freshDatabase();
    await it.db.collection('c').insertOne({ n: 1 });
    // Of this client alone: other tests ask the same server.
    const appName = it.name;
    await using client = new MongoClient(it.uri, { appName, retryReads: false });
    await client.connect();
    const failing = (mode: 'alwaysOn' | 'off') =>
      it.client.db('admin').command({
        configureFailPoint: 'failCommand',
        mode,
        data: { failCommands: [command], errorCode: interrupted, appName },
      });
    await failing('alwaysOn');
    expect(await run(it, up, { client })).toMatchObject({ how: 'threw', error: { code: interrupted } });
    expect(await it.db.collection('_mongo_release.journal').countDocuments()).toBe(0);
    await failing('off');
    expect(await run(it, up, { client, resumes: true })).toMatchObject({ how: 'returned' });
  },
);
