import type { ArchiveManifest, Manifest } from '../../backup/manifest.ts';
import type { SetHistory } from '../../backup/restore/record.ts';
import { isUnfinished, type SettleOptions, settleRestore } from '../../backup/restore/settle.ts';
import type { RestoreOptions } from '../../backup/restore.ts';
import { listed } from '../../migration/files/find.ts';
import { setPosition } from '../../migration/history/without-run.ts';
import type { Connection } from '../../mongo/connect.ts';
import { identitiesOf } from '../backup/keys.ts';
import { restoreProgress } from '../progress.ts';
import type { RestoreResult } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import { type Tenure, underLease } from '../under-lease.ts';
import { addedSince, keepsAdded } from './added.ts';
import { restoreManaged } from './restore-managed.ts';
import { fromStore, type Source } from './restored-from.ts';

/** Restores a backup of the store under the lease, once `mayReplace` does not throw; see `restoreFrom`. An earlier restore is ended before. */
export function restoreOf(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  manifest: Manifest,
  mayReplace: RestoreOptions['mayReplace'],
): Promise<RestoreResult> {
  return restoreFrom(
    run,
    connection,
    tenure,
    manifest.engine === 'atlas' ? { kind: 'managed', manifest } : { kind: 'archive', from: fromStore(run, manifest) },
    mayReplace,
  );
}

/**
 * Ends under the lease what an earlier restore left. Comes back with its result where it was of this whole backup, and
 * has come to its end by that.
 */
export async function finishEarlier(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  manifest?: ArchiveManifest,
): Promise<RestoreResult | undefined> {
  const settled = await settleRestore(connection, settlingOf(run, tenure));
  if (manifest === undefined || settled.kind !== 'finished' || settled.backupId !== manifest.id) return undefined;
  const { restored, removed, displaced } = settled;
  const { namespaces } = manifest;
  if (!namespaces.every(({ name }) => restored.includes(name))) return undefined;
  return {
    backupId: manifest.id,
    database: connection.db.databaseName,
    restored: namespaces.map(({ name, count }) => ({ collection: name, documents: count })),
    removed,
    kept: await addedSince(run, connection, fromStore(run, manifest)),
    ...(displaced.length > 0 && { displaced }),
    history: 'set',
  };
}

/**
 * What an earlier restore left is ended first: all that it needs is in the database, whatever became of the store. Comes
 * back with what that was, in sentences, where it has changed anything.
 */
export async function settleEarlier(run: Run, connection: Connection): Promise<string[]> {
  if (!(await isUnfinished(connection.db, namesOf(run)))) return [];
  const settled = await underLease(run, connection, (tenure) => settleRestore(connection, settlingOf(run, tenure)));
  if (settled.kind !== 'finished') return [];
  const { backupId, restored, removed, displaced } = settled;
  const gone = removed.length === 0 ? '' : ` Removed: ${listed(removed, 20)}.`;
  const moved = displaced.map(({ name, tombstone }) => ` What others had made as ${name} is in ${tombstone}.`).join('');
  return [
    `An earlier restore, of backup ${backupId}, had been interrupted and was finished before: ${listed(restored, 20)}.${gone}${moved}`,
  ];
}

function settlingOf(run: Run, tenure: Tenure): SettleOptions {
  return { own: namesOf(run), log: run.log, signal: tenure.signal, setHistory: historyOf(tenure) };
}

function historyOf(tenure: Tenure): SetHistory {
  return async (backupId, placement) => {
    if (placement !== 'changelog') await setPosition(tenure.history, placement, { kind: 'restore', backupId });
    await tenure.adopt();
  };
}

/**
 * Restores under the lease and sets the history to where it stood when the backup was taken. What Atlas restores takes
 * history, records and the lease with it.
 */
export async function restoreFrom(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  source: Source,
  mayReplace?: RestoreOptions['mayReplace'],
): Promise<RestoreResult> {
  if (source.kind === 'managed') return restoreManaged(run, connection, source.manifest);
  const { flags } = run.invocation;
  const { from } = source;
  // Only a whole restore takes the history with it: some collections alone are at no position.
  const placement = flags.only === undefined ? from.placement : undefined;
  const restored = await from.restore(connection, {
    own: namesOf(run),
    history: placement && { placement, set: historyOf(tenure) },
    only: flags.only,
    keepAdded: keepsAdded(run, from),
    log: run.log,
    signal: tenure.signal,
    identities: await identitiesOf(run),
    onProgress: restoreProgress(run.log),
    mayReplace,
  });
  const counts = new Map(restored.contents.namespaces.map((entry) => [entry.name, entry.count]));
  return {
    backupId: from.id,
    database: connection.db.databaseName,
    restored: restored.restored.map((collection) => ({ collection, documents: counts.get(collection) ?? 0 })),
    removed: restored.removed,
    kept: restored.kept,
    ...(restored.displaced.length > 0 && { displaced: restored.displaced }),
    history: placement === undefined ? 'unchanged' : 'set',
  };
}
