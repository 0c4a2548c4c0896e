import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { probing, probingAll } from './probing.ts';
import { web } from './web.ts';

test('tries again until the probe passes', async () => {
  let asked = 0;
  await using app = await web((_, response) => {
    asked += 1;
    response.writeHead(asked < 3 ? 503 : 200).end();
  });
  const probe = { name: 'up', http: { url: app.url }, retries: 5 };
  expect(await probing(probe)).toMatchObject({ state: 'passed', seen: 'status 200', attempts: 3 });
});

test('gives up after the first attempt and its retries, with what it saw last', async () => {
  await using app = await web((_, response) => response.writeHead(503).end());
  expect(await probing({ name: 'up', http: { url: app.url }, retries: 2 })).toMatchObject({
    state: 'failed',
    seen: 'status 503',
    attempts: 3,
  });
});

test('returns results in the order of the settings, however long each takes', async () => {
  await using app = await web((request, response) => {
    setTimeout(() => response.end(), request.url === '/0' ? 120 : 5);
  });
  const probes = Array.from({ length: 8 }, (_, i) => ({ name: `p${i}`, http: { url: app.url, path: `/${i}` } }));
  const results = await probingAll(probes);
  expect(results.map((result) => `${result.name} ${result.state}`)).toEqual(probes.map(({ name }) => `${name} passed`));
});

test('runs the probes of the phase, and those of none', async () => {
  await using database = await freshDatabase('probe');
  const mongo = { collection: 'cities', exists: false };
  const probes = [
    { name: 'before', phase: 'before-deploy', mongo },
    { name: 'after', phase: 'after-deploy', mongo },
    { name: 'both', mongo },
  ];
  const names = async (phase?: 'before-deploy' | 'after-deploy') =>
    (await probingAll(probes, { db: database.db, phase })).map((result) => result.name);
  expect(await names('before-deploy')).toEqual(['before', 'both']);
  expect(await names('after-deploy')).toEqual(['after', 'both']);
  expect(await names()).toEqual(['before', 'after', 'both']);
});

test('looks at nothing when one of the probes cannot be run as written', async () => {
  let asked = 0;
  await using app = await web((_, response) => {
    asked += 1;
    response.end();
  });
  const probes = [
    { name: 'up', http: { url: app.url } },
    { name: 'unset', http: { 'url-env': 'NOT_SET' } },
  ];
  await expect(probingAll(probes)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(asked).toBe(0);
});

test('ends at once when it is cancelled, and what was not seen is unknown', async () => {
  await using app = await web(() => {});
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(), 100);
  const started = performance.now();
  const probes = Array.from({ length: 6 }, (_, i) => ({ name: `p${i}`, http: { url: app.url } }));
  const results = await probingAll(probes, { signal: cancel.signal });
  // One attempt may take ten seconds.
  expect(performance.now() - started).toBeLessThan(9000);
  expect(results).toHaveLength(6);
  for (const result of results)
    expect(result).toMatchObject({ state: 'unknown', seen: expect.stringContaining('cancelled') });
});
