import { Readable, Writable } from 'node:stream';
import { BSON, Collection, type Db, type Document, MongoServerError, ObjectId } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { readArchive } from '../../src/backup/archive/reader.ts';
import type { NamespaceTotals } from '../../src/backup/archive/writer.ts';
import { type DumpOptions, type DumpProgress, dumpCollections } from '../../src/backup/dump-collections.ts';
import { builtIn } from '../../src/backup/engines/built-in.ts';
import type { ArchiveEngine } from '../../src/backup/engines/engine.ts';
import { readBackup } from '../../src/backup/read-backup.ts';
import { planReads } from '../../src/backup/reads.ts';
import type { BackupStore, CreateOptions, PendingBackup } from '../../src/backup/stores/store.ts';
import type { VerifyProgress } from '../../src/backup/verify.ts';
import { readCatalog } from '../../src/mongo/catalog.ts';
import type { Connection } from '../../src/mongo/connect.ts';
import { readClusterTime } from '../../src/mongo/raw-read.ts';
import { type Lab, lab, own, verifiedTotals } from './backing-up.ts';

/** The same connection, on which something happens each time that a cluster time has just been chosen. */
function onceTimeIsChosen(connection: Connection, happen: () => unknown): Connection {
  const db = new Proxy(connection.db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key !== 'command') return typeof value === 'function' ? value.bind(target) : value;
      return async (command: { ping?: 1 }, options: object) => {
        const answer = await target.command(command, options);
        if (command.ping) await happen();
        return answer;
      };
    },
  });
  return { ...connection, db };
}

/** The built-in engine, where something happens in each attempt once so many bytes of the archive were read. */
function onceRead(bytes: number, happen: (attempt: number) => Promise<unknown>) {
  let attempts = 0;
  const engine: ArchiveEngine = {
    ...builtIn,
    async read(connection, options) {
      const reading = await builtIn.read(connection, options);
      const attempt = ++attempts;
      async function* chunks() {
        let seen = 0;
        for await (const chunk of reading.chunks) {
          yield chunk;
          const before = seen;
          seen += chunk.length;
          if (before < bytes && seen >= bytes) await happen(attempt);
        }
      }
      return { ...reading, chunks: chunks() };
    },
  };
  return { engine, attempts: () => attempts };
}

test('the manifest says what the backup holds, and no value', async () => {
  await using at = await lab();
  await at.db.collection('places').insertMany([{ city: 'marker-value' }, { city: 'b' }]);
  await at.db.collection('places').createIndex({ city: 1 }, { partialFilterExpression: { city: 'marker-value' } });
  await at.db.createCollection('log', { capped: true, size: 4096 });
  await at.db.createCollection('recent', { viewOn: 'places', pipeline: [{ $match: { city: 'marker-value' } }] });
  await at.db.collection(own.history).insertOne({});
  const progress: string[] = [];
  const { manifest, location } = await at.backup({
    position: { digest: 'p1', applied: [{ name: '001', checksum: 'c' }] },
    planDigest: 'd1',
    releaseId: 'r1',
    onProgress: ({ namespace, documents, complete }) => complete && progress.push(`${namespace} ${documents}`),
  });
  expect(manifest).toMatchObject({
    schemaVersion: 1,
    releaseId: 'r1',
    planDigest: 'd1',
    position: { digest: 'p1', applied: [{ name: '001', checksum: 'c' }] },
    target: { name: 'test', environment: 'local', database: at.db.databaseName },
    consistency: 'snapshot',
    compression: 'zstd',
    server: { version: at.connection.topology.serverVersion, kind: 'replica-set' },
  });
  expect(manifest.namespaces.map(({ name, type, count, indexes }) => [name, type, count, indexes])).toEqual([
    ['log', 'collection', 0, ['_id_']],
    ['places', 'collection', 2, ['_id_', 'city_1']],
    ['recent', 'view', 0, []],
  ]);
  expect(manifest.namespaces.map(({ readOutsideSnapshot }) => readOutsideSnapshot)).toEqual([
    true,
    undefined,
    undefined,
  ]);
  expect(progress.sort()).toEqual(['log 0', 'places 2', 'recent 0']);
  expect(JSON.stringify(manifest)).not.toContain('marker-value');
  expect(await at.store.readManifest(manifest.id)).toEqual(JSON.parse(JSON.stringify(manifest)));
  expect(await at.stored()).toEqual([`${manifest.id}.archive.zst`, `${manifest.id}.manifest.json`]);
  expect(location).toContain(manifest.archive.file);
});

test.each(['zstd', 'gzip', 'none'] as const)('a backup compressed with %s can be verified', async (compression) => {
  await using at = await lab();
  await at.db.collection('a').insertMany(Array.from({ length: 500 }, (_, n) => ({ n })));
  const { manifest } = await at.backup({ compression });
  const read: VerifyProgress[] = [];
  const verified = await verifiedTotals(at.store, manifest.id, { onProgress: (progress) => read.push(progress) });
  expect(verified.documents).toBe(500);
  expect(read.at(-1)).toEqual({ bytes: verified.bytes, totalBytes: verified.bytes });
});

test('an empty database has a backup too', async () => {
  await using at = await lab();
  const { manifest } = await at.backup();
  expect(manifest.namespaces).toEqual([]);
  expect((await verifiedTotals(at.store, manifest.id)).documents).toBe(0);
});

test('transfers between two collections never show half in a backup', async () => {
  await using at = await lab();
  const accounts = Array.from({ length: 2000 }, (_, n) => ({ _id: n, balance: 100, pad: 'x'.repeat(2000) }));
  for (const name of ['left', 'right']) await at.db.collection<(typeof accounts)[number]>(name).insertMany(accounts);
  let stop = false;
  let moved = 0;
  const transfers = (async () => {
    while (!stop) {
      await at.connection.client.withSession((session) =>
        session.withTransaction(async () => {
          const [_id, to] = [Math.floor(Math.random() * 2000), Math.floor(Math.random() * 2000)];
          await at.db.collection<{ _id: number }>('left').updateOne({ _id }, { $inc: { balance: -1 } }, { session });
          await at.db
            .collection<{ _id: number }>('right')
            .updateOne({ _id: to }, { $inc: { balance: 1 } }, { session });
        }),
      );
      moved++;
    }
  })();
  try {
    for (let round = 0; round < 20; round++) {
      const { manifest } = await at.backup({ compression: 'none' });
      let sum = 0;
      for await (const event of readBackup(at.store, manifest)) {
        if (event.kind !== 'documents') continue;
        for (const document of event.documents) sum += Number(BSON.deserialize(document).balance);
      }
      expect(sum).toBe(400_000);
    }
  } finally {
    stop = true;
    await transfers;
  }
  expect(moved).toBeGreaterThan(3);
});

test('what is written after the time was chosen is not in the backup, what was acknowledged before is', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany([{ n: 1 }, { n: 2 }], { writeConcern: { w: 1 } });
  const connection = onceTimeIsChosen(at.connection, () => at.db.collection('a').insertOne({ n: 3 }));
  const { manifest } = await at.backup({}, connection);
  expect(manifest.namespaces[0]?.count).toBe(2);
});

test('the backup is not older than it was asked to be', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  const notBefore = await readClusterTime(at.db);
  const { manifest } = await at.backup({ notBefore });
  const { t, i } = manifest.clusterTime!;
  expect(new BSON.Timestamp({ t, i }).compare(notBefore)).toBeGreaterThanOrEqual(0);
});

test.each([
  [
    'renamed away and back',
    async (at) => {
      await at.db.renameCollection('a', 'b');
      await at.db.renameCollection('b', 'a');
    },
  ],
  ['renamed', async (at) => void (await at.db.renameCollection('a', 'b'))],
  [
    'dropped',
    async (at) => {
      await at.db.collection('b').insertMany([{}, {}]);
      await at.db.dropCollection('a');
    },
  ],
  [
    'dropped and made again',
    async (at) => {
      await at.db.dropCollection('a');
      await at.db.collection('a').insertMany([{}, {}]);
    },
  ],
  [
    'given another index',
    async (at) => {
      await at.db.collection('a').createIndex({ x: 1 });
    },
  ],
  [
    'given another validator',
    async (at) => {
      await at.db.command({ collMod: 'a', validator: { x: 1 } });
    },
  ],
] as [string, (at: { db: Db }) => Promise<void>][])(
  'begins again when a collection is %s meanwhile, and is whole',
  async (_, change) => {
    await using at = await lab();
    await at.db.collection('a').insertMany([{}, {}]);
    let times = 0;
    const connection = onceTimeIsChosen(at.connection, () => (times++ === 0 ? change(at) : undefined));
    const { manifest } = await at.backup({}, connection);
    expect(times).toBeGreaterThan(1);
    expect(manifest.namespaces[0]?.count).toBe(2);
    expect(await at.stored()).toHaveLength(2);
    expect(at.messages.join()).toContain('beginning again');
  },
);

test.each([
  ['dropped', (db) => db.dropCollection('a')],
  ['renamed', (db) => db.renameCollection('a', 'b')],
  [
    'replaced',
    (db) =>
      db
        .collection('small')
        .aggregate([{ $out: 'a' }])
        .toArray(),
  ],
] as [string, (db: Db) => Promise<unknown>][])(
  'begins again when a collection is %s while its cursor is open',
  async (_, change) => {
    await using at = await lab();
    // A reply holds one of them, and far fewer than all are asked for ahead.
    const padding = 'x'.repeat(600_000);
    await at.db.collection('a').insertMany(Array.from({ length: 12 }, (_, n) => ({ n, padding })));
    await at.db.collection('small').insertMany([{}, {}]);
    const { engine, attempts } = onceRead(padding.length, async (attempt) => {
      if (attempt === 1) await change(at.db);
    });
    const { manifest } = await at.backup({ engine });
    expect(attempts()).toBe(2);
    const names = (await readCatalog(at.db)).map(({ name }) => name);
    expect(manifest.namespaces.map(({ name }) => name)).toEqual(names);
    expect(at.messages.join()).toContain('beginning again');
  },
);

test('a capped collection that is overwritten while it is read is read again, and named when that never ends', async () => {
  await using at = await lab();
  const padding = 'x'.repeat(600_000);
  const log = await at.db.createCollection('log', { capped: true, size: 12_000_000 });
  const fill = () => log.insertMany(Array.from({ length: 20 }, () => ({ padding })));
  await fill();
  const often = (times: number) =>
    onceRead(padding.length, async (attempt) => {
      if (attempt <= times) await fill();
    });
  const once = often(1);
  await at.backup({ engine: once.engine });
  expect(once.attempts()).toBe(2);
  await expect(at.backup({ engine: often(3).engine })).rejects.toMatchObject({
    code: 'BACKUP_CATALOG_CHANGED',
    message: expect.stringContaining('capped'),
  });
});

test('gives up when the catalog never rests, and leaves nothing', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  let times = 0;
  const connection = onceTimeIsChosen(at.connection, () => at.db.createCollection(`new${times++}`));
  await expect(at.backup({}, connection)).rejects.toMatchObject({ code: 'BACKUP_CATALOG_CHANGED', exitCode: 7 });
  expect(times).toBe(3);
  expect(await at.stored()).toEqual([]);
});

test('a time that the server no longer knows is reported with the setting that helps', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  const db = new Proxy(at.connection.db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key !== 'runCursorCommand') return typeof value === 'function' ? value.bind(target) : value;
      return (command: Document, options: object) => {
        if (command.find === undefined) return target.runCursorCommand(command, options);
        // Of a collection that is younger than the time the server would say SnapshotUnavailable.
        const atClusterTime = new BSON.Timestamp({ t: 1_600_000_000, i: 1 });
        const { collectionUUID: _, ...rest } = command;
        return target.runCursorCommand(
          { ...rest, find: 'x', readConcern: { level: 'snapshot', atClusterTime } },
          options,
        );
      };
    },
  });
  const error = await at.backup({}, { ...at.connection, db }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'SNAPSHOT_TOO_OLD', exitCode: 7 });
  expect((error as { hint: string }).hint).toContain('minSnapshotHistoryWindowInSeconds');
  expect(await at.stored()).toEqual([]);
});

test('a server without snapshots gives a backup that says so, unless a snapshot was asked for', async () => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  const connection = { ...at.connection, topology: { ...at.connection.topology, kind: 'standalone' as const } };
  const { manifest } = await at.backup({}, connection);
  expect(manifest).toMatchObject({ consistency: 'per-collection' });
  expect(manifest.clusterTime).toBeUndefined();
  expect(at.messages.join()).toContain('not be of one');
  const refused = at.backup({ consistency: 'snapshot' }, connection);
  await expect(refused).rejects.toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE' });
});

test('an aborted backup leaves nothing and gives the reason', async () => {
  await using at = await lab();
  await at.db.collection('a').insertMany(Array.from({ length: 100 }, (_, n) => ({ n })));
  const stop = new AbortController();
  const reason = new Error('enough');
  const backup = at.backup({ signal: stop.signal, onProgress: () => stop.abort(reason) });
  await expect(backup).rejects.toBe(reason);
  expect(await at.stored()).toEqual([]);
});

test.for([
  ['a store that fails', Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' }), 'STORE_FAILED'],
  ['a defect of ours', Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' }), 'ERR_INVALID_ARG_TYPE'],
] as const)('%s in the middle is reported as such, and leaves nothing', async ([, failure, code]) => {
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  const store: BackupStore = Object.assign(Object.create(at.store) as BackupStore, {
    async create(id: string, options: CreateOptions): Promise<PendingBackup> {
      const pending = await at.store.create(id, options);
      const writable = new Writable({ write: (_chunk, _encoding, done) => done(failure) });
      return {
        ...pending,
        file: pending.file,
        writable,
        abort: () => pending.abort(),
        commit: (m) => pending.commit(m),
      };
    },
  });
  await expect(at.backup({ store })).rejects.toMatchObject({ code });
  expect(await at.stored()).toEqual([]);
});

test('the archive has the documents of a time series under its buckets, and none for a view', async () => {
  await using at = await lab();
  await at.db.createCollection('ts', { timeseries: { timeField: 't' } });
  await at.db.collection('ts').insertOne({ t: new Date(), v: 1 });
  await at.db.createCollection('v', { viewOn: 'ts', pipeline: [] });
  const { manifest } = await at.backup({ compression: 'none' });
  const { stream } = await at.store.openArchive(manifest);
  const ends: string[] = [];
  for await (const event of readArchive(stream)) {
    if (event.kind === 'end') ends.push(`${event.namespace.collection} ${event.totals.documents}`);
  }
  expect(ends.sort()).toEqual(['system.buckets.ts 1', 'v 0']);
});

async function dumped(at: Lab, change: Partial<DumpOptions> = {}) {
  const { db } = at.connection;
  const totals = new Map<string, NamespaceTotals>();
  const chunks: Buffer[] = [];
  const progress: DumpProgress[] = [];
  const options = { at: await readClusterTime(db), totals, toolVersion: '0.1.0', ...change };
  const onProgress = (step: DumpProgress) => progress.push({ ...step, total: { ...step.total } });
  for await (const chunk of dumpCollections(at.connection, await readCatalog(db), { ...options, onProgress }))
    chunks.push(chunk);
  const ids = new Map<string, string[]>();
  for await (const event of readArchive(Readable.from(chunks))) {
    if (event.kind !== 'documents') continue;
    const seen = ids.get(event.namespace.collection) ?? [];
    ids.set(event.namespace.collection, seen);
    for (const document of event.documents)
      seen.push(BSON.EJSON.stringify(BSON.deserialize(document, { bsonRegExp: true })._id));
  }
  return { totals, ids, progress };
}

test('a large collection is read in ranges side by side, and all documents come once, whatever the types of their ids', async () => {
  await using at = await lab();
  const { db } = at.connection;
  const padding = 'x'.repeat(100);
  const ids: unknown[] = [
    ...Array.from({ length: 4000 }, (_, n) => n - 2000),
    ...Array.from({ length: 2000 }, (_, n) => `s${String(n).padStart(5, '0')}`),
    // JavaScript has no such flag within a pattern.
    ...Array.from({ length: 2000 }, (_, n) => ({ '10': n, '2': new BSON.BSONRegExp('(?i)a', 'x') })),
    ...Array.from({ length: 2000 }, () => new ObjectId()),
    true,
    new Date(0),
    new BSON.MinKey(),
    new BSON.MaxKey(),
    BSON.Decimal128.fromString('0.5'),
  ];
  await db.collection('mixed').insertMany(ids.map((_id) => ({ _id, padding }) as Document));
  await db.collection('small').insertOne({ n: 1 });
  const reads = await planReads(db, await readCatalog(db), 100_000);
  expect(reads.filter(({ info }) => info.name === 'mixed').length).toBeGreaterThan(5);
  // By the server's order: ranges without a gap between them.
  const bounds = reads.filter(({ info }) => info.name === 'mixed').map(({ range }) => BSON.EJSON.stringify(range));
  expect(new Set(bounds).size).toBe(bounds.length);
  const { ids: seen, totals, progress } = await dumped(at, { rangeBytes: 100_000 });
  expect(seen.get('mixed')?.sort()).toEqual(ids.map((id) => BSON.EJSON.stringify(id)).sort());
  expect(totals.get('mixed')?.documents).toBe(ids.length);
  expect(progress.at(-1)?.total.bytes).toBe([...totals.values()].reduce((sum, { bytes }) => sum + bytes, 0));
  expect(progress.at(-1)?.total).toMatchObject({ expectedBytes: progress.at(-1)?.total.bytes });
});

test('a collection whose documents lie in another order than their ids is read by one cursor', async () => {
  await using at = await lab();
  const { db } = at.connection;
  const padding = 'x'.repeat(100);
  const ids = Array.from({ length: 5000 }, (_, n) => (n * 7919) % 5003);
  await db.collection<{ _id: number }>('scattered').insertMany(ids.map((_id) => ({ _id, padding })));
  expect(await planReads(db, await readCatalog(db), 50_000)).toHaveLength(1);
  const { ids: seen } = await dumped(at, { rangeBytes: 50_000 });
  expect(seen.get('scattered')).toEqual(ids.map((id) => BSON.EJSON.stringify(id)));
});

test('ranges are of one moment, while users write all over the collection', async () => {
  await using at = await lab();
  const { db } = at.connection;
  const accounts = db.collection<{ _id: number; balance: number; padding: string }>('accounts');
  const padding = 'x'.repeat(300);
  await accounts.insertMany(Array.from({ length: 3000 }, (_, _id) => ({ _id, balance: 10, padding })));
  let stop = false;
  const transfers = (async () => {
    for (let n = 0; !stop; n++) {
      await db.client.withSession((session) =>
        session.withTransaction(async () => {
          await accounts.updateOne({ _id: (n * 17) % 1500 }, { $inc: { balance: -1 } }, { session });
          await accounts.updateOne({ _id: 1500 + ((n * 31) % 1500) }, { $inc: { balance: 1 } }, { session });
        }),
      );
    }
  })();
  try {
    for (let round = 0; round < 5; round++) {
      let sum = 0;
      let documents = 0;
      const chunks = dumpCollections(at.connection, await readCatalog(db), {
        at: await readClusterTime(db),
        totals: new Map(),
        toolVersion: '0.1.0',
        rangeBytes: 50_000,
      });
      for await (const event of readArchive(chunks)) {
        if (event.kind !== 'documents') continue;
        for (const document of event.documents) {
          sum += BSON.deserialize(document).balance;
          documents++;
        }
      }
      expect([documents, sum]).toEqual([3000, 30_000]);
    }
  } finally {
    stop = true;
    await transfers;
  }
});

test('where the server finds no other document by chance, a large collection is read as a whole', async () => {
  await using at = await lab();
  const { db } = at.connection;
  await db
    .collection('large')
    .insertMany(Array.from({ length: 4000 }, (_, _id) => ({ _id, text: 'x'.repeat(100) })) as never);
  const catalog = await readCatalog(db);
  expect((await planReads(db, catalog, 100_000)).length).toBeGreaterThan(2);
  const aggregate = Collection.prototype.aggregate;
  using _spy = vi.spyOn(Collection.prototype, 'aggregate').mockImplementation(function (this: Collection, ...args) {
    if (args[0]?.[0]?.$sample === undefined) return aggregate.apply(this, args) as never;
    const error = new MongoServerError({ message: 'could not find a non-duplicate document', code: 28_799 });
    return { toArray: () => Promise.reject(error) } as never;
  });
  expect(await planReads(db, catalog, 100_000)).toMatchObject([{ expected: { documents: 4000 } }]);
});
