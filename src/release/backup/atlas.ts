import { AtlasClient } from '../../backup/atlas/client.ts';
import { type AtlasCluster, assertInCluster } from '../../backup/atlas/cluster.ts';
import { findSnapshot, type Snapshot, takeSnapshot } from '../../backup/atlas/snapshot.ts';
import { newBackupId } from '../../backup/backup-id.ts';
import type { Manifest, SnapshotManifest } from '../../backup/manifest.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { Connection } from '../../mongo/connect.ts';
import { hostsOf } from '../../mongo/hosts.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { type Run, targetOf } from '../run.ts';
import { backedUpTarget } from './backed-up-target.ts';
import type { SnapshotState } from './backup-facts.ts';

/** One of each run: its token is good for an hour. */
const opened = new WeakMap<Run, AtlasClient>();

/** The API as this run may use it. Throws `ENGINE_UNAVAILABLE` where the environment has no credentials for it. */
export function atlasOf(run: Run): AtlasClient {
  const client = opened.get(run) ?? openAtlas(run);
  opened.set(run, client);
  return client;
}

function openAtlas({ invocation, env, secrets, log, signal }: Run): AtlasClient {
  const settings = invocation.settings.backup.atlas;
  const variables = { id: settings['client-id-env'], secret: settings['client-secret-env'] };
  const clientId = env[variables.id];
  const clientSecret = env[variables.secret];
  if (!clientId || !clientSecret) {
    const missing = clientId ? variables.secret : variables.id;
    throw new ReleaseError('ENGINE_UNAVAILABLE', `Atlas cannot be asked: the variable ${missing} is not set.`, {
      hint: `Set ${variables.id} and ${variables.secret} to those of a service account of the project (Atlas, Identity & Access, Applications).`,
    });
  }
  return new AtlasClient({ api: settings.api, clientId, clientSecret, variables, secrets, log, signal });
}

/** The cluster that is configured; without one that of a backup. Throws `USAGE` where there is neither. */
export function clusterOf({ invocation }: Run, backup?: SnapshotManifest): AtlasCluster {
  const { project = backup?.atlas.projectId, cluster = backup?.atlas.cluster } = invocation.settings.backup.atlas;
  if (project !== undefined && cluster !== undefined) return { projectId: project, name: cluster };
  throw new ReleaseError('USAGE', 'It is not said which cluster of Atlas the target is in.', {
    hint: 'Set backup.atlas.project (the id of the project) and backup.atlas.cluster (its name) in mongo-release.yml.',
  });
}

/** Throws `ATLAS_OTHER_CLUSTER` where the target is not in that cluster. */
export function assertTargetIn(
  run: Run,
  client: AtlasClient,
  cluster: AtlasCluster,
  { topology }: Connection,
): Promise<void> {
  const { uri, readUri } = targetOf(run);
  return assertInCluster(client, cluster, [...new Set([...topology.hosts, ...[uri, readUri ?? uri].flatMap(hostsOf)])]);
}

const ofArchives = ['recipient', 'compression', 'consistency'] as const;

/** A snapshot of the target's cluster; the store gets a manifest that names it, once it is complete. */
export async function takeManaged(
  run: Run,
  connection: Connection,
  store: BackupStore,
  standing: Pick<Manifest, 'position' | 'planDigest'>,
) {
  const { flags, settings } = run.invocation;
  const meaningless = ofArchives.filter((name) => flags[name] !== undefined);
  if (meaningless.length > 0) {
    throw new ReleaseError('USAGE', `${meaningless.join(', ')} and the engine atlas exclude each other.`, {
      hint: 'Leave it out: a snapshot is stored and encrypted as the cluster is set up in Atlas.',
    });
  }
  const target = backedUpTarget(run, connection);
  const { topology } = connection;
  const client = atlasOf(run);
  const cluster = clusterOf(run);
  await assertTargetIn(run, client, cluster, connection);
  // Atlas takes its time: a store that cannot be reached is told before.
  await store.list();
  const id = newBackupId(target.name);
  const createdAt = new Date().toISOString();
  const started = performance.now();
  const taken = await takeSnapshot(
    client,
    { ...cluster, sharded: topology.kind === 'sharded' },
    {
      description: `mongo-release ${id}`,
      retentionDays: settings.backup.atlas['retention-days'],
      timeLimitMs: settings.backup.atlas['time-limit'],
    },
  );
  const manifest: SnapshotManifest = {
    schemaVersion: 1,
    id,
    releaseId: run.releaseId,
    target,
    createdAt,
    toolVersion: run.toolVersion,
    server: {
      version: topology.serverVersion,
      featureCompatibility: topology.featureCompatibility,
      kind: topology.kind,
    },
    ...standing,
    engine: 'atlas',
    atlas: {
      projectId: cluster.projectId,
      cluster: cluster.name,
      snapshotId: taken.id,
      expiresAt: taken.expiresAt ?? undefined,
    },
  };
  const location = await store.keep(manifest).catch((thrown: unknown) => {
    const { code, message, hint } = asReleaseError(thrown);
    throw new ReleaseError(
      code,
      `${message} Snapshot ${taken.id} of cluster ${cluster.name} is complete all the same.`,
      {
        hint,
        cause: thrown,
      },
    );
  });
  return { manifest, location, durationMs: Math.round(performance.now() - started) };
}

/** What Atlas says of a backup's snapshot now. Throws what the client throws: then nobody knows. */
export async function askForSnapshot(client: AtlasClient, { atlas, server }: SnapshotManifest): Promise<SnapshotState> {
  const shelf = { projectId: atlas.projectId, name: atlas.cluster, sharded: server.kind === 'sharded' };
  return stateOf(await findSnapshot(client, shelf, atlas.snapshotId));
}

/** Throws `SNAPSHOT_GONE` where Atlas says anything but that it is complete. */
export function assertComplete({ id, atlas }: SnapshotManifest, state: SnapshotState): void {
  if (state === 'completed') return;
  const what = state === 'gone' ? 'is not there any more' : `is not complete (${state})`;
  throw new ReleaseError('SNAPSHOT_GONE', `Snapshot ${atlas.snapshotId} of backup ${id} ${what}.`, {
    hint: `Use another backup (mongo-release inspect lists them); Atlas shows the snapshots of ${atlas.cluster} under Backup.`,
    details: { backup: id, snapshot: atlas.snapshotId },
  });
}

function stateOf(seen: Snapshot | undefined): SnapshotState {
  switch (seen?.status) {
    case undefined:
      return seen === undefined ? 'gone' : 'unknown';
    case 'inProgress':
      return 'in-progress';
    case 'queued':
    case 'completed':
    case 'failed':
      return seen.status;
    default:
      return 'unknown';
  }
}
