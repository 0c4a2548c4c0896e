import { BSON, type Db } from 'mongodb';

/** What is there before. */
const parts = {
  /** Three documents, a TTL index, another one. */
  c: async (db: Db) => {
    await db.collection<{ _id: number }>('c').insertMany([1, 2, 3].map((n) => ({ _id: n, a: n })));
    await db.collection('c').createIndexes([{ key: { at: 1 }, expireAfterSeconds: 3600 }, { key: { a: -1, '7': 1 } }]);
  },
  other: async (db: Db) => {
    await db.collection<{ _id: number }>('other').insertMany([8, 9].map((n) => ({ _id: n })));
    await db.collection('other').createIndex({ o: 1 }, { unique: true, sparse: true });
  },
  v: (db: Db) => db.createCollection('v', { viewOn: 'c', pipeline: [{ $match: { a: 1 } }] }),
  ts: (db: Db) => db.createCollection('ts', { timeseries: { timeField: 't' } }),
  /** An index with a pattern that JavaScript does not know. */
  p: (db: Db) => {
    const partialFilterExpression = { a: { $eq: new BSON.BSONRegExp('(?i)a', 'x') } };
    return db.collection('p').createIndex({ a: 1 }, { partialFilterExpression });
  },
  cap: (db: Db) => db.createCollection('cap', { capped: true, size: 4096 }),
} as const;

/** One change of the catalog: each method of the driver and each command. */
export interface Row {
  readonly name: string;
  readonly change: (db: Db) => Promise<unknown>;
  /** Default: `c` and `other`. */
  readonly needs: readonly (keyof typeof parts)[];
}

export async function seed(db: Db, { needs }: Pick<Row, 'needs'>): Promise<void> {
  for (const part of needs) await parts[part](db);
}

const row = (name: string, change: Row['change'], needs: Row['needs'] = ['c', 'other']): Row => ({
  name,
  change,
  needs,
});

export const rows: readonly Row[] = [
  row('createCollection', (db) => db.createCollection('fresh', { validator: { $jsonSchema: { required: ['a'] } } })),
  row('createCollection of one that is there', (db) => db.createCollection('c', { capped: true, size: 1000 })),
  row('createCollection with an impossible option', (db) => db.createCollection('fresh', { capped: true })),
  row('createCollection: a view', (db) => db.createCollection('w', { viewOn: 'c', pipeline: [] })),
  row('createCollection: a time series', (db) => db.createCollection('times', { timeseries: { timeField: 't' } })),
  row('command create', (db) => db.command({ create: 'fresh', collation: { locale: 'de' } })),
  row('drop', (db) => db.collection('c').drop()),
  row('drop of nothing', (db) => db.collection('nothing').drop()),
  row('dropCollection', (db) => db.dropCollection('c')),
  row('dropCollection: a view', (db) => db.dropCollection('v'), ['c', 'v']),
  row('dropCollection: a time series', (db) => db.dropCollection('ts'), ['ts']),
  row('dropCollection: capped', (db) => db.dropCollection('cap'), ['cap']),
  row('command drop', (db) => db.command({ drop: 'c' })),
  row('command drop: a view', (db) => db.command({ drop: 'v' }), ['c', 'v']),
  row('command drop of nothing', (db) => db.command({ drop: 'nothing' })),
  row('dropDatabase', (db) => db.dropDatabase(), ['c', 'other', 'v', 'ts', 'cap']),
  row('command dropDatabase', (db) => db.command({ dropDatabase: 1 }), ['c', 'v']),
  row('rename', (db) => db.collection('c').rename('d')),
  row('rename of nothing', (db) => db.collection('nothing').rename('d')),
  row('rename of nothing over another', (db) => db.collection('nothing').rename('other', { dropTarget: true })),
  row('rename to itself', (db) => db.collection('c').rename('c', { dropTarget: true })),
  row('rename to a name that is taken', (db) => db.collection('c').rename('other')),
  row('rename over another', (db) => db.collection('c').rename('other', { dropTarget: true })),
  row('rename over nothing', (db) => db.collection('c').rename('d', { dropTarget: true })),
  row('rename over a view', (db) => db.collection('c').rename('v', { dropTarget: true }), ['c', 'v']),
  row('rename of a view', (db) => db.collection('v').rename('w'), ['v']),
  row('rename of a time series', (db) => db.collection('ts').rename('w'), ['ts']),
  row('rename: capped', (db) => db.collection('cap').rename('d', { dropTarget: true }), ['cap']),
  row('renameCollection', (db) => db.renameCollection('c', 'd')),
  row('command renameCollection', (db) =>
    db.admin().command({ renameCollection: `${db.databaseName}.c`, to: `${db.databaseName}.other`, dropTarget: true }),
  ),
  row('createIndex', (db) => db.collection('c').createIndex({ b: 1, '3': -1 }, { unique: true, sparse: true })),
  row('createIndex that is there', (db) =>
    db.collection('other').createIndex({ o: 1 }, { unique: true, sparse: true }),
  ),
  row('createIndex with other options', (db) => db.collection('other').createIndex({ o: 1 }, { name: 'o_1' })),
  row('createIndex of nonsense', (db) => db.collection('c').createIndex({ b: 'nonsense' as never })),
  row('createIndex of nonsense on nothing', (db) => db.collection('nothing').createIndex({ b: 'nonsense' as never })),
  row('createIndex on nothing', (db) => db.collection('nothing').createIndex({ b: 1 })),
  row('createIndex that duplicates refuse', async (db) => {
    await db.collection('other').insertMany([{ _id: 1, same: 1 } as never, { _id: 2, same: 1 } as never]);
    return db.collection('other').createIndex({ same: 1 }, { unique: true });
  }),
  row('createIndexes', (db) => db.collection('c').createIndexes([{ key: { b: 1 } }, { key: { c: 1 }, name: 'mine' }])),
  row('createIndex of a database', (db) => db.createIndex('c', { b: 1 })),
  row('command createIndexes', (db) => db.command({ createIndexes: 'c', indexes: [{ key: { b: 1 }, name: 'b' }] })),
  row('command createIndexes on nothing', (db) =>
    db.command({ createIndexes: 'nothing', indexes: [{ key: { b: 1 }, name: 'b' }] }),
  ),
  row('command createIndexes that are there', (db) =>
    db.command({ createIndexes: 'other', indexes: [{ key: { o: 1 }, name: 'o_1', unique: true, sparse: true }] }),
  ),
  row('dropIndex', (db) => db.collection('c').dropIndex('at_1')),
  row('dropIndex that is not there', (db) => db.collection('c').dropIndex('nope')),
  row('dropIndex on nothing', (db) => db.collection('nothing').dropIndex('nope')),
  row('dropIndexes', (db) => db.collection('c').dropIndexes()),
  row('dropIndexes on nothing', (db) => db.collection('nothing').dropIndexes()),
  row('command dropIndexes by key', (db) => db.command({ dropIndexes: 'other', index: { o: 1 } })),
  row('command dropIndexes: all', (db) => db.command({ dropIndexes: 'c', index: '*' })),
  row('command dropIndexes: several', (db) => db.command({ dropIndexes: 'other', index: ['o_1'] })),
  row('collMod: a validator', (db) => db.command({ collMod: 'c', validator: { a: { $type: 'int' } } })),
  row('collMod: expiry', (db) => db.command({ collMod: 'c', index: { name: 'at_1', expireAfterSeconds: 60 } })),
  row('collMod: expiry by key', (db) =>
    db.command({ collMod: 'c', index: { keyPattern: { at: 1 }, expireAfterSeconds: 61, hidden: true } }),
  ),
  row('collMod: an index with a pattern', (db) => db.command({ collMod: 'p', index: { name: 'a_1', hidden: true } }), [
    'p',
  ]),
  row('collMod: a view', (db) => db.command({ collMod: 'v', viewOn: 'c', pipeline: [{ $match: { a: 2 } }] }), [
    'c',
    'v',
  ]),
  row('collMod: nothing new', (db) => db.command({ collMod: 'c', index: { name: 'at_1', expireAfterSeconds: 3600 } })),
  row('collMod of nothing', (db) => db.command({ collMod: 'nothing', validator: {} })),
  row('an insert into a missing collection', (db) => db.collection<{ _id: number }>('fresh').insertOne({ _id: 1 })),
  row('$out over another', (db) =>
    db
      .collection('c')
      .aggregate([{ $match: { a: { $gt: 1 } } }, { $out: 'other' }])
      .toArray(),
  ),
  row('$out over itself', (db) =>
    db
      .collection('c')
      .aggregate([{ $set: { b: '$a' } }, { $out: 'c' }])
      .next(),
  ),
  row('$out into nothing', (db) =>
    db
      .collection('c')
      .aggregate([{ $out: 'fresh' }])
      .forEach(() => {}),
  ),
  row('$out that a unique index refuses', (db) =>
    db
      .collection('c')
      .aggregate([{ $set: { o: 1 } }, { $out: 'other' }])
      .toArray(),
  ),
  row(
    '$out into a view',
    (db) =>
      db
        .collection('c')
        .aggregate([{ $out: 'v' }])
        .toArray(),
    ['c', 'v'],
  ),
  row(
    '$out into a capped collection',
    (db) =>
      db
        .collection('c')
        .aggregate([{ $out: 'cap' }])
        .toArray(),
    ['c', 'cap'],
  ),
  row('command aggregate with $out', (db) => db.command({ aggregate: 'c', pipeline: [{ $out: 'other' }], cursor: {} })),
  row('a cursor of a command with $out', (db) =>
    db.runCursorCommand({ aggregate: 'c', pipeline: [{ $out: 'other' }], cursor: {} }).toArray(),
  ),
  row('drop and make again', async (db) => {
    await db.collection('c').drop();
    await db.createCollection('c', { collation: { locale: 'de' } });
    await db.collection<{ _id: number }>('c').insertOne({ _id: 50 });
    return db.collection('c').drop();
  }),
  row('a chain of renames', async (db) => {
    await db.collection('c').rename('d');
    await db.collection('other').rename('c');
    await db.collection('d').rename('c', { dropTarget: true });
    return db.renameCollection('c', 'e');
  }),
];
