import { readdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dockerStandIn } from './docker-stand-in.ts';
import { isAlive, lab, pidIn, realMongod, until } from './lab.ts';
import { holdSandbox } from './own-process.ts';

const mongod = await realMongod();
const stay = 'setInterval(() => {}, 1000);';

function answers(uri: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(Number(new URL(uri).port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test.for(['SIGKILL to the run', 'SIGINT to its group'])('%s ends the server and removes the folder', async (how) => {
  await using place = await lab();
  const holder = await holdSandbox({ mongod }, { tmpdir: place.tmpdir }, stay);
  const folder = join(place.tmpdir, (await readdir(place.tmpdir))[0]!);
  const pids = [await pidIn(folder, 'mongod.pid'), await pidIn(folder, 'supervisor.pid')];
  expect(await answers(holder.uri)).toBe(true);
  if (how.startsWith('SIGKILL')) holder.process.kill('SIGKILL');
  else process.kill(-holder.process.pid!, 'SIGINT');
  await until(async () => (await readdir(place.tmpdir)).length === 0);
  await until(async () => !pids.some(isAlive));
  expect(await answers(holder.uri)).toBe(false);
});

test('a run that ends without stopping it ends the server and removes the folder', async () => {
  await using place = await lab();
  const holder = await holdSandbox({ mongod }, { tmpdir: place.tmpdir }, 'process.exit(0);');
  await until(async () => (await readdir(place.tmpdir)).length === 0);
  await until(async () => !(await answers(holder.uri)));
});

test('a run that forgets its sandbox is not kept alive by it', async () => {
  await using place = await lab();
  const holder = await holdSandbox({ mongod }, { tmpdir: place.tmpdir }, '');
  await until(async () => holder.process.exitCode === 0);
  await until(async () => (await readdir(place.tmpdir)).length === 0);
});

test('kill -9 of a run removes its container', async () => {
  await using place = await lab();
  const docker = await dockerStandIn(place.folder, mongod);
  const environment = { tmpdir: place.tmpdir, path: docker.path };
  const holder = await holdSandbox({ serverVersion: '6.0.0' }, environment, stay);
  const server = Number(await readFile(join(place.folder, 'image', 'pid'), 'utf8'));
  holder.process.kill('SIGKILL');
  await until(async () => !isAlive(server));
  const last = (await docker.calls()).at(-1);
  expect(last?.slice(0, 3)).toEqual(['rm', '-f', '-v']);
});
