import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { restoreBackup, restoreInOnePass } from '../../src/backup/restore.ts';
import { compareDatabases } from '../../src/mongo/compare.ts';
import { type Connection, connect } from '../../src/mongo/connect.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { fillWithEverything, type Lab, lab, own } from './backing-up.ts';

const namesOfOurs = async ({ db }: Connection) =>
  (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).filter((name) => own.owns(name));

const restore = (at: Lab, to: Connection, id: string, change: object = {}) =>
  restoreBackup(to, at.store, id, { own, log: at.log, ...change });

test('every kind of collection, index, option and document comes back exactly, in another database', async () => {
  await using at = await lab();
  await fillWithEverything(at.db);
  const { manifest } = await at.backup();
  const other = await at.another();
  const result = await restore(at, other, manifest.id);
  expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
  // The buckets of a time series too, where the archive's are restored into an empty one.
  const buckets = (db: typeof at.db) => db.collection('system.buckets.measured').find({}, { raw: true }).toArray();
  expect(await buckets(other.db)).toEqual(await buckets(at.db));
  expect(result.restored).toEqual(manifest.namespaces.map(({ name }) => name).sort());
  expect(result).toMatchObject({ removed: [], kept: [], describedOtherwise: [] });
  expect(result.documents).toBe(manifest.namespaces.reduce((sum, { count }) => sum + count, 0));
  expect(await namesOfOurs(other)).toEqual([`${own.prefix}.restore`]);
});

test('over changed data it gives exactly what was backed up, and leaves our own collections alone', async () => {
  await using at = await lab();
  await fillWithEverything(at.db);
  const { manifest } = await at.backup();
  const { manifest: copy } = await at.backup();
  const before = await at.another();
  await restore(at, before, copy.id);

  await at.db.collection('many').updateMany({ n: { $lt: 100 } }, { $set: { changed: true } });
  await at.db.collection('many').dropIndex('s_1');
  await at.db.collection('many').createIndex({ more: 1 });
  await at.db.collection('odd').drop();
  await at.db.collection('capped').insertOne({ more: 1 });
  await at.db.collection('measured').insertOne({ t: new Date(), m: { at: 9 }, v: 9 });
  await at.db.collection('system.js').deleteMany({});
  await at.db.collection('view').drop();
  await at.db.createCollection('view');
  await at.db.collection('view').insertOne({ now: 'a collection' });
  // The server wants one collation in views that build on each other.
  for (const name of ['german view of it', 'german view']) await at.db.collection(name).drop();
  for (const [name, viewOn] of [
    ['german view', 'many'],
    ['added french view', 'german view'],
  ] as const) {
    await at.db.createCollection(name, { viewOn, pipeline: [], collation: { locale: 'fr' } });
  }
  await at.db.collection('empty').drop();
  await at.db.createCollection('empty', { viewOn: 'many', pipeline: [] });
  await at.db.collection('added').insertOne({});
  await at.db.createCollection('added view', { viewOn: 'many', pipeline: [] });
  await at.db.createCollection('added series', { timeseries: { timeField: 't' } });
  await at.db.collection<{ _id: string }>(own.history).insertOne({ _id: '001' });

  const result = await restore(at, at.connection, manifest.id);
  expect(await compareDatabases(before.db, at.db, { own })).toEqual([]);
  expect(result.removed).toEqual(['added', 'added french view', 'added series', 'added view']);
  expect(result.inPlace).toEqual([
    'german view',
    'german view of it',
    'measured',
    'system.js',
    'view',
    'view of a view',
  ]);
  expect(await at.db.collection(own.history).countDocuments()).toBe(1);
  expect((await namesOfOurs(at.connection)).sort()).toEqual([own.history, `${own.prefix}.restore`].sort());
});

test('collections that were added are kept when that is asked for', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({ n: 1 });
  const { manifest } = await at.backup();
  await at.db.collection('a').updateOne({}, { $set: { n: 2 } });
  await at.db.collection('added').insertOne({ n: 3 });
  const result = await restore(at, at.connection, manifest.id, { keepAdded: true });
  expect(result).toMatchObject({ restored: ['a'], removed: [], kept: ['added'] });
  expect(await at.db.collection('a').findOne()).toMatchObject({ n: 1 });
  expect(await at.db.collection('added').findOne()).toMatchObject({ n: 3 });
});

test('only the named collections are restored, and nothing is removed', async () => {
  await using at = await lab();
  for (const name of ['a', 'b']) await at.db.collection(name).insertOne({ n: 1 });
  const { manifest } = await at.backup();
  for (const name of ['a', 'b', 'c']) await at.db.collection(name).updateOne({}, { $set: { n: 2 } }, { upsert: true });
  const result = await restore(at, at.connection, manifest.id, { only: [`${at.db.databaseName}.a`] });
  expect(result).toMatchObject({ restored: ['a'], removed: [], kept: [], documents: 1 });
  const numbers = await Promise.all(['a', 'b', 'c'].map((name) => at.db.collection(name).findOne()));
  expect(numbers.map((document) => document?.n)).toEqual([1, 2, 2]);
  await expect(restore(at, at.connection, manifest.id, { only: ['z'] })).rejects.toMatchObject({
    code: 'BACKUP_NAMESPACE_UNKNOWN',
    exitCode: 2,
  });
});

test('an empty backup empties a database', async () => {
  await using at = await lab();
  const { manifest } = await at.backup();
  await at.db.collection('added').insertOne({});
  expect(await restore(at, at.connection, manifest.id)).toMatchObject({
    restored: [],
    removed: ['added'],
    documents: 0,
  });
});

test('a damaged backup is refused before anything is written', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany(Array.from({ length: 50 }, (_, n) => ({ n })));
  const { manifest } = await at.backup();
  const file = path.join(at.store.location, manifest.archive.file);
  const bytes = await readFile(file);
  bytes[bytes.length - 20]! ^= 1;
  await writeFile(file, bytes);
  const other = await at.another();
  await expect(restore(at, other, manifest.id)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', exitCode: 11 });
  expect(await other.db.listCollections().toArray()).toEqual([]);
});

test('in one pass everything comes back exactly, and the backup counts as verified', async () => {
  await using at = await lab();
  await fillWithEverything(at.db);
  const { manifest } = await at.backup();
  const other = await at.another();
  const verified = async () =>
    (await at.store.list()).map((one) => (one.state === 'readable' ? one.verified?.sha256 : one.problem));
  expect(await verified()).toEqual([undefined]);
  await restoreInOnePass(other, at.store, manifest.id, { own, log: at.log });
  expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
  expect(await verified()).toEqual([manifest.archive.sha256]);
});

test('in one pass a damaged backup is said to be that, also where the server meets the damage first, and nothing stays', async () => {
  await using at = await lab();
  const padding = 'x'.repeat(1_000_000);
  await at.db.collection<{ _id: number }>('a').insertMany(Array.from({ length: 12 }, (_, _id) => ({ _id, padding })));
  const { manifest } = await at.backup({ compression: 'none' });
  const file = path.join(at.store.location, manifest.archive.file);
  const bytes = await readFile(file);
  const other = await at.another();
  // Another value; a second document with an _id, which the server refuses long before the end; the last checksum.
  const places = [
    bytes.indexOf(padding) + 5_000_000,
    bytes.indexOf(padding) - 8 - '\u0002padding\0'.length,
    bytes.length - 20,
  ];
  expect(bytes.readInt32LE(places[1] as number)).toBe(0);
  for (const place of places) {
    const damaged = Buffer.from(bytes);
    damaged[place]! ^= 1;
    await writeFile(file, damaged);
    await expect(restoreInOnePass(other, at.store, manifest.id, { own, log: at.log })).rejects.toMatchObject({
      ...{ code: 'ARCHIVE_DAMAGED', exitCode: 11 },
    });
    expect(await namesOfOurs(other)).toEqual([`${own.prefix}.restore`]);
    expect(await at.store.list()).toMatchObject([{ verified: undefined }]);
  }
  expect(await other.db.listCollections({}, { nameOnly: true }).toArray()).toHaveLength(1);
});

test('a restore that is aborted or fails while it builds leaves the database as it was', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany([{ u: 1 }, { u: 1 }]);
  await at.db.collection('b').insertOne({ n: 1 });
  const { manifest } = await at.backup();
  await at.db.collection('b').updateOne({}, { $set: { n: 2 } });
  const now = await at.another();
  await restore(at, now, (await at.backup()).manifest.id);

  const stop = new AbortController();
  const reason = new Error('enough');
  const aborted = restore(at, at.connection, manifest.id, {
    signal: stop.signal,
    onProgress: () => stop.abort(reason),
  });
  await expect(aborted).rejects.toBe(reason);
  expect(await compareDatabases(now.db, at.db, { own })).toEqual([]);
  expect(await namesOfOurs(at.connection)).toEqual([`${own.prefix}.restore`]);

  // A real refusal of the server: the index that is asked for cannot be built on these documents.
  const db = failing(at.connection, ({ createIndexes }) => createIndexes !== undefined, {
    indexes: [{ key: { u: 1 }, name: 'u_1', unique: true }],
  });
  await at.db.collection('a').createIndex({ u: 1 });
  const indexed = (await at.backup()).manifest;
  await at.db.collection('a').dropIndex('u_1');
  const failed = restore(at, { ...at.connection, db }, indexed.id);
  await expect(failed).rejects.toMatchObject({ code: 'RESTORE_FAILED', exitCode: 7 });
  await expect(failed).rejects.toThrow(/building indexes of a: duplicate key in u/);
  expect(await compareDatabases(now.db, at.db, { own })).toEqual([]);
  expect(await namesOfOurs(at.connection)).toEqual([`${own.prefix}.restore`]);
});

test('indexes that expire documents do not keep a restore from counting them', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany([{ until: new Date(0) }, { until: new Date(Date.now() + 1e9) }]);
  const { manifest } = await at.backup();
  await at.db.collection('a').createIndex({ until: 1 }, { expireAfterSeconds: 1 });
  const { manifest: expiring } = await at.backup();
  const other = await at.another();
  for (const { id } of [manifest, expiring]) expect(await restore(at, other, id)).toMatchObject({ restored: ['a'] });
  const indexes = await other.db.collection('a').indexes();
  expect(indexes.map(({ name, expireAfterSeconds }) => [name, expireAfterSeconds])).toEqual([
    ['_id_', undefined],
    ['until_1', 1],
  ]);
});

test('documents that fail their own validator are restored', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({ n: 'text' });
  await at.db.command({ collMod: 'a', validator: { n: { $type: 'int' } } });
  const { manifest } = await at.backup();
  const other = await at.another();
  await restore(at, other, manifest.id);
  expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
});

test('no message of a failing restore quotes a document', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany([{ u: 'marker-value' }, { u: 'marker-value' }]);
  await at.db.collection('a').createIndex({ u: 1 });
  const { manifest } = await at.backup();
  const db = failing(at.connection, ({ createIndexes }) => createIndexes !== undefined, {
    indexes: [{ key: { u: 1 }, name: 'u_1', unique: true }],
  });
  const error = (await restore(at, { ...at.connection, db }, manifest.id).catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toContain('duplicate key');
  expect(JSON.stringify([error.message, (error as unknown as { hint: string }).hint, at.messages])).not.toContain(
    'marker-value',
  );
});

/** The same database, on which matching commands are sent with a change. */
function failing(
  { db }: Connection,
  matches: (command: BSON.Document) => boolean,
  change: BSON.Document,
): Connection['db'] {
  return new Proxy(db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key !== 'command') return typeof value === 'function' ? value.bind(target) : value;
      return (command: BSON.Document) => target.command(matches(command) ? { ...command, ...change } : command);
    },
  });
}

test('documents are counted only when a majority of the members holds them, before anything takes their place', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  await at.db
    .collection<{ _id: string; value: BSON.Code }>('system.js')
    .insertOne({ _id: 'f', value: new BSON.Code('') });
  const { manifest } = await at.backup();
  const watched = await connect(at.uri, { secrets: new Secrets(), clientOptions: { monitorCommands: true } });
  const seen: string[] = [];
  watched.client.on('commandStarted', ({ commandName, command }) => {
    const count = commandName === 'count' || command.pipeline?.some((stage: object) => '$group' in stage);
    if (count) seen.push('count');
    if (commandName === 'insert') seen.push('insert');
    if (commandName === 'delete' && command.writeConcern?.w === 'majority') seen.push('majority');
  });
  try {
    await restore(at, watched, manifest.id);
  } finally {
    await watched.close();
  }
  const steps = seen.filter((step, index) => step !== seen[index - 1]).join(' ');
  // Built aside; then `system.js` is filled in its place. The last delete ends the restore's own record.
  expect(steps).toBe('insert majority count insert majority count majority');
});

test('a database of nothing but a time series or a capped collection comes back', async () => {
  for (const options of [{ timeseries: { timeField: 't' } }, { capped: true, size: 4096 }]) {
    await using at = await lab();
    await at.db.createCollection('only', options);
    await at.db.collection('only').insertMany([{ t: new Date(1) }, { t: new Date(2) }]);
    const { manifest } = await at.backup();
    const other = await at.another();
    await restore(at, other, manifest.id);
    expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
  }
});
