import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, type Project } from '../cli/cli.ts';
import { loadMigrateMongo } from '../migrate-mongo/project.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { migrations, seeded, stateOf, up } from './micro-app.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'micro-app-migrate-mongo');
const files = (await readdir(join(example, 'migrations'))).sort();

let database: TestDatabase;
let twin: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await seeded();
  twin = await copyOf(database);
  project = await makeProject({}, { MONGODB_URI: database.uri });
  await cp(example, project.dir, { recursive: true });
});

afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await Promise.all([database, twin].map((one) => one[Symbol.asyncDispose]()));
});

/** Another database with the same collections, indexes and bytes. */
async function copyOf({ db }: TestDatabase): Promise<TestDatabase> {
  const copy = await freshDatabase('micro');
  for (const { name, options } of (await db.listCollections().toArray()) as { name: string; options?: object }[]) {
    await copy.db.createCollection(name, options);
    const documents = await db.collection(name).find({}, { promoteValues: false }).toArray();
    if (documents.length > 0) await copy.db.collection(name).insertMany(documents);
    for (const { key, v, ...index } of await db.collection(name).indexes())
      await copy.db.collection(name).createIndex(key, index);
  }
  expect(await stateOf(copy.db)).toEqual(await stateOf(db));
  return copy;
}

/** Without what each program keeps of its own. */
async function dataOf(db: Db): Promise<Record<string, unknown>> {
  const state = Object.entries(await stateOf(db));
  return Object.fromEntries(state.filter(([name]) => name !== 'changelog' && !name.startsWith('_mongo_release')));
}

const changelogOf = async ({ db }: TestDatabase) =>
  (
    await db
      .collection('changelog')
      .find({}, { sort: { fileName: 1 } })
      .toArray()
  ).map(({ _id, ...entry }) => ({
    names: Object.keys(entry),
    fileName: entry.fileName,
  }));

async function ours(words: string): Promise<string[]> {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.stdout.trim().split('\n');
}

test('it has the migrations of micro-app', () => {
  expect(files.map((file) => file.replace(/\.js$/, ''))).toEqual(migrations.map(({ name }) => name));
});

// A minute on a machine that is busy with other tests: it starts six processes.
test('the same database with our command, with migrate-mongo, and with micro-app in our own form; and back to the byte', {
  timeout: 180_000,
}, async () => {
  const before = await dataOf(database.db);
  expect(await ours('up')).toEqual(files.map((file) => `MIGRATED UP: ${file}`));
  const after = await dataOf(database.db);
  expect(after).not.toEqual(before);
  expect((await ours('status')).filter((line) => /│ 20\d+-/.test(line))).toHaveLength(files.length);

  await using native = await copyOf(twin);
  await up(native);
  expect(await dataOf(native.db)).toEqual(after);

  const library = await loadMigrateMongo();
  try {
    library.module.config.set({
      ...{ migrationsDir: join(project.dir, 'migrations'), migrationFileExtension: '.js' },
      ...{ changelogCollectionName: 'changelog', mongodb: { url: twin.uri } },
    });
    expect(await library.module.up(twin.db, twin.client)).toEqual(files);
    expect(await dataOf(twin.db)).toEqual(after);
    expect(await changelogOf(twin)).toEqual(await changelogOf(database));
    // And either goes on where the other has been.
    library.module.config.set({
      ...{ migrationsDir: join(project.dir, 'migrations'), migrationFileExtension: '.js' },
      ...{ changelogCollectionName: 'changelog', mongodb: { url: database.uri } },
    });
    expect(await library.module.down(database.db, database.client)).toEqual(files.slice(-1));
  } finally {
    await rm(library.folder, { recursive: true, force: true });
  }

  const [last, ...rest] = files.toReversed();
  expect((await project.run('status --check')).code).toBe(3);
  expect(await ours('up')).toEqual([`MIGRATED UP: ${last}`]);
  expect(await ours('down')).toEqual([`MIGRATED DOWN: ${last}`]);
  expect(await ours(`down ${rest.length}`)).toEqual(rest.map((file) => `MIGRATED DOWN: ${file}`));
  expect(await dataOf(database.db)).toEqual(before);
});
