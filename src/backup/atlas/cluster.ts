import * as z from 'zod';
import { hostsOf } from '../../mongo/hosts.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { AtlasClient } from './client.ts';

/** A cluster of Atlas. Sharded ones have their snapshots under paths of their own. */
export interface AtlasCluster {
  readonly projectId: string;
  readonly name: string;
}

export function clusterPath({ projectId, name }: AtlasCluster): string {
  return `/groups/${encodeURIComponent(projectId)}/clusters/${encodeURIComponent(name)}`;
}

const clusterShape = z.object({ connectionStrings: z.record(z.string(), z.unknown()).default({}) });

/**
 * Makes sure that a database is in this cluster and in no other: a snapshot of another one is no backup of it, and a
 * restore would erase the wrong one. `hosts` are those that the database is reached at.
 *
 * Throws `ATLAS_OTHER_CLUSTER`, also where Atlas does not say what the hosts of the cluster are.
 */
export async function assertInCluster(
  client: AtlasClient,
  cluster: AtlasCluster,
  hosts: readonly string[],
): Promise<void> {
  const { connectionStrings } = await client.get(clusterPath(cluster), clusterShape, `looking at ${cluster.name}`);
  const known = new Set(
    textsIn(connectionStrings)
      .flatMap(hostsOf)
      .map((host) => host.toLowerCase()),
  );
  if (hosts.some((host) => known.has(host.toLowerCase()))) return;
  throw new ReleaseError(
    'ATLAS_OTHER_CLUSTER',
    `The target is not in cluster ${cluster.name} of Atlas, as far as its hosts tell.`,
    {
      hint: `Correct backup.atlas.project and backup.atlas.cluster, or the target. It is reached at ${hosts.join(', ') || 'hosts that it does not name'}; ${cluster.name} has ${[...known].sort().join(', ') || 'none that Atlas names'}.`,
    },
  );
}

/** Those of private endpoints lie deeper than the others. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
