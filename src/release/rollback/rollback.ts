import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { whatItRemoves } from '../added.ts';
import { refuseForeign } from '../backed-up-target.ts';
import { outcomeOfError } from '../outcome.ts';
import { needReason } from '../reason.ts';
import { type ReleaseRecord, ReleaseRecords } from '../record.ts';
import { agreeToErase, checkManaged, whatItErases } from '../restore-managed.ts';
import { fromStore } from '../restored-from.ts';
import type { Ended, RollbackResult } from '../result.ts';
import { aboutTarget, openTarget, type Run, targetOf } from '../run.ts';
import { storeOf } from '../take-backup.ts';
import { underLease } from '../under-lease.ts';
import { agreeToLoss, lossInWords, lossOf } from './loss.ts';
import { takeBack } from './take-back.ts';
import { forecastOf } from './undo-release.ts';
import { findWayBack, type WayBack } from './way-back.ts';

/** `rollback [RELEASE]`: takes a release back, and verifies. */
export async function rollback(run: Run): Promise<Ended<'rollback'>> {
  const { 'dry-run': dryRun } = run.invocation.flags;
  if (!dryRun) needReason(run, 'a rollback', ', or --dry-run to see what would be done');
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
    const what = await whatItWould(run, connection, release, way);
    return {
      ...about,
      outcome: 'nothing-to-do',
      result: { ...planned, undo },
      warnings: [`Nothing was done. A rollback would ${what}.`],
    };
  }
  if (way.strategy === 'restore') await agreeToRestore(run, connection, release, way);
  const { result, error } = await takeBack(run, connection, release, way);
  if (error) return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), result, error };
  return { ...about, outcome: 'rolled-back', result };
}

type WayTaken = Exclude<WayBack, { strategy: 'none' }>;

async function whatItWould(run: Run, connection: Connection, release: ReleaseRecord, way: WayTaken): Promise<string> {
  if (way.strategy !== 'restore') return `${way.strategy === 'undo' ? 'undo' : 'go down'}: ${way.names.join(', ')}`;
  const manifest = await storeOf(run).readManifest(way.backupId);
  if (manifest.engine !== 'atlas') {
    const loss = await lossOf(run, connection, manifest);
    return `restore backup ${way.backupId}. ${lossInWords(loss)}`;
  }
  refuseUnnamed(run, release, way);
  return whatItErases(run, manifest);
}

async function agreeToRestore(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Extract<WayBack, { strategy: 'restore' }>,
): Promise<void> {
  const manifest = await storeOf(run).readManifest(way.backupId);
  await refuseForeign(run, connection, release, manifest);
  if (manifest.engine === 'atlas') {
    refuseUnnamed(run, release, way);
    await checkManaged(run, connection, manifest);
    return agreeToErase(run, manifest);
  }
  const { environment } = targetOf(run);
  const removes = await whatItRemoves(run, connection, fromStore(run, manifest));
  const question = `Restore backup ${way.backupId} in ${connection.db.databaseName} (${environment})?${removes}`;
  await agreeToLoss(run, question, await lossOf(run, connection, manifest));
}

/** A whole cluster goes only where somebody has named that way. */
function refuseUnnamed(run: Run, release: ReleaseRecord, { why }: WayTaken): void {
  if (run.invocation.flags.strategy === 'restore') return;
  throw new ReleaseError('NO_WAY_BACK', `Only a restore leads back, which erases the whole cluster: ${why}`, {
    hint: `When that is right, type mongo-release rollback ${release._id} --strategy restore.`,
  });
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
