import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject } from '../cli/cli.ts';
import { freshDatabase } from '../setup/mongo.ts';

const page = (name: string) => readFile(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');

/** The block of code of a page that holds this text, as it stands there. */
async function exampleOf(name: string, holds: string): Promise<string> {
  const blocks = [...(await page(name)).matchAll(/^```(?:ts|js)\n(.*?)^```$/gms)].map(([, code]) => String(code));
  const [only, ...more] = blocks.filter((block) => block.includes(holds));
  expect(more).toEqual([]);
  return String(only);
}

test('the downDocument of the docs keeps what the old and the new application wrote after the migration', async () => {
  await using database = await freshDatabase();
  const cities = database.db.collection<{ _id: number; [field: string]: unknown }>('cities');
  await cities.insertMany([1, 2, 3].map((at) => ({ _id: at, lat: at, lon: at })));
  await using project = await makeProject(
    { 'migrations/1-location.ts': await exampleOf('migrations.md', 'downDocument(document') },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  const applied = await project.run('migrate --apply --rehearsal none');
  expect(applied.code, applied.stderr).toBe(0);
  await cities.updateOne({ _id: 2 }, { $set: { lat: 55 } });
  await cities.updateOne({ _id: 3 }, { $set: { 'location.lat': 56 } });
  await cities.insertOne({ _id: 4, location: { lat: 57, lon: 4 } });

  const back = await project.run('rollback --json');
  expect(back.code, back.stderr).toBe(0);
  expect(back.json.conflicts).toEqual([]);
  expect(await cities.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, lat: 1, lon: 1 },
    { _id: 2, lat: 55, lon: 2 },
    { _id: 3, lat: 56, lon: 3 },
    { _id: 4, lat: 57, lon: 4 },
  ]);
});

test('the first migration of the README does what it says, and on a database without cities it warns', async () => {
  await using database = await freshDatabase();
  await using project = await makeProject(
    { 'migrations/1-slug.mjs': await exampleOf('../README.md', 'defineMigration({') },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  const nothing = await project.run('migrate --apply --rehearsal none');
  expect(nothing.code, nothing.stderr).toBe(0);
  expect(nothing.stderr).toContain('there is no collection cities');

  const cities = database.db.collection('cities');
  await project.run('down');
  await cities.insertMany([{ name: 'Bern' }, { name: 'Basel' }]);
  const filled = await project.run('migrate --apply --rehearsal none');
  expect(filled.code, filled.stderr).toBe(0);
  expect(await cities.distinct('slug')).toEqual(['basel', 'bern']);
  await project.run('down');
  expect(await cities.countDocuments({ slug: { $exists: true } })).toBe(0);
});
