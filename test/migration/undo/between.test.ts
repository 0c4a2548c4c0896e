import fc from 'fast-check';
import { type ClientSession, Collection, type Document, MongoServerError } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { type Attempt, entryId } from '../../../src/migration/journal/documents.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { Cut, cutOff, doubling } from './cut-off.ts';
import { own } from './journalled.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const numRuns = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_267);

const sizes = fc.constantFrom(undefined, { first: 2, most: 4, leastForTime: 2 });
const cutAfter = fc.integer({ min: 3, max: 25 });
const count = 8;
const id = fc.nat(count + 2);

type Change =
  | { readonly kind: 'set' | 'delete' | 'insert' | 'user deletes'; readonly from: number; readonly to: number }
  | { readonly kind: 'index' };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('set', 'set', 'delete', 'insert', 'insert', 'user deletes', 'user deletes'),
      from: fc.nat(4),
      to: fc.integer({ min: 4, max: count + 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('index') }) },
);

test('what a user deleted between two operations stays deleted, and nothing of it is left to anybody', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 8 }), cutAfter, sizes, async (changes, cut, sizes) => {
      const documents = Array.from({ length: count }, (_, _id): Numbered => ({ _id, was: _id }));
      await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(documents));
      const a = s.db.collection<Numbered>('a');
      const deleted = new Set<number>();
      for (const [nth, one] of changes.entries()) {
        if (one.kind === 'index') {
          await s.journal.catalog('a', 'create-indexes', () => a.createIndex({ [`f${nth}`]: 1 }));
          continue;
        }
        const filter = { _id: { $gte: one.from, $lte: one.to } };
        if (one.kind === 'user deletes') {
          for await (const { _id } of a.find(filter)) deleted.add(_id);
          await a.deleteMany(filter);
          continue;
        }
        await s.journal.write('a', async (session) => {
          if (one.kind === 'set') await a.updateMany(filter, { $set: { [`f${nth}`]: nth } }, { session });
          else if (one.kind === 'delete') await a.deleteMany(filter, { session });
          else
            for (let _id = one.from; _id <= one.to; _id++)
              await a.updateOne({ _id }, { $setOnInsert: { made: nth } }, { session, upsert: true });
        });
      }
      const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
      const { result } = await cutOff(s.connection, doubling(cut), (signal) =>
        s.undo({ mode: 'tolerant', sizes, signal }),
      );
      const { documents: back, inserted, deleted: out, merged } = forecast!;
      expect(result).toMatchObject({
        ...{ state: 'undone', documents: back, inserted, deleted: out, merged, quarantined: 0 },
        entriesUndone: s.journal.sequence,
      });
      expect(await a.find().sort({ _id: 1 }).toArray()).toEqual(documents.filter(({ _id }) => !deleted.has(_id)));
      expect(await s.db.collection(own.quarantine).countDocuments()).toBe(0);
    }),
    { numRuns, seed },
  );
});

type Move =
  | { readonly kind: 'turn'; readonly from: number; readonly by: number }
  | { readonly kind: 'move'; readonly moves: readonly (readonly [id: number, to: number])[] }
  | { readonly kind: 'set' | 'again'; readonly from: number; readonly to: number }
  | { readonly kind: 'index' };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn'), from: fc.nat(count - 1), by: fc.nat(count - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('move'),
      moves: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count + 1)), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('set', 'again'), from: id, to: id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('index') }) },
);

test('unique values that documents gave to one another go back, whatever else was done to some of these before or after', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 2, maxLength: 6 }),
      cutAfter,
      sizes,
      fc.constantFrom('strict', 'tolerant'),
      async (moves, cut, sizes, mode) => {
        await using s = await setting(async ({ db }) => {
          await db.collection('a').createIndex({ n: 1 }, { unique: true });
          await db.collection<Numbered>('a').insertMany(Array.from({ length: count }, (_, _id) => ({ _id, n: _id })));
        });
        const a = s.db.collection<Numbered>('a');
        for (const [nth, one] of moves.entries()) {
          switch (one.kind) {
            case 'turn':
              await s.journal.write('a', async (session) => {
                const filter = { _id: { $gte: one.from } };
                const turned = await a.find(filter, { session }).sort({ _id: 1 }).toArray();
                await a.deleteMany(filter, { session });
                const to = (at: number) => turned[(at + one.by) % turned.length]?.n;
                await a.insertMany(
                  turned.map((document, at) => ({ ...document, n: to(at) })),
                  { session },
                );
              });
              break;
            case 'move': {
              const free = one.moves.map(([_id, n]) => async (session: Parameters<typeof a.findOne>[1]) => {
                if ((await a.findOne({ n }, session)) === null)
                  await a.updateOne({ _id }, { $set: { n } }, session as object);
              });
              await s.journal.inSteps(
                'a',
                free.map((step) => (session) => step({ session })),
              );
              break;
            }
            case 'index':
              await s.journal.catalog('a', 'create-indexes', () => a.createIndex({ [`f${nth}`]: 1 }));
              break;
            default: {
              const field = one.kind === 'set' ? `f${nth}` : 'f';
              const filter = { _id: { $gte: one.from, $lte: one.to } };
              await s.journal.write('a', (session) => a.updateMany(filter, { $set: { [field]: nth } }, { session }));
            }
          }
        }
        const { result } = await cutOff(s.connection, doubling(cut), (signal) => s.undo({ mode, sizes, signal }));
        expect(result).toMatchObject({ state: 'undone', left: [], quarantined: 0, merged: 0 });
        expect(await s.differences()).toEqual([]);
      },
    ),
    { numRuns, seed },
  );
});

test('a document that waits for an older image gives its unique value back where another one has to have it', async () => {
  for (const mode of ['strict', 'tolerant'] as const) {
    await using s = await setting(async ({ db }) => {
      await db.collection('a').createIndex({ n: 1 }, { unique: true });
      await db.collection<Numbered>('a').insertMany([1, 2, 3].map((_id) => ({ _id, n: _id })));
    });
    const a = s.db.collection<Numbered>('a');
    await s.journal.write('a', (session) => a.updateOne({ _id: 2 }, { $set: { first: true } }, { session }));
    await s.journal.inSteps(
      'a',
      [3, 2, 1].map((_id) => (session) => a.updateOne({ _id }, { $inc: { n: 1 } }, { session })),
    );
    // None of them with the one that it waits for.
    const sizes = { first: 1, most: 1, leastForTime: 1 };
    const all = { state: 'undone', documents: 3, quarantined: 0, entriesUndone: 2 };
    expect(await s.undo({ mode, sizes })).toMatchObject(all);
    expect(await s.differences()).toEqual([]);
  }
});

test('where the server goes away it counts what was undone, and nothing twice', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const a = s.db.collection<Numbered>('a');
  for (const _id of [1, 2])
    await s.journal.write('a', (session) => a.updateOne({ _id }, { $set: { n: 1 } }, { session }));
  const send = Collection.prototype.bulkWrite;
  let failed = 0;
  // The newer one is committed, and the older one beside it is not.
  using _spy = vi.spyOn(Collection.prototype, 'bulkWrite').mockImplementation(async function (
    this: Collection,
    operations,
    options,
  ) {
    const older = JSON.stringify(operations).includes('/0000000001');
    if (older && failed === 0) {
      failed += 1;
      throw new MongoServerError({ code: 11_600, errmsg: 'interrupted at shutdown' });
    }
    return send.call(this, operations, options);
  });
  const result = await s.undo({ mode: 'tolerant', sizes: { first: 1, most: 10, leastForTime: 1 } });
  expect(failed).toBe(1);
  expect(result).toMatchObject({ state: 'undone', documents: 2, entriesUndone: 2 });
  expect(await s.differences()).toEqual([]);
});

test('an undo that is cut off behind a change of the catalog goes on, also within a call that stood on both sides of it', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('stats').insertOne({ _id: 1, n: 0 }));
  const stats = s.db.collection<Numbered>('stats');
  const count = (session: ClientSession) => stats.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session });
  await s.journal.inSteps('stats', [
    count,
    async (session) => {
      await s.journal.catalog('log', 'create-collection', () => s.db.createCollection('log'));
      await count(session);
    },
    count,
  ]);
  const stop = new AbortController();
  const onProgress = ({ entriesUndone }: { readonly entriesUndone: number }) => {
    if (entriesUndone === 1) stop.abort(new Cut());
  };
  await expect(s.undo({ mode: 'tolerant', signal: stop.signal, onProgress })).rejects.toThrow(Cut);
  expect(await s.db.listCollections({ name: 'log' }).toArray()).toEqual([]);
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ documents: 1, quarantined: 0, entriesUndone: 2 });
  expect(await s.differences()).toEqual([]);
});

test('what is committed is told, also where the transaction beside it fails for good', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const a = s.db.collection<Numbered>('a');
  for (const _id of [1, 2])
    await s.journal.write('a', (session) => a.updateOne({ _id }, { $set: { n: 1 } }, { session }));
  const send = Collection.prototype.bulkWrite;
  using _spy = vi.spyOn(Collection.prototype, 'bulkWrite').mockImplementation(async function (
    this: Collection,
    operations,
    options,
  ) {
    if (JSON.stringify(operations).includes('/0000000001')) throw new MongoServerError({ code: 8000, errmsg: 'no' });
    return send.call(this, operations, options);
  });
  const told: number[] = [];
  const sizes = { first: 1, most: 10, leastForTime: 1 };
  const undone = s.undo({ mode: 'tolerant', sizes, onProgress: ({ documents }) => told.push(documents) });
  await expect(undone).rejects.toThrow();
  expect(await a.find({ n: 1 }).toArray()).toEqual([{ _id: 1, n: 1 }]);
  expect(told).toEqual([1]);
});

test('where a document was changed twice, the many entries of a stretch are marked some at a time', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne({ _id: 1 }));
  const a = s.db.collection<Numbered>('a');
  for (const field of ['first', 'second'])
    await s.journal.write('a', (session) => a.updateMany({}, { $set: { [field]: 1 } }, { session }));
  const attempt: Attempt = s.journal.attempt;
  const count = 2500;
  const namespace = { database: s.db.databaseName, collection: 'a' };
  const entry = { ...{ kind: 'write', state: 'done', method: 'write', fingerprint: '' }, images: true, namespace };
  await s.db
    .collection<{ _id: string }>(own.journal)
    .insertMany(Array.from({ length: count }, (_, nth) => ({ ...entry, _id: entryId(attempt, 3 + nth) })));
  const marked: number[] = [];
  s.connection.client.on('commandStarted', ({ command }) => {
    if (command.update === own.journal) marked.push(command.updates[0].q._id.$in?.length ?? 0);
  });
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ documents: 1, entriesUndone: count + 2 });
  expect(Math.max(...marked)).toBe(1000);
  expect(await s.differences()).toEqual([]);
});
