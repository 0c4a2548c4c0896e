import { createRequire } from 'node:module';
import fc from 'fast-check';
import { BSON, type Collection, type Db, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { Driver } from '../../../../../src/migration/gate/raw.ts';
import { type Journaled, type JournaledOptions, journaled, Killed } from './journaled.ts';

type Model = Document;

const id = fc.integer({ min: 0, max: 9 });
const n = fc.integer({ min: -2, max: 6 });
const u = fc.integer({ min: 0, max: 4 });

const inserted = fc.oneof(
  fc.record({ _id: id, n }),
  fc.record({ _id: id, n, u }),
  fc.record({ n }),
  // The validator refuses it.
  fc.record({ _id: id, n: fc.constant(99) }),
);
const filter = fc.oneof(
  fc.record({ _id: id }),
  fc.record({ n }),
  fc.record({ _id: id, n }),
  n.map((n) => ({ n: { $gte: n } })),
  fc.record({ _id: fc.array(id, { maxLength: 3 }).map(($in) => ({ $in })) }),
  fc.constant({}),
);
const update = fc.oneof(
  n.map((n) => ({ $set: { n } })),
  // Refused for the documents that come to more than the validator allows.
  fc.integer({ min: -2, max: 4 }).map((by) => ({ $inc: { n: by } })),
  u.map((u) => ({ $set: { u } })),
  fc.constant([{ $set: { n: { $add: ['$n', 1] } } }]),
  fc.constant({ $push: { n: 1 } }),
);
const wrong = fc.constantFrom<Model>(
  { updateOne: { filter: { _id: 1 }, update: { $nonsense: { n: 1 } } } },
  { deleteMany: { filter: { $nonsense: 1 } } },
  { updateOne: { filter: {}, update: [{ $nonsense: 1 }] } },
);
const model: fc.Arbitrary<Model> = fc.oneof(
  { weight: 4, arbitrary: inserted.map((document) => ({ insertOne: { document } })) },
  {
    weight: 4,
    arbitrary: fc.record({ filter, update, upsert: fc.boolean() }).map((updateOne) => ({ updateOne })),
  },
  { weight: 2, arbitrary: fc.record({ filter, update, upsert: fc.boolean() }).map((updateMany) => ({ updateMany })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ filter, replacement: fc.record({ n, u }), upsert: fc.boolean() })
      .map((replaceOne) => ({ replaceOne })),
  },
  { weight: 2, arbitrary: filter.map((filter) => ({ deleteOne: { filter } })) },
  { weight: 1, arbitrary: filter.map((filter) => ({ deleteMany: { filter } })) },
  { weight: 1, arbitrary: wrong },
);

const way = fc.constantFrom('bulkWrite', 'builder', 'insertMany', 'command');
const list = fc.record({
  way,
  ordered: fc.boolean(),
  models: fc.array(model, { minLength: 1, maxLength: 12 }),
  existing: fc.uniqueArray(fc.record({ _id: id, n, u }), { selector: ({ _id }) => _id, maxLength: 8 }),
});

type List = typeof list extends fc.Arbitrary<infer T> ? T : never;

/** Makes the call of user code; each time of the same list, with documents of its own. */
async function send(c: Collection<Document>, { way, ordered, models }: List): Promise<unknown> {
  const copies = BSON.deserialize(BSON.serialize({ models })).models as Model[];
  const documents = copies.flatMap(({ insertOne }) => (insertOne === undefined ? [] : [insertOne.document]));
  if (way === 'insertMany') {
    if (documents.length === 0) return 'nothing';
    try {
      return await c.insertMany(documents, { ordered });
    } finally {
      // The driver gives them their ids.
      expect(documents.every(({ _id }) => _id !== undefined)).toBe(true);
    }
  }
  if (way === 'command') {
    const updates = copies.flatMap(({ updateOne, updateMany }) => {
      const { filter: q, update: u, upsert } = updateOne ?? updateMany ?? {};
      return q === undefined ? [] : [{ q, u, upsert, multi: updateMany !== undefined }];
    });
    const command =
      updates.length > documents.length
        ? { update: c.collectionName, updates, ordered }
        : { insert: c.collectionName, documents, ordered };
    const { $clusterTime, operationTime, electionId, opTime, ...reply } = await c.db.command(command);
    return reply;
  }
  if (way === 'bulkWrite') return c.bulkWrite(copies as never, { ordered });
  const bulk = ordered ? c.initializeOrderedBulkOp() : c.initializeUnorderedBulkOp();
  for (const copy of copies) {
    const { insertOne, updateOne, updateMany } = copy;
    if (insertOne !== undefined) bulk.insert(insertOne.document);
    else if (updateMany?.upsert === true) bulk.find(updateMany.filter).upsert().update(updateMany.update);
    else if (updateOne !== undefined && updateOne.upsert !== true)
      bulk.find(updateOne.filter).updateOne(updateOne.update);
    else bulk.raw(copy as never);
  }
  return bulk.execute();
}

async function outcome(run: () => Promise<unknown>, database: string): Promise<unknown> {
  const shown = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value ?? null, (key, inner) =>
        // Driver 4 adds the time of the last write.
        key === 'opTime' ? undefined : isObjectId(inner) || /^[0-9a-f]{24}$/.test(String(inner)) ? 'an id' : inner,
      )
        .replaceAll(database, 'db')
        .replaceAll(/ObjectId\('[0-9a-f]{24}'\)/g, 'an id'),
    );
  try {
    const result = await run();
    return { result: shown(result), raw: shown((result as { getRawResponse?: () => unknown })?.getRawResponse?.()) };
  } catch (error) {
    const { name, code, message, result, writeErrors, insertedIds } = error as Document & Error;
    // Of a command that failed as a whole, the server counts nothing, and we what was committed before it failed.
    if (code === 40324) return shown({ name, code, message });
    return shown({
      ...{
        name,
        code,
        message,
        result,
        insertedIds,
        kind: (error as Error).constructor.name,
        raw: result?.getRawResponse(),
      },
      errors: [writeErrors ?? []]
        .flat()
        .map((error: Document) => [error.index, error.code, error.errmsg, error.err?.op]),
    });
  }
}

function isObjectId(value: unknown): boolean {
  return /^ObjectI[dD]$/.test(String((value as { _bsontype?: unknown } | null)?._bsontype));
}

async function all(c: Collection<Document>): Promise<Document[]> {
  return c.find().sort({ _id: 1 }).toArray();
}

async function without(documents: Document[]): Promise<unknown> {
  const shown = documents.map(({ _id, ...rest }) => ({ _id: isObjectId(_id) ? 'an id' : _id, ...rest }));
  return shown.map((document) => JSON.stringify(document)).sort();
}

async function prepare(db: Db, name: string, { existing }: List): Promise<Collection<Document>> {
  await db.createCollection(name, { validator: { n: { $not: { $gt: 6 } } } });
  const c = db.collection<Document>(name);
  await c.createIndex({ u: 1 }, { unique: true, sparse: true });
  await c.insertMany(existing as Document[], { ordered: false }).catch(() => {});
  return c;
}

/** The documents as they were before, by the images of the last entries. */
async function ledBack(it: Journaled, c: Collection<Document>, from: number): Promise<Document[]> {
  const documents = new Map((await all(c)).map((document) => [String(document._id), document]));
  for (const entry of (await it.entries()).slice(from).reverse()) {
    for (const { before, after } of (await it.images(entry)).reverse()) {
      const image = BSON.deserialize((before ?? after)!);
      if (after !== undefined) {
        expect(documents.get(String(image._id)), 'the image is what the document is').toEqual(BSON.deserialize(after));
      }
      if (before === undefined) documents.delete(String(image._id));
      else documents.set(String(image._id), image);
    }
  }
  return [...documents.values()].sort((a, b) => a._id - b._id);
}

/** By hand: the folder of another version of the driver, `…/node_modules/mongodb`. */
function otherDriver(folder: string | undefined): JournaledOptions {
  if (folder === undefined) return {};
  const require = createRequire(import.meta.url);
  const classes = require(folder) as Driver['classes'];
  const { version } = require(`${folder}/package.json`) as { version: string };
  const driver = { version, major: Number.parseInt(version, 10), classes };
  return { driver, connect: (uri) => new classes.MongoClient(uri).connect() };
}

const options = otherDriver(process.env.MONGO_RELEASE_TEST_DRIVER);

/** More of them, and others, by hand: MONGO_RELEASE_TEST_RUNS=500 MONGO_RELEASE_TEST_SEED=1. */
const runs = Number(process.env.MONGO_RELEASE_TEST_RUNS ?? 25);
const seed = Number(process.env.MONGO_RELEASE_TEST_SEED ?? 20_273);
const limitMs = 600 * runs;

test('a list does with the journal what it does without, and its images lead back', {
  timeout: 60_000 + 4000 * Math.sqrt(runs),
}, async () => {
  await using it = await journaled(options);
  await using plain = await journaled(options);
  const { db } = await it.run();
  let count = 0;
  const end = performance.now() + limitMs;
  await fc.assert(
    fc.asyncProperty(list, async (list) => {
      // On a machine that is busy with other things fewer will do.
      if (performance.now() > end) return;
      count += 1;
      const name = `c${count}`;
      const own = await prepare(it.raw.db, name, list);
      await prepare(plain.raw.db, name, list);
      const other = plain.plain.collection(name);
      const before = await all(own);
      const from = (await it.entries()).length;
      const through = await outcome(() => send(db.collection(name), list), it.raw.name);
      const expected = await outcome(() => send(other, list), plain.raw.name);
      expect(through).toEqual(expected);
      expect(await without(await all(own))).toEqual(await without(await all(other)));
      expect(await ledBack(it, own, from)).toEqual(before);
      const entries = (await it.entries()).slice(from);
      expect(entries.every(({ state }) => state === 'done' || state === 'refused')).toBe(true);
      expect(entries.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: runs, seed },
  );
});

test('a list that is killed between its transactions ends as one that was not', {
  timeout: 60_000 + limitMs,
}, async () => {
  await using plain = await journaled(options);
  let count = 0;
  const end = performance.now() + limitMs / 2;
  await fc.assert(
    fc.asyncProperty(list, fc.integer({ min: 0, max: 5 }), async (list, transactions) => {
      if (performance.now() > end) return;
      count += 1;
      const name = `c${count}`;
      await using it = await journaled(options);
      const own = await prepare(it.raw.db, name, list);
      await prepare(plain.raw.db, name, list);
      const before = await all(own);
      const first = await it.run();
      first.dieAfter(transactions);
      const killed = await send(first.db.collection(name), list).catch((error) => error);
      const { db } = killed instanceof Killed ? await it.run() : first;
      const through =
        killed instanceof Killed
          ? await outcome(() => send(db.collection(name), list), it.raw.name)
          : await outcome(
              () => (killed instanceof Error ? Promise.reject(killed) : Promise.resolve(killed)),
              it.raw.name,
            );
      const other = plain.plain.collection(name);
      expect(through).toEqual(await outcome(() => send(other, list), plain.raw.name));
      expect(await without(await all(own))).toEqual(await without(await all(other)));
      expect(await ledBack(it, own, 0)).toEqual(before);
    }),
    { numRuns: Math.ceil(runs / 2), seed },
  );
});
