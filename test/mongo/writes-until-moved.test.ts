import { Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { writesUntilMoved } from '../../src/mongo/writes-until-moved.ts';
import { freshDatabase } from '../setup/mongo.ts';

type Database = Awaited<ReturnType<typeof freshDatabase>>['db'];
const now = async (db: Database): Promise<Timestamp> => (await db.command({ ping: 1 })).operationTime;

test('writes count until the collection has its last name, whatever it is called before, and not those to who has its name then', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  const to = (name: string) => db.collection<{ _id: number }>(name);
  for (const name of ['a', 'b', 'c', 'still']) await to(name).insertOne({ _id: 0 });
  const since = await now(db);
  await to('a').insertOne({ _id: 1 });
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await to('a').insertMany([{ _id: 2 }, { _id: 3 }], { session });
      await to('b').updateOne({ _id: 0 }, { $set: { n: 1 } }, { session });
    }),
  );
  await db.renameCollection('a', 'x');
  await to('a').insertMany([{ _id: 10 }, { _id: 11 }]);
  await to('x').deleteOne({ _id: 2 });
  await db.renameCollection('x', 'old.a');
  await to('old.a').insertOne({ _id: 20 });
  await to('b').replaceOne({ _id: 0 }, { _id: 0 });
  await db.renameCollection('b', 'old.b');
  await to('b').insertOne({ _id: 10 });
  await to('c').insertOne({ _id: 1 });
  await db.dropCollection('c');
  await to('c').insertOne({ _id: 10 });
  await to('still').insertOne({ _id: 1 });
  await to('other').insertOne({ _id: 1 });
  const moves = new Map(['a', 'b', 'c', 'still'].map((name) => [name, `old.${name}`]));
  const counts = { a: 4, b: 2, c: 1, still: 1 };
  expect(await writesUntilMoved(db, since, moves)).toEqual(new Map(Object.entries(counts)));
});

test('nothing is told where the server does not read so far back in time', async () => {
  await using database = await freshDatabase();
  const moves = new Map([['a', 'b']]);
  const begin = new Timestamp({ t: 1, i: 1 });
  expect(await writesUntilMoved(database.db, begin, moves, { limitMs: 1 })).toBeUndefined();
});

test('it ends while others go on writing, also where a collection never comes under its last name', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  const a = db.collection('a');
  await a.insertOne({});
  const since = await now(db);
  let on = true;
  const writing = (async () => {
    for (; on; ) await a.insertOne({});
  })();
  const moves = new Map([
    ['a', 'old.a'],
    ['gone', 'old.gone'],
  ]);
  const found = await writesUntilMoved(db, since, moves, { limitMs: 3000 });
  on = false;
  await writing;
  expect([...(found?.keys() ?? [])]).toEqual(['a']);
});
