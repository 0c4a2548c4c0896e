import { Long, Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { writesSince } from '../../src/mongo/writes-since.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { forgetful } from './forgetful.ts';

const leaveOut = (name: string) => name.startsWith('_own.');

async function now(db: Awaited<ReturnType<typeof freshDatabase>>['db']): Promise<Timestamp> {
  return (await db.command({ ping: 1 })).operationTime;
}

test('every write after the time counts, once, and none before it', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  const places = db.collection<{ _id: number }>('places');
  await places.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
  const since = await now(db);
  await places.insertOne({ _id: 4 });
  await places.updateMany({}, { $inc: { n: 1 } });
  await places.replaceOne({ _id: 4 }, { _id: 4 });
  await places.deleteOne({ _id: 1 });
  await db.collection<{ _id: number }>('_own.journal').insertOne({ _id: 1 });
  await db.client.withSession((ours) =>
    ours.withTransaction(async () => {
      await db.collection<{ _id: number }>('_own.journal').insertOne({ _id: 2 }, { session: ours });
      await places.updateMany({}, { $inc: { n: 1 } }, { session: ours });
    }),
  );
  // As a transaction of a migration's own has it: the journal is its last write.
  await db.client.withSession((ours) =>
    ours.withTransaction(async () => {
      await places.insertOne({ _id: 5 }, { session: ours });
      await places.deleteOne({ _id: 5 }, { session: ours });
      await db.collection<{ _id: number }>('_own.journal').insertOne({ _id: 3 }, { session: ours });
    }),
  );
  const session = db.client.startSession();
  await session.withTransaction(async () => {
    await db.collection<{ _id: string }>('other').insertMany([{ _id: 'a' }, { _id: 'b' }], { session });
  });
  await session.endSession();
  await db.createCollection('gone');
  await db.dropCollection('gone');
  const found = await writesSince(db, since, { leaveOut });
  expect(found).toEqual({
    state: 'known',
    upTo: expect.any(Timestamp),
    byCollection: new Map([
      ['places', { inserted: 1, updated: 5, deleted: 1 }],
      ['other', { inserted: 2, updated: 0, deleted: 0 }],
    ]),
    gone: ['gone'],
  });
});

test('nothing written is known, and does not take long', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({});
  const since = await now(database.db);
  expect(await writesSince(database.db, since, { leaveOut })).toMatchObject({
    state: 'known',
    byCollection: new Map(),
  });
}, 10_000);

test('it ends while others go on writing', async () => {
  await using database = await freshDatabase();
  const places = database.db.collection('places');
  const since = await now(database.db);
  let on = true;
  const writing = (async () => {
    let written = 0;
    for (; on; written++) await places.insertOne({});
    return written;
  })();
  const found = await writesSince(database.db, since, { leaveOut });
  on = false;
  const written = await writing;
  if (found.state !== 'known') throw new Error(found.why);
  expect(found.byCollection.get('places')?.inserted ?? 0).toBeLessThanOrEqual(written);
});

test('a time before the beginning of the oplog is unknown', async () => {
  await using database = await freshDatabase();
  const since = await now(database.db);
  expect(await writesSince(forgetful(database.db), since, { leaveOut })).toEqual({ state: 'unknown', why: 'history' });
});

test('what takes too long to be read is not known', async () => {
  await using database = await freshDatabase();
  const since = await now(database.db);
  await database.db.collection('places').insertMany([{}, {}, {}]);
  expect(await writesSince(database.db, since, { leaveOut, limitMs: 0 })).toEqual({ state: 'unknown', why: 'limit' });
});

test('one collection is followed under all its names: which documents came, and how often others were written to', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  const since = await now(db);
  interface Place {
    _id: number | Long;
  }
  const large = Long.fromString('9007199254740993');
  await db.collection<Place>('aside').insertOne({ _id: 1 });
  await db.collection<Place>('b').insertOne({ _id: 2 });
  await db.renameCollection('aside', 'a');
  await db.collection<Place>('a').insertMany([{ _id: 3 }, { _id: 4 }, { _id: large }]);
  await db.collection<Place>('a').updateMany({}, { $set: { n: 1 } });
  await db.collection<Place>('a').deleteOne({ _id: 4 });
  await db.renameCollection('a', 'c');
  await db.collection<Place>('c').updateOne({ _id: 1 }, { $set: { n: 2 } });
  const found = await writesSince(db, since, { leaveOut, follow: { from: 'aside', to: 'c' } });
  expect(found).toMatchObject({ state: 'known', followed: { inserted: [1, 3, large], others: 0 } });
  const late = await writesSince(db, await now(db), { leaveOut, follow: { from: 'aside', to: 'c' } });
  expect(late).toEqual({ state: 'unknown', why: 'history' });
});
