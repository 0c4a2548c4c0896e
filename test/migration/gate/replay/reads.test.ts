import * as mongodb from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JournalEntry } from '../../../../src/migration/journal/documents.ts';
import { ignoreCode, serverCodes } from '../../../../src/mongo/server-error.ts';
import { freshDatabase, type TestDatabase } from '../../../setup/mongo.ts';
import { contents, fresh, type Migration, run } from './crashing.ts';

interface Doc {
  _id: number | string;
  n?: number;
  text?: string;
  mine?: boolean;
  one?: number;
  all?: number;
  count?: number;
}

let it: TestDatabase;
beforeAll(async () => {
  it = await freshDatabase();
});
afterAll(() => it[Symbol.asyncDispose]());

const c = (db: mongodb.Db) => db.collection<Doc>('c');
const d = (db: mongodb.Db) => db.collection<Doc>('d');

beforeEach(() =>
  fresh(it, async (db) => {
    await c(db).insertMany(Array.from({ length: 6 }, (_, _id) => ({ _id, n: _id })));
    await db.createCollection('d').catch(ignoreCode(serverCodes.NamespaceExists));
  }),
);

const entries = () =>
  it.db
    .collection<JournalEntry>('_mongo_release.journal')
    .find({ kind: { $ne: 'images' } } as object)
    .sort({ _id: 1 })
    .toArray();

/** Each document that a loop gives, copied to another collection. */
const copying: Migration = async (db) => {
  for await (const { _id, n } of c(db).find()) await d(db).insertOne({ _id, n });
};

test('what a user changes meanwhile, and the migration has read, stops the replay before anything new is done', async () => {
  await run(it, copying, { stopBefore: 3 });
  await c(it.db).updateOne({ _id: 1 }, { $set: { n: 100 } });
  const left = await contents(it.db);
  expect(await run(it, copying, { resumes: true })).toMatchObject({ how: 'diverged', message: /changed meanwhile/ });
  expect(await contents(it.db)).toEqual(left);
});

test('documents that the migration dropped with their database are no difference', async () => {
  const up: Migration = async (db) => {
    const all = await c(db).find().toArray();
    await db.dropDatabase();
    for (const { _id, n } of all) await d(db).insertOne({ _id, n });
  };
  await run(it, up, { stopBefore: 3 });
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(await d(it.db).countDocuments()).toBe(6);
});

test('what a user changes meanwhile, and the migration has not read yet, is read as it is', async () => {
  await run(it, copying, { stopBefore: 3 });
  await c(it.db).updateOne({ _id: 5 }, { $set: { n: 100 } });
  expect(await run(it, copying, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(await d(it.db).findOne({ _id: 5 })).toEqual({ _id: 5, n: 100 });
});

test('a document that the migration itself has changed since it read it is no difference', async () => {
  const up: Migration = async (db) => {
    for await (const { _id } of c(db).find()) await c(db).updateOne({ _id }, { $inc: { n: 1 } });
  };
  await run(it, up, { stopBefore: 3 });
  await c(it.db).updateOne({ _id: 1 }, { $set: { mine: true } });
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(await c(it.db).findOne({ _id: 1 })).toEqual({ _id: 1, n: 2, mine: true });
});

test('stopped again and again', async () => {
  for (let before = 1; ; before += 1) {
    const ended = await run(it, copying, { stopBefore: before, resumes: before > 1 });
    if (ended.how === 'returned') break;
    expect(ended).toEqual({ how: 'stopped' });
  }
  expect(await d(it.db).find().sort({ _id: 1 }).toArray()).toEqual(await c(it.db).find().sort({ _id: 1 }).toArray());
  expect(await entries()).toHaveLength(6);
});

test('reads over a megabyte are compared by a digest', async () => {
  await c(it.db).updateMany({}, { $set: { text: 'x'.repeat(300_000) } });
  const up: Migration = async (db) => {
    const all = await c(db).find().sort({ _id: 1 }).toArray();
    const one = await c(db).findOne({ _id: 3 });
    for (const { _id, n } of all) await d(db).insertOne({ _id, n, one: one?.n });
  };
  await run(it, up, { stopBefore: 2 });
  expect(JSON.stringify(await entries()).length).toBeLessThan(1_500_000);
  expect(await run(it, up, { resumes: true, stopBefore: 4 })).toEqual({ how: 'stopped' });
  await c(it.db).updateOne({ _id: 5 }, { $set: { n: -5 } });
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'diverged' });
  expect(await d(it.db).countDocuments()).toBe(4);
});

test('a large read is stored once, whatever number of calls follows it at once', async () => {
  await c(it.db).updateMany({}, { $set: { text: 'x'.repeat(100_000) } });
  await run(it, async (db) => {
    const all = await c(db).find().toArray();
    await Promise.all(Array.from({ length: 100 }, (_, _id) => d(db).insertOne({ _id, n: all.length })));
  });
  const stored = await entries();
  expect(stored).toHaveLength(100);
  expect(stored.filter(({ reads }) => (reads?.length ?? 0) > 0)).toHaveLength(1);
});

test('a loop over more than is kept cannot be taken up, and says so before anything runs', async () => {
  await c(it.db).deleteMany({});
  await c(it.db).insertMany(Array.from({ length: 12 }, (_, _id) => ({ _id, n: _id, text: 'x'.repeat(1_000_000) })));
  await run(it, copying, { stopBefore: 11 });
  expect(await run(it, copying, { resumes: true })).toMatchObject({
    how: 'diverged',
    message: /read more than is kept/,
  });
  expect(await d(it.db).countDocuments()).toBe(11);
});

test('more operations than can be held at once cannot be taken up, and say so before they are loaded', async () => {
  await run(it, copying, { stopBefore: 4 });
  const loads: unknown[] = [];
  const loaded = ({ commandName, command }: mongodb.CommandStartedEvent) => {
    if (commandName === 'find' && command.find === '_mongo_release.journal') loads.push(command);
  };
  const client = await new mongodb.MongoClient(it.uri, { monitorCommands: true }).connect();
  client.on('commandStarted', loaded);
  expect(await run(it, copying, { resumes: true, mostReplayBytes: 1000, client })).toMatchObject({
    how: 'diverged',
    message: /Its 4 operations take 1 MB/,
  });
  expect(loads).toEqual([]);
  expect(await run(it, copying, { resumes: true, mostReplayBytes: 10_000, client })).toMatchObject({ how: 'returned' });
  expect(loads.length).toBeGreaterThan(0);
  await client.close();
});

test('what user code makes of a document that it was given is not what it gets the second time', async () => {
  const seen: unknown[] = [];
  const up: Migration = async (db) => {
    const found = await c(db).findOne({ _id: 1 });
    seen.push({ ...found });
    if (found !== null) found.n = -1;
    await d(db).insertOne({ _id: 1 });
    await d(db).insertOne({ _id: 2 });
  };
  await run(it, up, { stopBefore: 1 });
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(seen).toEqual([
    { _id: 1, n: 1 },
    { _id: 1, n: 1 },
  ]);
});

test('values come back with their types', async () => {
  const { Binary, BSONRegExp, Decimal128, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } = mongodb;
  await it.db.collection<mongodb.Document & { _id: string }>('c').insertOne({
    _id: 'types',
    date: new Date(5),
    decimal: Decimal128.fromString('1.10'),
    large: Long.fromString('9007199254740993'),
    small: Long.fromNumber(5),
    half: 0.5,
    id: new ObjectId(),
    uuid: new UUID(),
    bytes: new Binary(Buffer.from([1, 2, 3])),
    time: new Timestamp({ t: 1, i: 2 }),
    ends: [new MinKey(), new MaxKey()],
    expression: new BSONRegExp('a', 'i'),
    nothing: null,
    deep: { list: [[{ a: 1 }]] },
  });
  const seen: string[] = [];
  const look = (value: unknown) => seen.push(mongodb.BSON.EJSON.stringify(value, { relaxed: false }));
  const up: Migration = async (db) => {
    look(await c(db).findOne({ _id: 'types' }));
    look(await c(db).find({ _id: 'types' }).toArray());
    for (const options of [
      { promoteValues: false },
      { promoteBuffers: true },
      { useBigInt64: true },
      { bsonRegExp: true },
    ]) {
      look(await c(db).findOne({ _id: 'types' }, options));
    }
    look(
      await c(db)
        .aggregate([{ $match: { _id: 'types' } }])
        .next(),
    );
    look(await db.command({ count: 'c' }).then(({ n }) => n));
    await d(db).insertOne({ _id: seen.length });
  };
  await run(it, up, { stopBefore: 1 });
  const first = seen.splice(0);
  await d(it.db).deleteMany({});
  // The entry is there: nothing is asked of the server but what only a digest is kept of.
  expect(await run(it, up, { resumes: true })).toMatchObject({ how: 'returned' });
  expect(seen).toEqual(first);
  expect(await d(it.db).countDocuments()).toBe(0);
});

test('a replay asks the server for nothing that was kept', async () => {
  const commands: string[] = [];
  const client = await mongodb.MongoClient.connect(it.uri, { monitorCommands: true });
  const up: Migration = async (db) => {
    const all = await c(db).find({}, { comment: 'user' }).toArray();
    const one = await c(db).findOne({ _id: 1 }, { comment: 'user' });
    const count = await c(db).countDocuments({}, { comment: 'user' });
    await d(db).insertOne({ _id: 1, all: all.length, count, one: one?.n });
  };
  try {
    await run(it, up, { client });
    client.on('commandStarted', ({ command }) => command.comment === 'user' && commands.push(String(command)));
    expect(await run(it, up, { client, resumes: true })).toMatchObject({ how: 'returned' });
    expect(commands).toEqual([]);
  } finally {
    await client.close();
  }
});

test('code that tries for ever is not waited for', async () => {
  let time = 0;
  let tries = 0;
  const up: Migration = async (db) => {
    time += 1;
    await d(db).insertOne({ _id: `at ${time}` });
    for (;;) {
      tries += 1;
      try {
        await d(db).insertOne({ _id: `later ${time}` });
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  await run(it, up, { stopBefore: 1 });
  expect(await run(it, up, { resumes: true })).toMatchObject({
    how: 'diverged',
    message: /never came to insertOne on d/,
  });
  expect(tries).toBeLessThan(10);
  expect(await d(it.db).countDocuments()).toBe(1);
});
