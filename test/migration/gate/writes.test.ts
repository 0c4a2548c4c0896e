import type { Collection } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { leftTargetAsItWas } from '../../../src/migration/end.ts';
import type { Counts, Effects } from '../../../src/migration/types.ts';
import { type Gated, gated } from './gated.ts';

const none: Counts = { matched: 0, modified: 0, inserted: 0, deleted: 0 };

/** Three documents `{ _id: 1..3, a: 1..3 }` are there before; each row does one thing, through the gate. */
const documentWrites: readonly [
  name: string,
  write: (c: Collection<{ _id: number; a?: number }>) => Promise<unknown>,
  counts: Partial<Counts>,
][] = [
  ['insertOne', (c) => c.insertOne({ _id: 9 }), { inserted: 1 }],
  ['insertOne of a generated id', (c) => c.insertOne({} as never), { inserted: 1 }],
  ['insertMany', (c) => c.insertMany([{ _id: 8 }, { _id: 9 }]), { inserted: 2 }],
  ['updateOne', (c) => c.updateOne({ _id: 1 }, { $set: { a: 5 } }), { matched: 1, modified: 1 }],
  ['updateOne that changes nothing', (c) => c.updateOne({ _id: 1 }, { $set: { a: 1 } }), { matched: 1 }],
  ['updateOne with upsert', (c) => c.updateOne({ _id: 7 }, { $set: { a: 1 } }, { upsert: true }), { inserted: 1 }],
  ['updateMany', (c) => c.updateMany({}, { $set: { a: 1 } }), { matched: 3, modified: 2 }],
  ['updateMany by pipeline', (c) => c.updateMany({}, [{ $set: { b: '$a' } }]), { matched: 3, modified: 3 }],
  ['replaceOne', (c) => c.replaceOne({ _id: 2 }, { a: 9 }), { matched: 1, modified: 1 }],
  ['deleteOne', (c) => c.deleteOne({ _id: 2 }), { deleted: 1 }],
  ['deleteMany', (c) => c.deleteMany({ a: { $gt: 1 } }), { deleted: 2 }],
  ['findOneAndUpdate', (c) => c.findOneAndUpdate({ _id: 1 }, { $inc: { a: 1 } }), { matched: 1, modified: 1 }],
  ['findOneAndUpdate of nothing', (c) => c.findOneAndUpdate({ _id: 99 }, { $inc: { a: 1 } }), {}],
  [
    'findOneAndUpdate with upsert',
    (c) => c.findOneAndUpdate({ _id: 99 }, { $inc: { a: 1 } }, { upsert: true }),
    { inserted: 1 },
  ],
  ['findOneAndReplace', (c) => c.findOneAndReplace({ _id: 1 }, { a: 3 }), { matched: 1, modified: 1 }],
  ['findOneAndDelete', (c) => c.findOneAndDelete({ _id: 1 }), { deleted: 1 }],
  [
    'bulkWrite',
    (c) =>
      c.bulkWrite([
        { insertOne: { document: { _id: 10 } } },
        { updateMany: { filter: {}, update: { $inc: { a: 1 } } } },
        { deleteOne: { filter: { _id: 1 } } },
        { replaceOne: { filter: { _id: 77 }, replacement: { a: 1 }, upsert: true } },
      ]),
    { inserted: 2, matched: 4, modified: 4, deleted: 1 },
  ],
  [
    'initializeUnorderedBulkOp',
    (c) => {
      const bulk = c.initializeUnorderedBulkOp();
      bulk.find({ _id: 1 }).updateOne({ $set: { a: 8 } });
      bulk
        .find({ _id: 50 })
        .upsert()
        .updateOne({ $set: { a: 8 } })
        .insert({ _id: 12 });
      bulk.find({ a: 3 }).delete();
      return bulk.execute();
    },
    { matched: 1, modified: 1, inserted: 2, deleted: 1 },
  ],
  ['initializeOrderedBulkOp', (c) => c.initializeOrderedBulkOp().insert({ _id: 12 }).execute(), { inserted: 1 }],
];

async function seeded(): Promise<Gated> {
  const it = await gated();
  await it.raw.db.collection<{ _id: number }>('c').insertMany([1, 2, 3].map((n) => ({ _id: n, a: n })));
  return it;
}

describe('every write of documents is counted', () => {
  test.each(documentWrites)('%s', async (_name, write, counts) => {
    await using it = await seeded();
    await write(it.db.collection('c'));
    expect(it.gate.effects()).toEqual<Effects>({
      ...none,
      ...counts,
      operations: 1,
      byCollection: { c: { ...none, ...counts } },
      indexesCreated: [],
      indexesDropped: [],
      collectionsCreated: [],
      collectionsDropped: [],
      otherChanges: [],
      unknown: 0,
    });
    expect(it.gate.books.operations()).toMatchObject([{ namespace: 'c', state: 'done', count: 1 }]);
  });

  test('raw commands', async () => {
    await using it = await seeded();
    await it.db.command({ insert: 'c', documents: [{ _id: 20 }] });
    await it.db.command({ update: 'c', updates: [{ q: {}, u: { $set: { z: 1 } }, multi: true }] });
    await it.db.command({ update: 'c', updates: [{ q: { _id: 33 }, u: { $set: { z: 1 } }, upsert: true }] });
    await it.db.command({ delete: 'c', deletes: [{ q: { _id: 20 }, limit: 1 }] });
    await it.db.command({ findAndModify: 'c', query: { _id: 1 }, update: { $set: { z: 2 } } });
    expect(it.gate.effects()).toMatchObject({
      inserted: 2,
      matched: 5,
      modified: 5,
      deleted: 1,
      operations: 5,
      unknown: 0,
    });
  });

  test('another database is counted under its name', async () => {
    await using it = await seeded();
    const other = `${it.raw.name}_other`;
    await it.client.db(other).collection('x').insertOne({});
    expect(it.gate.effects().byCollection).toEqual({ [`${other}.x`]: { ...none, inserted: 1 } });
    expect(it.gate.effects().collectionsCreated).toEqual([`${other}.x`]);
    await it.client.db(other).dropDatabase();
    expect(it.gate.effects().collectionsDropped).toEqual([`${other}.x`]);
    expect(await it.raw.client.db(other).listCollections().toArray()).toEqual([]);
  });

  test('reads are not', async () => {
    await using it = await seeded();
    const c = it.db.collection('c');
    await c.findOne({});
    await c.find().toArray();
    for await (const _ of c.find()) break;
    await c.find().forEach(() => {});
    await c.aggregate([{ $match: {} }]).toArray();
    await c.countDocuments();
    await c.estimatedDocumentCount();
    await c.distinct('a');
    await c.indexes();
    await it.db.command({ ping: 1 });
    await it.db.admin().serverInfo();
    await it.db.stats();
    await it.db.runCursorCommand({ find: 'c' }).toArray();
    await it.db.command({ aggregate: 'c', pipeline: [], cursor: {} });
    expect(it.gate.effects()).toMatchObject({ ...none, operations: 0, otherChanges: [] });
    expect(it.gate.reading).toBe(0);
    expect(it.gate.cursorOpen()).toBe(false);
  });
});

describe('what a pipeline writes is named', () => {
  test.each([
    ['toArray', (c: Collection, stage: object) => c.aggregate([stage]).toArray()],
    ['next', (c: Collection, stage: object) => c.aggregate([stage]).next()],
    [
      'for await',
      async (c: Collection, stage: object) => {
        for await (const _ of c.aggregate([stage]));
      },
    ],
    ['forEach', (c: Collection, stage: object) => c.aggregate([stage]).forEach(() => {})],
    [
      'stream',
      async (c: Collection, stage: object) => {
        for await (const _ of c.aggregate([stage]).stream());
      },
    ],
    ['a stage added later', (c: Collection, stage: object) => c.aggregate([]).addStage(stage).toArray()],
    [
      'a raw command',
      (c: Collection, stage: object) =>
        (c as unknown as { db: Gated['db'] }).db.command({ aggregate: 'c', pipeline: [stage], cursor: {} }),
    ],
    [
      'a cursor of a raw command',
      (c: Collection, stage: object) =>
        (c as unknown as { db: Gated['db'] }).db
          .runCursorCommand({ aggregate: 'c', pipeline: [stage], cursor: {} })
          .toArray(),
    ],
  ] as const)('by %s', async (_name, run) => {
    await using it = await seeded();
    await run(it.db.collection('c'), { $merge: 'copy' });
    await run(it.db.collection('c'), { $out: 'copy' });
    expect(it.gate.effects()).toMatchObject({
      operations: 2,
      otherChanges: ['$merge copy', '$out copy'],
      collectionsCreated: ['copy'],
    });
    expect(await it.raw.db.collection('copy').countDocuments()).toBe(3);
  });
});

describe('every change of the catalog is listed', () => {
  test('collections', async () => {
    await using it = await seeded();
    await it.db.createCollection('made', { capped: true, size: 1000 });
    await it.db.createCollection('seen', { viewOn: 'c', pipeline: [] });
    await it.db.collection('implicit').insertOne({});
    await it.db.collection('upserted').updateOne({}, { $set: { a: 1 } }, { upsert: true });
    await it.db.collection('never').updateOne({}, { $set: { a: 1 } });
    await it.db.collection('indexed').createIndex({ a: 1 });
    await it.db.command({ create: 'commanded' });
    await it.db.collection('made').drop();
    await it.db.dropCollection('seen');
    await it.db.dropCollection('not there').catch(() => {});
    await it.db.command({ drop: 'commanded' });
    await it.db.collection('implicit').rename('renamed');
    await it.db.renameCollection('upserted', 'renamed', { dropTarget: true });
    await it.db.command({ collMod: 'c', validationLevel: 'moderate' });
    expect(it.gate.effects()).toMatchObject({
      collectionsCreated: ['made', 'seen', 'implicit', 'upserted', 'indexed', 'commanded'],
      collectionsDropped: ['made', 'seen', 'commanded', 'renamed'],
      otherChanges: ['rename implicit → renamed', 'rename upserted → renamed', 'collMod c'],
      indexesCreated: ['indexed.a_1'],
    });
  });

  test('indexes, without those that were there', async () => {
    await using it = await seeded();
    const c = it.db.collection('c');
    await it.raw.db.collection('c').createIndex({ old: 1 });
    expect(await c.createIndex({ old: 1 })).toBe('old_1');
    expect(await c.createIndexes([{ key: { a: 1 } }, { key: { b: 1 }, name: 'b' }, { key: { old: 1 } }])).toEqual([
      'a_1',
      'b',
      'old_1',
    ]);
    await it.db.createIndex('c', { d: 1 });
    await it.db.command({ createIndexes: 'c', indexes: [{ key: { e: 1 }, name: 'e' }] });
    await c.dropIndex('b');
    expect(it.gate.effects()).toMatchObject({
      indexesCreated: ['c.a_1', 'c.b', 'c.d_1', 'c.e'],
      indexesDropped: ['c.b'],
    });
    await c.dropIndexes();
    expect(it.gate.effects().indexesDropped).toEqual(['c.b', 'c.old_1', 'c.a_1', 'c.d_1', 'c.e']);
  });

  test('a command that is not known counts as a change', async () => {
    await using it = await seeded();
    await it.db.command({ refreshSomething: 1 }).catch(() => {});
    await it.db.command({ reIndex: 'c' }).catch(() => {});
    await it.db.setProfilingLevel('off');
    expect(it.gate.effects().otherChanges).toEqual([`setProfilingLevel ${it.raw.name}`]);
    expect(it.gate.effects()).toMatchObject({ operations: 3, unknown: 0 });
    // What a failed command has done that nobody knows, nobody knows either.
    await it.db.command({ convertToCapped: 'not there', size: 1000 }).catch(() => {});
    expect(it.gate.effects()).toMatchObject({ operations: 4, unknown: 1 });
  });
});

describe('a failed write', () => {
  test('of one document left nothing behind', async () => {
    await using it = await seeded();
    await expect(it.db.collection<{ _id: number }>('c').insertOne({ _id: 1 })).rejects.toMatchObject({ code: 11000 });
    await expect(it.db.collection('c').updateOne({}, { $bad: 1 } as never)).rejects.toThrow();
    expect(it.gate.effects()).toMatchObject({ ...none, operations: 2, unknown: 0 });
    expect(leftTargetAsItWas({ effects: it.gate.effects() })).toBe(true);
  });

  test('into a missing collection may have made it', async () => {
    await using it = await gated();
    await it.db
      .collection('fresh')
      .insertOne({ a: { $bad: 1 } }, { checkKeys: true } as never)
      .catch(() => {});
    await it.db
      .collection('index')
      .createIndex({ a: 'nonsense' as never })
      .catch(() => {});
    const there = (await it.raw.db.listCollections().toArray()).map(({ name }) => name).sort();
    expect([...it.gate.effects().collectionsCreated].sort()).toEqual(there);
  });

  test('of several documents is counted as far as it got, and unknown where that is not told', async () => {
    await using it = await seeded();
    const c = it.db.collection<{ _id: number; a: number }>('c');
    await expect(
      c.insertMany([
        { _id: 5, a: 5 },
        { _id: 1, a: 1 },
        { _id: 6, a: 6 },
      ]),
    ).rejects.toThrow();
    expect(it.gate.effects()).toMatchObject({ inserted: 1, unknown: 0 });
    await expect(
      c.insertMany(
        [
          { _id: 1, a: 1 },
          { _id: 7, a: 7 },
        ],
        { ordered: false },
      ),
    ).rejects.toThrow();
    expect(it.gate.effects()).toMatchObject({ inserted: 2, unknown: 0 });
    await c.createIndex({ a: 1 }, { unique: true });
    await expect(c.updateMany({}, { $set: { a: 100 } })).rejects.toMatchObject({ code: 11000 });
    expect(await it.raw.db.collection('c').countDocuments({ a: 100 })).toBe(1);
    expect(it.gate.effects()).toMatchObject({ inserted: 2, unknown: 1 });
    await expect(c.bulkWrite([{ updateMany: { filter: {}, update: { $set: { a: 100 } } } }])).rejects.toThrow();
    expect(it.gate.effects().unknown).toBe(2);
    await expect(
      c.bulkWrite([{ deleteOne: { filter: { _id: 2 } } }, { insertOne: { document: { _id: 1, a: 0 } } }]),
    ).rejects.toThrow();
    expect(it.gate.effects()).toMatchObject({ deleted: 1, unknown: 2 });
    expect(leftTargetAsItWas({ effects: it.gate.effects() })).toBe(false);
  });

  test('that the driver refuses was never sent', async () => {
    await using it = await seeded();
    await expect(it.db.collection('c').bulkWrite([])).rejects.toThrow();
    await expect(it.db.collection('c').updateOne({}, { a: 1 })).rejects.toThrow();
    expect(it.gate.effects()).toMatchObject({ operations: 0, unknown: 0 });
  });

  test('without acknowledgement is unknown', async () => {
    await using it = await seeded();
    await it.db.collection('c').insertOne({}, { writeConcern: { w: 0 } });
    expect(it.gate.effects()).toMatchObject({ operations: 1, unknown: 1 });
  });
});

test('many equal operations are one entry of the record', async () => {
  await using it = await seeded();
  const c = it.db.collection('c');
  for (let n = 0; n < 20; n += 1) await c.insertOne({});
  await Promise.all(Array.from({ length: 20 }, () => c.insertOne({})));
  await c.deleteMany({});
  expect(it.gate.books.operations()).toMatchObject([
    { method: 'insertOne', namespace: 'c', count: 40, state: 'done' },
    { method: 'deleteMany', count: 1 },
  ]);
});
