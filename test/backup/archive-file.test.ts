import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { contentsOf, readArchiveFile, refuseUnapplied } from '../../src/backup/archive-file.ts';
import { restoreVerified } from '../../src/backup/restore.ts';
import { compareDatabases } from '../../src/mongo/compare.ts';
import { fillWithEverything, type Lab, lab, own } from './backing-up.ts';
import { besides, type Listed, listed, mongodumpArchive, type Written } from './mongodump-archive.ts';

const identity = await generateX25519Identity();

async function write(at: Lab, bytes: Uint8Array, name = 'dump.archive'): Promise<string> {
  await mkdir(at.store.location, { recursive: true });
  const file = path.join(at.store.location, name);
  await writeFile(file, bytes);
  return file;
}

/** A dump of a whole server, in which the lab's database is one of several. */
async function dumpOf(at: Lab, written: Written = {}): Promise<Buffer> {
  return mongodumpArchive([...besides(at.db.databaseName), ...(await listed(at.connection))], written);
}

const read = (file: string) => readArchiveFile(file, { own, identities: [identity] });

async function databaseOf(at: Lab, file: string) {
  const archive = await read(file);
  const database = archive.databases.find(({ name }) => name === at.db.databaseName);
  if (database === undefined) throw new Error('The archive has no such database.');
  return { archive, database };
}

async function restored(at: Lab, file: string) {
  const { archive, database } = await databaseOf(at, file);
  const to = await at.another();
  await restoreVerified(to, archive.source, contentsOf(archive, database), {
    ...{ own, log: at.log, identities: [identity] },
  });
  return { to, archive };
}

const forms: Record<string, (bytes: Uint8Array) => Promise<Uint8Array>> = {
  plain: async (bytes) => bytes,
  gzip: promisify(gzip),
  zstd: promisify(zstdCompress),
  'age over gzip': async (bytes) => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    return encrypter.encrypt(await promisify(gzip)(bytes));
  },
};

test.each(Object.keys(forms))(
  'a dump of a whole server, %s, gives back every kind of collection of one database, and nothing else',
  async (form) => {
    await using at = await lab();
    await fillWithEverything(at.db);
    const bytes = await forms[form]?.(await dumpOf(at));
    const { to, archive } = await restored(at, await write(at, bytes as Uint8Array, 'named.anyhow'));
    expect(archive.databases.map(({ name }) => name)).toEqual([at.db.databaseName, 'other'].sort());
    expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  },
);

test('an archive of an older tool, without types and UUIDs, is read by what the options say', async () => {
  await using at = await lab();
  await fillWithEverything(at.db);
  for (const concurrentCollections of [new BSON.Double(4), BSON.Long.fromNumber(4), '4']) {
    const file = await write(at, await dumpOf(at, { old: true, concurrentCollections }));
    const { to } = await restored(at, file);
    expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  }
});

test('an archive of a server whose time series have no buckets of their own name is read, and one that does not say its version', async () => {
  await using at = await lab();
  await at.db.createCollection('measured', { timeseries: { timeField: 't' } });
  await at.db.collection('measured').insertMany([
    { t: new Date(), v: 1 },
    { t: new Date(0), v: 2 },
  ]);
  const { to, archive } = await restored(
    at,
    await write(at, await dumpOf(at, { viewless: true, serverVersion: '9.0.0' })),
  );
  expect(archive.serverVersion).toBe('9.0.0');
  expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  expect((await read(await write(at, await dumpOf(at, { serverVersion: 'unknown' })))).serverVersion).toBe('unknown');
});

test('a view that was dumped as a collection comes back as one; a view with documents is damage', async () => {
  await using at = await lab();
  const { databaseName: db } = at.db;
  // As mongodump --viewsAsCollections has it.
  const view = (options: object): Listed => ({
    ...{ db, collection: 'recent', type: 'view' },
    metadata: JSON.stringify({ options, indexes: [], collectionName: 'recent', type: 'view' }),
    documents: [BSON.serialize({ _id: 1 }), BSON.serialize({ _id: 2 })],
  });
  const { to } = await restored(at, await write(at, mongodumpArchive([view({ collation: { locale: 'de' } })])));
  const [info] = await to.db.listCollections({ name: 'recent' }, { nameOnly: false }).toArray();
  expect(info).toMatchObject({ type: 'collection', options: { collation: { locale: 'de' } } });
  expect(await to.db.collection('recent').countDocuments()).toBe(2);
  await expect(
    read(await write(at, mongodumpArchive([view({ viewOn: 'places', pipeline: [] })]))),
  ).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('a view holds documents') });
});

test('a collection that was dropped while mongodump listed it is left out, one that was made again is taken as it is', async () => {
  await using at = await lab();
  await at.db.collection('places').insertOne({ n: 1 });
  const { databaseName: db } = at.db;
  const unseen = (collection: string, ...documents: Uint8Array[]): Listed => ({
    ...{ db, collection, type: 'collection', metadata: '', documents },
  });
  const all = [...(await listed(at.connection)), unseen('gone'), unseen('again', BSON.serialize({ _id: 1 }))];
  for (const old of [false, true]) {
    const { to } = await restored(at, await write(at, mongodumpArchive(all, { old })));
    const names = (await to.db.listCollections().toArray()).map(({ name }) => name).filter((name) => !own.owns(name));
    expect(names.sort()).toEqual(['again', 'places']);
    expect(await to.db.collection('again').countDocuments()).toBe(1);
  }
});

test('our own collections in a dump are left out, but their history is kept', async () => {
  await using at = await lab();
  await at.db.collection('places').insertOne({ n: 1 });
  await at.db.collection<{ _id: string }>(own.history).insertOne({ _id: '001' });
  const { database } = await databaseOf(at, await write(at, await dumpOf(at)));
  expect(database.namespaces.map(({ name, count }) => [name, count])).toEqual([['places', 1]]);
  expect(database.history).toEqual([{ _id: '001' }]);
});

const timestamp = (t: number) => new BSON.Timestamp({ t, i: 1 });

/** Its `#` become letters that are not valid in UTF-8. */
function inLatin1(document: BSON.Document): Buffer {
  const bytes = Buffer.from(BSON.serialize(document));
  return bytes.map((byte) => (byte === 0x23 ? 0xe4 : byte)) as Buffer;
}

test('an oplog with no change of the database is passed over; with one the archive is not of one point in time', async () => {
  await using at = await lab();
  await at.db.collection('places').insertOne({ n: 1 });
  const { databaseName: db } = at.db;
  const before = { ts: timestamp(1), op: 'i', ns: `${db}.places`, o: { _id: 1 } };
  const idle = [
    before,
    { ts: timestamp(2), op: 'n', ns: '', o: { msg: 'periodic noop' } },
    { ts: timestamp(3), op: 'u', ns: 'other.places', o: {}, o2: {} },
    { ts: timestamp(4), op: 'i', ns: `${db}.${own.lease}`, o: {} },
    { ts: timestamp(5), op: 'c', ns: `${db}.$cmd`, o: { startIndexBuild: 'places' } },
    { ts: timestamp(6), op: 'c', ns: 'admin.$cmd', o: { applyOps: [{ op: 'd', ns: 'other.places', o: {} }] } },
    // A name that begins like ours is another one.
    { ts: timestamp(7), op: 'd', ns: `${db}2.places`, o: {} },
    // What JavaScript's regular expressions do not know, and a text in another encoding than UTF-8.
    { ts: timestamp(8), op: 'i', ns: 'other.places', o: { pattern: new BSON.BSONRegExp('(?i)a', 'x') } },
    inLatin1({ ts: timestamp(9), op: 'i', ns: 'other.places', o: { text: '####' } }),
  ];
  const { to, archive } = await restored(at, await write(at, await dumpOf(at, { oplog: idle })));
  expect(archive.oplog?.entries).toBe(idle.length);
  expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);

  const changes = [
    { op: 'i', ns: `${db}.places`, o: { _id: 2 } },
    { op: 'c', ns: 'admin.$cmd', o: { applyOps: [{ op: 'u', ns: `${db}.places`, o: {} }] } },
    { op: 'c', ns: `${db}.$cmd`, o: { drop: 'places' } },
    { op: 'c', ns: `${db}.$cmd`, o: { dropDatabase: 1 } },
    { op: 'c', ns: 'admin.$cmd', o: { commitTransaction: 1 } },
  ];
  const unapplied = async (oplog: BSON.Document[]) => {
    const found = await databaseOf(at, await write(at, await dumpOf(at, { oplog })));
    return () => refuseUnapplied(found.archive, found.database, own);
  };
  for (const change of changes)
    expect(await unapplied([before, { ts: timestamp(2), ...change }])).toThrow(/was written to while/);
  // The first entry is in the data already, unless it is a part of a transaction that was committed later, or a change of
  // the catalog, which the tool may have listed before.
  const inserted = [{ op: 'i', ns: `${db}.places`, o: {} }];
  const created = { op: 'c', ns: `${db}.$cmd`, o: { createIndexes: 'places', v: 2, key: { x: 1 }, name: 'x_1' } };
  const transaction = (o: object) => ({ op: 'c', ns: 'admin.$cmd', o });
  for (const first of [
    created,
    transaction({ applyOps: inserted, partialTxn: true }),
    transaction({ applyOps: inserted, prepare: true }),
    transaction({ applyOps: [...inserted, created] }),
  ])
    expect(await unapplied([{ ts: timestamp(1), ...first }])).toThrow(/--oplogReplay|oplog in the archive/);
  for (const first of [transaction({ applyOps: inserted }), transaction({ commitTransaction: 1 })])
    expect(await unapplied([{ ts: timestamp(1), ...first }])).not.toThrow();
  expect(await unapplied(idle)).not.toThrow();
});

test('damage anywhere after the prelude is found while it is read, with no manifest to compare', async () => {
  await using at = await lab();
  await at.db.collection('places').insertMany([{ a: 1 }, { a: 2 }]);
  const bytes = mongodumpArchive([...besides().slice(-2), ...(await listed(at.connection))]);
  const prelude = bytes.indexOf(Buffer.from([0xff, 0xff, 0xff, 0xff])) + 4;
  const verdict = async (damaged: Buffer) =>
    read(await write(at, damaged)).then(
      () => 'good',
      ({ code, exitCode }) => `${code} ${exitCode}`,
    );
  for (let position = prelude; position < bytes.length; position += 7) {
    const flipped = Buffer.from(bytes);
    flipped[position]! ^= 1 << (position % 8);
    expect(`${position} ${await verdict(flipped)}`).toBe(`${position} ARCHIVE_DAMAGED 11`);
  }
  for (let length = 0; length < bytes.length; length += 17)
    expect(`${length} ${await verdict(bytes.subarray(0, length))}`).toBe(`${length} ARCHIVE_DAMAGED 11`);
  expect(await verdict(bytes)).toBe('good');
});

test('a file that was replaced since it was read is not restored', async () => {
  await using at = await lab();
  await at.db.collection('places').insertOne({ a: 1 });
  const file = await write(at, await dumpOf(at));
  const { archive, database } = await databaseOf(at, file);
  await at.db.collection('places').insertOne({ a: 2 });
  await write(at, await dumpOf(at));
  const to = await at.another();
  await to.db.collection('old').insertOne({});
  const restore = restoreVerified(to, archive.source, contentsOf(archive, database), { own, log: at.log });
  await expect(restore).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  expect((await to.db.listCollections().toArray()).map(({ name }) => name).filter((name) => !own.owns(name))).toEqual([
    'old',
  ]);
});

test('what is no archive is said to be none', async () => {
  await using at = await lab();
  const file = await write(at, Buffer.from('{"a":1}\n'.repeat(20)), 'places.json');
  await expect(read(file)).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
    message: expect.stringContaining('does not begin as an archive'),
  });
  await expect(read(path.join(at.store.location, 'nothing'))).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
  await expect(read(at.store.location)).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
    hint: expect.stringContaining('--archive=FILE'),
  });
});

test('a backup whose manifest is lost is read by its file', async () => {
  await using at = await lab();
  await fillWithEverything(at.db);
  const { manifest } = await at.backup({ keys: { recipients: [await identityToRecipient(identity)], identities: [] } });
  const file = path.join(at.store.location, manifest.archive.file);
  const { to } = await restored(at, file);
  expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  await expect(readArchiveFile(file, { own })).rejects.toMatchObject({ code: 'IDENTITY_MISSING' });
  const stranger = await generateX25519Identity();
  await expect(readArchiveFile(file, { own, identities: [stranger] })).rejects.toMatchObject({
    code: 'IDENTITY_WRONG',
  });
});
