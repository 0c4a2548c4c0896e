import type { Document } from 'mongodb';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../src/guard/guards/environment.ts';
import { indexBuilds } from '../../src/guard/guards/index-builds.ts';
import { oplogWindow } from '../../src/guard/guards/oplog-window.ts';
import { needsOf, privileges } from '../../src/guard/guards/privileges.ts';
import { replicaLag } from '../../src/guard/guards/replica-lag.ts';
import { guardsTable } from '../../src/report/checks.ts';
import { until } from '../sandbox/lab.ts';
import { context, look, open } from './guarding.ts';
import { type Servers, startServers } from './servers.ts';

let servers: Servers;
let root: MongoClient;

beforeAll(async () => {
  servers = await startServers({ members: [{}], accessControl: true });
  root = await MongoClient.connect(servers.uri);
  await root.db('shop').collection('cities').insertOne({ name: 'Delft' });
  await root.db('shop').command(inserter);
});

afterAll(async () => {
  await root.close();
  await servers[Symbol.asyncDispose]();
});

/** May do a part of what an apply needs. */
const inserter = {
  createRole: 'inserter',
  privileges: [{ resource: { db: 'shop', collection: '' }, actions: ['insert'] }],
  roles: [],
};

async function openAs(name: string, roles: Document[]) {
  await root.db('admin').command({ createUser: name, pwd: 'secret', roles });
  return open(servers.uri.replace('root:', `${name}:`));
}

test('a user with readWrite and dbAdmin may do all that a release needs', async () => {
  const roles = [
    { role: 'readWrite', db: 'shop' },
    { role: 'dbAdmin', db: 'shop' },
  ];
  await using connection = await openAs('deployer', roles);
  for (const command of ['release', 'migrate', 'restore', 'rollback'] as const)
    expect(await look(privileges, context(connection, { command, apply: true }))).toMatchObject({
      state: 'passed',
      seen: 'all that is needed',
      findings: [],
    });
});

test('what the grant says makes the findings go away', async () => {
  await using connection = await openAs('reader', [{ role: 'read', db: 'shop' }]);
  expect(await look(privileges, context(connection))).toMatchObject({ state: 'passed', findings: [] });
  const applying = context(connection, { apply: true });
  const before = await look(privileges, applying);
  expect(before.state).toBe('blocked');
  expect(before.findings.map(({ severity }) => severity)).toEqual(['error', 'warning']);
  expect(before.findings[0]).toMatchObject({
    message:
      'User reader lacks privileges on the database shop that release needs: insert, update, remove, createCollection, dropCollection, createIndex, dropIndex, renameCollectionSameDB.',
    next: 'Grant readWrite on shop: db.getSiblingDB("admin").grantRolesToUser("reader", [{ role: "readWrite", db: "shop" }])',
  });
  for (const { next } of before.findings) {
    const [, database, user, roles] = /getSiblingDB\("(.*?)"\)\.grantRolesToUser\("(.*?)", (\[.*\])\)/.exec(next)!;
    const granted = JSON.parse(roles!.replace(/(role|db):/g, '"$1":'));
    await root.db(database!).command({ grantRolesToUser: user, roles: granted });
  }
  expect(await look(privileges, applying)).toMatchObject({ state: 'passed', findings: [] });
});

test('without dbAdmin a release may start, and is told what it may miss; a restore may not', async () => {
  await using connection = await openAs('writer', [{ role: 'readWrite', db: 'shop' }]);
  expect(await look(privileges, context(connection, { apply: true }))).toMatchObject({
    state: 'passed',
    seen: 'missing: collMod, bypassDocumentValidation',
    findings: [{ severity: 'warning', next: expect.stringContaining('{ role: "dbAdmin", db: "shop" }') }],
  });
  expect(await look(privileges, context(connection, { command: 'restore', apply: true }))).toMatchObject({
    state: 'blocked',
  });
  // And a plan tells whoever is going to apply it, before that.
  const planned = await look(privileges, context(connection, { command: 'plan' }));
  expect(planned).toMatchObject({
    state: 'passed',
    seen: 'missing: collMod, bypassDocumentValidation',
    findings: [{ severity: 'warning', message: expect.stringMatching(/^User writer lacks .*collMod/) }],
  });
  const [row] = guardsTable([planned]).flatMap((table) => ('rows' in table ? table.rows : []));
  expect(row?.[0]).toEqual({ mark: 'warning', text: 'passed, but' });
  await using inserter = await openAs('inserter', [
    { role: 'read', db: 'shop' },
    { role: 'inserter', db: 'shop' },
  ]);
  expect((await look(privileges, context(inserter, { command: 'plan' }))).findings[0]).toMatchObject({
    severity: 'warning',
    message: expect.stringMatching(/that an apply needs: update, remove, /),
  });
});

test('rights on another database or on one collection are none on the whole database', async () => {
  const actions = ['find', 'listCollections', 'listIndexes'];
  await root.db('shop').command({
    createRole: 'cities',
    privileges: [{ resource: { db: 'shop', collection: 'cities' }, actions }],
    roles: [],
  });
  await using connection = await openAs('stranger', [
    { role: 'readWrite', db: 'elsewhere' },
    { role: 'cities', db: 'shop' },
  ]);
  expect(await look(privileges, context(connection))).toMatchObject({
    state: 'blocked',
    seen: 'missing: find, listCollections, listIndexes',
    findings: [{ next: expect.stringContaining('Grant read on shop') }],
  });
});

test('rights on any database count', async () => {
  await using connection = await openAs('anywhere', [{ role: 'readWriteAnyDatabase', db: 'admin' }]);
  expect(await look(privileges, context(connection, { apply: true }))).toMatchObject({ state: 'passed' });
});

test('no user at all is told from no access control', async () => {
  await using connection = await open(servers.uri.replace('root:secret@', ''));
  expect(await look(privileges, context(connection))).toMatchObject({ state: 'blocked', seen: 'no user' });
});

test('only what changes the target needs more than reading', () => {
  expect(needsOf({ command: 'migrate', apply: false }).required).not.toContain('insert');
  expect(needsOf({ command: 'backup', apply: true }).required).not.toContain('insert');
  expect(needsOf({ command: 'down', apply: true }).required).toContain('insert');
});

test('whether it is production has to be seen before anything is changed, whatever the run calls it', async () => {
  await using connection = await openAs('outsider', [{ role: 'readWrite', db: 'elsewhere' }]);
  for (const [apply, severity] of [
    [true, 'error'],
    [false, 'warning'],
  ] as const)
    expect(await look(environment, context(connection, { apply }))).toMatchObject({
      state: 'unknown',
      findings: [{ rule: 'environment', severity, next: expect.stringContaining('role read on the database shop') }],
    });
});

test('lag and oplog are unknown to a user who may not look, and seen by a monitor', async () => {
  const settings = { 'replica-lag': 1000, 'oplog-window': 1 };
  await using blind = await openAs('blind', [{ role: 'readWrite', db: 'shop' }]);
  await using monitor = await openAs('monitor', [{ role: 'clusterMonitor', db: 'admin' }]);
  for (const guard of [replicaLag, oplogWindow]) {
    expect(await look(guard, context(blind, { settings }))).toMatchObject({
      state: 'unknown',
      findings: [{ next: expect.stringContaining('clusterMonitor') }],
    });
    // The oplog of a server that has just started reaches back 0 s.
    await until(async () => {
      await root.db('shop').collection('beats').insertOne({});
      return (await look(guard, context(monitor, { settings }))).state === 'passed';
    });
  }
});

test('sees an index that is being built, also as a user who may only read', async () => {
  const roles = [{ role: 'read', db: 'shop' }];
  await using reader = await openAs('onlooker', roles);
  await using monitor = await openAs('watcher', [...roles, { role: 'clusterMonitor', db: 'admin' }]);
  expect(await look(indexBuilds, context(reader))).toMatchObject({ state: 'passed', seen: 'none' });
  expect(await look(indexBuilds, context(monitor))).toMatchObject({ state: 'passed', seen: 'none' });
  const hang = (mode: string) => root.db('admin').command({ configureFailPoint: 'hangAfterStartingIndexBuild', mode });
  await hang('alwaysOn');
  const building = Promise.all([
    root.db('shop').collection('cities').createIndex({ name: 1 }),
    root.db('shop').collection('_mongo_release.quarantine').createIndex({ name: 1 }),
  ]);
  try {
    const found = {
      state: 'blocked',
      seen: '1 collection with an index build',
      findings: [{ rule: 'index-builds', place: { name: 'cities' } }],
    };
    // The operation is seen some time before the build is in the catalog, which is what the reader sees.
    for (const eyes of [monitor, reader])
      await until(async () => (await look(indexBuilds, context(eyes))).state === 'blocked');
    expect(await look(indexBuilds, context(monitor))).toMatchObject(found);
    expect(await look(indexBuilds, context(reader))).toMatchObject(found);
    await using elsewhere = await open(servers.uri, 'elsewhere');
    expect(await look(indexBuilds, context(elsewhere))).toMatchObject({ state: 'passed' });
  } finally {
    await hang('off');
    await building;
  }
});
