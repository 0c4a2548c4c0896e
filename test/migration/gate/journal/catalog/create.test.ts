import type { Db } from 'mongodb';
import { expect, test } from 'vitest';
import { prepareJournal } from '../../../../../src/migration/journal/prepare.ts';
import { undoAttempt } from '../../../../../src/migration/undo/undo.ts';
import { connected, own } from '../../../undo/journalled.ts';
import { type Lab, lab, type RunOptions } from './lab.ts';

const made = (db: Db) => db.createCollection('x', { validator: { n: { $gte: 0 } } });
/** What the migration's call is known to have been sent for, and no answer came. */
const neverSent = { after: 'commitTransaction', answerLost: false };

async function cutOff(it: Lab, create: (db: Db) => Promise<unknown>, options: RunOptions): Promise<void> {
  await using run = await it.run(options);
  await create(run.db).catch(() => {});
  expect(run.died()).toBe(true);
}

const ours = async ({ raw, own }: Lab) =>
  (await raw.db.listCollections({}, { nameOnly: true }).toArray()).filter(({ name }) => own.owns(name)).length;

async function undo({ raw }: Lab, fence: number) {
  await using connection = await connected(raw);
  return await undoAttempt(connection, own, { migration: '1-test', number: 1 }, { fence, mode: 'strict' });
}

test('a collection that is as the interrupted call makes it counts as made, also with documents of users', async () => {
  for (const [dies, create] of [
    [{ after: 'create', answerLost: true }, made],
    [neverSent, made],
    [neverSent, (db: Db) => db.command({ create: 'x', capped: true, size: 5000 })],
    [neverSent, (db: Db) => db.createCollection('x', { timeseries: { timeField: 't' } })],
    [neverSent, (db: Db) => db.createCollection('x', { viewOn: 'a', pipeline: [], collation: { locale: 'de' } })],
  ] as const) {
    await using it = await lab();
    await cutOff(it, create, { dies });
    if (dies === neverSent) await create(it.raw.db);
    const [view] = await it.raw.db.listCollections({ name: 'x', type: 'view' }).toArray();
    if (view === undefined) await it.raw.db.collection('x').insertOne({ n: 1, t: new Date() });
    const before = await ours(it);
    await using second = await it.run();
    await expect(create(second.db)).resolves.toBeDefined();
    expect(await it.entries()).toMatchObject([{ state: 'done' }]);
    expect(await ours(it), 'nothing is left of the comparison').toBe(before);
  }
});

test('what a comparison leaves when the process dies is no tombstone, and the next run removes it', async () => {
  for (const options of [{}, { timeseries: { timeField: 't' } }]) {
    await using it = await lab();
    const create = (db: Db) => db.createCollection('x', options);
    await cutOff(it, create, { dies: neverSent });
    await create(it.raw.db);
    const before = await ours(it);
    await cutOff(it, create, { dies: { after: 'create', answerLost: true } });
    expect(await ours(it)).toBe(before + 1);
    expect(await it.tombstones()).toEqual([]);
    await prepareJournal(it.raw.db, it.own);
    expect(await ours(it)).toBe(before);
  }
});

test('what has the name by now and is not what the interrupted call makes is in doubt', async () => {
  for (const other of [{}, { validator: { n: { $gte: 1 } } }, { viewOn: 'a', pipeline: [] }]) {
    await using it = await lab();
    await cutOff(it, made, { dies: neverSent });
    await it.raw.db.createCollection('x', other);
    await using second = await it.run();
    await expect(made(second.db)).rejects.toMatchObject({ code: 'OPERATION_IN_DOUBT' });
    expect(await it.entries()).toMatchObject([{ state: 'intent' }]);
    expect(await it.raw.db.listCollections({ name: 'x' }).toArray()).toMatchObject([{ options: other }]);
  }
});

/** Somebody else makes it right after the migration's intent is on record. */
async function overtaken(it: Lab, migrate: (db: Db) => Promise<unknown>, other: (db: Db) => Promise<unknown>) {
  await using run = await it.run();
  const transact = run.context.transactor.transact.bind(run.context.transactor);
  let first = true;
  Object.assign(run.context.transactor, {
    transact: async (...args: Parameters<typeof transact>) => {
      const result = await transact(...args);
      if (first) await other(it.raw.db);
      first = false;
      return result;
    },
  });
  return await migrate(run.db).then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a collection that somebody else was faster to make is not the migration’s, and no undo removes it', async () => {
  await using it = await lab();
  expect(await overtaken(it, made, (db) => db.createCollection('x'))).toMatchObject({ code: 48 });
  expect(await it.entries()).toMatchObject([{ state: 'refused', error: { code: 48 } }]);
  expect(await undo(it, 1)).toMatchObject({ state: 'undone' });
  expect(await it.raw.db.listCollections({ name: 'x' }).toArray()).toHaveLength(1);
});

test('a collection that somebody else made right before a write into it stays as well', async () => {
  await using it = await lab();
  const insert = (db: Db) => db.collection('x').insertOne({ n: 1 });
  expect(await overtaken(it, insert, (db) => db.createCollection('x'))).toBeUndefined();
  expect(await undo(it, 1)).toMatchObject({ state: 'undone' });
  expect(await it.raw.db.listCollections({ name: 'x' }).toArray()).toHaveLength(1);
  expect(await it.raw.db.collection('x').countDocuments()).toBe(0);
});

test.each([
  ['with options', (db: Db) => db.createCollection('x', { capped: true, size: 4096 })],
  ['with an index', (db: Db) => db.collection('x').createIndex({ n: 1 })],
  ['a view', (db: Db) => db.createCollection('x', { viewOn: 'a', pipeline: [] })],
])('a write’s collection that was never made is not the one that has its name by now: %s', async (_, other) => {
  await using it = await lab();
  await cutOff(it, (db) => db.collection('x').insertOne({ n: 1 }), { dies: neverSent });
  await other(it.raw.db);
  expect(await undo(it, 1)).toMatchObject({ state: 'undone', left: [] });
  expect(await it.raw.db.listCollections({ name: 'x' }).toArray()).toHaveLength(1);
});

test('a write that was taken up again claims no collection with options', async () => {
  await using it = await lab();
  await cutOff(it, (db) => db.collection('x').insertOne({ n: 1 }), { dies: neverSent });
  await it.raw.db.createCollection('x', { capped: true, size: 4096 });
  await using second = await it.run();
  await second.db.collection('y').insertOne({ n: 1 });
  expect((await it.entries())[0]).toMatchObject({ kind: 'implicit', state: 'refused' });
});
