import type { Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { connect } from '../../../src/mongo/connect.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { lossInWords } from '../../../src/release/rollback/loss.ts';
import { lossStillAgreed } from '../../../src/release/rollback/restoring.ts';
import type { Run } from '../../../src/release/run.ts';
import { sampleManifest } from '../../backup/sample-manifest.ts';
import { freshDatabase } from '../../setup/mongo.ts';

const runWith = (flags: Run['invocation']['flags']) => {
  const settings = { collections: { prefix: '_mongo_release' }, hooks: {}, backup: { s3: {} } };
  const target = { environment: 'staging' };
  return {
    invocation: { flags, store: 'backups', baseDir: '/', target, settings },
    ...{ env: {}, signal: new AbortController().signal },
  } as unknown as Run;
};

test('a later count goes on where the one before has ended, and reads nothing of it again', async () => {
  await using database = await freshDatabase();
  await using connection = await connect(database.uri, { secrets: new Secrets() });
  const write = (collection: string) => database.db.collection(collection).insertOne({});
  const now = async (): Promise<Timestamp> => (await database.db.command({ ping: 1 })).operationTime;
  const manifest = sampleManifest({ clusterTime: { t: 1, i: 1 } });
  await write('places');
  const since = '1970-01-01T00:00:01.000Z';
  const loss = { writes: 5, since, collections: [{ collection: 'places', writes: 5 }] };
  const consent = { position: '', counted: { loss, upTo: await now() } };
  const countOn = lossStillAgreed(runWith({ 'accept-loss': '9' }), connection, manifest, consent);
  await write('places');
  await write('_mongo_release.journal');
  const first = await countOn();
  expect(first.loss).toEqual({ ...loss, writes: 6, collections: [{ collection: 'places', writes: 6 }] });
  for (const collection of ['cities', 'places']) await write(collection);
  await database.db.createCollection('measured', { timeseries: { timeField: 't' } });
  await database.db.collection('measured').insertOne({ t: new Date() });
  const { loss: second, counted } = await countOn();
  const collections = [
    { collection: 'places', writes: 7 },
    { collection: 'cities', writes: 1 },
  ];
  // Nobody sees what is written to a time series, and so it is said.
  expect(second).toEqual({ writes: 8, since, collections, notCounted: ['measured'] });
  expect(lossInWords(second)).toMatch(/8 writes .*\. Not counted: what was written to the time series measured\.$/);
  expect(counted).toMatchObject({ since, agreed: 9, collections });
  expect(counted?.upTo.greaterThan(first.counted?.upTo as Timestamp)).toBe(true);
  for (const collection of ['cities', 'places']) await write(collection);
  await expect(countOn()).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', details: { writes: 10 } });
});
