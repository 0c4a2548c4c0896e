import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectFailure, makeProject } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
});
afterAll(() => database[Symbol.asyncDispose]());

const project = (probes: string) =>
  makeProject({ 'mongo-release.yml': `probes:\n${probes}` }, { MONGODB_URI: database.uri });
const count = (n: number, more = '') =>
  `  - { name: count ${n}, retries: 0, ${more}mongo: { collection: places, count: ${n} } }\n`;

test('probes that pass are told one by one', async () => {
  const server = createServer((_, response) => response.end('fine')).listen(0, '127.0.0.1');
  try {
    const { port } = await new Promise<AddressInfo>((listening) =>
      server.once('listening', () => listening(server.address() as AddressInfo)),
    );
    await using it = await project(
      `${count(1)}  - { name: answers, retries: 0, http: { url-env: APP_URL, path: /healthz, body-contains: fine } }\n`,
    );
    const ran = await it.run('verify --json', { APP_URL: `http://127.0.0.1:${port}` });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json.probes).toMatchObject([
      { name: 'count 1', state: 'passed', durationMs: expect.any(Number) },
      { name: 'answers', state: 'passed' },
    ]);
    expectFailure(await it.run('verify --json'), 2, 'CONFIG_INVALID', /APP_URL/);
  } finally {
    server.close();
  }
});

test('one that fails is an error, with what was expected and what was seen', async () => {
  await using it = await project(count(1) + count(2));
  const ran = await it.run('verify --json');
  expectFailure(ran, 9, 'VERIFICATION_FAILED', /"count 2" failed: expected .*2.*, saw .*1/);
  expect(ran.json).toMatchObject({ outcome: 'failed-dirty', probes: [{ state: 'passed' }, { state: 'failed' }] });
});

test('one that could not look is unknown, and no pass', async () => {
  await using it = await project('  - { name: answers, retries: 0, http: { url: "http://127.0.0.1:1/" } }\n');
  const ran = await it.run('verify --json');
  expectFailure(ran, 9, 'VERIFICATION_FAILED', /"answers" is unknown: could not look/);
  expect(ran.json).toMatchObject({ outcome: 'unknown', probes: [{ state: 'unknown' }] });
});

test('without probes nothing was verified, and that is said', async () => {
  await using it = await project('  []\n');
  const ran = await it.run('verify --json');
  expect(ran.code).toBe(0);
  expect(ran.json.warnings).toEqual(['No probes are configured: nothing was verified.']);
  expect(ran.stderr).toContain('Nothing was verified');
});

test('a phase leaves out the probes of the other', async () => {
  await using it = await project(count(1, 'phase: before-deploy, ') + count(7, 'phase: after-deploy, '));
  expect((await it.run('verify --phase before-deploy --json')).json.probes).toMatchObject([{ name: 'count 1' }]);
  expect((await it.run('verify --json')).code).toBe(9);
});
