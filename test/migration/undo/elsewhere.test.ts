import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { AskDown } from '../../../src/migration/undo/down-documents.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { own } from './journalled.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

const tolerant = { mode: 'tolerant' } as const;
type Setting = Awaited<ReturnType<typeof setting>>;

const collection = (s: Setting, name: string) => s.db.collection<Numbered>(name);
const found = (s: Setting, name: string) => collection(s, name).find().sort({ _id: 1 }).toArray();
const rename = (s: Setting, from: string, to: string) =>
  s.journal.catalog(from, 'rename-collection', () => s.db.renameCollection(from, to), { to });
const set = (s: Setting, name: string, change: Document) =>
  s.journal.write(name, (session) => collection(s, name).updateMany({}, { $set: change }, { session }));
const forecast = async (s: Setting) => (await forecastUndo(s.connection, own, [s.journal.attempt]))[0];

const two = [{ _id: 1 }, { _id: 2 }];

/** Users make a collection of their own under a name, with options: it keeps that. */
async function takes(s: Setting, name: string, document: Numbered): Promise<void> {
  await s.db.createCollection(name, { validator: { _id: { $gt: 0 } } });
  await collection(s, name).insertOne(document);
}

test('documents of a renamed collection go back where it stands, when users have taken its old name', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(two));
  await set(s, 'a', { n: 1 });
  await rename(s, 'a', 'b');
  await takes(s, 'a', { _id: 1, user: true });
  expect(await forecast(s)).toMatchObject({ documents: 2, quarantined: 0 });
  expect(await s.undo(tolerant)).toMatchObject({
    ...{ state: 'undone', documents: 2, quarantined: 0 },
    left: [{ why: expect.stringMatching(/was made anew by somebody else$/) }],
  });
  expect(await found(s, 'a')).toEqual([{ _id: 1, user: true }]);
  expect(await found(s, 'b')).toEqual(two);
});

test('so do those of a collection that users have renamed on', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(two));
  await set(s, 'a', { n: 1 });
  await rename(s, 'a', 'b');
  await s.db.renameCollection('b', 'c');
  expect(await forecast(s)).toMatchObject({ documents: 2, quarantined: 0 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2, quarantined: 0 });
  expect(await found(s, 'c')).toEqual(two);
});

test('no document of a dropped collection goes into the one that users made in its place', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([...two, { _id: 3 }]));
  const a = collection(s, 'a');
  await s.journal.write('a', (session) => a.deleteMany({ _id: 3 }, { session }));
  await set(s, 'a', { n: 1 });
  await s.journal.drop('a');
  await takes(s, 'a', { _id: 9, user: true });
  expect(await forecast(s)).toMatchObject({ documents: 3, inserted: 1, quarantined: 0 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 3, inserted: 1, quarantined: 0 });
  expect(await found(s, 'a')).toEqual([{ _id: 9, user: true }]);
  const [tombstone] = await s.db.listCollections({ name: /dropped/ }, { nameOnly: true }).toArray();
  expect(await found(s, tombstone?.name ?? '')).toEqual([...two, { _id: 3 }]);
});

test('a document that users put under the name meanwhile comes along before older changes of it are taken back', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany([...two, { _id: 3 }]));
  const a = collection(s, 'a');
  await s.journal.write('a', (session) => a.deleteMany({ _id: 3 }, { session }));
  await set(s, 'a', { n: 1 });
  await s.journal.drop('a');
  await a.insertMany([
    { _id: 3, user: true },
    { _id: 9, user: true },
  ]);
  const numbers = { documents: 2, inserted: 0, quarantined: 1, left: [{ writes: 0, carried: 2 }] };
  expect(await forecast(s)).toMatchObject(numbers);
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', ...numbers });
  expect(await found(s, 'a')).toEqual([...two, { _id: 3, user: true }, { _id: 9, user: true }]);
});

test('an undo that goes on after the catalog was taken back finds them as well', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(two));
  await set(s, 'a', { n: 1 });
  await rename(s, 'a', 'b');
  await takes(s, 'a', { _id: 1, user: true });
  const stopped = new AbortController();
  const onProgress = () => stopped.abort(new Error('stopped'));
  await expect(s.undo({ ...tolerant, signal: stopped.signal, onProgress })).rejects.toThrow('stopped');
  expect(await found(s, 'b')).toEqual(two.map((one) => ({ ...one, n: 1 })));
  expect(await forecast(s)).toMatchObject({ documents: 2, quarantined: 0 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2, quarantined: 0 });
  expect(await found(s, 'a')).toEqual([{ _id: 1, user: true }]);
  expect(await found(s, 'b')).toEqual(two);
});

test.each([true, false])(
  'a collection that users dropped is gone, and that is told (renamed before: %s)',
  async (renamed) => {
    await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(two));
    await set(s, 'a', { n: 1 });
    if (renamed) await rename(s, 'a', 'b');
    await collection(s, renamed ? 'b' : 'a').drop();
    const gone = { documents: 0, quarantined: 0, left: [{ namespace: `${s.db.databaseName}.a` }] };
    expect(await forecast(s)).toMatchObject(gone);
    expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', ...gone });
    expect(await s.db.listCollections({ name: 'a' }).toArray()).toEqual([]);
  },
);

test('what the migration deleted from a collection that users dropped since is kept in quarantine', async () => {
  await using s = await setting(({ db }) => db.collection<Numbered>('a').insertMany(two));
  await s.journal.write('a', (session) => collection(s, 'a').deleteMany({}, { session }));
  await collection(s, 'a').drop();
  expect(await forecast(s)).toMatchObject({ documents: 0, quarantined: 2 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 0, quarantined: 2 });
});

test('downDocument is asked about a document of the collection that it is of, where two changed names', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertOne({ _id: 1, is: 'x', v: 0 });
    await db.collection<Numbered>('b').insertOne({ _id: 1, is: 'y', v: 0 });
  });
  await set(s, 'a', { v: 1 });
  await set(s, 'b', { v: 1 });
  await rename(s, 'a', 't');
  await rename(s, 'b', 'a');
  await rename(s, 't', 'b');
  await set(s, 'a', { w: 1 });
  await collection(s, 'b').updateOne({ _id: 1 }, { $set: { v: 'user' } });
  const ask: AskDown = async (documents) =>
    documents.map(({ document }) => {
      const back = { ...BSON.deserialize(document), down: true };
      return { state: 'changed', document: BSON.serialize(back) };
    });
  const result = await s.undo({ ...tolerant, ask });
  expect(result).toMatchObject({ state: 'undone', documents: 2, quarantined: 0, downDocuments: 1 });
  expect(await found(s, 'a')).toEqual([{ _id: 1, is: 'x', v: 'user', down: true }]);
  expect(await found(s, 'b')).toEqual([{ _id: 1, is: 'y', v: 0 }]);
});

test('two collections that changed names are two, whatever their users wrote', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertMany(two.map((one) => ({ ...one, from: 'a' })));
    await db.collection<Numbered>('b').insertMany(two.map((one) => ({ ...one, from: 'b' })));
  });
  await set(s, 'a', { x: 'first' });
  for (const [from, to] of [
    ['a', 't'],
    ['b', 'a'],
    ['t', 'b'],
  ] as const)
    await rename(s, from, to);
  await set(s, 'a', { x: 'second' });
  await collection(s, 'a').updateOne({ _id: 1 }, { $set: { x: 'user' } });
  await collection(s, 'b').updateOne({ _id: 1 }, { $set: { x: 'user' } });
  expect(await forecast(s)).toMatchObject({ documents: 2, quarantined: 2 });
  expect(await s.undo(tolerant)).toMatchObject({ state: 'undone', documents: 2, quarantined: 2 });
  expect(await found(s, 'a')).toEqual([
    { _id: 1, from: 'a', x: 'user' },
    { _id: 2, from: 'a' },
  ]);
  expect(await found(s, 'b')).toEqual([
    { _id: 1, from: 'b', x: 'user' },
    { _id: 2, from: 'b' },
  ]);
  expect(await s.db.collection(own.quarantine).countDocuments({ why: 'undo' })).toBe(2);
});
