import { Db, type Document } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import { undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { findCollection } from '../../../../src/mongo/catalog.ts';
import { type Lab, lab } from '../../gate/journal/catalog/lab.ts';
import { connected, own } from '../journalled.ts';
import { setting } from '../setting.ts';

interface Numbered extends Document {
  _id: number;
}

const attempt = { migration: '1-test', number: 1 };

async function ran(it: Lab, migrate: (db: Db) => Promise<unknown>) {
  await it.raw.db.collection<Numbered>('a').insertMany([{ _id: 1 }, { _id: 2 }]);
  await using run = await it.run();
  await migrate(run.db as unknown as Db);
}

const addField = (db: Db) =>
  db
    .collection('a')
    .aggregate([{ $set: { b: 1 } }, { $out: 'a' }])
    .toArray();

/** What a dry run says, and what a tolerant undo then does. */
async function undoneAsForetold({ raw }: Lab) {
  await using connection = await connected(raw);
  const [forecast] = await forecastUndo(connection, own, [attempt]);
  const result = await undoAttempt(connection, own, attempt, { fence: 1, mode: 'tolerant' });
  expect(result).toMatchObject({ state: 'undone' });
  const left = await leftInCatalog(raw.db, own, attempt);
  expect(forecast?.left).toEqual(left);
  return left;
}

const documents = (db: Db, name = 'a') => db.collection<Numbered>(name).find().sort({ _id: 1 }).toArray();

test('documents that users put into what $out made stay, and other writes of theirs are told with what keeps them', async () => {
  await using it = await lab();
  await ran(it, async (db) => {
    await addField(db);
    await db.collection('a').updateMany({}, { $set: { c: 1 } });
  });
  const { db } = it.raw;
  const tombstone = own.dropped((await findCollection(db, 'a'))?.uuid ?? '');
  await db.collection<Numbered>('a').insertOne({ _id: 99, user: true });
  await db.collection<Numbered>('a').updateOne({ _id: 1 }, { $set: { user: 'mine' } });
  await db.collection<Numbered>('a').insertOne({ _id: 98, user: false });
  await db.collection<Numbered>('a').updateOne({ _id: 99 }, { $set: { twice: true } });
  await db.collection<Numbered>('a').deleteOne({ _id: 98 });
  await db.collection<Numbered>('other').insertOne({ _id: 1 });
  const [left, ...more] = await undoneAsForetold(it);
  expect(left).toMatchObject({ namespace: `${db.databaseName}.a`, tombstone, writes: 1, carried: 1 });
  expect(left?.why).toContain('1 write of others; 1 document that others inserted since stays');
  expect(more).toEqual([]);
  expect(await documents(db)).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 99, user: true, twice: true }]);
  expect(await documents(db, tombstone)).toMatchObject([{ _id: 1, b: 1, user: 'mine' }, { _id: 2 }, { _id: 99 }]);
});

test('what the migration itself wrote to it, also under another name, is no write of users', async () => {
  await using it = await lab();
  await ran(it, async (db) => {
    await addField(db);
    await db.collection('a').updateMany({}, { $set: { c: 1 } });
    await db.collection('a').rename('b');
    await db.collection('b').deleteOne({ b: 1 });
  });
  expect(await undoneAsForetold(it)).toEqual([]);
  expect(await documents(it.raw.db)).toEqual([{ _id: 1 }, { _id: 2 }]);
});

test('nor is what it wrote to it in a transaction of its own, which ends with its entry', async () => {
  await using it = await lab();
  await ran(it, async (db) => {
    await addField(db);
    await db.client.withSession((session) =>
      session.withTransaction(async () => {
        await db.collection<Numbered>('a').insertOne({ _id: 3 }, { session });
        await db.collection<Numbered>('a').updateOne({ _id: 1 }, { $set: { c: 1 } }, { session });
      }),
    );
  });
  await using connection = await connected(it.raw);
  const [forecast] = await forecastUndo(connection, own, [attempt]);
  expect(forecast?.left).toEqual([]);
  const result = await undoAttempt(connection, own, attempt, { fence: 1, mode: 'strict' });
  expect(result).toMatchObject({ state: 'undone', left: [] });
  expect(await documents(it.raw.db)).toEqual([{ _id: 1 }, { _id: 2 }]);
});

test('a document that the collection before has another one of, or takes no more, is kept aside', async () => {
  await using it = await lab();
  const { db } = it.raw;
  await db.collection('a').createIndex({ n: 1 }, { unique: true, sparse: true });
  await ran(it, async (gated) => {
    await gated.collection<Numbered>('a').updateOne({ _id: 1 }, { $set: { n: 7 } });
    await gated.collection('a').updateOne({ n: 7 }, { $unset: { n: 1 } });
    await gated
      .collection('a')
      .aggregate([{ $match: { _id: 1 } }, { $out: 'a' }])
      .toArray();
  });
  await db.collection('a').dropIndexes();
  await db
    .collection<Numbered>('a')
    .insertMany([{ _id: 2, user: true }, { _id: 3 }, { _id: 4, n: 8 }, { _id: 5, n: 8 }]);
  await using connection = await connected(it.raw);
  await undoAttempt(connection, own, attempt, { fence: 1, mode: 'tolerant' });
  expect(await leftInCatalog(db, own, attempt)).toMatchObject([{ writes: 2, carried: 2 }]);
  expect(await documents(db)).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 3 }, { _id: 4, n: 8 }]);
});

test('a collection that the migration made, and replaced, stays with what users put into it', async () => {
  await using it = await lab();
  await ran(it, async (db) => {
    await db.createCollection('made');
    await db
      .collection('a')
      .aggregate([{ $out: 'made' }])
      .toArray();
  });
  await it.raw.db.collection<Numbered>('made').insertOne({ _id: 9 });
  expect(await undoneAsForetold(it)).toMatchObject([
    { writes: 0, carried: 1 },
    { why: expect.stringContaining('holds documents') },
  ]);
  expect(await documents(it.raw.db, 'made')).toEqual([{ _id: 9 }]);
});

test('users who wrote to it stop a strict undo before it begins', async () => {
  await using it = await lab();
  await ran(it, addField);
  await it.raw.db.collection<Numbered>('a').deleteOne({ _id: 1 });
  await using connection = await connected(it.raw);
  expect(await undoAttempt(connection, own, attempt, { fence: 1, mode: 'strict' })).toMatchObject({
    ...{ state: 'conflicts', entriesUndone: 0 },
    conflicts: [{ kind: 'aside', why: 'replaced', writes: 1 }],
  });
  expect(await documents(it.raw.db)).toEqual([{ _id: 2, b: 1 }]);
});

test('where nobody can tell whether users wrote to it, that is said', async () => {
  await using it = await lab();
  await ran(it, addField);
  const journal = it.raw.db.collection(own.journal);
  await journal.updateOne({ 'catalog.type': 'replace-collection' }, { $unset: { 'catalog.aside': 1 } });
  expect(await undoneAsForetold(it)).toMatchObject([{ writes: 'unknown' }]);
});

test('where nobody else writes, as in a sandbox, nobody looks for what others wrote', async () => {
  await using it = await lab();
  await ran(it, addField);
  await it.raw.db
    .collection(own.journal)
    .updateOne({ 'catalog.type': 'replace-collection' }, { $unset: { 'catalog.aside': 1 } });
  await using connection = await connected(it.raw);
  const options = { fence: 1, mode: 'strict', alone: true } as const;
  expect(await undoAttempt(connection, own, attempt, options)).toMatchObject({ state: 'undone', left: [] });
});

test('a document that comes in while an empty collection is removed stays, or is told where it is', async () => {
  for (const again of [false, true]) {
    await using s = await setting(async () => {});
    const { db, journal } = s;
    await journal.catalog('made', 'create-collection', () => db.createCollection('made'));
    const uuid = (await findCollection(db, 'made'))?.uuid ?? '';
    const made = db.collection<Numbered>('made');
    const send = Db.prototype.command;
    let renames = 0;
    using _spy = vi.spyOn(Db.prototype, 'command').mockImplementation(async function (this: Db, command, options) {
      if (command.renameCollection !== undefined) {
        renames += 1;
        if (renames === 1 || again) await made.insertOne({ _id: renames });
      }
      return send.call(this, command, options);
    });
    const result = await s.undo({ mode: 'tolerant' });
    const namespace = `${db.databaseName}.made`;
    const aside = {
      namespace,
      tombstone: own.dropped(uuid),
      why: expect.stringMatching(/before the name was taken again/),
    };
    const holds = { namespace, why: expect.stringMatching(/holds documents of somebody else by now$/) };
    expect(result).toMatchObject({ state: 'undone', left: [again ? aside : holds] });
    expect(await documents(db, 'made')).toEqual([{ _id: again ? 2 : 1 }]);
    if (again) expect(await documents(db, own.dropped(uuid))).toEqual([{ _id: 1 }]);
  }
});
