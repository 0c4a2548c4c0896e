import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { startInDocker } from '../../src/sandbox/docker.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { dockerStandIn } from './docker-stand-in.ts';
import { isAlive, lab, realMongod, until } from './lab.ts';

const mongod = await realMongod();

test('runs the image of the target in a container that only this machine reaches, and removes it', async () => {
  await using place = await lab();
  const docker = await dockerStandIn(place.folder, mongod);
  const sandbox = await startSandbox(place.options({ serverVersion: '6.0.21' }, { path: docker.path }));
  const pid = Number(await readFile(join(place.folder, 'image', 'pid'), 'utf8'));
  const password = new URL(sandbox.uri).password;
  try {
    expect(sandbox.origin).toBe('docker');
    expect(sandbox.description).toBe('Docker image mongo:6.0');
    expect(new URL(sandbox.uri).hostname).toBe('127.0.0.1');
    await using client = await MongoClient.connect(sandbox.uri);
    await client.withSession((session) =>
      session.withTransaction(() => client.db('shop').collection('cities').insertOne({ name: 'x' }, { session })),
    );
    const { host } = new URL(sandbox.uri);
    await using stranger = await MongoClient.connect(`mongodb://${host}/?directConnection=true`);
    await expect(stranger.db('shop').collection('cities').findOne()).rejects.toMatchObject({ code: 13 });
  } finally {
    await sandbox.stop();
  }
  await until(async () => !isAlive(pid));

  const calls = await docker.calls();
  expect(calls.map(([command]) => command)).toEqual(['version', 'run', 'rm']);
  const run = calls[1]!;
  expect(run).toEqual(expect.arrayContaining(['--rm', 'mongo:6.0', '--replSet', 'ttlMonitorEnabled=false']));
  expect(run[run.indexOf('-p') + 1]).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  const name = run[run.indexOf('--name') + 1]!;
  expect(calls[2]).toEqual(['rm', '-f', '-v', name]);
  // No list of processes may show the key or the password.
  expect(run[run.indexOf('-e') + 1]).toBe('MONGO_RELEASE_KEY');
  expect(JSON.stringify(calls)).not.toContain(password);
  expect(await readFile(join(place.folder, 'image', 'chown.log'), 'utf8')).toMatch(/^mongodb:mongodb /);
});

test('an image that cannot be run is a reason, and its container is removed', async () => {
  await using place = await lab();
  const docker = await dockerStandIn(place.folder, mongod);
  const attempt = await startInDocker(place.options({ serverVersion: '4.4.0' }, { path: docker.path }));
  expect(attempt).toEqual({
    kind: 'unavailable',
    reason: 'docker run mongo:4.4: exit code 125: docker: no space left on device',
  });
  expect((await docker.calls()).at(-1)?.slice(0, 3)).toEqual(['rm', '-f', '-v']);
});

test("an engine on another machine is not asked: its containers' ports are not reached from here", async () => {
  await using place = await lab();
  const docker = await dockerStandIn(place.folder, mongod);
  const attempt = await startInDocker(place.options({}, { path: docker.path, dockerHost: 'tcp://build-host:2375' }));
  expect(attempt).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('DOCKER_HOST') });
  expect(await docker.calls()).toEqual([]);
});

/** Why the tests below did not run, as part of their names; undefined where a real engine answers. */
function whyNoEngine(): string | undefined {
  const asked = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
  if (asked.status === 0) return undefined;
  if (asked.error !== undefined) return `docker: ${(asked.error as NodeJS.ErrnoException).code}`;
  return 'docker version: no engine answers';
}
const whyNot = whyNoEngine();
const ran = whyNot === undefined ? 'Docker answers' : `not run: ${whyNot}`;

// `runIf` because a machine may have no engine, and a pass without one would be a lie; the name says why it did not run.
test.runIf(whyNot === undefined)(
  `a real engine runs the official image and keeps nothing of it [${ran}]`,
  async () => {
    await using place = await lab();
    const environment = { ...sandboxEnvironment(process.env), tmpdir: place.tmpdir };
    const attempt = await startInDocker(place.options({ serverVersion: '7.0.0' }, environment));
    if (attempt.kind === 'unavailable') throw new Error(attempt.reason);
    try {
      expect(attempt.sandbox.serverVersion).toMatch(/^7\.0\./);
      await using client = await MongoClient.connect(attempt.sandbox.uri);
      await client.withSession((session) =>
        session.withTransaction(() => client.db('shop').collection('cities').insertOne({ name: 'x' }, { session })),
      );
    } finally {
      await attempt.sandbox.stop();
    }
    const left = spawnSync('docker', ['ps', '-aq', '--filter', 'label=mongo-release=sandbox'], { encoding: 'utf8' });
    expect(left.stdout.trim()).toBe('');
  },
  400_000,
);

// The same: only where an engine answers.
test.runIf(whyNot === undefined)(
  `a marked server in somebody's container serves as a sandbox [${ran}]`,
  async () => {
    const { GenericContainer } = await import('testcontainers');
    await using place = await lab();
    const container = await new GenericContainer('mongo:7.0')
      .withCommand(['mongod', '--replSet', 'rs0', '--bind_ip_all'])
      .withExposedPorts(27017)
      .start();
    try {
      const uri = `mongodb://${container.getHost()}:${container.getMappedPort(27017)}/?directConnection=true`;
      await using client = await MongoClient.connect(uri);
      const config = { _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] };
      await client.db('admin').command({ replSetInitiate: config });
      await until(async () => (await client.db('admin').command({ hello: 1 })).isWritablePrimary === true);
      await client.db('_mongo_release_sandbox').collection<{ _id: string }>('marker').insertOne({ _id: 'sandbox' });
      await using sandbox = await startSandbox(place.options({ sandboxUri: uri }));
      expect(sandbox.serverVersion).toMatch(/^7\.0\./);
    } finally {
      await container.stop();
    }
  },
  400_000,
);
