import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project, settings } from './project.ts';

const files = {
  'misspelt.mjs':
    "export const up = async (db) => { await db.collection('twons').updateMany({}, { $set: { a: 1 } }); };",
  'batch.mjs': `export const name = 'batch';
export const up = ({ batch }) => batch({ collection: 'twons', update: { $set: { a: 1 } } });`,
  'none-fits.mjs': "export const up = async (db) => { await db.collection('towns').deleteMany({ no: 'town' }); };",
  'own-doing.mjs': `export const up = async (db) => {
  await db.createCollection('old');
  await db.collection('old').deleteMany({});
  await db.collection('old').drop();
  await db.createCollection('first');
  await db.collection('first').deleteMany({});
  await db.collection('first').rename('second');
};`,
};
let project: Project;
let database: TestDatabase;

beforeAll(async () => {
  project = await makeProject(files);
  database = await freshDatabase();
  await database.db.collection('towns').insertOne({});
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** What was warned of, and that the same is on record. */
async function warned(fileName: string): Promise<string[]> {
  project.logged.length = 0;
  const end = await project.run(fileName, database, settings(project.dir));
  expect(end).toMatchObject({ state: 'done' });
  const said = project.logged.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(end.notes).toEqual(said);
  return said;
}

test('a write that changes nothing because its collection is not there is warned of, and on record', async () => {
  expect(await warned('misspelt.mjs')).toEqual([
    'What it was to change in twons changed nothing: there is no collection twons in this database.',
  ]);
});

test('a batch says that once', async () => {
  expect(await warned('batch.mjs')).toEqual([
    'batch on twons: there is no collection twons in this database, so it has nothing to do.',
  ]);
});

test.each(['none-fits.mjs', 'own-doing.mjs'])('nothing is said of %s', async (fileName) => {
  expect(await warned(fileName)).toEqual([]);
});
