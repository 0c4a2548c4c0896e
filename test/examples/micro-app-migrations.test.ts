import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestDatabase } from '../setup/mongo.ts';
import { limit, migrations, mongoProbes, offenders, one, seeded, stateOf, up } from './micro-app.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await seeded();
});

afterEach(() => database[Symbol.asyncDispose]());

test('each goes up, down and up again, every step twice, and back to the byte', async () => {
  for (const migration of migrations) {
    const before = await stateOf(database.db);
    await migration.up(database);
    const after = await stateOf(database.db);
    expect(after, `${migration.name} changes something`).not.toEqual(before);
    await migration.up(database);
    expect(await stateOf(database.db), `${migration.name} up twice`).toEqual(after);
    await migration.down(database);
    expect(await stateOf(database.db), `${migration.name} down`).toEqual(before);
    await migration.down(database);
    expect(await stateOf(database.db), `${migration.name} down twice`).toEqual(before);
    await migration.up(database);
    expect(await stateOf(database.db), `${migration.name} up again`).toEqual(after);
  }
});

test('all of them go back to what the seed left', async () => {
  const before = await stateOf(database.db);
  await up(database);
  for (const migration of migrations.toReversed()) await migration.down(database);
  expect(await stateOf(database.db)).toEqual(before);
});

test('the probes of the release fail before them and hold after them', async () => {
  expect(mongoProbes.length).toBeGreaterThan(2);
  expect(await Promise.all(mongoProbes.map((probe) => offenders(database, probe)))).toEqual(
    mongoProbes.map(() => limit),
  );
  await up(database);
  expect(await Promise.all(mongoProbes.map((probe) => offenders(database, probe)))).toEqual(mongoProbes.map(() => 0));
});

test.each([
  ['words', { lat: 'north', lng: '1.5' }],
  ['a place outside the world', { lat: '1.5', lng: '181' }],
  ['an empty text', { lat: '', lng: '1.5' }],
])('a city whose strings are %s stops the backfill before it writes', async (_, strings) => {
  const cities = database.db.collection('cities');
  const { insertedId } = await cities.insertOne({ name: 'Secretville', country: 'DE', ...strings });
  await up(database, 'backfill-city-location');
  const before = await stateOf(database.db);
  await expect(one('backfill-city-location').up(database)).rejects.toThrow(
    `1 cities have no valid lat and lng, nothing was written; correct them first: ${insertedId}`,
  );
  expect(await stateOf(database.db)).toEqual(before);
});

test('the way back from the backfill leaves a location that was corrected by hand', async () => {
  const cities = database.db.collection('cities');
  await up(database, 'index-city-location');
  const corrected = { type: 'Point', coordinates: [1.5, 42.5] };
  await cities.updateOne({ name: 'Andorra la Vella' }, { $set: { location: corrected } });
  await one('backfill-city-location').down(database);
  const located = await cities.find({ location: { $exists: true } }).toArray();
  expect(located).toMatchObject([{ name: 'Andorra la Vella', location: corrected }]);
});

test('namesakes are numbered from the oldest on, none is lost, and none can be added', async () => {
  const cities = database.db.collection('cities');
  await cities.insertMany([1, 2, 3].map((n) => ({ name: 'New Town', country: 'XX', lat: `${n}`, lng: '1' })));
  // Somebody's real name is what the second namesake would have got.
  await cities.insertOne({ name: 'New Town 2', country: 'XX', lat: '4', lng: '1' });
  await up(database, 'require-city-location');
  const towns = await cities.find({ country: 'XX' }).sort({ _id: 1 }).toArray();
  expect(towns.map((town) => town.slug)).toEqual([
    'xx-00-new-town',
    'xx-00-new-town-2',
    'xx-00-new-town-3',
    'xx-00-new-town-2-2',
  ]);
  expect(await cities.countDocuments()).toBe(limit + 4);
  const slug = 'xx-00-new-town';
  await expect(cities.insertOne({ name: 'New Town', country: 'XX', slug })).rejects.toMatchObject({ code: 11_000 });
  // The release that is still running knows no slugs.
  await cities.insertOne({ name: 'A', country: 'XX', lat: '1', lng: '1' });
  await cities.insertOne({ name: 'B', country: 'XX', lat: '1', lng: '1' });
});

test('an interrupted numbering is finished as it would have been without the interruption', async () => {
  const cities = database.db.collection('cities');
  await up(database, 'unique-city-slug');
  const whole = await stateOf(database.db);
  const renamed = await cities.find({ slug: /-2$/ }).sort({ _id: 1 }).toArray();
  expect(renamed.length).toBeGreaterThan(10);
  for (const city of renamed.filter((_, at) => at % 2 === 0)) {
    await cities.updateOne({ _id: city._id }, { $set: { slug: city.slug.slice(0, -2) } });
  }
  await one('backfill-city-slug').up(database);
  expect(await stateOf(database.db)).toEqual(whole);
});

test('no index is built while slugs are shared', async () => {
  const cities = database.db.collection('cities');
  await up(database, 'unique-city-slug');
  await cities.updateMany({ name: { $in: ['Ordino', 'Encamp'] } }, { $set: { slug: 'same' } });
  await expect(one('unique-city-slug').up(database)).rejects.toThrow(/^1 slugs are shared, no index was built/);
  expect(await cities.indexExists('slug_unique')).toBe(false);
});

test('what the previous release wrote meanwhile is caught up before the server asks for a location', async () => {
  const cities = database.db.collection('cities');
  await up(database, 'require-city-location');
  await cities.insertOne({ name: 'Latecomer', country: 'AD', lat: '42.5', lng: '1.5' });
  await one('require-city-location').up(database);
  const location = { type: 'Point', coordinates: [1.5, 42.5] };
  expect(await cities.findOne({ name: 'Latecomer' })).toMatchObject({ location });
  await expect(cities.insertOne({ name: 'No Place', country: 'AD' })).rejects.toMatchObject({ code: 121 });
});

test.each([
  ['with digits that no number keeps', { lat: '42.50000' }],
  ['that say another place than the location', { lat: '43.5' }],
])('no string is removed while one is left %s', async (_, change) => {
  const cities = database.db.collection('cities');
  await up(database, 'drop-city-strings');
  await cities.updateOne({ name: 'Encamp' }, { $set: change });
  const before = await stateOf(database.db);
  await expect(one('drop-city-strings').up(database)).rejects.toThrow(/^1 cities have strings .* nothing was removed/);
  expect(await stateOf(database.db)).toEqual(before);
});
