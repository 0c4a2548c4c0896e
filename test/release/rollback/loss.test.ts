import type { Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { restoreBackup } from '../../../src/backup/restore.ts';
import { connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { agreeToLoss, countLoss, lossInWords, mostAgreed } from '../../../src/release/rollback/loss.ts';
import { lossStillAgreed } from '../../../src/release/rollback/restoring.ts';
import type { RestoreLoss } from '../../../src/release/rollback/result.ts';
import type { Run } from '../../../src/release/run.ts';
import { lossSentence } from '../../../src/report/way-back.ts';
import { lab } from '../../backup/backing-up.ts';
import { sampleManifest } from '../../backup/sample-manifest.ts';
import { freshDatabase } from '../../setup/mongo.ts';

const runWith = (flags: Run['invocation']['flags'], hooks: Record<string, string> = {}) => {
  const settings = { collections: { prefix: '_mongo_release' }, hooks, backup: { s3: {} } };
  const target = { environment: 'staging' };
  return {
    invocation: { flags, store: 'backups', baseDir: '/', target, settings },
    ...{ env: {}, signal: new AbortController().signal, consents: true },
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
  const { loss: second, counted } = await countOn();
  const collections = [
    { collection: 'places', writes: 7 },
    { collection: 'cities', writes: 1 },
  ];
  expect(second).toEqual({ writes: 8, since, collections });
  expect(counted).toMatchObject({ since, agreed: 9, collections });
  expect(counted?.upTo.greaterThan(first.counted?.upTo as Timestamp)).toBe(true);
  for (const collection of ['cities', 'places']) await write(collection);
  await expect(countOn()).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', details: { writes: 10 } });
});

test('beside a time series a number says nothing: nobody sees what is written to that, so nothing goes by itself', async () => {
  await using database = await freshDatabase();
  await using connection = await connect(database.uri, { secrets: new Secrets() });
  const since: Timestamp = (await database.db.command({ ping: 1 })).operationTime;
  const manifest = sampleManifest({ clusterTime: { t: since.high, i: since.low } });
  const ask = async (run: Run, loss: RestoreLoss) => agreeToLoss(run, 'Restore?', loss);
  const hooks = { 'stop-traffic': 'true' };
  const byItself: Run[] = [
    runWith({}, hooks),
    runWith({ strategy: 'restore' }),
    runWith({ yes: true }),
    runWith({ 'accept-loss': '0' }),
  ];
  const { loss: nothing } = await countLoss(runWith({}), connection, manifest);
  expect(lossInWords(nothing)).toBe('Nothing but migrations has written since.');
  for (const run of byItself) await ask(run, nothing);

  await database.db.createCollection('measured', { timeseries: { timeField: 't' } });
  await database.db.collection('measured').insertOne({ t: new Date() });
  const { loss } = await countLoss(runWith({}), connection, manifest);
  expect(loss).toMatchObject({ writes: 0, notCounted: ['measured'] });
  const notKnown = 'not known. Not counted: what was written to the time series measured.';
  expect(lossInWords(loss)).toBe(`How much was written since is ${notKnown} All of it is lost.`);
  expect(lossSentence(loss)).toBe(`How much users had written since is ${notKnown}`);
  for (const run of byItself)
    await expect(ask(run, loss)).rejects.toMatchObject({
      ...{ code: 'CONFIRMATION_NEEDED', details: { writes: 'unknown' } },
      hint: expect.stringMatching(/--accept-loss unknown to the command\.$/),
    });
  await ask(runWith({ 'accept-loss': 'unknown' }), loss);

  // One that came since the question was in no answer; one that was named there is in it.
  const consent = (agreed: RestoreLoss) => ({ position: '', counted: { loss: agreed } });
  const still = (agreed: RestoreLoss) =>
    lossStillAgreed(runWith({ yes: true }), connection, manifest, consent(agreed))();
  await expect(still(nothing)).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED' });
  expect(await still(loss)).toMatchObject({ loss: { writes: 0, notCounted: ['measured'] }, counted: { agreed: 0 } });
  // What is counted and comes late is kept all the same.
  const any = runWith({ 'accept-loss': 'unknown' });
  const three = { writes: 3, since: '', collections: [] };
  expect(mostAgreed(any, { ...three, notCounted: ['measured'] }, 2)).toBe(3);
  expect(mostAgreed(any, three, 2)).toBeNull();
});

test('what a restore of the backup has taken away is not lost by the next, and what one of another has is', async () => {
  await using at = await lab();
  const { db, connection, store, log } = at;
  const write = (name: string) => db.collection(name).insertOne({});
  const { id, ...manifest } = (await at.backup()).manifest;
  const restore = (one: string) => restoreBackup(connection, store, one, { own: ownNames(), log });
  const lost = async () => (await countLoss(runWith({}), connection, { id, ...manifest })).loss;
  for (const name of ['places', 'places', 'wishes']) await write(name);
  const later = (await at.backup()).manifest;
  await write('places');
  expect(await lost()).toMatchObject({ writes: 4 });
  // It brings back what was written before it was taken.
  await restore(later.id);
  expect(await lost()).toMatchObject({ writes: 4 });
  await restore(id);
  expect(await lost()).toMatchObject({ writes: 0, collections: [] });
  for (const name of ['places', 'wishes']) await write(name);
  expect(await lost()).toMatchObject({ writes: 2 });
  // What users move or drop themselves is as it was.
  await db.collection('wishes').rename('hopes');
  expect(await lost()).toMatchObject({ writes: 2 });
});
