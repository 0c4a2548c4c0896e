import { type CreateIndexesOptions, type Document, Double, Long } from 'mongodb';
import { expect, test } from 'vitest';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { own } from './journalled.ts';
import type { Numbered } from './model.ts';
import {
  all,
  documentsLeft,
  inTwoPhases,
  modes,
  notBack,
  numbered,
  packsOf,
  renumber,
  small,
  tolerant,
} from './renumbered.ts';
import { setting } from './setting.ts';

test.each([undefined, small])(
  'a value that a user has taken keeps those in the new shape that wait for it, and no other: lists in one operation, sizes %j',
  async (sizes) => {
    await using s = await numbered(60, { list: 1, pos: 1 }, (_id) => ({ list: Math.floor(_id / 5), pos: _id % 5 }));
    await renumber(s, all(60), ({ pos }) => ({ pos: pos + 1 }));
    await s.a.insertOne({ _id: 100, list: 3, pos: 0 });
    expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', documents: 55, quarantined: 5 });
    expect(await documentsLeft(s)).toEqual([15, 16, 17, 18, 19]);
  },
);

test('only who has what another one needs is taken out, so that users find all others meanwhile', async () => {
  await using s = await numbered(40);
  await renumber(s, all(40), ({ n }) => ({ n: n === 7 ? 8 : n === 8 ? 7 : 1000 + n }));
  await s.a.insertOne({ _id: 100, n: 5 });
  await using changes = s.a.watch();
  await changes.tryNext();
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 39, quarantined: 1 });
  await s.a.deleteOne({ _id: 100 });
  const removed: unknown[] = [];
  for await (const change of changes) {
    if (change.operationType !== 'delete') continue;
    removed.push(change.documentKey._id);
    if (change.documentKey._id === 100) break;
  }
  expect(new Set(removed)).toEqual(new Set([7, 8, 100]));
  expect(await documentsLeft(s)).toEqual([5]);
});

test('a chain of two in which the one waits for a user does not take along another chain', async () => {
  await using s = await numbered(3, { list: 1, pos: 1 }, (_id) => ({ list: Math.min(_id, 1), pos: Math.max(_id, 1) }));
  await renumber(s, all(3), ({ pos }) => ({ pos: pos + 1 }));
  await s.a.insertOne({ _id: 100, list: 0, pos: 1 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2, quarantined: 1 });
  expect(await documentsLeft(s)).toEqual([0]);
});

test.each(modes)(
  'more documents than fit into one transaction go back to numbers that they have among themselves: $mode',
  async (mode) => {
    await using s = await numbered(40);
    await inTwoPhases(s, 40, (n) => 39 - n);
    const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
    expect(forecast).toMatchObject({ documents: 40, merged: 0, quarantined: 0 });
    expect(await s.undo({ ...mode, sizes: small })).toMatchObject({ state: 'undone', documents: 40, entriesUndone: 8 });
    expect(await s.differences()).toEqual([]);
    expect(await documentsLeft(s)).toEqual([]);
  },
);

test.each(modes)('lists that moved in opposite directions in the same operations go back: $mode', async (mode) => {
  await using s = await numbered(40, { list: 1, pos: 1 }, (_id) => ({ list: Math.floor(_id / 20), pos: _id % 20 }));
  for (const ids of packsOf(all(20), 5)) {
    // The first list moves up, from its end on, and the second one down, from its beginning.
    const both = [...ids.map((id) => 19 - id), ...ids.map((id) => 20 + id)];
    await renumber(s, both, ({ list, pos }) => ({ pos: pos + (list === 0 ? 1 : -1) }));
  }
  expect(await s.undo({ ...mode, sizes: small })).toMatchObject({ state: 'undone', documents: 40 });
  expect(await s.differences()).toEqual([]);
});

test.each([3, 20])(
  'a strict undo stops at values that users have, and goes on with what it has put back once they are free: %i of them',
  async (many) => {
    await using s = await numbered(40);
    await inTwoPhases(s, 40, (n) => 1000 + n);
    // In so many packs that they do not go together.
    await s.a.insertMany((many === 3 ? [5, 15, 25] : all(many)).map((n) => ({ _id: 100 + n, n })));
    const conflicts = [{ kind: 'unique', namespace: `${s.db.databaseName}.a` }];
    for (let time = 0; time < 2; time++)
      expect(await s.undo({ sizes: small })).toMatchObject({ state: 'conflicts', conflicts });
    await s.a.deleteMany({ _id: { $gte: 100 } });
    expect(await s.undo({ sizes: small })).toMatchObject({ state: 'undone', documents: 40, entriesUndone: 8 });
    expect(await s.differences()).toEqual([]);
  },
);

test('what users wrote to a document that waited on its way back stays, and it goes the rest of the way', async () => {
  await using s = await numbered(40);
  await inTwoPhases(s, 40, (n) => 1000 + n);
  await s.a.insertMany([5, 15, 25].map((n) => ({ _id: 100 + n, n })));
  expect(await s.undo({ sizes: small })).toMatchObject({ state: 'conflicts' });
  expect(await s.a.findOne({ _id: 5 })).toMatchObject({ n: 1e9 + 5 });
  await s.a.deleteMany({ _id: { $gte: 100 } });
  await s.a.updateOne({ _id: 5 }, { $set: { title: 'new' } });
  await s.a.updateOne({ _id: 15 }, { $set: { n: -1 } });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({ state: 'undone', merged: 1, quarantined: 1 });
  expect(await documentsLeft(s)).toEqual([15]);
  expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
    all(40).map((_id) => ({ _id, n: _id === 15 ? -1 : _id, f: 0, ...(_id === 5 && { title: 'new' }) })),
  );
});

const unlikeOthers = [
  { which: 'leaves documents out', options: { partialFilterExpression: { n: { $gte: 0 } } } },
  { which: 'compares otherwise', options: { collation: { locale: 'de' } } },
  { which: 'reaches into documents', key: { 'n.x': 1 }, value: (x: number): unknown => ({ x }) },
];

test.each([undefined, small].flatMap((sizes) => unlikeOthers.map((index) => ({ ...index, sizes }))))(
  'of an index that $which, only those are left to users that wait for one of theirs: sizes $sizes',
  async ({ key = { n: 1 }, options, value = (n: number): unknown => n, sizes }) => {
    await using s = await setting(async ({ db }) => {
      await db.collection('a').createIndex(key, { ...options, unique: true });
      await db.collection<Numbered>('a').insertMany(all(40).map((_id) => ({ _id, n: value(_id), f: 0 })));
    });
    for (const phase of [1e9, 1000])
      for (const ids of packsOf(all(40), 10)) await renumber(s, ids, ({ _id }) => ({ n: value(phase + _id) }));
    const a = s.db.collection<Numbered>('a');
    await a.insertMany(all(20).map((n) => ({ _id: 100 + n, n: value(n) })));
    expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', documents: 20, quarantined: 20 });
    expect(await documentsLeft(s)).toEqual(all(20));
  },
);

test.each([undefined, small])(
  'however many values users have taken, only those documents are left that wait for one: sizes %j',
  async (sizes) => {
    await using s = await numbered(100);
    const before = await s.a.find({}, { sort: { _id: 1 } }).toArray();
    // 40 to new numbers, and 60 among themselves.
    await inTwoPhases(s, 100, (n) => (n < 40 ? 1000 + n : 139 - n));
    await s.a.insertMany(all(30).map((n) => ({ _id: 1000 + n, n })));
    expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', documents: 70, quarantined: 30 });
    expect(await documentsLeft(s)).toEqual(all(30));
    expect(await notBack(s.a, before)).toEqual(all(30));
  },
);

test('what users wrote to documents that wait for one another stays, and all of them go back', async () => {
  await using s = await numbered(40);
  await inTwoPhases(s, 40, (n) => 39 - n);
  await s.a.updateMany({ _id: { $in: [3, 17, 35] } }, { $set: { title: 'new' } });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast).toMatchObject({ documents: 40, merged: 3, quarantined: 0 });
  expect(await s.undo({ ...tolerant, sizes: small })).toMatchObject({
    state: 'undone',
    documents: 40,
    merged: 3,
    quarantined: 0,
  });
  expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
    all(40).map((_id) => ({ _id, n: _id, f: 0, ...([3, 17, 35].includes(_id) && { title: 'new' }) })),
  );
});

test.each([
  ['a plain index', {}],
  ['one that leaves documents out', { partialFilterExpression: { n: { $gte: 0 } } }],
  ['one that compares otherwise', { collation: { locale: 'de' } }],
])(
  'a chain of which all wait for one another, and the last one for a user, is left as it is: %s',
  async (_, options) => {
    await using s = await setting(async ({ db }) => {
      await db.collection('a').createIndex({ n: 1 }, { unique: true, ...options });
      await db.collection<Numbered>('a').insertMany(all(60).map((_id) => ({ _id, n: _id })));
    });
    const a = s.db.collection<Numbered>('a');
    await renumber(s, all(60), ({ n }) => ({ n: n < 39 ? n + 1 : n + 100 }));
    await a.insertOne({ _id: 100, n: 0 });
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 20, quarantined: 40 });
    expect(await documentsLeft(s)).toEqual(all(40));
  },
);

test.each([undefined, small])(
  'a second index of the same fields hides nobody who has a value: sizes %j',
  async (sizes) => {
    await using s = await numbered(100);
    await s.a.createIndex({ n: 1 }, { name: 'n_de', collation: { locale: 'de' } });
    await inTwoPhases(s, 100, (n) => (n < 40 ? 1000 + n : 139 - n));
    await s.a.insertMany(all(30).map((n) => ({ _id: 1000 + n, n })));
    expect(await s.undo({ ...tolerant, sizes })).toMatchObject({ state: 'undone', documents: 70, quarantined: 30 });
    expect(await documentsLeft(s)).toEqual(all(30));
  },
);

type Of = (n: number) => Document;
const plain: Of = (n) => ({ n });
const within: Of = (n) => ({ at: { n } });
const texts: Of = (n) => ({ n: `n${n}` });
const kept: Of = (n) => ({ n, deleted: false });
const typed: Of = (n) => ({ n: n % 2 === 0 ? new Double(n) : Long.fromNumber(n) });

test.each<readonly [string, Document, Of, CreateIndexesOptions, made: Of]>([
  ['a plain index', { n: 1 }, plain, {}, plain],
  ['one that leaves documents out', { n: 1 }, kept, { partialFilterExpression: { deleted: false } }, kept],
  ['numbers of other types', { n: 1 }, plain, {}, typed],
  ['one of a field in another one', { 'at.n': 1 }, within, {}, within],
  ['one that compares otherwise', { n: 1 }, texts, { collation: { locale: 'de' } }, texts],
])(
  'a long chain that waits for a user is told from the server in a few turns: %s',
  async (_, index, of, options, made) => {
    await using s = await numbered(2000, index, of, options);
    await renumber(s, all(2000), ({ _id }) => made(_id + 1));
    await s.a.insertOne({ _id: 5000, ...of(0) });
    let inserts = 0;
    let transactions = 0;
    s.connection.client.on('commandStarted', ({ commandName, command }) => {
      if (commandName === 'insert' && command.insert === 'a') inserts += 1;
      if (/^(commit|abort)Transaction$/.test(commandName)) transactions += 1;
    });
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 0, quarantined: 2000 });
    expect(inserts).toBeLessThan(20);
    expect(transactions).toBeLessThan(20);
  },
);

test('of several fields together no other keys are read than those that are needed', async () => {
  const place = (_id: number) => ({ list: Math.floor(_id / 40), pos: _id % 40 });
  await using s = await numbered(1600, { list: 1, pos: 1 }, place);
  const before = await s.a.find({}, { sort: { _id: 1 } }).toArray();
  // One of each list, each at another place of it.
  const ids = all(40).map((list) => list * 41);
  await renumber(s, ids, ({ pos }) => ({ pos: pos + 1000 }));
  await s.a.insertMany(all(20).map((list) => ({ _id: 5000 + list, list, pos: list })));
  let read = 0;
  s.connection.client.on('commandSucceeded', ({ commandName, reply }) => {
    const { cursor } = reply as { cursor?: { ns?: string; firstBatch?: unknown[]; nextBatch?: unknown[] } };
    if (cursor?.ns === `${s.db.databaseName}.a` && /^(find|getMore)$/.test(commandName))
      read += (cursor.firstBatch ?? cursor.nextBatch ?? []).length;
  });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 20, quarantined: 20 });
  expect(await documentsLeft(s)).toEqual(ids.slice(0, 20));
  expect(await notBack(s.a, before)).toEqual(ids.slice(0, 20));
  expect(read).toBeLessThan(1600);
});

test('behind a change of the catalog documents wait for the value of one that users wrote to, and all go back', async () => {
  await using s = await numbered(40);
  await s.journal.write('a', (session) => s.a.updateMany({}, { $set: { f: 1 } }, { session }));
  await s.journal.catalog('a', 'create-indexes', () => s.a.createIndex({ f: 1 }));
  await renumber(s, all(40), ({ n }) => ({ n: n + 1 }));
  await s.a.updateOne({ _id: 30 }, { $set: { title: 'new' } });
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast).toMatchObject({ documents: 40, merged: 1, quarantined: 0 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 40, merged: 1, quarantined: 0 });
  expect(await s.a.find({}, { sort: { _id: 1 } }).toArray()).toEqual(
    all(40).map((_id) => ({ _id, n: _id, f: 0, ...(_id === 30 && { title: 'new' }) })),
  );
  expect(await s.db.collection(own.quarantine).countDocuments()).toBe(0);
});

test('what the migration inserted and changed again counts once, also where a strict undo stops beside it', async () => {
  await using s = await numbered(40);
  const made = all(5).map((at) => 200 + at);
  for (const ids of packsOf(all(40), 10)) {
    await s.journal.write('a', async (session) => {
      await s.a.updateMany({ _id: { $in: ids } }, { $inc: { n: 1e9 } }, { session });
      if (ids.includes(5))
        await s.a.insertMany(
          made.map((_id) => ({ _id, n: _id + 1e9 })),
          { session },
        );
    });
  }
  for (const ids of packsOf([...all(40), ...made], 10)) await renumber(s, ids, ({ n }) => ({ n: n - 1e9 + 1000 }));
  await s.a.insertMany([5, 15, 25].map((n) => ({ _id: 100 + n, n })));
  for (let time = 0; time < 2; time++) expect(await s.undo({ sizes: small })).toMatchObject({ state: 'conflicts' });
  expect(await s.a.countDocuments({ _id: { $in: made } })).toBe(0);
  await s.a.deleteMany({ n: { $in: [5, 15, 25] }, _id: { $gte: 100 } });
  expect(await s.undo({ sizes: small })).toMatchObject({ state: 'undone', documents: 45, deleted: 5, inserted: 0 });
  expect(await s.differences()).toEqual([]);
});
