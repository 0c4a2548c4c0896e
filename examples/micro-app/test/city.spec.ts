import assert from 'node:assert/strict';
import { test } from 'node:test';
import { City } from '../src/models/index.ts';

const berlin = { name: 'Berlin', country: 'DE', admin1: '16' };

test('a city with strings gets the point they mean', async () => {
  const city = new City({ ...berlin, lat: '52.52437', lng: '13.41053' });
  await city.validate();
  assert.deepEqual(city.toObject().location, { type: 'Point', coordinates: [13.41053, 52.52437] });
});

test('a city with a point gets the strings that the previous release reads', async () => {
  const city = new City({ ...berlin, location: { type: 'Point', coordinates: [13.41053, 52.52437] } });
  await city.validate();
  assert.deepEqual([city.lat, city.lng], ['52.52437', '13.41053']);
});

test('a city is refused without a place, with one outside the world, and with a field nobody declared', async () => {
  await assert.rejects(new City(berlin).validate(), /needs a location/);
  await assert.rejects(new City({ ...berlin, lat: 'north', lng: '13' }).validate(), /needs a location/);
  await assert.rejects(new City({ ...berlin, lat: '13.4', lng: '252.5' }).validate(), /longitude, latitude/);
  assert.throws(() => new City({ ...berlin, latitude: 52.5 }), /not in schema/);
});
