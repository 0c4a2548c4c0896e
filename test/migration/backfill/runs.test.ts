import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ParentLanes } from '../../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../../src/migration/journal/prepare.ts';
import type { MigrationEnd } from '../../../src/migration/runner.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { makeProject, type Project } from '../project.ts';
import { startStandalone } from '../standalone.ts';
import { own } from './lab.ts';

const files: Readonly<Record<string, string>> = {
  'models.ts': `import mongoose from 'mongoose';
export const City = mongoose.model('City', new mongoose.Schema({ name: String }, { versionKey: false }));`,
  'each.ts': `import { existsSync, writeFileSync } from 'node:fs';
import { defineMigration } from 'mongo-release-action';
const died = new URL('./died', import.meta.url);
export default defineMigration({ async up({ batch, db }) {
  const before = await db.collection('cities').countDocuments();
  const result = await batch({ collection: 'cities', size: 50, each: async ({ _id, name }, { index }) => {
    const country = await db.collection('countries').findOne({ _id: _id % 3 });
    if (index === 330 && !existsSync(died)) {
      writeFileSync(died, 'x');
      process.kill(process.pid, 'SIGKILL');
    }
    return { $inc: { times: 1 }, $set: { country: country.code, slug: name + '-' + index } };
  } });
  await db.collection('done').insertOne({ _id: 'done', before, ...result });
} });`,
  'model.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ batch, models }) {
  await batch({ collection: models.City, filter: { _id: { $lt: 4 } }, each: ({ name }) => ({ $set: { slug: name } }) });
  await batch({ collection: models.City.collection, filter: { _id: 4 }, each: ({ name }) => ({ $set: { slug: name } }) });
} });`,
  'update.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ batch }) {
  await batch({ collection: 'cities', filter: { slug: { $exists: false } }, update: [{ $set: { slug: '$name' } }] });
  await batch({ collection: 'cities', size: 100, update: { $inc: { times: 1 } } });
} });`,
  'throws.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ batch }) {
  await batch({
    collection: 'cities',
    size: 10,
    each: async ({ nested, _id }) => {
      if (_id < 25) return { $set: { slug: 'a' } };
      return { $set: { slug: nested.slug } };
    },
  });
} });`,
  'enclosed.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ batch, db }) {
  await batch({ collection: 'cities', filter: { _id: { $lt: 5 } }, each: async ({ _id }) => {
    const city = await db.collection('cities').findOne({ _id });
    return _id === 3 ? 'delete' : { $set: { slug: city.name } };
  } });
} });`,
  'exported.mjs': `export const name = 'exported';
export const up = async ({ batch }) => { await batch({ collection: 'cities', each: () => ({ $set: { slug: 'x' } }) }); };`,
};

const all = 600;
let project: Project;
let database: TestDatabase;

beforeAll(async () => {
  project = await makeProject(files);
});
afterAll(() => project[Symbol.asyncDispose]());

async function filled(database: TestDatabase): Promise<void> {
  await database.db
    .collection('cities')
    .insertMany(Array.from({ length: all }, (_, n) => ({ _id: n as never, name: `C${n}` })));
  await database.db
    .collection('countries')
    .insertMany(['de', 'fr', 'it'].map((code, n) => ({ _id: n as never, code })));
}

/** Runs a file as a release does it: with the lanes of this attempt under a new fence. */
async function journalled(fileName: string, fence: number, models?: string): Promise<MigrationEnd> {
  const { db, uri, name } = database;
  const { runMigration } = await import('../../../src/migration/runner.ts');
  const { settings } = await import('../project.ts');
  const attempt = { migration: fileName, number: 1 };
  const lanes = new ParentLanes(db, own);
  await prepareJournal(db, own);
  await lanes.seed();
  await lanes.takeOver(fence, undefined);
  const entries = await db.collection(own.journal).countDocuments({ kind: { $ne: 'images' } });
  await lanes.assign(attempt, fence, entries, undefined);
  return runMigration(
    {
      ...{ file: project.file(fileName), direction: 'up', uri, database: name },
      journal: { attempt, fence, images: true, resumes: fence > 1 },
    },
    { ...settings(project.dir), log: project.log, models: models && `${project.dir}/${models}` },
  );
}

describe('a migration with a batch, in a process of its own', () => {
  beforeEach(async () => {
    database = await freshDatabase();
    await filled(database);
    project.logged.length = 0;
    return () => database[Symbol.asyncDispose]();
  });

  test('killed in the middle of a page goes on after the last page, and nothing is done twice', async () => {
    const killed = await journalled('each.ts', 1);
    expect(killed).toMatchObject({ state: 'exited', signal: 'SIGKILL' });
    const cities = database.db.collection('cities');
    expect(await cities.countDocuments({ times: 1 })).toBe(300);

    expect(await journalled('each.ts', 2)).toMatchObject({
      state: 'done',
      effects: { modified: all, inserted: 1, unknown: 0 },
    });
    expect(await cities.countDocuments({ times: 1 })).toBe(all);
    const right = { $eq: ['$slug', { $concat: ['$name', '-', { $toString: '$_id' }] }] };
    expect(await cities.countDocuments({ $expr: right })).toBe(all);
    expect(await database.db.collection('done').findOne()).toMatchObject({ before: all, matched: all, modified: all });
    expect(project.logged.map(({ message }) => message)).toContain('batch on cities: goes on after 300 documents.');
    const entries = await database.db
      .collection(own.journal)
      .find({ kind: { $ne: 'images' } })
      .toArray();
    // What the function read belongs to no entry.
    expect(entries.map(({ method, state, reads }) => [method, state, reads?.length])).toContainEqual([
      'batch',
      'done',
      1,
    ]);
  });

  test('takes Mongoose models and their collections', async () => {
    expect(await journalled('model.ts', 1, 'models.ts')).toMatchObject({ state: 'done', effects: { modified: 5 } });
    expect(await database.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(5);
  });

  test('may give one update for all', async () => {
    expect(await journalled('update.ts', 1)).toMatchObject({ state: 'done', effects: { modified: 2 * all } });
    expect(await database.db.collection('cities').countDocuments({ times: 1, slug: /^C/ })).toBe(all);
    const methods = await database.db.collection(own.journal).distinct('method');
    expect(methods.sort()).toEqual(['batch', 'updateMany']);
  });

  test('says at which document and at which line it failed, and how far it got', async () => {
    const end = await journalled('throws.ts', 1);
    expect(end).toMatchObject({
      state: 'failed',
      error: {
        code: 'BATCH_DOCUMENT_FAILED',
        message:
          "batch on cities: each failed for the document 25: TypeError: Cannot read properties of undefined (reading 'slug') at throws.ts:8.",
      },
      effects: { operations: 1, modified: 25, unknown: 0 },
    });
  });

  test('is part of the transaction around it', async () => {
    expect(await journalled('enclosed.ts', 1)).toMatchObject({ state: 'done', effects: { modified: 4, deleted: 1 } });
    expect(await database.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(4);
  });

  test('has it in the other form of the context, too', async () => {
    expect(await journalled('exported.mjs', 1)).toMatchObject({ state: 'done', effects: { modified: all } });
  });
});

test('on a server without transactions it works, and says that it begins at its top again', async () => {
  await using server = await startStandalone();
  const { MongoClient } = await import('mongodb');
  const client = await MongoClient.connect(server.uri);
  const raw = { client, db: client.db('shop'), name: 'shop', uri: `${server.uri}shop` } as unknown as TestDatabase;
  await filled(raw);
  expect(await project.run('exported.mjs', raw)).toMatchObject({ state: 'done', effects: { modified: all } });
  expect(project.logged.map(({ message }) => message)).toContain(
    'batch on cities: this server has no transactions, so a batch that is interrupted begins at its top again.',
  );
  await client.close();
});
