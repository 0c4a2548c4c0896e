import { restoreSnapshot } from '../../backup/atlas/restore-job.ts';
import { type SnapshotManifest, withArchive } from '../../backup/manifest.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { askForSnapshot, assertComplete, assertTargetIn, atlasOf, clusterOf } from '../backup/atlas.ts';
import type { RestoreResult } from '../result.ts';
import type { Run } from '../run.ts';
import { agree } from './agree.ts';

/** What a person has to know before they agree: it is far more than the database. */
export function whatItErases(run: Run, manifest: SnapshotManifest): string {
  const { name } = clusterOf(run, manifest);
  const { id, createdAt } = manifest;
  return `ERASE THE WHOLE CLUSTER ${name} in Atlas, all of its databases, also mongo-release's own history and records, and bring it back as it was in backup ${id} of ${createdAt}`;
}

/**
 * A person agrees to that: at a terminal by answering, elsewhere by the cluster's name; `--yes` alone is about one
 * database. Comes back with that. Throws as `agree` does, and `USAGE` where another cluster is named.
 */
export async function agreeToErase(run: Run, manifest: SnapshotManifest): Promise<string> {
  const { name } = clusterOf(run, manifest);
  const { 'erase-cluster': named } = run.invocation.flags;
  if (named === name) return name;
  if (named !== undefined) {
    throw new ReleaseError('USAGE', `The cluster that would be erased is ${name}, and ${named} was named.`, {
      hint: `Look whether this is the right target and backup; then name ${name}.`,
    });
  }
  const question = `${whatItErases(run, manifest)}? What was written since is lost, in every database of the cluster.`;
  if (run.invocation.flags.yes || run.confirm === undefined) {
    throw new ReleaseError('CONFIRMATION_NEEDED', `This needs somebody's consent: ${question}`, {
      hint: `Name the cluster that may be erased: --erase-cluster ${name}.`,
      details: { cluster: name },
    });
  }
  await agree(run, question);
  return name;
}

/** Everything that can be found out before anything is erased. Throws `ARCHIVE_NEEDED`, `SNAPSHOT_GONE`, `ATLAS_OTHER_CLUSTER`. */
export async function checkManaged(run: Run, connection: Connection, manifest: SnapshotManifest): Promise<void> {
  const { into, only, 'keep-added': keepAdded } = run.invocation.flags;
  if (into !== undefined || only !== undefined || keepAdded) withArchive(manifest);
  const client = atlasOf(run);
  await assertTargetIn(run, client, clusterOf(run, manifest), connection);
  assertComplete(manifest, await askForSnapshot(client, manifest));
}

/**
 * Has Atlas bring the target's whole cluster back to a snapshot. Lease, history and records are afterwards as they were
 * in it. Throws as `checkManaged` and `restoreSnapshot` do.
 */
export async function restoreManaged(
  run: Run,
  connection: Connection,
  manifest: SnapshotManifest,
): Promise<RestoreResult> {
  await checkManaged(run, connection, manifest);
  const { projectId, cluster, snapshotId } = manifest.atlas;
  const to = clusterOf(run, manifest);
  const timeLimitMs = run.invocation.settings.backup.atlas['time-limit'];
  await restoreSnapshot(atlasOf(run), { projectId, name: cluster, snapshotId }, to, { timeLimitMs });
  return {
    backupId: manifest.id,
    database: connection.db.databaseName,
    cluster: to.name,
    restored: [],
    removed: [],
    kept: [],
  };
}
