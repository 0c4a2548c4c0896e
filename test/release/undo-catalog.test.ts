import { Binary } from 'mongodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, migration, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

let database: TestDatabase;
let project: Project;

interface Place {
  _id: number;
  price?: number;
  name?: string;
}

const places = () => database.db.collection<Place>('places');
const apply = 'migrate --apply --rehearsal none --release-id r1 --json';

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject({}, { MONGODB_URI: database.uri });
  await places().insertMany([
    { _id: 1, price: 1 },
    { _id: 2, price: 2 },
  ]);
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const run = async (words: string, code = 0) => {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(code);
  return ran;
};

test('what an undo leaves of the catalog stands in the dry run, the result, the record and the text for people', async () => {
  await places().createIndex({ name: 1 }, { name: 'by name' });
  await database.db.createCollection('copy');
  await project.write({
    'migrations/1-x.js': migration(
      `await db.collection('places').dropIndex('by name');
       await db.createCollection('made');
       await db.collection('places').aggregate([{ $set: { unit: 'cents' } }, { $out: 'copy' }]).toArray();`,
      '',
    ),
  });
  await run(apply);
  await places().createIndex({ price: 1 }, { name: 'by name' });
  await database.db.collection<Place>('made').insertOne({ _id: 1 });
  await database.db.collection<Place>('copy').insertOne({ _id: 3 });
  await database.db.collection<Place>('copy').deleteOne({ _id: 1 });
  const { json: foretold } = await run('rollback --dry-run --json');
  const { json: back, stderr } = await run('rollback --json');
  const { name } = database;
  expect(back).toMatchObject({
    outcome: 'rolled-back',
    undo: [
      {
        name: '1-x',
        left: [
          { namespace: `${name}.copy`, tombstone: expect.stringContaining('.dropped.'), writes: 1, carried: 1 },
          { namespace: `${name}.made`, why: expect.stringContaining('holds documents of somebody else') },
          { namespace: `${name}.places`, index: 'by name' },
        ],
      },
    ],
  });
  expect(foretold.undo).toEqual(back.undo);
  for (const { why } of back.undo[0].left) expect(stderr).toContain(why);
  const record = await database.db.collection('_mongo_release.releases').findOne({ kind: 'rollback' });
  expect(record?.data.undo).toEqual(back.undo);
});

test('a journal whose images are damaged is found before anything is undone: it goes down where that leads back', async () => {
  await project.write({
    'migrations/1-x.js': migration(
      `await db.collection('places').updateMany({}, { $mul: { price: 100 } });`,
      `await db.collection('places').updateMany({}, { $mul: { price: 0.01 } });`,
    ),
  });
  await run(apply);
  const data = new Binary(Buffer.alloc(40, 0xff));
  await database.db.collection('_mongo_release.journal').updateOne({ kind: 'images' }, { $set: { data } });
  const { json: refused } = await run('rollback --strategy undo --dry-run --json', 5);
  expect(refused.error).toMatchObject({ code: 'NO_WAY_BACK', message: expect.stringContaining('damaged') });
  expect((await run('rollback --dry-run --json')).json).toMatchObject({ strategy: 'down' });
  expect((await run('rollback --json')).json).toMatchObject({ outcome: 'rolled-back', strategy: 'down' });
  expect(await places().find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, price: 1 },
    { _id: 2, price: 2 },
  ]);
});
