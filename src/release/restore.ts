import { restoreBackup } from '../backup/restore.ts';
import { privileges } from '../guard/guards/privileges.ts';
import { setPosition } from '../migration/history/without-run.ts';
import type { Connection } from '../mongo/connect.ts';
import { connect } from '../mongo/connect.ts';
import { agree } from './agree.ts';
import { refuseUnguarded } from './guards.ts';
import { identitiesOf } from './keys.ts';
import { restoreProgress } from './progress.ts';
import { type RecordStart, ReleaseRecords } from './record.ts';
import { checkManaged, restoreManaged, whatItErases } from './restore-managed.ts';
import type { Ended, RestoreResult } from './result.ts';
import { aboutTarget, namesOf, type Run, targetOf } from './run.ts';
import { storeOf } from './take-backup.ts';
import { type Tenure, underLease } from './under-lease.ts';

/** `restore BACKUP`: into the target's database, or into another one with `--into`. */
export async function restore(run: Run): Promise<Ended<'restore'>> {
  const target = targetOf(run);
  const store = storeOf(run);
  const [id = ''] = run.invocation.arguments;
  const manifest = await store.readManifest(id);
  await using connection = await connect(target.uri, {
    database: run.invocation.flags.into ?? target.database,
    secrets: run.secrets,
    clientOptions: target.driverOptions,
  });
  const database = connection.db.databaseName;
  const managed = manifest.engine === 'atlas';
  // What Atlas does needs none of this user's privileges.
  await (managed ? checkManaged(run, connection, manifest) : refuseUnguarded(run, connection, [privileges]));
  await agree(
    run,
    managed
      ? whatItErases(run, manifest)
      : `Replace the collections of database ${database} (${target.environment}) by backup ${id} of ${manifest.createdAt}? What was written since is lost.`,
  );
  const about = { command: 'restore', target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  const result = await underLease(run, connection, async (tenure) => {
    const records = new ReleaseRecords(connection.db, run);
    const start: RecordStart = {
      kind: 'restore',
      backupId: id,
      migrations: [],
      reason: run.invocation.flags.reason,
    };
    await records.start(start);
    const restored = await records.around(() => restoreInto(run, connection, tenure, id));
    if (managed) await records.startAgain(start);
    await records.close({ outcome: 'applied' });
    return restored;
  });
  return { ...about, outcome: 'applied', result };
}

/**
 * Restores under the lease and sets the history to where it stood when the backup was taken. What Atlas restores takes
 * history, records and the lease with it.
 */
export async function restoreInto(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  id: string,
): Promise<RestoreResult> {
  const { flags } = run.invocation;
  const store = storeOf(run);
  const manifest = await store.readManifest(id);
  if (manifest.engine === 'atlas') return restoreManaged(run, connection, manifest);
  const restored = await restoreBackup(connection, store, id, {
    own: namesOf(run),
    only: flags.only,
    keepAdded: flags['keep-added'],
    log: run.log,
    signal: tenure.signal,
    identities: await identitiesOf(run),
    onProgress: restoreProgress(run.log),
  });
  // Only a whole restore takes the history with it: some collections alone are at no position.
  if (flags.only === undefined) {
    await setPosition(tenure.history, manifest.position.applied, { kind: 'restore', backupId: id });
    await tenure.adopt();
  }
  for (const { name } of restored.displaced) {
    run.log.warn(
      `Somebody wrote to ${name} while it was swapped in: those documents are in ${namesOf(run).prefix}.dropped collections.`,
      { collection: name },
    );
  }
  const counts = new Map(restored.contents.namespaces.map((entry) => [entry.name, entry.count]));
  return {
    backupId: id,
    database: connection.db.databaseName,
    restored: restored.restored.map((collection) => ({ collection, documents: counts.get(collection) ?? 0 })),
    removed: restored.removed,
    kept: restored.kept,
  };
}
