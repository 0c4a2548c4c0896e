import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { giveUpLease } from './half-done/left-half.ts';
import { stateOf } from './state.ts';

let database: TestDatabase;
let project: Project;

interface Place {
  _id: number;
  lat?: number;
  lon?: number;
  price?: number;
  unit?: string;
  location?: { lat: number };
  made?: boolean;
  hits?: number;
  rating?: number;
  name?: string;
}

/** Neither has a down: only the journal leads back. */
const files = {
  'migrations/1-expand.js': `module.exports = { async up(db) {
    const places = db.collection('places');
    await places.updateMany({}, [{ $set: { location: { lat: '$lat', lon: '$lon' } } }]);
    await places.createIndex({ 'location.lat': 1 }, { name: 'by place' });
    await places.insertOne({ _id: 1000, made: true });
  } };`,
  'migrations/2-cents.js': `module.exports = { async up(db) {
    await db.collection('places').updateMany({ price: { $exists: true } }, { $mul: { price: 100 }, $set: { unit: 'cents' } });
  } };`,
};

const places = () => database.db.collection<Place>('places');
const apply = 'migrate --apply --rehearsal none --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(files, { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' });
  await places().insertMany(Array.from({ length: 200 }, (_, i) => ({ _id: i, lat: i, lon: -i, price: i })));
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const run = async (words: string, code = 0) => {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(code);
  return ran.json;
};

describe('rollback', () => {
  test('undoes a release by its journals, without any down, and the database is as it was', async () => {
    const before = await stateOf(database.db, { own: false });
    await run(apply);
    const back = await run('rollback --json');
    expect(back).toMatchObject({
      outcome: 'rolled-back',
      strategy: 'undo',
      reverted: [
        { name: '2-cents', effects: { matched: 200, modified: 200, operations: 200 } },
        {
          name: '1-expand',
          effects: {
            ...{ matched: 201, modified: 200, deleted: 1, operations: 202 },
            ...{ indexesDropped: ['places.by place'], otherChanges: [] },
          },
        },
      ],
      undo: [
        { name: '2-cents', documents: 200, inserted: 0, deleted: 0, merged: 0, quarantined: 0 },
        { name: '1-expand', documents: 201, deleted: 1, catalogOperations: 1 },
      ],
      conflicts: [],
    });
    expect(await stateOf(database.db, { own: false })).toEqual(before);
    expect(await run('rollback --json')).toMatchObject({ outcome: 'nothing-to-do' });
    await run(apply);
    expect(await places().countDocuments({ unit: 'cents' })).toBe(200);
  });

  test('keeps what users wrote since, says beforehand how many documents it leaves to them, and keeps their versions', async () => {
    await run(apply);
    await places().updateOne({ _id: 5 }, { $set: { rating: 4 } });
    await places().updateOne({ _id: 6 }, { $set: { price: 1 } });
    await places().updateOne({ _id: 7 }, { $set: { 'location.lat': 99 } });
    await places().insertOne({ _id: 2000, name: 'new' });
    const foretold = await run('rollback --dry-run --json');
    expect(foretold).toMatchObject({ outcome: 'nothing-to-do', strategy: 'undo', reverted: [] });
    expect(await places().countDocuments({ unit: 'cents' })).toBe(200);
    const back = await run('rollback --json');
    expect(back.undo).toEqual(foretold.undo);
    const left = (fields: readonly string[]) => {
      return { quarantined: 1, conflicts: [{ collection: 'places', reason: 'same-fields', documents: 1, fields }] };
    };
    expect(back).toMatchObject({
      undo: [
        { name: '2-cents', documents: 199, merged: 2, ...left(['price']) },
        { name: '1-expand', documents: 200, merged: 2, ...left(['location']) },
      ],
      conflicts: [{ collection: 'places', documents: 2 }],
    });
    // And how to see what was left to them.
    for (const name of ['2-cents', '1-expand'])
      expect(back.warnings).toContainEqual(
        expect.stringMatching(`1 document of ${name} was left .*getCollection.*migration: '${name}'`),
      );
    expect(foretold.warnings.join()).not.toContain('getCollection');
    expect(await places().findOne({ _id: 5 })).toEqual({ _id: 5, lat: 5, lon: -5, price: 5, rating: 4 });
    expect(await places().findOne({ _id: 6 })).toEqual({ _id: 6, lat: 6, lon: -6, price: 1, unit: 'cents' });
    expect(await places().findOne({ _id: 7 })).toMatchObject({ price: 7, location: { lat: 99 } });
    expect(await places().findOne({ _id: 2000 })).toEqual({ _id: 2000, name: 'new' });
    expect(await database.db.collection('_mongo_release.quarantine').countDocuments()).toBe(2);
  });

  test('killed at any moment, and typed again, it ends in the same state', async () => {
    const more = Array.from({ length: 20_000 }, (_, i) => ({ _id: 10_000 + i, lat: i, lon: -i, price: i }));
    await places().insertMany(more);
    await run(apply);
    await places().updateOne({ _id: 6 }, { $set: { price: 1 } });
    await places().updateOne({ _id: 5 }, { $set: { rating: 4 } });
    // The first of them waits for a document that somebody holds.
    const session = database.client.startSession();
    session.startTransaction();
    await places().updateOne({ _id: 20_000 }, { $inc: { price: 1 } }, { session });
    for (let afterMs = 100; ; afterMs *= 1.4) {
      const { process, ended, said } = project.start('rollback --json');
      // It has looked at what it will leave by then.
      await said('An undo would').catch(() => {});
      const timer = setTimeout(() => process.kill('SIGKILL'), afterMs);
      const { code } = await ended;
      clearTimeout(timer);
      if (code === 0) break;
      if (session.inTransaction()) await session.abortTransaction();
      await giveUpLease(database.db);
    }
    expect(session.inTransaction()).toBe(false);
    await session.endSession();
    expect(await places().countDocuments({ location: { $exists: true } })).toBe(0);
    expect(
      await places()
        .find({ unit: { $exists: true } })
        .toArray(),
    ).toEqual([{ _id: 6, lat: 6, lon: -6, price: 1, unit: 'cents' }]);
    expect(await places().countDocuments()).toBe(20_200);
    expect(await places().findOne({ _id: 5 })).toEqual({ _id: 5, lat: 5, lon: -5, price: 5, rating: 4 });
    const records = await database.db.collection('_mongo_release.history').find().toArray();
    expect(records.map(({ state }) => state)).toEqual(['rolled-back', 'rolled-back']);
  }, 300_000);
});

test('a release that fails while others write is undone, and the database is what a model says', async () => {
  await project.write({
    'migrations/3-fails.js': migration(
      `await db.collection('places').updateMany({}, { $set: { third: true } });
       await new Promise((go) => setTimeout(go, 1000));
       throw new Error('no');`,
      '',
    ),
    'mongo-release.yml': 'rehearsal: { level: none }\n',
  });
  const model = new Map<number, Place>();
  for (let _id = 0; _id < 200; _id += 1) model.set(_id, { _id, lat: _id, lon: -_id, price: _id });
  const conflicts = new Set<number>();
  let over = false;
  let writes = 0;
  // Each has documents of its own: what the model knows of one is what the server has.
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; !over; n += 1, writes += 1) {
      const _id = (n * 8 + writer) % 200;
      const known = model.get(_id) as Place;
      if (n % 10 === 0) {
        const added = { _id: 10_000 + n * 8 + writer, name: 'new' };
        await places().insertOne(added);
        model.set(added._id, added);
      } else if (n % 10 === 1) {
        const price = n * 8 + writer + 0.5;
        const before = await places().findOneAndUpdate({ _id }, { $set: { price } });
        // In the migration's shape it is a user's who meets the migration, and in the old one it is nobody's business.
        if (before?.unit === 'cents') conflicts.add(_id);
        known.price = price;
      } else {
        await places().updateOne({ _id }, { $inc: { hits: 1 } });
        known.hits = (known.hits ?? 0) + 1;
      }
    }
  });
  const pause = () => new Promise((go) => setTimeout(go, 1000));
  await pause();
  const failed = await project.run('release --apply --on-failure rollback --json');
  await pause();
  over = true;
  await Promise.all(writers);
  expect(failed.code, failed.stderr).toBe(14);
  expect(writes).toBeGreaterThan(500);
  expect(conflicts.size).toBeGreaterThan(0);
  const { rollback } = failed.json;
  expect(rollback).toMatchObject({
    strategy: 'undo',
    conflicts: [{ collection: 'places', documents: conflicts.size }],
  });
  const inQuarantine = await database.db.collection('_mongo_release.quarantine').distinct('documentId');
  expect(new Set(inQuarantine)).toEqual(conflicts);
  for (const _id of conflicts) (model.get(_id) as Place).unit = 'cents';
  const now = await places().find().toArray();
  expect(new Map(now.map((one) => [one._id, one]))).toEqual(model);
  console.info(`${writes} writes, ${conflicts.size} conflicts`);
}, 120_000);
