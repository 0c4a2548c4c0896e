import { privileges } from '../guard/guards/privileges.ts';
import { setPosition } from '../migration/history/without-run.ts';
import { type Connection, connect } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { agree } from './agree.ts';
import { refuseUnguarded } from './guards.ts';
import { identitiesOf } from './keys.ts';
import { restoreProgress } from './progress.ts';
import { type RecordStart, ReleaseRecords } from './record.ts';
import { checkManaged, restoreManaged, whatItErases } from './restore-managed.ts';
import { fromStore, type Source, sourceOf } from './restored-from.ts';
import type { Ended, RestoreResult } from './result.ts';
import { aboutTarget, namesOf, type Run, targetOf } from './run.ts';
import { storeOf } from './take-backup.ts';
import { checkBeforehand, runThatFollows, thenMigrate } from './then-migrate.ts';
import { type Tenure, underLease } from './under-lease.ts';

/** `restore BACKUP` or `restore FILE`: into the target's database, or into another one with `--into`. */
export async function restore(run: Run): Promise<Ended<'restore'>> {
  const target = targetOf(run);
  const { flags } = run.invocation;
  const [argument = ''] = run.invocation.arguments;
  const source = await sourceOf(run, argument);
  await using connection = await connect(target.uri, {
    database: flags.into ?? target.database,
    secrets: run.secrets,
    clientOptions: target.driverOptions,
  });
  // What Atlas does needs none of this user's privileges.
  await (source.kind === 'managed'
    ? checkManaged(run, connection, source.manifest)
    : refuseUnguarded(run, connection, [privileges]));
  const follows = flags['then-migrate'] ? runThatFollows(run, connection) : undefined;
  if (follows !== undefined) {
    refuseWithoutPosition(source);
    await checkBeforehand(follows, connection);
  }
  await agree(run, questionOf(run, connection, source));
  const about = { command: 'restore', target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  const records = new ReleaseRecords(connection.db, run);
  const result = await underLease(run, connection, async (tenure) => {
    const start: RecordStart = { kind: 'restore', backupId: argument, migrations: [], reason: flags.reason };
    await records.start(start);
    const restored = await records.around(() => restoreFrom(run, connection, tenure, source));
    if (source.kind === 'managed') await records.startAgain(start);
    if (follows === undefined) await records.close({ outcome: 'applied' });
    return restored;
  });
  const warnings = result.history === 'unchanged' && flags.only === undefined ? [unknownPosition(argument)] : [];
  if (follows === undefined) return { ...about, outcome: 'applied', result, warnings };
  const behind = source.kind === 'archive' ? source.from.stored : undefined;
  const { result: migrate, error, ...ended } = await thenMigrate(follows, connection, argument, behind);
  const outcome = error === undefined ? 'applied' : ended.outcome;
  await records.close({ outcome, error, followedBy: follows.releaseId });
  return {
    ...about,
    outcome,
    error,
    result: { ...result, migrate },
    warnings: [...warnings, ...(ended.warnings ?? [])],
  };
}

function questionOf(run: Run, { db }: Connection, source: Source): string {
  if (source.kind === 'managed') return whatItErases(run, source.manifest);
  const { environment } = targetOf(run);
  const then = run.invocation.flags['then-migrate'] ? ', and apply the migrations after it' : '';
  return `Replace the collections of database ${db.databaseName} (${environment}) by ${source.from.words}${then}? What was written since is lost.`;
}

/** What is pending follows from where in history the data are. */
function refuseWithoutPosition(source: Source): void {
  if (source.kind === 'managed') {
    throw new ReleaseError('USAGE', 'A snapshot of Atlas is restored by Atlas alone, and nothing follows it.', {
      hint: `Restore it without --then-migrate, then type mongo-release migrate.`,
    });
  }
  if (source.from.placed) return;
  throw new ReleaseError('USAGE', `${source.from.id} does not say which migrations its data have.`, {
    hint: 'Restore it without --then-migrate; then record what its data have with mongo-release baseline NAME, and type mongo-release migrate.',
  });
}

function unknownPosition(id: string): string {
  return `${id} does not say which migrations its data have, so the history is left as it was. Compare it with mongo-release status, and record what the data have with mongo-release baseline NAME.`;
}

/** Restores a backup of the store under the lease; see `restoreFrom`. */
export async function restoreInto(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  id: string,
): Promise<RestoreResult> {
  const manifest = await storeOf(run).readManifest(id);
  const source: Source =
    manifest.engine === 'atlas' ? { kind: 'managed', manifest } : { kind: 'archive', from: fromStore(run, manifest) };
  return restoreFrom(run, connection, tenure, source);
}

/**
 * Restores under the lease and sets the history to where it stood when the backup was taken. What Atlas restores takes
 * history, records and the lease with it.
 */
async function restoreFrom(run: Run, connection: Connection, tenure: Tenure, source: Source): Promise<RestoreResult> {
  if (source.kind === 'managed') return restoreManaged(run, connection, source.manifest);
  const { flags } = run.invocation;
  const { from } = source;
  const restored = await from.restore(connection, {
    own: namesOf(run),
    only: flags.only,
    keepAdded: flags['keep-added'],
    log: run.log,
    signal: tenure.signal,
    identities: await identitiesOf(run),
    onProgress: restoreProgress(run.log),
  });
  // Only a whole restore takes the history with it: some collections alone are at no position.
  const history = flags.only === undefined && from.placed;
  if (history) {
    if (from.position !== undefined)
      await setPosition(tenure.history, from.position, { kind: 'restore', backupId: from.id });
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
    backupId: from.id,
    database: connection.db.databaseName,
    restored: restored.restored.map((collection) => ({ collection, documents: counts.get(collection) ?? 0 })),
    removed: restored.removed,
    kept: restored.kept,
    history: history ? 'set' : 'unchanged',
  };
}
