import { createHash } from 'node:crypto';
import type { Topology } from './topology.ts';

/**
 * What tells a deployment from others: the id that a replica set or a sharded cluster has for life, which not every user
 * may read, and digests of the names of a set's members, which change one by one.
 */
export interface ClusterIdentity {
  readonly replicaSetId?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly members?: string[] | undefined;
}

/** Undefined where the server tells none. */
export function clusterIdentity({ replicaSetId, clusterId, kind, hosts }: Topology): ClusterIdentity | undefined {
  const members = kind === 'replica-set' ? hosts.map(digest).sort() : [];
  if (replicaSetId === undefined && clusterId === undefined && members.length === 0) return undefined;
  return {
    ...(replicaSetId !== undefined && { replicaSetId }),
    ...(clusterId !== undefined && { clusterId }),
    ...(members.length > 0 && { members }),
  };
}

/** Whether the two are certainly not one: of what is not known nothing is said. */
export function otherCluster(one: ClusterIdentity | undefined, two: ClusterIdentity | undefined): boolean {
  for (const id of ['replicaSetId', 'clusterId'] as const)
    if (one?.[id] !== undefined && two?.[id] !== undefined) return one[id] !== two[id];
  if (one?.members === undefined || two?.members === undefined) return false;
  return !one.members.some((member) => two.members?.includes(member));
}

/** A manifest can be shown to anybody. */
function digest(host: string): string {
  return createHash('sha256').update(host.toLowerCase()).digest('hex').slice(0, 16);
}
