import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BSON, type Db, type Document } from 'mongodb';
import { type BackupOptions, takeBackup } from '../../src/backup/dump.ts';
import { manifestTotals } from '../../src/backup/manifest.ts';
import { FolderStore } from '../../src/backup/stores/folder.ts';
import type { BackupStore } from '../../src/backup/stores/store.ts';
import { type VerifyOptions, verifyBackup } from '../../src/backup/verify.ts';
import type { Connection } from '../../src/mongo/connect.ts';
import { connect } from '../../src/mongo/connect.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { insertRaw } from '../../src/mongo/raw-write.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { oddDocuments } from '../mongo/odd-documents.ts';
import { freshDatabase } from '../setup/mongo.ts';

export const own = ownNames();

export interface Lab extends AsyncDisposable {
  /** To a database of its own. */
  readonly connection: Connection;
  readonly db: Db;
  readonly uri: string;
  readonly store: FolderStore;
  readonly messages: string[];
  readonly log: Log;
  /** A connection to another database of its own. */
  another(): Promise<Connection>;
  backup(change?: Partial<BackupOptions>, connection?: Connection): ReturnType<typeof takeBackup>;
  /** Names of all files in the store's folder. */
  stored(): Promise<string[]>;
}

/** A database, a folder store and a log that is remembered; all gone when disposed. */
export async function lab(): Promise<Lab> {
  const folder = await mkdtemp(path.join(tmpdir(), 'backup-'));
  const resources = new AsyncDisposableStack();
  const secrets = new Secrets();
  const messages: string[] = [];
  const log = new Log(({ message }) => messages.push(message), secrets);
  const store = new FolderStore(path.join(folder, 'store'));
  const database = async () => {
    const fresh = resources.use(await freshDatabase('backup'));
    return { uri: fresh.uri, connection: resources.use(await connect(fresh.uri, { secrets })) };
  };
  const { uri, connection } = await database();
  return {
    connection,
    db: connection.db,
    uri,
    store,
    messages,
    log,
    another: async () => (await database()).connection,
    backup: (change, from = connection) =>
      takeBackup(from, {
        store,
        own,
        target: { name: 'test', environment: 'local' },
        position: { digest: 'p', applied: [] },
        toolVersion: '0.1.0',
        log,
        ...change,
      }),
    stored: () => readdir(store.location).catch(() => []),
    async [Symbol.asyncDispose]() {
      await resources.disposeAsync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads a backup whole: what is in it, by its manifest, which it fits. */
export async function verifiedTotals(store: BackupStore, id: string, options?: VerifyOptions) {
  return manifestTotals((await verifyBackup(store, id, options)).manifest);
}

/** Collections, views, time series and indexes of every kind that a catalog can hold, with documents. */
export async function fillWithEverything(db: Db): Promise<void> {
  await insertRaw(db, 'odd', [oddDocuments()]);
  const many = Array.from({ length: 3000 }, (_, n) =>
    BSON.serialize({ _id: n, n, city: `city ${n % 10}`, '10': 1, '2': n }),
  );
  await insertRaw(db, 'many', [many]);
  await db.createCollection('empty');
  await db.createCollection('with.dots and spaces é');
  await db.collection('with.dots and spaces é').insertOne({ a: 1 });

  // JavaScript has no such flag within a pattern.
  const pattern = new BSON.BSONRegExp('(?i)^marker', 'x');
  const indexes: [Document | Map<string, number>, Document?][] = [
    [{ pattern: 1 }, { partialFilterExpression: { pattern: { $eq: pattern } } }],
    [{ n: 1, city: -1 }],
    [
      new Map([
        ['10', 1],
        ['2', -1],
      ]),
      { name: 'integer-like keys' },
    ],
    [{ place: '2dsphere' }],
    [
      { title: 'text', body: 'text' },
      { weights: { title: 3 }, default_language: 'german' },
    ],
    [{ h: 'hashed' }],
    [{ 'any.$**': 1 }],
    [{ '$**': 1 }, { name: 'all', wildcardProjection: { secret: 0 } }],
    [{ p: 1 }, { partialFilterExpression: { n: { $gt: BSON.Long.fromNumber(5) } } }],
    [{ s: 1 }, { sparse: true }],
    [{ until: 1 }, { expireAfterSeconds: 86_400 }],
    [{ u: 1 }, { unique: true, partialFilterExpression: { u: { $exists: true } } }],
    [{ hid: 1 }, { hidden: true }],
    [{ name: 1 }, { collation: { locale: 'de', strength: 2 } }],
    [{ x: '2d' }, { min: -10, max: 10 }],
  ];
  for (const [keys, options] of indexes) await db.collection('many').createIndex(keys as { n: 1 }, options);

  await db.createCollection('capped', { capped: true, size: 8192, max: 10 });
  for (let n = 0; n < 15; n++) await db.collection<{ _id: number }>('capped').insertOne({ _id: 100 - n });
  await db.createCollection('clustered', {
    clusteredIndex: { key: { _id: 1 }, unique: true, name: 'by id' },
    expireAfterSeconds: 86_400,
  });
  await db.collection('clustered').insertOne({ _id: new BSON.ObjectId() });
  await db.createCollection('collated', { collation: { locale: 'fr', strength: 1 } });
  await db.collection('collated').insertMany([{ a: 'é' }, { a: 'e' }]);
  await db.createCollection('validated', {
    validator: { $and: [{ n: { $type: 'int' } }, { $expr: { $gt: ['$n', { '10': 1, '2': 2 }] } }] },
    validationLevel: 'moderate',
    validationAction: 'warn',
  });
  await db.createCollection('patterned', { validator: { name: pattern } });
  await db.createCollection('strict', { validator: { n: { $gt: 0 } } });
  await db.collection('strict').insertOne({ n: -1 }, { bypassDocumentValidation: true });
  await db.createCollection('images', { changeStreamPreAndPostImages: { enabled: true } });
  await db
    .collection<{ _id: string; value: BSON.Code }>('system.js')
    .insertOne({ _id: 'f', value: new BSON.Code('function () {}') });

  await db.createCollection('measured', {
    timeseries: { timeField: 't', metaField: 'm', granularity: 'minutes' },
    expireAfterSeconds: 315_360_000,
  });
  const points = Array.from({ length: 200 }, (_, n) => ({
    t: new Date(Date.now() - n * 60_000),
    m: { at: n % 3 },
    v: n,
  }));
  await db.collection('measured').insertMany(points);
  await db.collection('measured').createIndex({ 'm.at': 1, t: -1 });
  await db.createCollection('view', { viewOn: 'many', pipeline: [{ $match: { n: { $lt: 5 } } }] });
  await db.createCollection('view of a view', { viewOn: 'view', pipeline: [{ $match: { city: pattern } }] });
  await db.createCollection('german view', { viewOn: 'many', pipeline: [], collation: { locale: 'de' } });
  await db.createCollection('german view of it', { viewOn: 'german view', pipeline: [], collation: { locale: 'de' } });
}
