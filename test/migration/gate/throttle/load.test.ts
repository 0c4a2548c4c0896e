import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadOf, readLoad } from '../../../../src/migration/gate/throttle/load.ts';
import { freshDatabase, type TestDatabase } from '../../../setup/mongo.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test('this server, asked with few of its sections, reports all that is looked at', async () => {
  const status = await database.client.db('admin').command({ serverStatus: 1 });
  expect(status.wiredTiger.cache).toMatchObject({
    'maximum bytes configured': expect.any(Number),
    'tracked dirty bytes in the cache': expect.any(Number),
    'bytes currently in the cache': expect.any(Number),
  });
  expect(status.flowControl.isLagged).toBe(false);
  expect(status.wiredTiger.concurrentTransactions.write.available).toBeTypeOf('number');
  expect(status.globalLock.currentQueue.writers).toBeTypeOf('number');
  expect(['calm', 'busy']).toContain((await readLoad(database.client)).state);
});

const cache = (dirty: number, used: number) => ({
  wiredTiger: {
    cache: {
      'maximum bytes configured': 100,
      'tracked dirty bytes in the cache': dirty,
      'bytes currently in the cache': used,
    },
  },
});
const tickets = { available: 0, out: 128 };

test.each([
  ['nothing known', {}, undefined],
  ['a cache with room', cache(5, 80), undefined],
  ['a dirty cache', cache(16, 60), 'writing its cache out (16 % of it is dirty)'],
  ['a full cache', cache(1, 96), 'making room in its cache (96 % of it is in use)'],
  [
    'flow control',
    { flowControl: { enabled: true, isLagged: true } },
    'slowing writes down for its secondaries (flow control)',
  ],
  [
    'no tickets before 8.0',
    { wiredTiger: { concurrentTransactions: { write: tickets } }, globalLock: { currentQueue: { writers: 3 } } },
    'serving others (3 writers wait for a turn)',
  ],
  [
    'no tickets since 8.0',
    { queues: { execution: { write: tickets } }, globalLock: { currentQueue: { writers: 1 } } },
    'serving others (1 writer waits for a turn)',
  ],
  ['no tickets, and nobody who waits', { wiredTiger: { concurrentTransactions: { write: tickets } } }, undefined],
])('%s', (_, status, busy) => {
  expect(loadOf(status)).toEqual(busy === undefined ? { state: 'calm' } : { state: 'busy', with: busy });
});
