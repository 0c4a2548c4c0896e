import { setTimeout as sleep } from 'node:timers/promises';
import { Db, type Document } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { findCollection } from '../../../../src/mongo/catalog.ts';
import { own } from '../journalled.ts';
import { setting } from '../setting.ts';

interface Numbered extends Document {
  _id: number;
}
const seeded = (count: number) => Array.from({ length: count }, (_, i): Numbered => ({ _id: i, n: i, k: -i }));
const withDocuments = ({ db }: { db: Db }) => db.collection<Numbered>('a').insertMany(seeded(20));

test('a collection that was made, filled, indexed and validated is gone again', async () => {
  await using s = await setting(withDocuments);
  const { db, journal } = s;
  await journal.catalog('made', 'create-collection', () => db.createCollection('made'));
  await journal.write('made', (session) => db.collection<Numbered>('made').insertMany(seeded(5), { session }));
  await journal.catalog('made', 'create-indexes', () => db.collection('made').createIndex({ n: 1 }, { unique: true }));
  const validator = { n: { $gte: 0 } };
  await journal.catalog('made', 'modify-collection', () => db.command({ collMod: 'made', validator }));
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 5 });
  expect(await s.differences()).toEqual([]);
});

test('indexes that were made are dropped, and those that were dropped are built as they were', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertMany(seeded(20));
    await db.command(
      {
        createIndexes: 'a',
        indexes: [
          { key: { n: 1 }, name: 'n', unique: true, partialFilterExpression: { n: { $gt: 3 } } },
          { key: { k: -1, n: 1 }, name: 'k', expireAfterSeconds: undefined, collation: { locale: 'de' } },
          { key: { text: 'text' }, name: 'words', weights: { text: 3 }, default_language: 'german' },
          { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 100_000 },
        ],
      },
      { ignoreUndefined: true },
    );
  });
  const { db, journal } = s;
  await journal.catalog('a', 'create-indexes', () => db.collection('a').createIndex({ new: 1 }));
  await journal.catalog('a', 'drop-indexes', () => db.collection('a').dropIndexes());
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 6 });
  expect(await s.differences()).toEqual([]);
});

test('when it was frozen between two commands, and another run has taken over, the second is not sent', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndexes([{ key: { n: 1 } }, { key: { k: 1 } }]);
  });
  const { db, journal } = s;
  await journal.catalog('a', 'drop-indexes', () => db.collection('a').dropIndexes());
  const send = Db.prototype.command;
  const built: unknown[] = [];
  using _spy = vi.spyOn(Db.prototype, 'command').mockImplementation(async function (this: Db, command, options) {
    const reply = await send.call(this, command, options);
    if (command.createIndexes === undefined) return reply;
    built.push(command.createIndexes);
    await db.collection(own.lease).updateMany({}, { $inc: { fence: 1 } });
    await sleep(600);
    return reply;
  });
  await expect(s.undo()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(built).toEqual(['a']);
});

test('validator, levels, expiry and hidden indexes are as they were', async () => {
  await using s = await setting(async ({ db }) => {
    await db.createCollection('a', {
      validator: { n: { $gte: 0 } },
      validationLevel: 'moderate',
      validationAction: 'warn',
    });
    await db.collection('a').createIndexes([
      { key: { n: 1 }, name: 'n' },
      { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 500 },
      { key: { at: -1 }, name: 'later' },
    ]);
  });
  const { db, journal } = s;
  const modify = (change: object) =>
    journal.catalog('a', 'modify-collection', () => db.command({ collMod: 'a', ...change }));
  await modify({ validator: { n: { $gte: 5 } }, validationLevel: 'strict', validationAction: 'error' });
  await modify({ index: { name: 'n', hidden: true } });
  await modify({ index: { name: 'ttl', expireAfterSeconds: 9 } });
  await modify({ index: { name: 'later', expireAfterSeconds: 9 } });
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('the definition of a view is as it was, and a dropped view is back', async () => {
  await using s = await setting(async ({ db }) => {
    await withDocuments({ db });
    await db.createCollection('v', { viewOn: 'a', pipeline: [{ $match: { n: 1 } }] });
    await db.createCollection('w', { viewOn: 'a', pipeline: [{ $project: { n: 1 } }] });
  });
  const { db, journal } = s;
  const change = { collMod: 'v', viewOn: 'a', pipeline: [{ $match: { n: 2 } }] };
  await journal.catalog('v', 'modify-collection', () => db.command(change));
  await journal.catalog('w', 'drop-collection', () => db.dropCollection('w'));
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 2 });
  expect(await s.differences()).toEqual([]);
});

test('a dropped collection comes back as the same one, and what expires in it expires again', async () => {
  await using s = await setting(async ({ db }) => {
    await db.collection<Numbered>('a').insertMany(seeded(20));
    await db.collection('a').createIndex({ at: 1 }, { expireAfterSeconds: 4000 });
  });
  const uuid = (await findCollection(s.db, 'a'))?.uuid;
  await s.journal.drop('a');
  expect(await s.differences()).not.toEqual([]);
  expect(await s.undo()).toMatchObject({ state: 'undone', catalogChanges: 1 });
  expect(await s.differences()).toEqual([]);
  expect((await findCollection(s.db, 'a'))?.uuid).toBe(uuid);
});

test('a collection that was changed, dropped and made again under its name', async () => {
  await using s = await setting(withDocuments);
  const { db, journal } = s;
  const a = db.collection<Numbered>('a');
  await journal.write('a', (session) => a.updateMany({}, { $inc: { n: 1 } }, { session }));
  await journal.drop('a');
  await journal.catalog('a', 'create-collection', () => db.createCollection('a'));
  await journal.write('a', (session) => a.insertMany(seeded(3), { session }));
  await journal.catalog('a', 'create-indexes', () => a.createIndex({ n: 1 }));
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('names that went round, with one replaced on the way', async () => {
  await using s = await setting(async ({ db }) => {
    await withDocuments({ db });
    await db.collection<Numbered>('b').insertMany(seeded(3));
    await db.collection<Numbered>('old').insertMany(seeded(4));
    await db.collection('old').createIndex({ at: 1 }, { expireAfterSeconds: 300 });
  });
  const { db, journal } = s;
  const rename = (from: string, to: string) =>
    journal.catalog(from, 'rename-collection', () => db.renameCollection(from, to), { to });
  await rename('a', 'tmp');
  await rename('b', 'a');
  await rename('tmp', 'b');
  await journal.write('a', (session) => db.collection('a').updateMany({}, { $set: { was: 'b' } }, { session }));
  const tombstone = own.dropped((await findCollection(db, 'old'))?.uuid ?? '');
  const replace = async () => {
    await db.command({ collMod: 'old', index: { keyPattern: { at: 1 }, expireAfterSeconds: 2_147_483_647 } });
    await db.renameCollection('old', tombstone);
    await db.renameCollection('b', 'old');
  };
  await journal.catalog('b', 'rename-collection', replace, { to: 'old', tombstone });
  await journal.write('old', (session) => db.collection('old').deleteMany({ n: { $gt: 4 } }, { session }));
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('a collection that $out replaced is back, and what took its place is kept aside', async () => {
  await using s = await setting(async ({ db }) => {
    await withDocuments({ db });
    await db.collection<Numbered>('b').insertMany(seeded(3));
  });
  const { db, journal } = s;
  const tombstone = own.dropped((await findCollection(db, 'b'))?.uuid ?? '');
  const replace = async () => {
    await db
      .collection('a')
      .aggregate([{ $out: 'aside' }])
      .toArray();
    await db.renameCollection('b', tombstone);
    await db.renameCollection('aside', 'b');
  };
  await journal.catalog('a', 'replace-collection', replace, { to: 'b', tombstone, aside: 'aside' });
  const made = (await findCollection(db, 'b'))?.uuid ?? '';
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
  expect(await db.collection(own.dropped(made)).countDocuments()).toBe(20);
});

test('what was only intended is undone where the catalog shows that it was made, and left alone where not', async () => {
  await using s = await setting(async ({ db }) => {
    await withDocuments({ db });
    await db.collection<Numbered>('b').insertMany(seeded(3));
  });
  const { db, journal } = s;
  await journal.catalog('a', 'create-indexes', () => db.collection('a').createIndex({ n: 1 }), {
    intentOnly: true,
    asked: [{ name: 'n_1', key: '[["n","1"]]' }],
  });
  await journal.catalog('y', 'create-collection', async () => {}, { intentOnly: true });
  await journal.catalog('b', 'rename-collection', async () => {}, { to: 'c', intentOnly: true });
  await journal.catalog('b', 'rename-collection', async () => {}, { to: 'b', intentOnly: true });
  await journal.drop('a', { intentOnly: true });
  expect(await s.undo()).toMatchObject({ state: 'undone' });
  expect(await s.differences()).toEqual([]);
});

test('an empty collection that a write brought into being is gone again, and one that others use stays', async () => {
  await using s = await setting(async () => {});
  const { db, journal } = s;
  for (const name of ['mine', 'shared']) {
    await db.createCollection(name);
    const namespace = { database: db.databaseName, collection: name };
    const after = await journal.state(name);
    await journal.record({
      kind: 'implicit',
      method: 'createCollection',
      namespace,
      catalog: { type: 'create-collection', after },
    });
    await journal.write(name, (session) => db.collection<Numbered>(name).insertOne({ _id: 1 }, { session }));
  }
  await db.collection<Numbered>('shared').insertOne({ _id: 2 });
  expect(await s.undo()).toMatchObject({ state: 'undone', documents: 2 });
  expect(await s.differences()).toEqual([{ kind: 'added', collection: 'shared' }]);
  expect(await db.collection('shared').find().toArray()).toEqual([{ _id: 2 }]);
});
