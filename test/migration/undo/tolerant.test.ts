import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { element, int32, rawDocument } from '../../mongo/odd-documents.ts';
import { own } from './journalled.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

const tolerant = { mode: 'tolerant' } as const;

async function undone(document: Document, migrate: object, user: object) {
  const s = await setting(({ db }) => db.collection<Document>('a').insertOne({ _id: 1, ...document } as Document));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, migrate, { session }));
  await a.updateOne({ _id: 1 }, user);
  const result = await s.undo(tolerant);
  const [now] = await a.find().toArray();
  const quarantine = await s.db.collection(own.quarantine).find().toArray();
  await s[Symbol.asyncDispose]();
  return { result, now, quarantine, fields: Object.keys(now ?? {}) };
}

test.each([
  ['a field that a user set', { a: 1 }, { $set: { b: 2 } }, { $set: { c: 3 } }, { _id: 1, a: 1, c: 3 }],
  ['a field that a user took away', { a: 1, b: 1 }, { $set: { b: 2 } }, { $unset: { a: 1 } }, { _id: 1, b: 1 }],
  [
    'an edit of a field that was renamed',
    { mail: 'ada@example.com', n: 1 },
    { $rename: { mail: 'email' } },
    { $set: { email: 'y' } },
    { _id: 1, mail: 'y', n: 1 },
  ],
  [
    'a field beside one that has its old value again',
    { a: 1, b: 1 },
    { $set: { a: 2, b: 2 } },
    { $set: { a: 1, c: 1 } },
    { _id: 1, a: 1, b: 1, c: 1 },
  ],
] as const)('%s stays, and the rest goes back', async (_, document, migrate, user, expected) => {
  const { result, now, fields, quarantine } = await undone(document, migrate, user);
  expect(result).toMatchObject({ state: 'undone', merged: 1, quarantined: 0 });
  expect(now).toEqual(expected);
  expect(fields).toEqual(Object.keys(expected));
  expect(quarantine).toEqual([]);
});

test.each([
  ['the same field', { a: 1 }, { $set: { a: 2, b: 2 } }, { $set: { a: 3, c: 1 } }, ['a']],
  ['two fields', { a: 1 }, { $set: { a: 2, b: 2 } }, { $set: { a: 3, b: 3, c: 1 } }, ['a', 'b']],
  ['the same array', { tags: ['x'] }, { $push: { tags: 'us' } }, { $push: { tags: 'user' } }, ['tags']],
  [
    'a renamed field under its old name',
    { mail: 'x' },
    { $rename: { mail: 'email' } },
    { $set: { mail: 'z' } },
    ['mail', 'email'],
  ],
  [
    'a renamed field that is gone',
    { mail: 'x' },
    { $rename: { mail: 'email' } },
    { $unset: { email: 1 } },
    ['mail', 'email'],
  ],
  [
    'a field that has by accident the value of one that is gone',
    { retries: 1 },
    { $unset: { retries: 1 }, $set: { version: 1 } },
    { $set: { version: 2 } },
    ['retries', 'version'],
  ],
] as const)(
  'where both changed %s the whole document is left to the user, with all versions in quarantine, and the fields are named',
  async (_, document, migrate, user, fields) => {
    const { result, now, quarantine } = await undone(document, migrate, user);
    const why = { reason: 'same-fields', fields };
    const conflicts = [{ collection: 'a', documents: 1, ...why }];
    expect(result).toMatchObject({ state: 'undone', quarantined: 1, documents: 0, conflicts });
    const versions = { before: { _id: 1, ...document }, current: now };
    expect(quarantine).toMatchObject([{ why: 'undo', documentId: 1, ...why, ...versions }]);
    expect(quarantine[0]?.after).not.toEqual(quarantine[0]?.before);
    expect(now).toEqual(quarantine[0]?.current);
  },
);

test('a document that was left to its user is left by the older operations too, and once in quarantine', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const a = s.db.collection<Numbered>('a');
  for (let n = 1; n <= 3; n++) {
    await s.journal.write('a', (session) => a.updateMany({}, { $set: { n, [`f${n}`]: n } }, { session }));
  }
  await a.updateOne({ _id: 1 }, { $set: { n: 'user' } });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', quarantined: 1 });
  expect(await a.find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1, n: 'user', f1: 1, f2: 2, f3: 3 }, { _id: 2 }]);
  expect(await s.db.collection(own.quarantine).countDocuments()).toBe(1);
});

test('documents that the migration inserted and a user changed stay, and so does their collection', async () => {
  await using s = await setting(async () => {});
  await s.journal.catalog('made', 'create-collection', () => s.db.createCollection('made'));
  const made = s.db.collection<Numbered>('made');
  await s.journal.write('made', (session) => made.insertMany([{ _id: 1 }, { _id: 2 }], { session }));
  await made.updateOne({ _id: 1 }, { $set: { user: 1 } });
  expect(await s.undo(tolerant)).toMatchObject({
    ...{ state: 'undone', documents: 1, quarantined: 1 },
    conflicts: [{ collection: 'made', reason: 'inserted', documents: 1, fields: ['user'] }],
    left: [{ why: expect.stringMatching(/holds documents of somebody else by now$/) }],
  });
  expect(await made.find().toArray()).toEqual([{ _id: 1, user: 1 }]);
});

test('a document that a user deleted stays deleted, and nothing of it is kept', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]));
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { n: 1 } }, { session }));
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { m: 1 } }, { session }));
  await a.deleteOne({ _id: 1 });
  const numbers = { changed: 2, documents: 1, deletedSince: 1, asBefore: 0, quarantined: 0, left: [] };
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', ...numbers });
  expect(await a.find().toArray()).toEqual([{ _id: 2 }]);
  expect(await s.db.collection(own.quarantine).countDocuments()).toBe(0);
});

test('the one document whose unique value is taken goes into quarantine, and all others go back', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertMany(Array.from({ length: 20 }, (_, i) => ({ _id: i, n: i })));
  });
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1000 } }, { session }));
  await a.insertOne({ _id: 50, n: 7 });
  const unique = { reason: 'unique', index: 'n_1', fields: ['n'] };
  expect(await s.undo(tolerant)).toMatchObject({
    ...{ state: 'undone', documents: 19, quarantined: 1, conflicts: [{ collection: 'a', documents: 1, ...unique }] },
  });
  expect(await s.db.collection(own.quarantine).findOne()).toMatchObject(unique);
  expect(await a.findOne({ _id: 7 })).toEqual({ _id: 7, n: 1007 });
  expect(await a.countDocuments({ _id: { $lt: 20 }, n: { $lt: 20 } })).toBe(19);
});

test.each([0, 1, 2])(
  'a taken unique value is left to its user wherever its document stands: %i of 3',
  async (which) => {
    await using s = await setting(async ({ db }) => {
      await db.collection('a').createIndex({ n: 1 }, { unique: true });
      await db.collection<Numbered>('a').insertMany([0, 1, 2].map((_id) => ({ _id, n: _id })));
    });
    const a = s.db.collection<Numbered>('a');
    await s.journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1000 } }, { session }));
    await a.insertOne({ _id: 50, n: which });
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2, quarantined: 1 });
    expect(await a.findOne({ _id: which })).toEqual({ _id: which, n: 1000 + which });
  },
);

test('the only document of a migration whose unique value is taken is left to its user', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await db.collection<Numbered>('a').insertOne({ _id: 1, n: 1 });
  });
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateOne({ _id: 1 }, { $set: { n: 2 } }, { session }));
  await a.insertOne({ _id: 50, n: 1 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 0, quarantined: 1 });
  expect(await a.findOne({ _id: 1 })).toEqual({ _id: 1, n: 2 });
});

test('a collection that users made anew makes way for the dropped one, and one with options of its own keeps the name', async () => {
  for (const options of [undefined, { validator: { _id: 2 } }]) {
    await using s = await setting(({ db }) => db.collection<Numbered>('a').insertOne({ _id: 1 }));
    await s.journal.drop('a');
    if (options !== undefined) await s.db.createCollection('a', options);
    await s.db.collection<Numbered>('a').insertOne({ _id: 2 });
    const why =
      options === undefined ? /: 1 document that others inserted since stays$/ : /was made anew by somebody else$/;
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', left: [{ why: expect.stringMatching(why) }] });
    const there = await s.db.collection('a').find().sort({ _id: 1 }).toArray();
    expect(there).toEqual(options === undefined ? [{ _id: 1 }, { _id: 2 }] : [{ _id: 2 }]);
  }
});

test('documents that a user writes to all the time go back as well, and none of these writes is lost', async () => {
  await using s = await setting(({ db }) =>
    db.collection<Numbered>('a').insertMany(Array.from({ length: 600 }, (_, i) => ({ _id: i, hits: 0 }))),
  );
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { n: 1 } }, { session }));
  let over = false;
  let hits = 0;
  const busy = (async () => {
    while (!over) {
      await a.updateOne({ _id: 300 }, { $inc: { hits: 1 } });
      hits += 1;
    }
  })();
  const result = await s.undo(tolerant);
  over = true;
  await busy;
  expect(result).toMatchObject({ state: 'undone', quarantined: 0 });
  expect(await a.countDocuments({ n: { $exists: true } })).toBe(0);
  expect(await a.findOne({ _id: 300 })).toEqual({ _id: 300, hits });
});

test('a document that somebody holds keeps nobody from those that would go back beside it', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertMany(Array.from({ length: 2000 }, (_, _id) => ({ _id })));
    await db.collection<Numbered>('settings').insertOne({ _id: 1 });
  });
  const [a, settings] = [s.db.collection<Numbered>('a'), s.db.collection<Numbered>('settings')];
  await s.journal.write('a', (session) => a.updateMany({}, { $set: { x: 1 } }, { session }));
  await s.journal.write('settings', (session) => settings.updateOne({}, { $set: { x: 1 } }, { session }));
  await using session = s.db.client.startSession();
  session.startTransaction();
  await settings.updateOne({}, { $set: { y: 1 } }, { session });
  const undone = s.undo(tolerant);
  await sleep(1500);
  const written = a.updateOne({ _id: 1999 }, { $set: { user: 1 } }).then(() => 'written');
  expect(await Promise.race([written, sleep(20_000, 'waiting')])).toBe('written');
  await session.commitTransaction();
  expect(await undone).toMatchObject({ state: 'undone', documents: 2001 });
  expect(await a.findOne({ _id: 1999 })).toEqual({ _id: 1999, user: 1 });
});

test.each([
  ['an index that does not take it', 'geo', { reason: 'refused', code: 16755, documents: 1 }],
  ['several indexes of the same key', 'indexes', { reason: 'unique', fields: ['n'], documents: 1 }],
  ['a user who made again what the migration deleted', 'again', { reason: 'made-again', documents: 1 }],
  ['a name that stands twice', 'twice', { reason: 'name-twice', fields: ['x'], documents: 1 }],
  ['names that may be values', 'names', { reason: 'same-fields', fields: ['*'], documents: 1 }],
  ['a collection that is gone', 'gone', { reason: 'gone', documents: 2 }],
] as const)('%s is named as what keeps a document from going back', async (_, what, why) => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertMany([{ _id: 1, n: 1, at: 'x' }, { _id: 2 }]);
    if (what === 'indexes') await db.collection('a').createIndex({ n: 1 }, { unique: true });
    if (what === 'indexes')
      await db.collection('a').createIndex({ n: 1 }, { unique: true, name: 'en', collation: { locale: 'en' } });
    if (what === 'twice') {
      const twice = [element(0x10, '_id', int32(3)), ...[1, 2].map((n) => element(0x10, 'x', int32(n)))];
      await insertRaw(db, 'a', [[rawDocument(...twice)]]);
    }
  });
  const a = s.db.collection<Numbered>('a');
  await s.journal.write('a', async (session) => {
    if (what === 'again' || what === 'gone') await a.deleteMany({}, { session });
    else if (what === 'names') await a.updateOne({ _id: 1 }, { $set: { '62F0c1e2d3a4b5c6d7e8f901': 1 } }, { session });
    else if (what === 'geo') await a.updateOne({ _id: 1 }, { $set: { at: [1, 1] } }, { session });
    else await a.updateMany(what === 'twice' ? { _id: 3 } : { _id: 1 }, { $set: { n: 100 } }, { session });
  });
  if (what === 'geo') await a.createIndex({ at: '2dsphere' });
  if (what === 'indexes') await a.insertOne({ _id: 9, n: 1 });
  if (what === 'again') await a.insertOne({ _id: 1, n: 5 });
  if (what === 'twice') await a.updateOne({ _id: 3 }, { $set: { user: 1 } });
  if (what === 'names') await a.updateOne({ _id: 1 }, { $set: { '62F0c1e2d3a4b5c6d7e8f901': 2 } });
  if (what === 'gone') await a.drop();
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  const result = await s.undo(tolerant);
  const conflicts = [{ collection: 'a', ...why }];
  expect(result).toMatchObject({ state: 'undone', quarantined: why.documents });
  expect(result).toHaveProperty('conflicts', conflicts);
  // What the server would refuse only the undo itself finds.
  const foreseen = what === 'geo' || what === 'indexes' ? [] : conflicts;
  expect(forecast?.conflicts).toEqual(foreseen);
});

test.each([
  ['in one operation', 1],
  ['in several', 3],
])(
  'what became of documents adds up to all that the migration changed %s, and so it is foretold',
  async (_, writes) => {
    await using s = await setting(({ db }) =>
      db.collection<Numbered>('a').insertMany(Array.from({ length: 9 }, (_, _id) => ({ _id, n: 0 }))),
    );
    const a = s.db.collection<Numbered>('a');
    for (let n = 1; n <= writes; n++)
      await s.journal.write('a', async (session) => {
        await a.updateMany({ _id: { $lt: 7 } }, { $set: { n, m: n } }, { session });
        if (n === writes) await a.deleteMany({ _id: { $in: [6, 7] } }, { session });
        if (n === 1)
          await a.insertMany(
            [10, 11, 12].map((_id) => ({ _id })),
            { session },
          );
        else await a.updateMany({ _id: { $gte: 10 } }, { $set: { n } }, { session });
      });
    // As it was; deleted; written to beside; in the way; what was inserted deleted, written to; what was deleted made as it was.
    await a.replaceOne({ _id: 0 }, { n: 0 });
    await a.deleteMany({ _id: { $in: [1, 10] } });
    await a.updateOne({ _id: 2 }, { $set: { user: 1 } });
    await a.updateMany({ _id: { $in: [3, 11] } }, { $set: { n: 'user' } });
    await a.insertOne({ _id: 7, n: 0 });
    await a.insertOne({ _id: 20 });
    const numbers = {
      changed: 11,
      documents: 5,
      inserted: 1,
      deleted: 1,
      merged: 1,
      deletedSince: 2,
      asBefore: 2,
      quarantined: 2,
    };
    const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
    expect(forecast).toMatchObject(numbers);
    expect(await s.undo(tolerant)).toMatchObject(numbers);
    // Told again, of what is on record.
    expect((await forecastUndo(s.connection, own, [s.journal.attempt]))[0]).toMatchObject(numbers);
    expect(await s.undo(tolerant)).toMatchObject(numbers);
  },
);
