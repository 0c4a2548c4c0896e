import { createHash } from 'node:crypto';
import type { Topology } from '../mongo/topology.ts';
import type { Manifest } from './manifest.ts';

/** What a backup says that it is of. */
export type BackedUpTarget = Manifest['target'];
/** As records of releases have it, which were written by whatever version. */
type Here = Omit<BackedUpTarget, 'environment'> & { readonly environment: string };

/**
 * What tells a deployment from others: the id that a replica set or a sharded cluster has for life, which not every user
 * may read, and digests of the names of a set's members, which change one by one. Undefined where the server tells none.
 */
export function clusterIdentity({ replicaSetId, clusterId, kind, hosts }: Topology): BackedUpTarget['cluster'] {
  const members = kind === 'replica-set' ? hosts.map(digest).sort() : [];
  if (replicaSetId === undefined && clusterId === undefined && members.length === 0) return undefined;
  return {
    ...(replicaSetId !== undefined && { replicaSetId }),
    ...(clusterId !== undefined && { clusterId }),
    ...(members.length > 0 && { members }),
  };
}

/**
 * How a backup shows that it is not of this target, to stand behind "Backup X is"; undefined where nothing shows it.
 * One store may hold backups of several: names of databases repeat, and so do those of targets in several projects.
 */
export function otherTarget(backup: BackedUpTarget, here: Here): string | undefined {
  if (backup.database !== here.database) return `of database ${backup.database}, not of ${here.database}`;
  if (backup.environment !== here.environment)
    return `of environment ${backup.environment}, not of ${here.environment}`;
  if (backup.name !== here.name) return `of target ${backup.name}, not of ${here.name}`;
  return otherCluster(backup.cluster, here.cluster) ? `of a database ${here.database} in another cluster` : undefined;
}

/** Whether the two are certainly not one: of what is not known nothing is said. */
export function otherCluster(one: BackedUpTarget['cluster'], two: BackedUpTarget['cluster']): boolean {
  for (const id of ['replicaSetId', 'clusterId'] as const)
    if (one?.[id] !== undefined && two?.[id] !== undefined) return one[id] !== two[id];
  if (one?.members === undefined || two?.members === undefined) return false;
  return !one.members.some((member) => two.members?.includes(member));
}

/** The manifest can be shown to anybody. */
function digest(host: string): string {
  return createHash('sha256').update(host.toLowerCase()).digest('hex').slice(0, 16);
}
