import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { database } from '../../src/guard/guards/database.ts';
import { runGuards } from '../../src/guard/run.ts';
import { context, look, open } from './guarding.ts';
import { type Servers, startServers } from './servers.ts';

/** A database that has nothing in it may be one that nobody meant. */

let servers: Servers;
let root: MongoClient;

beforeAll(async () => {
  servers = await startServers({ members: [{}], accessControl: true });
  root = await MongoClient.connect(servers.uri);
});

afterAll(async () => {
  await root.close();
  await servers[Symbol.asyncDispose]();
});

async function lookAt(name: string, uri = servers.uri) {
  await using connection = await open(uri, name);
  return await look(database, context(connection));
}

test('a new project on a new server hears nothing, and what only we have there is nothing', async () => {
  await root.db('shop').collection('_mongo_release.history').insertOne({});
  await root.db('shop').dropDatabase();
  expect(await lookAt('shop')).toMatchObject({ state: 'passed', findings: [] });
});

test('an empty database beside others is a warning, which names one that is nearly called so, and no other', async () => {
  await root.db('shop').createCollection('cities');
  await root.db('shop').createCollection('countries');
  await root.db('shpo').collection('_mongo_release.releases').insertOne({});
  expect(await lookAt('shop')).toMatchObject({ seen: '2 collections', findings: [] });
  const [finding, ...more] = (await lookAt('shpo')).findings;
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ rule: 'database', severity: 'warning', place: { name: 'shpo' } });
  expect(finding?.message).toMatch(/no collection of yours in database shpo.* a database shop with 2 collections\./);
  const [other] = (await lookAt('inventory')).findings;
  expect(other?.message).toBe('There is no collection of yours in database inventory. Is the name right?');
});

test('whoever may not look into others is not told of them', async () => {
  await root.db('admin').command({ createUser: 'new', pwd: 'secret', roles: [{ role: 'readWrite', db: 'shoq' }] });
  expect(await lookAt('shoq', servers.uri.replace('root:', 'new:'))).toMatchObject({ state: 'passed', findings: [] });
});

test('a way back and a restore may well lead to an empty database', async () => {
  await using connection = await open(servers.uri, 'shpo');
  for (const command of ['rollback', 'down', 'restore'] as const)
    expect(await runGuards(context(connection, { command, apply: true }), [database])).toEqual([]);
});
