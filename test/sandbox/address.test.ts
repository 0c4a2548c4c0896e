import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readTopology } from '../../src/mongo/topology.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import { isSameSet, withoutDatabase } from '../../src/sandbox/address.ts';
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { folderPrefix, supervise } from '../../src/sandbox/supervisor.ts';
import { ownPort } from '../setup/ports.ts';
import { type Lab, lab, realMongod, until } from './lab.ts';

const mongod = await realMongod();

/** Somebody's server, whose address is given as a sandbox's. */
let place: Lab;
let server: Sandbox;
let client: MongoClient;

beforeAll(async () => {
  place = await lab();
  server = await startSandbox(place.options({ mongod, parameters: { enableTestCommands: '1' } }));
  client = await MongoClient.connect(server.uri);
});

afterAll(async () => {
  await client.close();
  await server.stop();
  await place[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
  for (const { name } of databases) {
    if (!['admin', 'config', 'local'].includes(name)) await client.db(name).dropDatabase();
  }
});

async function mark(): Promise<void> {
  await client.db('_mongo_release_sandbox').collection<{ _id: string }>('marker').insertOne({ _id: 'sandbox' });
}

const at = (sandboxUri: string, more: Partial<SandboxOptions> = {}) =>
  startSandbox(place.options({ sandboxUri, mongod, ...more }));

async function refusalOf(starting: Promise<Sandbox>): Promise<ReleaseError> {
  const error = await starting.then(
    async (sandbox) => {
      await sandbox.stop();
      return undefined;
    },
    (error: unknown) => error,
  );
  if (!(error instanceof ReleaseError)) throw new Error('no ReleaseError', { cause: error });
  expect(error.code).toBe('SANDBOX_REFUSED');
  expect(error.exitCode).toBe(5);
  expect(error.message + error.hint).not.toContain(new URL(server.uri).password);
  return error;
}

test('an unmarked server is refused with the line that marks it, and that line works', async () => {
  const error = await refusalOf(at(server.uri));
  const line = /mongosh "\$MONGO_RELEASE_SANDBOX_URI" --eval '(.*)'$/.exec(error.hint)?.[1];
  const parts = /^db\.getSiblingDB\("(\w+)"\)\.(\w+)\.insertOne\(\{ _id: "(\w+)" \}\)$/.exec(line ?? '');
  expect(parts).not.toBeNull();
  const [, database, collection, id] = parts!;
  expect((await client.db().admin().listDatabases({ nameOnly: true })).databases.map(({ name }) => name)).not.toContain(
    database,
  );
  await client.db(database).collection<{ _id: string }>(collection!).insertOne({ _id: id! });
  await using sandbox = await at(server.uri);
  expect(sandbox.origin).toBe('address');
});

test('what a run made in it is gone after stop, and the marker stays', async () => {
  await mark();
  const sandbox = await at(`${server.uri.replace('/?', '/shop?')}`);
  expect(new URL(sandbox.uri).pathname).toBe('/');
  expect((await client.db('admin').command({ getParameter: 1, ttlMonitorEnabled: 1 })).ttlMonitorEnabled).toBe(false);
  await using used = await MongoClient.connect(sandbox.uri);
  await used.db('shop').collection('cities').insertOne({ name: 'x' });
  await sandbox.stop();
  await sandbox.stop();
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
  expect(databases.map(({ name }) => name).sort()).toEqual(['_mongo_release_sandbox', 'admin', 'config', 'local']);
  await using again = await at(server.uri);
  expect(again.origin).toBe('address');
});

test('a marked server with data of its own is refused and keeps the data', async () => {
  await mark();
  await client.db('payroll').collection('people').insertOne({ name: 'x' });
  const error = await refusalOf(at(server.uri));
  expect(error.message).toContain('payroll');
  expect(await client.db('payroll').collection('people').countDocuments()).toBe(1);
});

test('a member of the replica set of a target is refused, marker or not', async () => {
  await mark();
  const topology = await readTopology(client);
  expect(topology.replicaSetId).toMatch(/^[0-9a-f]{24}$/);
  for (const target of [topology, { ...topology, replicaSetId: undefined }]) {
    expect((await refusalOf(at(server.uri, { targets: [target] }))).message).toContain('replica set of a target');
  }
  await using sandbox = await at(server.uri, {
    targets: [{ setName: topology.setName, hosts: ['db.example:27017'], replicaSetId: '0'.repeat(24) }],
  });
  expect(sandbox.origin).toBe('address');
});

test('one run at a time uses it', async () => {
  await mark();
  await using first = await at(server.uri);
  const error = await refusalOf(at(server.uri));
  expect(error.message).toContain('another run');
  await first.stop();
  await using second = await at(server.uri);
  expect(second.origin).toBe('address');
});

test('a run whose sandbox another one takes over is told so', async () => {
  await mark();
  await using first = await at(server.uri);
  expect(first.lost.aborted).toBe(false);
  const taken = { $set: { owner: 'another', expiresAt: new Date(Date.now() + 60_000) } };
  const uses = client.db('_mongo_release_sandbox').collection<{ _id: string }>('marker');
  await uses.updateOne({ _id: 'use' }, taken);
  await until(async () => first.lost.aborted);
  const { reason } = first.lost;
  expect(reason).toMatchObject({ code: 'SANDBOX_UNAVAILABLE', message: expect.stringContaining('another run') });
});

test('what a killed run noted as its own is removed by the next one, and nothing else', async () => {
  await mark();
  const uses = client.db('_mongo_release_sandbox').collection<{ _id: string }>('marker');
  const first = await at(server.uri);
  await client.db('rehearsed').collection('cities').insertOne({ name: 'x' });
  await until(async () => (await uses.findOne({ _id: 'use', databases: 'rehearsed' })) !== null);
  // As after kill -9: the claim was never released and its time is over.
  const use = await uses.findOne({ _id: 'use' });
  await first.stop();
  await client.db('rehearsed').collection('cities').insertOne({ name: 'x' });
  await client.db('later').collection('cities').insertOne({ name: 'x' });
  await uses.replaceOne({ _id: 'use' }, { ...use!, expiresAt: new Date(0) });

  const error = await refusalOf(at(server.uri));
  expect(error.message).toContain('(later)');
  expect(await client.db('later').collection('cities').countDocuments()).toBe(1);
  expect(await client.db('rehearsed').collection('cities').countDocuments()).toBe(0);
});

test('what stop could not remove is removed by the next run', async () => {
  await mark();
  const first = await at(server.uri);
  await client.db('rehearsed').collection('cities').insertOne({ name: 'x' });
  const failPoint = { configureFailPoint: 'failCommand', data: { failCommands: ['dropDatabase'], errorCode: 1 } };
  await client.db('admin').command({ ...failPoint, mode: { times: 1 } });
  await first.stop();
  expect(place.entries.map(({ message }) => message).join()).toContain('was not emptied');
  expect(await client.db('rehearsed').collection('cities').countDocuments()).toBe(1);
  await using second = await at(server.uri);
  expect(second.origin).toBe('address');
  expect(await client.db('rehearsed').collection('cities').countDocuments()).toBe(0);
});

test("data of somebody's is never noted as a run's own, however long the run takes to see it", async () => {
  await mark();
  const uses = client.db('_mongo_release_sandbox').collection<{ _id: string; databases?: string[] }>('marker');
  await client.db('payroll').collection('people').insertOne({ name: 'x' });
  const killed = { _id: 'use', owner: null, expiresAt: new Date(0), databases: ['rehearsed'] };
  await uses.insertOne(killed);
  // Removing what was left behind takes longer than a heartbeat.
  const slow = { failCommands: ['dropDatabase'], blockConnection: true, blockTimeMS: 2500 };
  await client.db('admin').command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data: slow });
  const seen = new Set<string>();
  let over = false;
  const refused = refusalOf(at(server.uri)).finally(() => {
    over = true;
  });
  await until(async () => {
    for (const name of (await uses.findOne({ _id: 'use' }))?.databases ?? []) seen.add(name);
    return over;
  });
  expect((await refused).message).toContain('payroll');
  expect([...seen]).toEqual(['rehearsed']);
});

test('a server that refuses the password is refused, and no other source is asked', async () => {
  const error = await refusalOf(at(server.uri.replace(new URL(server.uri).password, 's3cret-word')));
  expect(error.message).not.toContain('s3cret-word');
  expect(error.cause).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
});

test('a server without a replica set is refused', async () => {
  await using own = await lab();
  const directory = join(own.tmpdir, `${folderPrefix}standalone`);
  await mkdir(join(directory, 'data'), { recursive: true });
  const port = await ownPort();
  const standalone = supervise(
    {
      command: mongod,
      args: ['--dbpath', join(directory, 'data'), '--port', `${port}`, '--bind_ip', '127.0.0.1'],
      directory,
    },
    { PATH: process.env.PATH ?? '' },
  );
  try {
    const error = await refusalOf(at(`mongodb://127.0.0.1:${port}/`));
    expect(error.message).toContain('without a replica set');
    expect(error.hint).toContain('--replSet');
  } finally {
    await standalone.stop();
  }
});

test.for([
  ['mongodb://h:1', 'mongodb://h:1/'],
  ['mongodb://h:1,i:2/shop?replicaSet=rs', 'mongodb://h:1,i:2/?replicaSet=rs'],
  ['mongodb://u:p%2F@h:1/shop', 'mongodb://u:p%2F@h:1/?authSource=shop'],
  ['mongodb://u:p@h:1/shop?authSource=admin', 'mongodb://u:p@h:1/?authSource=admin'],
  ['mongodb+srv://u:p@h/', 'mongodb+srv://u:p@h/'],
])('%s names no database as %s', ([uri, expected]) => {
  expect(withoutDatabase(uri!)).toBe(expected);
});

test('two sets are one when their ids are equal, or one id is unknown and they share a host', () => {
  const a = { setName: 'rs', hosts: ['h:1', 'i:1'], replicaSetId: 'a' };
  expect(isSameSet(a, { ...a, hosts: ['copy:1'] })).toBe(true);
  expect(isSameSet(a, { ...a, replicaSetId: 'b' })).toBe(false);
  expect(isSameSet(a, { setName: 'rs', hosts: ['I:1'] })).toBe(true);
  expect(isSameSet(a, { setName: 'rs', hosts: ['j:1'] })).toBe(false);
});
