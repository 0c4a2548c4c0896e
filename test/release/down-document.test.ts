import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

let database: TestDatabase;
let project: Project;

interface Place {
  _id: number;
  name?: string;
  lat?: number;
  location?: { lat: number };
}

const file = (downDocument: string) => `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  async up({ db }) {
    await db.collection('places').updateMany({}, [{ $set: { location: { lat: '$lat' } } }, { $unset: 'lat' }]);
  },
  irreversible: 'the journal leads back',
  ${downDocument}
});`;

const downDocument = `downDocument({ location, ...rest }, { collection }) {
  if (location === undefined || collection !== 'places') return { ...rest, ...(location && { location }) };
  if (location.lat < 0) throw new Error('no place for ' + rest.name);
  return { ...rest, lat: location.lat };
},`;

const places = () => database.db.collection<Place>('places');

const run = async (words: string, code = 0) => {
  const ran = await project.run(words);
  expect(ran.code, ran.stderr).toBe(code);
  return ran;
};

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-location.mjs': file(downDocument) },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await places().insertMany(Array.from({ length: 20 }, (_, i) => ({ _id: i, lat: i })));
  await run('migrate --apply --rehearsal none');
  await places().updateOne({ _id: 5 }, { $set: { 'location.lat': 55 } });
  await places().insertMany([
    { _id: 100, location: { lat: 100 } },
    { _id: 101, name: 'Rue Morgue', location: { lat: -1 } },
    { _id: 102, lat: 102 },
  ]);
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('a rollback brings back what users wrote and created by downDocument, and a dry run says how many', async () => {
  const foretold = await run('rollback --dry-run --json');
  expect(await places().countDocuments({ location: { $exists: true } })).toBe(22);
  const back = await run('rollback --json');
  expect(back.json).toMatchObject({
    outcome: 'rolled-back',
    undo: [
      {
        ...{ name: '1-location', documents: 19, downDocuments: 2, quarantined: 0 },
        createdSince: [{ collection: 'places', documents: 1, ids: ['101'] }],
      },
    ],
    conflicts: [],
  });
  expect(back.json.undo).toEqual(foretold.json.undo);
  expect(back.stderr).toMatch(/downDocument of 1-location failed for 1 document/);
  expect(back.stderr).not.toContain('Morgue');
  expect(await places().findOne({ _id: 5 })).toEqual({ _id: 5, lat: 55 });
  expect(await places().findOne({ _id: 100 })).toEqual({ _id: 100, lat: 100 });
  expect(await places().findOne({ _id: 102 })).toEqual({ _id: 102, lat: 102 });
  expect(await places().findOne({ _id: 101 })).toMatchObject({ location: { lat: -1 } });
  // What came back is on record, and nothing that anybody has to see to.
  const status = await run('status --json');
  expect(status.json.quarantine ?? []).toEqual([]);
});

test('without its file, or without a downDocument, what users wrote stays theirs', async () => {
  await project.write({ 'migrations/1-location.mjs': file('') });
  const back = await run('rollback --json');
  expect(back.json).toMatchObject({
    undo: [
      {
        ...{ documents: 19, downDocuments: 0, quarantined: 1 },
        createdSince: [{ collection: 'places', documents: 2, ids: ['100', '101'] }],
      },
    ],
    conflicts: [{ collection: 'places', documents: 1 }],
  });
  expect(await places().findOne({ _id: 5 })).toEqual({ _id: 5, location: { lat: 55 } });
});
