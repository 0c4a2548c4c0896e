import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { agree } from './agree.ts';
import { outcomeOfError } from './outcome.ts';
import { type ReleaseRecord, ReleaseRecords } from './record.ts';
import { checkManaged, whatItErases } from './restore-managed.ts';
import type { Ended, RollbackResult } from './result.ts';
import { aboutTarget, openTarget, type Run, targetOf } from './run.ts';
import { takeBack } from './take-back.ts';
import { storeOf } from './take-backup.ts';
import { underLease } from './under-lease.ts';
import { forecastOf } from './undo-release.ts';
import { findWayBack } from './way-back.ts';

/** `rollback [RELEASE]`: takes a release back, and verifies. */
export async function rollback(run: Run): Promise<Ended<'rollback'>> {
  const { reason, 'dry-run': dryRun } = run.invocation.flags;
  if (targetOf(run).environment === 'production' && reason === undefined && !dryRun) {
    throw new ReleaseError('USAGE', 'In production a rollback needs a reason, for the record.', {
      hint: 'Add --reason "…", or --dry-run to see what would be done.',
    });
  }
  await using connection = await openTarget(run, dryRun ? 'read' : 'write');
  const [asked] = run.invocation.arguments;
  const release = await findRelease(run, connection, asked);
  const about = { command: 'rollback', target: aboutTarget(run, connection), releaseId: release._id } as const;
  const find = () => findWayBack(run, connection, release, run.invocation.flags.strategy ?? 'auto');
  let found = await find();
  // A release that has only just begun looks like that too: whoever has the lease knows.
  if (found.way.strategy === 'none' && !dryRun) found = await underLease(run, connection, find);
  const { way, ways } = found;
  const planned: RollbackResult = {
    releaseId: release._id,
    strategy: way.strategy === 'none' ? 'undo' : way.strategy,
    reverted: [],
    kept: [],
    conflicts: [],
  };
  run.log.info(`The way back of release ${release._id}: ${way.strategy}. ${way.why}`);
  if (way.strategy === 'none') {
    const warnings = asked === undefined ? [`${way.why} To take an older release back, name it.`] : [way.why];
    return { ...about, outcome: 'nothing-to-do', result: planned, warnings };
  }
  if (dryRun) {
    const undo =
      way.strategy === 'undo' ? await forecastOf(run, connection, ways.wayDown.records, way.names) : undefined;
    const what =
      way.strategy === 'restore'
        ? `restore backup ${way.backupId}, and lose what was written since`
        : `${way.strategy === 'undo' ? 'undo' : 'go down'}: ${way.names.join(', ')}`;
    return {
      ...about,
      outcome: 'nothing-to-do',
      result: { ...planned, undo },
      warnings: [`Nothing was done. A rollback would ${what}.`],
    };
  }
  if (way.strategy === 'restore') {
    const manifest = await storeOf(run).readManifest(way.backupId);
    const managed = manifest.engine === 'atlas';
    if (managed && run.invocation.flags.strategy !== 'restore') {
      throw new ReleaseError('NO_WAY_BACK', `Only a restore leads back, which erases the whole cluster: ${way.why}`, {
        hint: `When that is right, type mongo-release rollback ${release._id} --strategy restore.`,
      });
    }
    if (managed) await checkManaged(run, connection, manifest);
    await agree(
      run,
      managed
        ? whatItErases(run, manifest)
        : `Restore backup ${way.backupId} in ${about.target.database} (${about.target.environment})? What was written since is lost.`,
    );
  }
  const { result, error } = await takeBack(run, connection, release, way);
  if (error) return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), result, error };
  return { ...about, outcome: 'rolled-back', result };
}

async function findRelease(run: Run, connection: Connection, asked: string | undefined): Promise<ReleaseRecord> {
  const records = new ReleaseRecords(connection.db, run);
  const found = asked === undefined ? await records.newest() : await records.find(asked);
  if (found !== null) return found;
  const what = asked === undefined ? 'no release that could be taken back' : `no release ${asked}`;
  throw new ReleaseError('RELEASE_UNKNOWN', `Database ${connection.db.databaseName} has a record of ${what}.`, {
    hint: 'mongo-release status shows what is applied; mongo-release down takes single migrations back.',
  });
}
