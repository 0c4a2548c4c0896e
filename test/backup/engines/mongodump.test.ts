import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mongodump } from '../../../src/backup/engines/mongodump.ts';
import { databaseOf } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { uriOf } from '../../setup/mongo.ts';
import { type Lab, lab } from '../backing-up.ts';
import { engineSuite } from './engine-suite.ts';
import { installMongodump } from './mongodump-on-path.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mongodump-'));
  await installMongodump(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const engineOf = (at: Lab, environment: Record<string, string> = {}) =>
  mongodump({ uri: at.uri, environment: { PATH: `${folder}:/usr/bin:/bin`, ...environment }, tmpdir: folder });

engineSuite('mongodump, a stand-in', async (at) => engineOf(at));

// The real one judges where it is.
const real = (process.env.PATH ?? '').split(path.delimiter).find((one) => existsSync(path.join(one, 'mongodump')));
if (real !== undefined)
  engineSuite('mongodump, the real one', async (at) =>
    mongodump({ uri: at.uri, environment: { PATH: real }, tmpdir: folder }),
  );

test('says what it is and what it cannot promise', async () => {
  await using at = await lab();
  const { manifest } = await at.backup({ engine: engineOf(at) });
  expect(manifest).toMatchObject({ engine: 'mongodump', engineVersion: '100.18.0', consistency: 'per-collection' });
  expect(manifest.clusterTime).toBeUndefined();
  expect(at.messages).toContainEqual(expect.stringContaining('not be of one point in time'));
  await expect(at.backup({ engine: engineOf(at), consistency: 'snapshot' })).rejects.toMatchObject({
    code: 'SNAPSHOT_UNAVAILABLE',
  });
});

test('the address with its password stands on no command line, and its file is gone afterwards', async () => {
  await using at = await lab();
  const heard = path.join(folder, 'arguments');
  await at.backup({ engine: engineOf(at, { ARGUMENTS: heard }) });
  const said = await readFile(heard, 'utf8');
  expect(said).toContain('--archive');
  expect(said).not.toContain('mongodb://');
  expect((await readdir(folder)).filter((name) => name.startsWith('mongo-release'))).toEqual([]);
});

test('nor does that file outlive a cancel, or a process that was killed', async () => {
  await using at = await lab();
  const dead = spawn('true');
  await once(dead, 'exit');
  const left = path.join(folder, `mongo-release-mongodump-${dead.pid}-abcdef`);
  await mkdir(left);
  await writeFile(path.join(left, 'config.yml'), 'uri: secret');
  const cancelled = AbortSignal.abort(new Error('cancelled'));
  const reading = { own: ownNames(), signal: cancelled, log: at.log };
  await expect(engineOf(at).read(at.connection, reading as never)).rejects.toThrow('cancelled');
  expect((await readdir(folder)).filter((name) => name.startsWith('mongo-release'))).toEqual([]);
});

test('an address that names another database is no obstacle, nor whom it logs in as', async () => {
  await using at = await lab();
  await at.db.collection('places').insertOne({ a: 1 });
  const heard = path.join(folder, 'addresses');
  const engine = mongodump({
    uri: uriOf('somewhere'),
    environment: { PATH: `${folder}:/usr/bin:/bin`, ADDRESSES: heard },
    tmpdir: folder,
  });
  const { manifest } = await at.backup({ engine });
  expect(manifest.namespaces.map(({ name, count }) => [name, count])).toEqual([['places', 1]]);
  expect(databaseOf((await readFile(heard, 'utf8')).trim())).toBe(at.db.databaseName);
});

test('a tool that fails, stops in the middle or is not there leaves no backup', async () => {
  await using at = await lab();
  await at.db.collection('places').insertMany([{ a: 1 }, { a: 2 }]);
  await expect(at.backup({ engine: engineOf(at, { MISBEHAVE: 'fail' }) })).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    exitCode: 7,
    message: 'mongodump ended with exit code 1.',
  });
  await expect(at.backup({ engine: engineOf(at, { MISBEHAVE: 'cut' }) })).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
  });
  await expect(at.backup({ engine: engineOf(at, { PATH: '/nowhere' }) })).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    exitCode: 2,
  });
  expect(await at.stored()).toEqual([]);
});
