import type { Collection, Db } from 'mongodb';
import { ignoreCode, serverCodes } from '../../../../src/mongo/server-error.ts';
import type { Migration } from './crashing.ts';

export interface Shape {
  readonly name: string;
  readonly up: Migration;
  /** Fewest of its stops from which it has to be taken up to the end, as a part of all. */
  readonly resumes: number;
}

interface Doc {
  _id: number;
  n: number;
  name?: string;
  done?: number | string;
  twice?: number;
  total?: number;
  seen?: boolean;
  at?: Date;
}

const c = (db: Db): Collection<Doc> => db.collection<Doc>('c');
const d = (db: Db): Collection<Doc> => db.collection<Doc>('d');

/** What each shape finds. */
export const seed: Migration = async (db) => {
  await c(db).insertMany(Array.from({ length: 6 }, (_, _id) => ({ _id, n: _id, name: `name ${_id}` })));
  await db.createCollection('d').catch(ignoreCode(serverCodes.NamespaceExists));
};

export const shapes: readonly Shape[] = [
  {
    name: 'a loop over find',
    resumes: 1,
    up: async (db) => {
      for await (const { _id, n } of c(db).find({ done: { $exists: false } })) {
        await c(db).updateOne({ _id }, { $set: { done: n * 2 } });
      }
    },
  },
  {
    name: 'a loop over find that is sorted, limited and projected',
    resumes: 1,
    up: async (db) => {
      for await (const { _id, n } of c(db)
        .find({ n: { $gte: 1 } })
        .sort({ n: -1 })
        .limit(4)
        .project<Doc>({ n: 1 })) {
        await c(db).updateOne({ _id }, { $inc: { n: 100 - n } });
      }
    },
  },
  {
    name: 'hasNext and next, with map',
    resumes: 1,
    up: async (db) => {
      const cursor = c(db)
        .find({ done: { $exists: false } }, { batchSize: 2 })
        .map(({ _id, n }) => ({ id: _id, text: `n is ${n}` }));
      while (await cursor.hasNext()) {
        const next = await cursor.next();
        if (next !== null) await c(db).updateOne({ _id: next.id }, { $set: { done: next.text } });
      }
    },
  },
  {
    name: 'a stream',
    resumes: 0.2,
    up: async (db) => {
      for await (const { _id, n } of c(db)
        .find({ done: { $exists: false } })
        .stream()) {
        await c(db).updateOne({ _id }, { $set: { done: n * 3 } });
      }
    },
  },
  {
    name: 'forEach without waiting, waited for at the end',
    resumes: 1,
    up: async (db) => {
      const all: Promise<unknown>[] = [];
      await c(db)
        .find()
        .forEach(({ _id, n }) => void all.push(c(db).updateOne({ _id }, { $set: { done: n } })));
      await Promise.all(all);
    },
  },
  {
    name: 'Promise.all',
    resumes: 1,
    up: async (db) => {
      const all = await c(db).find().toArray();
      await Promise.all(all.map(({ _id, n }) => c(db).updateOne({ _id }, { $set: { twice: n * 2 } })));
      await Promise.all(all.map(({ _id }) => d(db).insertOne({ _id, n: _id })));
    },
  },
  {
    name: 'Promise.all of chains that read and write',
    resumes: 1,
    up: async (db) => {
      await Promise.all(
        [0, 1, 2].map(async (_id) => {
          for (let round = 0; round < 3; round += 1) {
            const found = await c(db).findOne({ _id });
            await c(db).updateOne({ _id }, { $set: { n: (found?.n ?? 0) * 2 + 1 } });
          }
        }),
      );
    },
  },
  {
    name: 'read, modify, write',
    resumes: 1,
    up: async (db) => {
      for (const _id of [1, 2, 1, 1]) {
        const found = await c(db).findOne({ _id });
        await c(db).replaceOne({ _id }, { ...found, n: (found?.n ?? 0) + 10 });
      }
    },
  },
  {
    name: 'insert where there is none',
    resumes: 1,
    up: async (db) => {
      for (const _id of [1, 7, 7, 8, 1]) {
        const found = await c(db).findOne({ _id });
        if (found === null) await c(db).insertOne({ _id, n: 0 });
        else await c(db).updateOne({ _id }, { $inc: { n: 1 } });
      }
    },
  },
  {
    name: 'backfill, then insert what it counted',
    resumes: 1,
    up: async (db) => {
      let changed = 0;
      for await (const { _id } of c(db).find({ total: { $exists: false } })) {
        changed += (await c(db).updateOne({ _id }, { $set: { total: 1 } })).modifiedCount;
      }
      await d(db).insertOne({ _id: 1, n: changed });
      await d(db).insertOne({ _id: 2, n: await c(db).countDocuments({ total: 1 }) });
    },
  },
  {
    name: 'upserts that count on',
    resumes: 1,
    up: async (db) => {
      for (const _id of [1, 2, 1, 3, 2, 1]) {
        const { upsertedId } = await d(db).updateOne({ _id }, { $inc: { n: 1 } }, { upsert: true });
        if (upsertedId !== null) await c(db).updateOne({ _id }, { $set: { seen: true } });
      }
    },
  },
  {
    name: 'its own transactions',
    resumes: 1,
    up: async (db, client) => {
      await client.withSession(async (session) => {
        for (const _id of [1, 2, 3]) {
          await session.withTransaction(async () => {
            const found = await c(db).findOne({ _id }, { session });
            await c(db).updateOne({ _id }, { $inc: { n: -1 } }, { session });
            await d(db).insertOne({ _id, n: found?.n ?? 0 }, { session });
          });
          const sum = await d(db).countDocuments();
          await d(db).insertOne({ _id: 100 + sum, n: sum });
        }
      });
    },
  },
  {
    name: 'a transaction that is given up, and one that only reads',
    resumes: 0.2,
    up: async (db, client) => {
      await client.withSession(async (session) => {
        session.startTransaction();
        const before = await c(db).countDocuments({}, { session });
        await session.commitTransaction();
        await c(db).insertOne({ _id: 50 + before, n: 0 });
        session.startTransaction();
        const within = await c(db).countDocuments({}, { session });
        await session.abortTransaction();
        await c(db).insertOne({ _id: 60 + within, n: 0 });
        session.startTransaction();
        await c(db).updateOne({ _id: 1 }, { $set: { n: 99 } }, { session });
        await session.abortTransaction();
        await c(db).insertOne({ _id: 70, n: (await c(db).findOne({ _id: 1 }))?.n ?? 0 });
      });
    },
  },
  {
    name: 'depending on counts, distinct values and estimates',
    resumes: 1,
    up: async (db) => {
      for (let round = 0; round < 3; round += 1) {
        const count = await d(db).countDocuments();
        await d(db).insertOne({ _id: count, n: round });
        const values = await d(db).distinct('n');
        const estimate = await d(db).estimatedDocumentCount();
        await d(db).insertOne({ _id: 10 + round, n: values.length * 10 + estimate });
      }
    },
  },
  {
    name: 'the time, in what it inserts',
    resumes: 0,
    up: async (db) => {
      for (const _id of [1, 2, 3]) {
        await d(db).insertOne({ _id, n: 0, at: new Date() });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  },
  {
    name: 'a sorted loop that inserts into what it reads',
    resumes: 0,
    up: async (db) => {
      for await (const { _id, n } of c(db)
        .find({ n: { $lt: 100 } })
        .sort({ name: 1 })) {
        await c(db).insertOne({ _id: _id + 20, n: n + 10, name: 'later' });
      }
    },
  },
  {
    name: 'a loop that changes what it has not come to',
    resumes: 0,
    up: async (db) => {
      for await (const { _id, n } of c(db).find({ n: { $gte: 0 } })) {
        await c(db).updateOne({ _id: 5 - _id }, { $set: { n: -1 - n } });
      }
    },
  },
  {
    name: 'a loop over one collection that fills another',
    resumes: 1,
    up: async (db) => {
      for await (const { _id, n } of c(db).find().skip(0)) await d(db).insertOne({ _id, n });
    },
  },
  {
    name: 'aggregations',
    resumes: 0.2,
    up: async (db) => {
      const [sum] = await c(db)
        .aggregate<Doc>([{ $group: { _id: 1, n: { $sum: '$n' } } }])
        .toArray();
      await d(db).insertOne({ _id: 1, n: sum?.n ?? 0 });
      for await (const { _id, n } of c(db).aggregate<Doc>([{ $match: { n: { $gt: 2 } } }, { $sort: { n: 1 } }])) {
        await c(db).updateOne({ _id }, { $set: { n: n - 3 } });
      }
    },
  },
  {
    name: 'findOneAndUpdate and bulkWrite',
    resumes: 1,
    up: async (db) => {
      for (const _id of [1, 1, 2]) {
        const before = await c(db).findOneAndUpdate({ _id }, { $inc: { n: 5 } });
        await d(db).bulkWrite([
          { updateOne: { filter: { _id }, update: { $set: { n: before?.n ?? 0 } }, upsert: true } },
          { insertOne: { document: { _id: 100 + (await d(db).countDocuments()), n: 0 } } },
        ]);
      }
    },
  },
  {
    name: 'errors that it catches',
    resumes: 1,
    up: async (db) => {
      let failed = 0;
      const fails = () => {
        failed += 1;
      };
      await db.collection('none').indexes().catch(fails);
      await c(db).insertOne({ _id: 1, n: 0 }).catch(fails);
      await d(db).insertOne({ _id: 1, n: failed });
      await c(db).findOne({ $no: 1 }).catch(fails);
      await d(db).insertOne({ _id: 2, n: failed });
    },
  },
  {
    name: 'collections and indexes, looked for first',
    resumes: 1,
    up: async (db) => {
      const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
      if (!names.includes('made')) await db.createCollection('made');
      const made = db.collection<Doc>('made');
      if (!(await c(db).indexExists('n_1'))) await c(db).createIndex({ n: 1 });
      const indexes = await c(db).listIndexes().toArray();
      await made.insertOne({ _id: indexes.length, n: (await db.collections()).length });
      if (names.includes('d')) await db.dropCollection('d');
      await made.insertOne({ _id: 10, n: (await db.listCollections().toArray()).length });
    },
  },
];
