import type { CreateIndexesOptions, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { entriesToReplay } from '../../../src/migration/gate/replay/entries.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { Cut, cutOff, doubling } from './cut-off.ts';
import { own } from './journalled.ts';
import type { Numbered } from './model.ts';
import { all, documentsLeft, inTwoPhases, modes, numbered, packsOf, renumber, small, tolerant } from './renumbered.ts';

/** Values that users have, so that a strict undo stops on its way, in every pack of the older phase. */
const taken = [5, 15, 25, 35].map((n) => ({ _id: 100 + n, n }));

const indexes: readonly (readonly [string, Document, (n: number) => Document, CreateIndexesOptions])[] = [
  ['a plain index', { n: 1 }, (n) => ({ n }), {}],
  ['one that leaves documents out', { n: 1 }, (n) => ({ n }), { partialFilterExpression: { n: { $gte: 0 } } }],
  ['one that compares otherwise', { n: 1 }, (n) => ({ n }), { collation: { locale: 'de' } }],
  ['one of a field in another one', { 'at.n': 1 }, (n) => ({ at: { n } }), {}],
];

test.each(indexes)(
  'documents that users wrote to after it go back image by image where they wait for one another: %s',
  async (_, index, of, options) => {
    await using s = await numbered(40, index, (_id) => of(_id), options);
    const number = ({ n, at }: Document): number => n ?? at.n;
    for (const ids of packsOf(all(40), 10)) await renumber(s, ids, (one) => of(number(one) + 1e9));
    for (const ids of packsOf(all(40), 10)) await renumber(s, ids, (one) => of(39 - (number(one) - 1e9)));
    await s.a.updateMany({}, { $set: { seen: true } });
    expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({
      ...{ state: 'undone', documents: 40, merged: 40, quarantined: 0, entriesUndone: 8 },
    });
    expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
      all(40).map((_id) => ({ ...of(_id), _id, f: 0, seen: true })),
    );
  },
);

test('documents that users wrote to between its two phases go back image by image, also where it is cut off', async () => {
  await using s = await numbered(40);
  for (const ids of packsOf(all(40), 10)) await renumber(s, ids, ({ n }) => ({ n: n + 1e9 }));
  await s.a.updateMany({}, { $set: { seen: true } });
  for (const ids of packsOf(all(40), 10)) await renumber(s, ids, ({ n }) => ({ n: 39 - (n - 1e9) }));
  const { result, cuts } = await cutOff(s.connection, doubling(20), (signal) =>
    s.undo({ ...tolerant, sizes: small, signal }),
  );
  expect(cuts).toBeGreaterThan(0);
  expect(result).toMatchObject({ state: 'undone', documents: 40, merged: 40, quarantined: 0 });
  expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
    all(40).map((_id) => ({ _id, n: _id, f: 0, seen: true })),
  );
});

test('what users write on its way is no change of a value that was the same before and after it', async () => {
  await using s = await numbered(41);
  // Of the one in the middle the number is the same.
  await inTwoPhases(s, 41, (n) => 40 - n);
  const stop = new AbortController();
  let transactions = 0;
  const onProgress = () => {
    transactions += 1;
    if (transactions === 3) stop.abort(new Cut());
  };
  await expect(s.undo({ ...tolerant, sizes: small, signal: stop.signal, onProgress })).rejects.toThrow(Cut);
  expect(await s.a.findOne({ _id: 20 })).toMatchObject({ n: 1e9 + 20 });
  await s.a.updateOne({ _id: 20 }, { $set: { title: 'new' } });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', quarantined: 0 });
  expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
    all(41).map((_id) => ({ _id, n: _id, f: 0, ...(_id === 20 && { title: 'new' }) })),
  );
});

test('a value of a user that is one that a document had between two changes is the user’s', async () => {
  await using s = await numbered(40, { n: 1 }, (n) => ({ n, s: 'before' }));
  for (const ids of packsOf(all(40), 10)) await renumber(s, ids, ({ n }) => ({ n: n + 1e9, s: 'between' }));
  for (const ids of packsOf(all(40), 10)) await renumber(s, ids, ({ n }) => ({ n: 39 - (n - 1e9), s: 'after' }));
  await s.a.updateOne({ _id: 5 }, { $set: { s: 'between' } });
  const now = await s.a.findOne({ _id: 5 });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', documents: 38, quarantined: 2 });
  // Who had the number before that it keeps is left as well.
  expect(await documentsLeft(s)).toEqual([5, 34]);
  expect(await s.a.findOne({ _id: 5 })).toEqual(now);
});

test.each(modes)('documents that it put in or took out count once where it stops and goes on: $mode', async (mode) => {
  await using s = await numbered(40);
  const some = (ids: readonly number[], at: number) => ids.filter((id) => id % 10 === at);
  for (const ids of packsOf(all(50), 10)) {
    await s.journal.write('a', async (session) => {
      await s.a.updateMany({ _id: { $in: ids } }, { $inc: { n: 1e9 } }, { session });
      for (const _id of some(ids, 7)) await s.a.insertOne({ _id: 200 + _id, n: 2e9 + _id }, { session });
    });
  }
  for (const ids of packsOf(all(50), 10)) {
    await s.journal.write('a', async (session) => {
      await s.a.deleteMany({ _id: { $in: some(ids, 8) } }, { session });
      const rest = await s.a.find({ _id: { $in: [...ids, ...ids.map((id) => 200 + id)] } }, { session }).toArray();
      for (const { _id, n } of rest)
        await s.a.updateOne({ _id }, { $set: { n: n < 2e9 ? 1039 - (n - 1e9) : n + 1 } }, { session });
    });
  }
  await s.a.insertMany(taken);
  expect(await s.undo({ sizes: small })).toMatchObject({ state: 'conflicts' });
  await s.a.deleteMany({ _id: { $in: taken.map(({ _id }) => _id) } });
  const numbers = { documents: 45, inserted: 4, deleted: 5, merged: 0 };
  expect(await s.undo({ ...mode, sizes: small })).toMatchObject({ state: 'undone', ...numbers });
  expect(await s.differences()).toEqual([]);
});

test('a strict undo that stops before any document is back says that it has begun, and nothing is taken up after that', async () => {
  await using s = await numbered(40);
  await inTwoPhases(s, 40, (n) => 1000 + n);
  await s.a.insertMany(all(40).map((n) => ({ _id: 100 + n, n })));
  const { attempt } = s.journal;
  const [client, database, journal] = [s.connection.client, s.db.databaseName, own.journal];
  const replay = { client, database, journal, attempt, expected: undefined, driverMajor: 0 };
  expect(await entriesToReplay(replay)).toHaveLength(8);
  const stopped = { state: 'conflicts', begun: true, documents: 0, entriesUndone: 0 };
  for (let time = 0; time < 2; time++) expect(await s.undo({ sizes: small })).toMatchObject(stopped);
  await expect(entriesToReplay(replay)).rejects.toMatchObject({ code: 'REPLAY_DIVERGED' });
  const [forecast] = await forecastUndo(s.connection, own, [attempt]);
  expect(forecast).toMatchObject({ documents: 40, quarantined: 0 });
});

test('a strict undo that meets a write before anything has moved has not begun', async () => {
  await using s = await numbered(3);
  await renumber(s, all(3), ({ n }) => ({ n: n + 10 }));
  await s.a.updateOne({ _id: 1 } satisfies Partial<Numbered>, { $set: { n: 100 } });
  expect(await s.undo()).toMatchObject({ state: 'conflicts', begun: false, documents: 0 });
});

test('who waits for a document that goes back as a whole later is not left with the one that it waits for', async () => {
  await using s = await numbered(41, { n: 1 }, (_id) => ({ n: _id === 40 ? 500 : _id }));
  const [first = [], ...packs] = packsOf(all(40), 10);
  for (const ids of [first, ...packs]) await renumber(s, ids, ({ n }) => ({ n: n + 1e9 }));
  const to = new Map([
    [5, 500],
    [40, 777],
  ]);
  for (const ids of [[...first, 40], ...packs])
    await renumber(s, ids, ({ _id, n }) => ({ n: to.get(_id) ?? 39 - (n - 1e9) }));
  // What the one had in between: it cannot go back over its changes one by one.
  await s.a.insertOne({ _id: 100, n: 1e9 + 5 });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', documents: 41, quarantined: 0 });
  await s.a.deleteOne({ _id: 100 });
  expect(await s.differences()).toEqual([]);
});
