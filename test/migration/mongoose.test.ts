import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project } from './project.ts';

const models = `import mongoose from 'mongoose';
const city = new mongoose.Schema(
  { name: { type: String, required: true, index: true }, visits: Number },
  { autoIndex: true, autoCreate: true, versionKey: false },
);
export const City = mongoose.model('City', city);
export const Log = mongoose.model('LogEntry', new mongoose.Schema({ text: String }, { capped: 1024 }));
const aside = mongoose.createConnection();
export const Aside = aside.model('Aside', new mongoose.Schema({ a: Number }));
`;

const files: Readonly<Record<string, string>> = {
  'models.ts': models,
  'default.cjs':
    "const mongoose = require('mongoose');\nmodule.exports = { Town: mongoose.model('Town', new mongoose.Schema({ a: Number })) };",
  'none.ts': "import 'mongoose';\nexport const nothing = 1;",
  'throws.ts': "throw new Error('not ready');",
  'plain.ts': 'export const nothing = 1;',
  'all.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ models, db }) {
  const { City, Log, LogEntry, Aside } = models as Record<string, any>;
  if (Log !== LogEntry) throw new Error('names');
  await City.create({ name: 'a' }, { name: 'b' });
  await City.insertMany([{ name: 'c', visits: 1 }, { name: 'd', visits: 2 }]);
  const one = await City.findOne({ name: 'a' });
  one.visits = 7;
  await one.save();
  await City.updateMany({ visits: { $gte: 2 } }, { $inc: { visits: 1 } });
  await City.findOneAndUpdate({ name: 'z' }, { visits: 0 }, { upsert: true });
  await City.deleteMany({ name: 'b' });
  await City.bulkWrite([{ insertOne: { document: { name: 'e' } } }, { deleteOne: { filter: { name: 'c' } } }]);
  for await (const city of City.find().cursor()) { city.visits = 100; await city.save(); }
  await Aside.create({ a: 1 });
  const session = await City.startSession();
  await session.withTransaction(async () => { await City.create([{ name: 'f' }], { session }); });
  await session.endSession();
} });`,
  'brief.mjs': `export const name = 'brief';
export async function up({ models, log, db }) {
  const cursor = models.City.collection.find({});
  const bulk = models.City.collection.initializeUnorderedBulkOp();
  for await (const doc of cursor) bulk.find({ _id: doc._id }).updateOne({ $set: { slug: doc.name } });
  await bulk.execute();
}`,
  'imports.mjs': `import { City } from './models.ts';
export const up = async () => { await City.create({ name: 'x' }); };`,
  'transaction.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ models }) {
  const { City } = models as Record<string, any>;
  await Promise.all(['a', 'b', 'c'].map((name) => City.create({ name })));
  await City.updateMany({}, { visits: 1 });
  if ((await City.find()).length !== 4) throw new Error('not in the transaction');
  throw new Error('on purpose');
} });`,
  'invalid.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ models }) {
  await (models as Record<string, any>).City.create({ visits: 'Zaphod' });
} });`,
  'town.mjs':
    "export const name = 'town';\nexport const up = async ({ models }) => { await models.Town.create({ a: 1 }); };",
};

describe('a migration that uses Mongoose', () => {
  let project: Project;
  let database: TestDatabase;
  beforeAll(async () => {
    project = await makeProject(files);
    database = await freshDatabase();
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await database.db.dropDatabase();
  });
  const run = (fileName: string, module?: string) =>
    project.run(fileName, database, { models: module && `${project.dir}/${module}` });

  test('writes through the gate with every method, and makes nothing by itself', async () => {
    const end = await run('all.ts', 'models.ts');
    expect(end).toMatchObject({
      state: 'done',
      effects: {
        byCollection: {
          cities: { inserted: 7, deleted: 2, matched: 7, modified: 7 },
          asides: { inserted: 1 },
        },
        indexesCreated: [],
        collectionsCreated: ['cities', 'asides'],
        unknown: 0,
      },
    });
    const cities = await database.db.collection('cities').find().toArray();
    expect(cities.map(({ name }) => name).sort()).toEqual(['a', 'd', 'e', 'f', 'z']);
  });

  test("fills a bulk operation of a model's collection from a cursor", async () => {
    await database.db.collection('cities').insertMany([{ name: 'a' }, { name: 'b' }]);
    expect(await run('brief.mjs', 'models.ts')).toMatchObject({
      state: 'done',
      effects: { matched: 2, modified: 2, operations: 1 },
    });
    expect(await database.db.collection('cities').countDocuments({ slug: 'a' })).toBe(1);
  });

  test('may import its models itself', async () => {
    expect(await run('imports.mjs')).toMatchObject({ state: 'done', effects: { inserted: 1, indexesCreated: [] } });
  });

  test('takes its models from CommonJS as well', async () => {
    expect(await run('town.mjs', 'default.cjs')).toMatchObject({ state: 'done', effects: { inserted: 1 } });
  });

  test('joins the transaction around it', async () => {
    await database.db.collection('cities').insertOne({ name: 'before' });
    const end = await run('transaction.ts', 'models.ts');
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: 'The code threw at transaction.ts:7: Error: on purpose.' },
      effects: { operations: 0 },
    });
    expect(await database.db.collection('cities').countDocuments()).toBe(1);
  });

  test('is told which paths were not valid, and not with which values', async () => {
    const end = await run('invalid.ts', 'models.ts');
    expect(end.state === 'failed' && end.error.message).toBe(
      'The code threw at invalid.ts:3: ValidationError: visits (Number), name (required).',
    );
  });

  test.each([
    ['plain.ts', /does not use mongoose/],
    ['none.ts', /has no Mongoose model/],
    ['missing.ts', /There is no file missing\.ts, which migrations\.models names/],
    ['throws.ts', /throws\.ts:1 cannot be loaded: Error: not ready/],
  ])('is refused models from %s', async (module, message) => {
    const end = await run('all.ts', module);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'MODELS_INVALID', exitCode: 2 } });
    expect(end.state === 'failed' && end.error.message).toMatch(message);
  });
});
