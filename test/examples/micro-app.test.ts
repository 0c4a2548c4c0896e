import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../examples/micro-app/src/app.ts';
import { City } from '../../examples/micro-app/src/models/index.ts';
import { citiesNear } from '../../examples/micro-app/src/near.ts';
import { seed } from '../../examples/micro-app/src/seed.ts';
import type { TestDatabase } from '../setup/mongo.ts';
import {
  example,
  limit,
  loadMigrations,
  migrations,
  mongoProbes,
  offenders,
  probes,
  seeded,
  stateOf,
  up,
} from './micro-app.ts';

const [broken] = loadMigrations('migrations-broken');
const nearProbe = probes.find((probe) => 'http' in probe && probe.http.path?.startsWith('/cities/near'));

let database: TestDatabase;

beforeEach(async () => {
  database = await seeded();
});

afterEach(() => database[Symbol.asyncDispose]());

describe('the seed', () => {
  test('stores places as strings, with real namesakes, under the validator of the first release', async () => {
    const cities = database.db.collection('cities');
    expect(await cities.countDocuments({ lat: { $type: 'string' }, lng: { $type: 'string' } })).toBe(limit);
    expect(await database.db.collection('countries').countDocuments()).toBeGreaterThan(200);
    const byName = { $group: { _id: ['$country', '$admin1', '$name'], cities: { $sum: 1 } } };
    const namesakes = await cities.aggregate([byName, { $match: { cities: { $gt: 1 } } }]).toArray();
    expect(namesakes.length).toBeGreaterThan(10);
    await expect(cities.insertOne({ name: 'Nowhere', country: 'DE' })).rejects.toMatchObject({ code: 121 });
  });

  test('looks first and adds only what is missing', async () => {
    const before = await stateOf(database.db);
    const again = await seed(database.uri, { limit });
    expect(again.cities).toEqual({ inserted: 0, present: limit });
    expect(await stateOf(database.db)).toEqual(before);
    await database.db.collection('cities').deleteOne({ name: 'Andorra la Vella' });
    expect((await seed(database.uri, { limit })).cities).toEqual({ inserted: 1, present: limit - 1 });
    expect(await stateOf(database.db)).toEqual(before);
  });

  test('adds no city of the old shape to a migrated database', async () => {
    await up(database);
    expect((await seed(database.uri, { limit })).cities.inserted).toBe(0);
    await expect(seed(database.uri, { limit: limit + 1 })).rejects.toThrow(/migrated already/);
  });
});

describe('the app', () => {
  let app: Server;
  let address: string;

  beforeAll(() => {
    mongoose.set('bufferCommands', false);
  });

  beforeEach(async () => {
    await mongoose.connect(database.uri);
    app = createApp({ rememberMs: 0 }).listen(0, '127.0.0.1');
    await once(app, 'listening');
    address = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    app.close();
    await mongoose.disconnect();
  });

  afterAll(() => {
    mongoose.set('bufferCommands', true);
  });

  async function get(path: string) {
    const response = await fetch(address + path);
    return { status: response.status, body: (await response.json()) as never };
  }

  const andorra = '/cities/near?lat=42.5078&lng=1.5211&km=5';

  test('finds the same cities before, during and after the migration', async () => {
    const before = await get(andorra);
    expect(before).toMatchObject({ status: 200, body: { source: 'strings' } });
    const { cities } = before.body as { cities: { name: string; country: string; km: number }[] };
    expect(cities[0]).toMatchObject({ name: 'Andorra la Vella', country: 'Andorra' });
    expect(cities[0]!.km).toBeLessThan(0.01);
    expect(cities.length).toBeGreaterThan(4);

    await up(database, 'backfill-city-slug');
    await database.db.collection('cities').updateMany({ country: 'AD' }, [{ $unset: 'location' }]);
    expect((await get(andorra)).body).toEqual(before.body);

    await up(database);
    const after = await get(andorra);
    expect(after.body).toMatchObject({ source: 'points', cities });
    for (const migration of migrations.toReversed()) await migration.down(database);
    expect((await get(andorra)).body).toEqual(before.body);
  });

  test('both ways of looking agree on cities, order and distance, also far away and over the date line', async () => {
    const overTheLine = { name: 'Taveuni', country: 'FJ', lat: '-16.85', lng: '179.97' };
    await database.db.collection('cities').insertOne(overTheLine);
    await up(database);
    for (const place of [
      { lat: -8.8, lng: 13.2, km: 500 },
      { lat: 24.5, lng: 54.4, km: 100 },
      { lat: -16.9, lng: -179.9, km: 50 },
    ]) {
      const [byIndex, byScan] = [await citiesNear(place, 'points'), await citiesNear(place, 'strings')];
      expect(byIndex.length).toBeGreaterThan(0);
      expect(byScan.map(({ km, ...city }) => city)).toEqual(byIndex.map(({ km, ...city }) => city));
      for (const [at, city] of byScan.entries()) expect(city.km).toBeCloseTo(byIndex[at]!.km, 2);
    }
  });

  test('a city saved by this release is found by the previous one, and the other way round', async () => {
    await up(database, 'require-city-location');
    const place = { lat: 10.25, lng: 20.5, km: 1 };
    await City.create({ name: 'New', country: 'TD', location: { type: 'Point', coordinates: [20.5, 10.25] } });
    await City.create({ name: 'Old', country: 'TD', lat: '10.25', lng: '20.5' });
    for (const source of ['points', 'strings'] as const) {
      const names = (await citiesNear(place, source)).map((city) => city.name);
      expect(names.sort()).toEqual(['New', 'Old']);
    }
    expect(await City.countDocuments({ name: 'New', lat: '10.25', lng: '20.5' })).toBe(1);
  });

  test('says in /healthz what the database can serve, and 503 when it is gone', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok', source: 'strings', cities: limit } });
    await up(database);
    expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok', source: 'points', cities: limit } });
    await mongoose.disconnect();
    expect(await get('/healthz')).toEqual({ status: 503, body: { status: 'no database' } });
  });

  test('gives one city by its slug, and answers what it cannot serve', async () => {
    expect((await get('/cities/ad-07-andorra-la-vella')).status).toBe(404);
    await up(database);
    const found = await get('/cities/ad-07-andorra-la-vella');
    expect(found).toMatchObject({ status: 200, body: { name: 'Andorra la Vella', country: 'AD' } });
    for (const path of ['/cities/near?lat=1&lng=2', '/cities/near?lat=91&lng=2&km=1', '/cities/%E0%A4%A']) {
      expect((await get(path)).status).toBe(400);
    }
    expect((await fetch(`${address}/cities/near`, { method: 'POST' })).status).toBe(405);
  });

  test('the second release applies, blinds the near-me probe and goes back to the byte', async () => {
    if (!nearProbe || !('http' in nearProbe) || !broken) throw new Error('the example lost its probe or its failure');
    const { path = '', 'body-contains': wanted = '' } = nearProbe.http;
    const body = async () => (await fetch(address + path)).text();
    await up(database);
    const before = await stateOf(database.db);
    expect(await body()).toContain(wanted);
    await broken.up(database);
    await broken.up(database);
    expect(await Promise.all(mongoProbes.map((probe) => offenders(database, probe)))).toEqual(mongoProbes.map(() => 0));
    expect(await body()).not.toContain(wanted);
    await broken.down(database);
    await broken.down(database);
    expect(await stateOf(database.db)).toEqual(before);
    expect(await body()).toContain(wanted);
  });
});

test('the server starts under Node alone, answers and ends on SIGTERM', async () => {
  const server = spawn(process.execPath, ['src/server.ts'], {
    cwd: example,
    env: { PATH: process.env.PATH, MONGODB_URI: database.uri, PORT: '0' },
  });
  const [line] = await once(server.stdout, 'data');
  const port = /port (\d+)/.exec(String(line))?.[1];
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect(await health.json()).toMatchObject({ status: 'ok', cities: limit });
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

test("the example's own tests pass", async () => {
  const own = await promisify(execFile)(process.execPath, ['--test', 'test/*.spec.ts'], {
    cwd: example,
    env: { PATH: process.env.PATH },
  });
  expect(own.stdout).toMatch(/pass [1-9]/);
});
