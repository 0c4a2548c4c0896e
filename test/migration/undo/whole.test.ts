import fc from 'fast-check';
import { BSON, type ClientSession, type Collection } from 'mongodb';
import { expect, test } from 'vitest';
import type { AskDown } from '../../../src/migration/undo/down-documents.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { Quarantine } from '../../../src/migration/undo/quarantine.ts';
import { Cut, cutOff, doubling } from './cut-off.ts';
import { own } from './journalled.ts';
import { expected, type Numbered, stateOf } from './model.ts';
import { setting } from './setting.ts';

const tolerant = { mode: 'tolerant' } as const;

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const runs = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_262);
const count = 8;

test('a document goes back as a whole or not at all, however many operations changed it', async () => {
  await using s = await setting(({ db }) =>
    db.collection<Numbered>('a').insertMany([
      { _id: 1, price: 10 },
      { _id: 2, price: 20 },
    ]),
  );
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $mul: { price: 100 } }, { session }));
  // So many that they do not all go into one transaction with the older operation.
  await s.journal.write('b', (session) =>
    s.db.collection<Numbered>('b').insertMany(
      Array.from({ length: 2500 }, (_, _id) => ({ _id })),
      { session },
    ),
  );
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { unit: 'cents' } }, { session }));
  await a.updateOne({ _id: 1 }, { $set: { price: 1200 } });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast).toMatchObject({ documents: 2501, deleted: 2500, quarantined: 1, merged: 0 });
  expect(await s.undo(tolerant)).toMatchObject({ documents: 2501, deleted: 2500, quarantined: 1 });
  // Half undone, the price would be 1200 of the larger unit.
  expect(await a.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, price: 1200, unit: 'cents' },
    { _id: 2, price: 20 },
  ]);
  const kept = await s.db.collection(own.quarantine).find().toArray();
  expect(kept).toMatchObject([
    { why: 'undo', before: { _id: 1, price: 10 }, after: { price: 1000, unit: 'cents' }, current: { price: 1200 } },
  ]);
});

test.each([
  ['large', 6, 0, ['', '/before']],
  ['huge', 15.5, 0, ['', '/before']],
  ['large in all its versions', 2, 4, ['', '/after', '/current']],
  ['small', 0, 0, ['']],
])(
  'of a document that was left before its oldest operation was met, quarantine has what it was: %s',
  async (_, old, all, parts) => {
    const text = (letter: string, megabytes: number) => letter.repeat(megabytes * 1024 * 1024);
    const was = { _id: 1, old: `o${text('o', old)}`, all: text('a', all) };
    await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne(was));
    const a = s.db.collection<Numbered>('a');
    await s.journal.write('a', (session) => a.updateMany({}, { $unset: { old: 1 } }, { session }));
    await s.journal.catalog('a', 'create-indexes', () => a.createIndex({ n: 1 }));
    await s.journal.write('a', (session) => a.updateMany({}, { $set: { made: text('m', 6) } }, { session }));
    await a.updateOne({}, { $set: { made: text('u', 6) } });
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', quarantined: 1 });
    const kept = await s.db.collection<{ _id: string }>(own.quarantine).find().sort({ _id: 1 }).toArray();
    expect(kept.map(({ _id }) => _id.slice(kept[0]?._id.length))).toEqual(parts);
    const versions = [];
    for await (const left of new Quarantine(s.db, own, s.journal.attempt).left()) versions.push(left);
    const [{ image, current } = { image: {}, current: undefined }, ...more] = versions;
    expect(more).toEqual([]);
    expect(BSON.calculateObjectSize(was)).toBe(image.before?.length);
    expect(image.before && Buffer.compare(image.before, BSON.serialize(was))).toBe(0);
    expect([image.after?.length, current?.length].every((length) => (length ?? 0) > 6_000_000)).toBe(true);
  },
);

test('what a user wrote between two operations, and what after both, stays', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne({ _id: 1, n: 0 }));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { first: 1 } }, { session }));
  await a.updateOne({ _id: 1 }, { $set: { between: true } });
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { second: 2 } }, { session }));
  await a.updateOne({ _id: 1 }, { $set: { later: true } });
  expect(await s.undo(tolerant)).toMatchObject({ documents: 1, merged: 1, quarantined: 0 });
  expect(await a.findOne()).toEqual({ _id: 1, n: 0, between: true, later: true });
});

test('what was before the migration is kept also of a document that it had deleted, and made anew behind a change of the catalog', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne({ _id: 1, old: true }));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.deleteOne({ _id: 1 }, { session }));
  await s.journal.catalog('a', 'create-indexes', () => a.createIndex({ n: 1 }));
  await s.journal.write('a', (session) => a.insertOne({ _id: 1, n: 1 }, { session }));
  await a.updateOne({ _id: 1 }, { $set: { n: 2 } });
  const before: unknown[] = [];
  const ask: AskDown = async (documents) => {
    for (const document of documents) before.push(document.before && BSON.deserialize(document.before));
    return documents.map(() => ({ state: 'same' }));
  };
  await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask }]);
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', quarantined: 1 });
  expect(await s.db.collection(own.quarantine).find().toArray()).toMatchObject([
    { before: { _id: 1, old: true }, after: { _id: 1, n: 1 }, current: { _id: 1, n: 2 } },
  ]);
  expect(before).toEqual([{ _id: 1, old: true }]);
});

test('two migrations that changed the same documents: the older one is looked at as it will be then', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne({ _id: 1, n: 0 }));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { first: 1 } }, { session }));
  const older = s.journal.attempt;
  const newer = { migration: '0002-second', number: 2 };
  s.journal.attempt = newer;
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { second: 2 } }, { session }));
  const forecasts = await forecastUndo(s.connection, own, [newer, older]);
  expect(forecasts).toMatchObject([
    { documents: 1, quarantined: 0 },
    { documents: 1, quarantined: 0 },
  ]);
});

/** A document that two operations changed, and whose unique value of before a user has taken; and one beside it. */
async function taken(more: (s: Awaited<ReturnType<typeof setting>>) => Promise<unknown> = async () => {}) {
  const s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertMany([
      { _id: 1, n: 1 },
      { _id: 2, n: 2, f: 1 },
    ]);
  });
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateOne({ _id: 2 }, { $set: { f: 2 } }, { session }));
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, { $set: { n: 10 } }, { session }));
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, { $set: { flag: true } }, { session }));
  await more(s);
  await a.insertOne({ _id: 50, n: 1 });
  return { ...s, a, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() };
}

test('a document whose unique value a user has taken stays as a whole, however many operations changed it', async () => {
  await using s = await taken();
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 1, quarantined: 1, entriesUndone: 3 });
  expect(await s.a.findOne({ _id: 1 })).toEqual({ _id: 1, n: 10, flag: true });
  expect(await s.db.collection(own.quarantine).find().toArray()).toMatchObject([
    { before: { _id: 1, n: 1 }, after: { _id: 1, n: 10, flag: true }, current: { _id: 1, n: 10, flag: true } },
  ]);
});

test('whether a document is left to its user is no matter of the unique value of another one', async () => {
  await using s = await taken(async ({ db, journal }) => {
    const a = db.collection<Numbered>('a');
    await journal.write('a', (session) => a.updateOne({ _id: 2 }, { $set: { f: 3 } }, { session }));
    // As it was before all of that.
    await a.updateOne({ _id: 2 }, { $set: { f: 1 } });
  });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast).toMatchObject({ quarantined: 0 });
  const sizes = { first: 1, most: 1, leastForTime: 1 };
  expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', quarantined: 1 });
  expect(await s.a.findOne({ _id: 2 })).toEqual({ _id: 2, n: 2, f: 1 });
  expect(await s.db.collection(own.quarantine).distinct('documentId')).toEqual([1]);
});

test('documents that gave their values on go back beside one whose value a user has', async () => {
  await using s = await taken(async ({ db, journal }) => {
    const a = db.collection<Numbered>('a');
    await a.insertMany([3, 4, 5].map((_id) => ({ _id, n: _id })));
    await journal.write('a', (session) => a.updateOne({ _id: 4 }, { $set: { first: true } }, { session }));
    // In a ring, each in a transaction of its own: 4 waits for its oldest image.
    await journal.inSteps(
      'a',
      [
        [3, 0],
        [5, 3],
        [4, 5],
        [3, 4],
      ].map(
        ([_id, n]) =>
          (session: ClientSession) =>
            a.updateOne({ _id }, { $set: { n } }, { session }),
      ),
    );
  });
  const sizes = { first: 1, most: 1, leastForTime: 1 };
  expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', documents: 4, quarantined: 1 });
  expect(await s.a.find({ _id: { $lt: 6 } }, { sort: { _id: 1 } }).toArray()).toEqual([
    { _id: 1, n: 10, flag: true },
    { _id: 2, n: 2, f: 1 },
    ...[3, 4, 5].map((_id) => ({ _id, n: _id })),
  ]);
});

interface Step {
  readonly kind: 'set' | 'unset' | 'insert' | 'delete';
  readonly from: number;
  readonly to: number;
  readonly field: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'unset', 'insert', 'delete'),
  from: fc.nat(count + 2),
  to: fc.nat(count + 2),
  field: fc.nat(3),
});

/** Every value is another one, so that nothing looks like a rename, or like a value that came back. */
function apply(
  collection: Collection<Numbered>,
  { kind, from, to, field }: Step,
  value: string,
  session?: ClientSession,
) {
  const name = `f${field}`;
  switch (kind) {
    case 'set':
      return collection.updateMany({ _id: { $gte: from, $lte: to } }, { $set: { [name]: value } }, { session });
    case 'unset':
      return collection.updateMany({ _id: { $gte: from, $lte: to } }, { $unset: { [name]: 1 } }, { session });
    case 'insert':
      return collection.updateOne({ _id: from }, { $setOnInsert: { [name]: value } }, { session, upsert: true });
    case 'delete':
      return collection.deleteOne({ _id: from }, { session });
  }
}

test('whatever migration and users did: the model says what stays, the forecast the numbers, and a cut changes neither', async () => {
  let cuts = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 6 }),
      fc.integer({ min: 3, max: 12 }),
      fc.constantFrom(undefined, { first: 2, most: 4, leastForTime: 2 }),
      async (operations, edits, cutAfter, sizes) => {
        await using s = await setting(({ db }) =>
          db
            .collection<Numbered>('a')
            .insertMany(Array.from({ length: count }, (_, i): Numbered => ({ _id: i, f0: `0-${i}`, f1: `1-${i}` }))),
        );
        const a = s.db.collection<Numbered>('a');
        const was = await stateOf(a);
        for (const [nth, steps] of operations.entries()) {
          await s.journal.write('a', async (session) => {
            for (const [at, one] of steps.entries()) await apply(a, one, `m${nth}.${at}`, session);
          });
        }
        const made = await stateOf(a);
        for (const [at, edit] of edits.entries()) await apply(a, edit, `u${at}`);
        const now = await stateOf(a);
        const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);

        const { result, cuts: cutsOfThis } = await cutOff(s.connection, doubling(cutAfter), (signal) =>
          s.undo({ ...tolerant, sizes, signal }),
        );
        cuts += cutsOfThis;
        const { documents, inserted, deleted, merged, quarantined, deletedSince, asBefore, changed } = forecast!;
        const numbers = { documents, inserted, deleted, merged, quarantined, deletedSince, asBefore, changed };
        expect(result).toMatchObject({ state: 'undone', ...numbers });

        const after = await stateOf(a);
        const left: number[] = [];
        const touched = await s.journal.changed();
        expect(changed).toBe(touched.size);
        let gone = 0;
        let same = 0;
        for (const id of new Set([...was.keys(), ...made.keys(), ...now.keys(), ...touched])) {
          const model = expected(was.get(id), made.get(id), now.get(id));
          expect(after.get(id), `document ${id}`).toEqual(model.document);
          if (model.left) left.push(id);
          else if (touched.has(id) && made.has(id) && !now.has(id)) gone += 1;
          else if (touched.has(id) && JSON.stringify(after.get(id)) === JSON.stringify(now.get(id))) same += 1;
        }
        expect({ deletedSince, asBefore }).toEqual({ deletedSince: gone, asBefore: same });
        const kept = await s.db.collection(own.quarantine).find().toArray();
        expect(kept.map(({ why }) => why)).toEqual(kept.map(() => 'undo'));
        expect(kept.map(({ documentId }) => documentId).sort()).toEqual(left.sort());
        for (const { documentId, before, after: as, current } of kept) {
          expect([before, current]).toEqual([was.get(documentId), now.get(documentId)]);
          expect(as).toEqual(made.get(documentId));
        }
        expect(forecast?.quarantined).toBe(left.length);
      },
    ),
    { numRuns: runs, seed, endOnFailure: true },
  );
  expect(cuts).toBeGreaterThan(0);
});

test('a document that a user deleted stays deleted, also where the undo is cut off between its images', async () => {
  const documents = Array.from({ length: 12 }, (_, _id): Numbered => ({ _id, old: _id }));
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(documents));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.deleteMany({}, { session }));
  await s.journal.write('a', (session) =>
    a.insertMany(
      documents.map(({ _id }) => ({ _id, made: _id })),
      { session },
    ),
  );
  await a.deleteOne({ _id: 11 });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  const sizes = { first: 2, most: 2, leastForTime: 2 };
  const stop = new AbortController();
  await s.undo({ ...tolerant, sizes, signal: stop.signal, onProgress: () => stop.abort(new Cut()) }).catch(() => {});
  const { documents: count, inserted, deleted } = forecast!;
  expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ documents: count, inserted, deleted, quarantined: 0 });
  expect(await a.find().sort({ _id: 1 }).toArray()).toEqual(documents.slice(0, 11));
});

test('a migration that inserts, and one that deletes, in the shape that an older one introduced: foretold as it comes', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { x: 1 } }, { session }));
  const older = s.journal.attempt;
  await a.insertOne({ _id: 7, x: 5 });
  s.journal.attempt = { migration: '0002-second', number: 2 };
  await s.journal.write('a', (session) =>
    a.insertMany(
      [3, 4, 5].map((_id) => ({ _id, x: 1 })),
      { session },
    ),
  );
  await s.journal.write('a', (session) => a.deleteOne({ _id: 7 }, { session }));
  const [, foretold] = await forecastUndo(s.connection, own, [s.journal.attempt, older]);
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 4 });
  s.journal.attempt = older;
  const undone = await s.undo(tolerant);
  expect(undone).toMatchObject({ createdSince: [{ collection: 'a', documents: 1, ids: ['7'] }] });
  expect(foretold?.createdSince).toEqual('createdSince' in undone && undone.createdSince);
});
