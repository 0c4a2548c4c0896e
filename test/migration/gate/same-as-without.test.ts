import fc from 'fast-check';
import type { Collection, Db, IndexDescription } from 'mongodb';
import { expect, test } from 'vitest';
import { sandboxFence } from '../../../src/migration/journal/prepare.ts';
import type { Effects } from '../../../src/migration/types.ts';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { attempt, gated } from './gated.ts';

const own = ownNames();

/** More of them, and others, by hand: MONGO_RELEASE_TEST_RUNS=500 MONGO_RELEASE_TEST_SEED=1. */
const runs = Number(process.env.MONGO_RELEASE_TEST_RUNS ?? 15);
const seed = Number(process.env.MONGO_RELEASE_TEST_SEED ?? 20_274);
const timeout = 60_000 + 4000 * runs;

interface Doc {
  _id: number;
  n?: number;
  tags?: number[];
}

type Step = (db: Db, c: Collection<Doc>) => Promise<unknown>;

const id = fc.integer({ min: 0, max: 12 });
const number = fc.integer({ min: -3, max: 3 });

const step: fc.Arbitrary<{ text: string; run: Step }> = fc.oneof(
  fc.tuple(id, number).map(([_id, n]) => call(`insertOne ${_id}`, (_, c) => c.insertOne({ _id, n }))),
  fc.tuple(fc.array(id, { maxLength: 5 }), fc.boolean()).map(([ids, ordered]) =>
    call(`insertMany ${ids} ${ordered}`, (_, c) =>
      c.insertMany(
        ids.map((_id) => ({ _id })),
        { ordered },
      ),
    ),
  ),
  fc
    .tuple(id, number, fc.boolean())
    .map(([_id, n, upsert]) =>
      call(`updateOne ${_id} ${n} ${upsert}`, (_, c) => c.updateOne({ _id }, { $set: { n } }, { upsert })),
    ),
  fc
    .tuple(number, number)
    .map(([a, b]) => call(`updateMany ${a} ${b}`, (_, c) => c.updateMany({ n: { $gte: a } }, { $inc: { n: b } }))),
  fc.tuple(id, number).map(([_id, n]) => call(`replaceOne ${_id}`, (_, c) => c.replaceOne({ _id }, { n }))),
  fc
    .tuple(id, fc.boolean(), fc.boolean())
    .map(([_id, upsert, includeResultMetadata]) =>
      call(`findOneAndUpdate ${_id} ${upsert} ${includeResultMetadata}`, (_, c) =>
        c.findOneAndUpdate({ _id }, { $push: { tags: 1 } }, { upsert, includeResultMetadata, returnDocument: 'after' }),
      ),
    ),
  id.map((_id) => call(`findOneAndReplace ${_id}`, (_, c) => c.findOneAndReplace({ _id }, { n: 1 }))),
  id.map((_id) => call(`findOneAndDelete ${_id}`, (_, c) => c.findOneAndDelete({ _id }))),
  id.map((_id) => call(`deleteOne ${_id}`, (_, c) => c.deleteOne({ _id }))),
  number.map((n) => call(`deleteMany ${n}`, (_, c) => c.deleteMany({ n: { $lt: n } }))),
  fc.tuple(fc.array(id, { minLength: 1, maxLength: 6 }), fc.boolean()).map(([ids, ordered]) =>
    call(`bulk ${ids} ${ordered}`, async (_, c) => {
      const bulk = ordered ? c.initializeOrderedBulkOp() : c.initializeUnorderedBulkOp();
      for (const _id of ids) {
        if (_id % 3 === 0) bulk.insert({ _id });
        else if (_id % 3 === 1) bulk.find({ _id }).updateOne({ $inc: { n: 1 } });
        else bulk.find({ n: _id }).delete();
      }
      const { insertedCount, matchedCount, modifiedCount, deletedCount } = await bulk.execute();
      return { insertedCount, matchedCount, modifiedCount, deletedCount };
    }),
  ),
  fc
    .constantFrom(1 as const, -1 as const)
    .map((way) => call(`createIndex ${way}`, (_, c) => c.createIndex({ n: way }))),
  fc.constant(call('unique index', (_, c) => c.createIndex({ tags: 1, n: 1 }, { unique: true, sparse: true }))),
  fc.constant(call('dropIndexes', (_, c) => c.dropIndexes())),
  fc.constant(call('drop', (_, c) => c.drop())),
  fc.constant(call('createCollection', async (db) => (await db.createCollection('c')).collectionName)),
  fc.constant(
    call('rename', async (db, c) => [
      (await c.rename('d', { dropTarget: true })).collectionName,
      (await db.collection('d').rename('c')).collectionName,
    ]),
  ),
  fc.constant(call('find', (_, c) => c.find().sort({ _id: 1 }).toArray())),
  fc.constant(
    call('find and update each', async (_, c) => {
      let seen = 0;
      for await (const { _id } of c.find({}, { sort: { _id: 1 }, batchSize: 2 })) {
        await c.updateOne({ _id }, { $inc: { n: 1 } });
        seen += 1;
      }
      return seen;
    }),
  ),
  fc.constant(
    call('$merge', (db) =>
      db
        .collection('c')
        .aggregate([{ $match: { n: { $gt: 0 } } }, { $merge: 'merged' }])
        .toArray(),
    ),
  ),
  fc.constant(
    call('$out', (db) =>
      db
        .collection('c')
        .aggregate([{ $out: 'out' }])
        .toArray(),
    ),
  ),
  fc.tuple(id, fc.boolean()).map(([_id, aborts]) =>
    call(`transaction ${_id} ${aborts}`, (db) =>
      db.client.withSession(async (session) => {
        const within = db.collection<Doc>('t');
        session.startTransaction();
        await within.updateOne({ _id }, { $inc: { n: 1 } }, { upsert: true, session });
        await (aborts ? session.abortTransaction() : session.commitTransaction());
        return within.countDocuments();
      }),
    ),
  ),
  id.map((_id) => call(`command ${_id}`, async (db) => (await db.command({ insert: 'c', documents: [{ _id }] })).n)),
);

function call(text: string, run: Step) {
  return { text, run, toString: () => text };
}

/** Result or error of a call, without what differs from one database to the other. */
async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return {
      result: JSON.stringify((await run()) ?? null, (key, value) =>
        key === '$clusterTime' || key === 'operationTime' || key === 'electionId' ? undefined : value,
      ),
    };
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown };
    return { name, code };
  }
}

async function everything(db: Db) {
  const found: Record<string, unknown> = {};
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if (own.owns(name)) continue;
    const indexes = (await db.collection(name).indexes()).map((index) => index.name);
    found[name] = { documents: await db.collection(name).find().sort({ _id: 1 }).toArray(), indexes };
  }
  return found;
}

/** Everything by which a change shows in the effects. */
function changes({ operations: _operations, matched: _matched, byCollection: _by, ...seen }: Effects): string {
  return JSON.stringify(seen);
}

test.each([
  ['it counts alone', false],
  ['it keeps a journal', true],
] as const)('a migration does with the gate what it does without it: %s', { timeout }, async (_, journal) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      await using it = await gated({ journal });
      await using plain = await gated();
      let before = { data: await everything(it.raw.db), seen: changes(it.gate.effects()) };
      for (const { text, run } of steps) {
        const through = await outcome(() => run(it.db, it.db.collection<Doc>('c')));
        const now = { data: await everything(it.raw.db), seen: changes(it.gate.effects()) };
        // What the gate saw nothing of did not happen. Where a pipeline writes to is named once only.
        if (now.seen === before.seen && !text.startsWith('$')) expect(now.data).toEqual(before.data);
        before = now;
        const without = await outcome(() => run(plain.raw.db, plain.raw.db.collection<Doc>('c')));
        expect(through).toEqual(without);
      }
      const data = await everything(it.raw.db);
      expect(data).toEqual(await everything(plain.raw.db));
      // And nothing is left over in the gate's books.
      expect([it.gate.books.writing(), it.gate.reading, it.gate.transactions.open(), it.gate.cursorOpen()]).toEqual([
        [],
        0,
        [],
        false,
      ]);
    }),
    { numRuns: runs, seed },
  );
});

/** MongoDB takes it in no transaction, and does not say what it wrote. */
const beyondUndo = ['$merge'];

test('whatever a migration did, its journal undoes to the byte', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 6 }),
      fc.array(
        step.filter(({ text }) => !beyondUndo.includes(text.split(' ')[0] ?? '')),
        { minLength: 1, maxLength: 10 },
      ),
      async (first, steps) => {
        await using it = await gated({ journal: true });
        for (const { run } of first) await outcome(() => run(it.raw.db, it.raw.db.collection<Doc>('c')));
        await using connection = await connect(it.raw.uri, { database: it.raw.name, secrets: new Secrets() });
        await using copy = await freshDatabase();
        await copyOf(it.raw.db, copy.db);
        for (const { run } of steps) await outcome(() => run(it.db, it.db.collection<Doc>('c')));
        const undone = await undoAttempt(connection, own, attempt, { fence: sandboxFence, mode: 'strict' });
        expect(undone, JSON.stringify(undone)).toMatchObject({ state: 'undone', left: [] });
        expect(await everything(it.raw.db)).toEqual(await everything(copy.db));
      },
    ),
    { numRuns: runs, seed },
  );
});

async function copyOf(from: Db, to: Db): Promise<void> {
  for (const { name } of await from.listCollections({}, { nameOnly: true }).toArray()) {
    if (own.owns(name)) continue;
    await to.createCollection(name);
    const indexes = (await from.collection(name).indexes()).filter((index) => index.name !== '_id_');
    if (indexes.length > 0) await to.collection(name).createIndexes(indexes as IndexDescription[]);
    const documents = await from.collection(name).find().toArray();
    if (documents.length > 0) await to.collection(name).insertMany(documents);
  }
}
