import { expect, test } from 'vitest';
import { type BackedUpTarget, otherTarget } from '../../src/backup/same-target.ts';
import { clusterIdentity } from '../../src/mongo/cluster.ts';
import { connect } from '../../src/mongo/connect.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { freshDatabase } from '../setup/mongo.ts';

const of = (change: Partial<BackedUpTarget> = {}): BackedUpTarget => ({
  ...{ name: 'default', database: 'shop', environment: 'production' },
  ...change,
});

test('database, environment and target tell a backup from one of another target', () => {
  expect(otherTarget(of(), of())).toBeUndefined();
  expect(otherTarget(of({ database: 'users' }), of())).toBe('of database users, not of shop');
  expect(otherTarget(of({ environment: 'staging' }), of())).toBe('of environment staging, not of production');
  expect(otherTarget(of({ name: 'eu' }), of())).toBe('of target eu, not of default');
});

test('so does the cluster, by the best that both sides could see of it', () => {
  const other = (one: BackedUpTarget['cluster'], two: BackedUpTarget['cluster']) =>
    otherTarget(of({ cluster: one }), of({ cluster: two })) !== undefined;
  expect(other({ replicaSetId: 'a' }, { replicaSetId: 'b' })).toBe(true);
  // Hosts are renamed, and names such as localhost:27017 repeat.
  expect(other({ replicaSetId: 'a', members: ['x'] }, { replicaSetId: 'a', members: ['y'] })).toBe(false);
  expect(other({ replicaSetId: 'a', members: ['x'] }, { replicaSetId: 'b', members: ['x'] })).toBe(true);
  expect(other({ replicaSetId: 'a', members: ['x', 'y'] }, { members: ['y', 'z'] })).toBe(false);
  expect(other({ replicaSetId: 'a', members: ['x'] }, { members: ['y'] })).toBe(true);
  expect(other({ replicaSetId: 'a' }, { members: ['y'] })).toBe(false);
  expect(other({ clusterId: 'a' }, { clusterId: 'b' })).toBe(true);
  expect(other({ clusterId: 'a' }, {})).toBe(false);
  expect(other(undefined, { replicaSetId: 'a', members: ['x'] })).toBe(false);
});

test('a replica set is known by its id, and by digests of its members', async () => {
  await using database = await freshDatabase();
  await using connection = await connect(database.uri, { secrets: new Secrets() });
  const { topology } = connection;
  const seen = clusterIdentity(topology);
  expect(seen?.replicaSetId).toMatch(/^[0-9a-f]{24}$/);
  expect(seen?.members?.length).toBe(topology.hosts.length);
  expect(JSON.stringify(seen)).not.toContain(topology.hosts[0]);
  expect(clusterIdentity({ ...topology, replicaSetId: undefined })).toEqual({ members: seen?.members });
  expect(clusterIdentity({ ...topology, replicaSetId: undefined, hosts: [] })).toBeUndefined();
  // As of a sharded cluster, whose routers come and go.
  const sharded = { kind: 'sharded', hosts: ['router:1'], serverVersion: '6.0.5' } as const;
  expect(clusterIdentity({ ...sharded, clusterId: 'a' })).toEqual({ clusterId: 'a' });
});
