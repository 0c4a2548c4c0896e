import { type Collection, type Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { leftTargetAsItWas } from '../../../src/migration/end.ts';
import type { Gate } from '../../../src/migration/gate/gate.ts';
import { entriesOf, ofAttempt } from '../../../src/migration/journal/documents.ts';
import { effectsOfAttempt } from '../../../src/migration/journal/effects.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { fresh, run } from '../gate/replay/crashing.ts';

type Places = Collection<{ _id: number; n?: number; m?: number }>;
const places = (db: Db): Places => db.collection('c');
const attempt = { migration: 'm', number: 1 };
const journal = '_mongo_release.journal';

let it: TestDatabase;
beforeAll(async () => {
  it = await freshDatabase();
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  // Emptied it would keep its validator.
  await it.db.collection('c').drop();
  await fresh(it, async (db) => {
    await places(db).insertMany(Array.from({ length: 100 }, (_, n) => ({ _id: n, n })));
  });
});

const withValidator = (db: Db) => db.command({ collMod: 'c', validator: { m: { $ne: 41 } } });
const withUnique = (db: Db) => db.collection('c').createIndex({ m: 1 }, { unique: true, sparse: true });
const ignored = () => {};

type Shape = (db: Db, client: MongoClient) => Promise<unknown>;
const shapes: Readonly<Record<string, Shape>> = {
  'single writes': async (db) => {
    await places(db).insertOne({ _id: 100 });
    await places(db).updateOne({ _id: 1 }, { $set: { m: 1 } });
    await places(db).updateOne({ _id: 101 }, { $set: { m: 1 } }, { upsert: true });
    await places(db).updateOne({ _id: 999 }, { $set: { m: 1 } });
    await places(db).replaceOne({ _id: 2 }, { n: 7 });
    await places(db).deleteOne({ _id: 3 });
  },
  findAndModify: async (db) => {
    await places(db).findOneAndUpdate({ _id: 4 }, { $set: { m: 1 } });
    await places(db).findOneAndUpdate({ _id: 104 }, { $set: { m: 1 } }, { upsert: true });
    await places(db).findOneAndUpdate({ _id: 999 }, { $set: { m: 1 } });
    await places(db).findOneAndDelete({ _id: 5 });
    await places(db).findOneAndDelete({ _id: 999 });
    await db.command({ findAndModify: 'c', query: { _id: 6 }, remove: true });
    await db.command({ findAndModify: 'c', query: { _id: 107 }, update: { m: 2 }, upsert: true });
  },
  'many at once': async (db) => {
    await places(db).insertMany([{ _id: 200 }, { _id: 201 }]);
    await places(db).updateMany({ n: { $lt: 10 } }, { $set: { m: 1 } });
    await places(db).deleteMany({ n: { $gt: 90 } });
    await db.command({ update: 'c', updates: [{ q: { n: { $lt: 5 } }, u: { $set: { m: 2 } }, multi: true }] });
    await db.command({ insert: 'c', documents: [{ _id: 300 }] });
    await db.command({ delete: 'c', deletes: [{ q: { _id: 300 }, limit: 1 }] });
  },
  bulkWrite: (db) =>
    places(db).bulkWrite([
      { insertOne: { document: { _id: 100 } } },
      { updateOne: { filter: { _id: 101 }, update: { $set: { m: 1 } }, upsert: true } },
      { updateMany: { filter: { n: { $lt: 4 } }, update: { $set: { m: 1 } } } },
      { deleteMany: { filter: { n: { $gt: 97 } } } },
    ]),
  'an updateMany that a validator refuses at the 42nd document': async (db) => {
    await withValidator(db);
    await places(db)
      .updateMany({}, [{ $set: { m: '$n' } }])
      .catch(ignored);
    await places(db).insertOne({ _id: 100 });
  },
  'a bulkWrite that a unique index refuses at the 42nd document': async (db) => {
    await places(db).insertOne({ _id: 100, m: 41 });
    await withUnique(db);
    const updates = Array.from({ length: 60 }, (_, n) => ({
      updateOne: { filter: { _id: n }, update: { $set: { m: n } } },
    }));
    await places(db).bulkWrite(updates).catch(ignored);
    await places(db).bulkWrite(updates, { ordered: false }).catch(ignored);
  },
  'a bulkWrite of several transactions that is refused in its middle': async (db) => {
    await withValidator(db);
    const filter = { n: { $gte: 0 } };
    await places(db)
      .bulkWrite([
        { updateOne: { filter: { _id: 1 }, update: { $set: { m: 1 } } } },
        { updateMany: { filter, update: [{ $set: { m: '$n' } }] } },
        { deleteOne: { filter: { _id: 2 } } },
      ])
      .catch(ignored);
  },
  'a list whose one statement is refused in its middle': async (db) => {
    await withValidator(db);
    await places(db)
      .bulkWrite([{ updateMany: { filter: {}, update: [{ $set: { m: '$n' } }] } }])
      .catch(ignored);
    await db.command({
      update: 'c',
      updates: [{ q: { n: { $gt: 30 } }, u: [{ $set: { m: { $add: ['$n', 1] } } }], multi: true }],
    });
  },
  'users and their roles': async (db) => {
    await db.command({ createUser: 'gated', pwd: 'secret', roles: [] });
    await db.command({ updateUser: 'gated', roles: ['read'] });
    await db.command({ dropUser: 'gated' });
  },
  'refusals that changed nothing': async (db) => {
    await places(db).insertOne({ _id: 1 }).catch(ignored);
    await places(db)
      .updateMany({}, [{ $set: { _id: 1 } }])
      .catch(ignored);
    await places(db)
      .deleteMany({ $nope: 1 } as object)
      .catch(ignored);
    await db.command({ drop: 'missing' }).catch(ignored);
  },
  'collections that writes bring into being': async (db) => {
    await db.collection('made').insertOne({});
    await db.collection('upserted').updateOne({ a: 1 }, { $set: { b: 1 } }, { upsert: true });
    await db.collection('indexed').createIndex({ a: 1 });
    await db.createCollection('created');
  },
  'a catalog that changes': async (db) => {
    await withUnique(db);
    await db.collection('c').createIndexes([{ key: { n: 1 } }, { key: { n: -1 } }]);
    await db.collection('c').dropIndex('n_1');
    await withValidator(db);
    await db.createCollection('old');
    await db.collection('old').rename('new');
    await db.createCollection('gone');
    await db.collection('gone').drop();
    await db.command({ create: 'seen', viewOn: 'c' });
  },
  '$out and $merge': async (db) => {
    await places(db)
      .aggregate([{ $match: { n: 1 } }, { $out: 'out' }])
      .toArray();
    await places(db)
      .aggregate([{ $match: { n: 2 } }, { $out: 'out' }])
      .toArray();
    await places(db)
      .aggregate([{ $match: { n: 3 } }, { $merge: { into: 'out' } }])
      .toArray();
  },
  'an $out that is refused': async (db) => {
    await places(db)
      .aggregate([{ $set: { m: { $divide: [1, '$n'] } } }, { $out: 'out' }])
      .toArray()
      .catch(ignored);
    await db.command({ aggregate: 'c', pipeline: [{ $nope: 1 }, { $out: 'out' }], cursor: {} }).catch(ignored);
  },
  'a transaction': async (db, client) => {
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await places(db).insertOne({ _id: 100 }, { session });
        await places(db).updateMany({ n: { $lt: 10 } }, { $set: { m: 1 } }, { session });
        await db.collection('within').insertOne({}, { session });
      }),
    );
  },
};

/** Names in any order, and what the two ways of counting cannot both know left out. */
function comparable({ replayed: _, byCollection, ...effects }: ReturnType<Gate['effects']>): object {
  const lists = Object.entries(effects).map(([name, value]) => [name, Array.isArray(value) ? value.toSorted() : value]);
  const changed = Object.entries(byCollection).filter(([, counts]) => Object.values(counts).some((count) => count > 0));
  return { ...Object.fromEntries(lists), byCollection: Object.fromEntries(changed) };
}

test.each(Object.keys(shapes))(
  '%s: the gate that sent it, the one that answered it from the journal, and the journal itself count the same',
  async (name) => {
    const shape = shapes[name] as Shape;
    const gates: Gate[] = [];
    const look = (gate: Gate) => gates.push(gate);
    expect(await run(it, shape, { look })).toMatchObject({ how: 'returned' });
    expect(await run(it, shape, { look, resumes: true })).toMatchObject({ how: 'returned' });
    const [sent, answered] = gates.map((gate) => gate.effects());
    expect(sent?.replayed).toBeUndefined();
    expect(answered?.replayed).toBe(sent?.operations);
    expect(comparable(answered as never)).toEqual(comparable(sent as never));
    expect(comparable(await effectsOfAttempt(it.db, journal, attempt))).toEqual(comparable(sent as never));
    expect(sent?.unknown).toBe(0);
  },
);

test('documents that a refused statement of a list had changed by then are in the effects', async () => {
  const gates: Gate[] = [];
  await run(it, shapes['a list whose one statement is refused in its middle'] as Shape, {
    look: (gate) => gates.push(gate),
  });
  const changed = await places(it.db).countDocuments({ m: { $exists: true } });
  expect(changed).toBe(41);
  const [effects] = gates.map((gate) => gate.effects());
  // 9 of them a second time, by the command.
  expect(effects).toMatchObject({ modified: changed + 9, unknown: 0 });
});

describe('the journal', () => {
  const shape: Shape = async (db) => {
    await places(db).updateMany({}, { $set: { m: 1 } });
    await places(db).bulkWrite([{ updateMany: { filter: {}, update: { $inc: { n: 1 } } } }]);
  };

  test.each([{ promoteValues: false }, { useBigInt64: true }, { promoteLongs: false, promoteBuffers: true }])(
    'counts the same whatever a project has its driver make of numbers: %o',
    async (options) => {
      await run(it, shape);
      await using client = new MongoClient(it.uri, options);
      const effects = await effectsOfAttempt(client.db(it.name), journal, attempt);
      expect(effects).toMatchObject({ operations: 2, matched: 200, modified: 200, unknown: 0 });
    },
  );

  test('is asked for its entries without its images being read', async () => {
    await run(it, shape);
    const stored = it.db.collection(journal);
    const entries = await stored.countDocuments({ ...ofAttempt(attempt), kind: { $ne: 'images' } } as object);
    expect(await stored.countDocuments(ofAttempt(attempt) as object)).toBeGreaterThan(entries);
    const { executionStats } = await stored.find(entriesOf(attempt) as object).explain('executionStats');
    expect(executionStats).toMatchObject({ nReturned: entries, totalDocsExamined: entries });
  });

  test('is not read any further once the time for it is over', async () => {
    await run(it, shape);
    await expect(effectsOfAttempt(it.db, journal, attempt, AbortSignal.abort())).rejects.toThrow(/abort/);
  });

  test('does not say that nothing was done where it has an entry, whatever that counts', async () => {
    await run(it, (db) => places(db).updateOne({ _id: 999 }, { $set: { m: 1 } }));
    const effects = await effectsOfAttempt(it.db, journal, attempt);
    expect(effects).toMatchObject({ matched: 0, modified: 0 });
    expect(leftTargetAsItWas({ effects })).toBe(false);
  });
});
