import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { outcomeOfError } from '../outcome.ts';
import { needReason } from '../reason.ts';
import { type ReleaseRecord, ReleaseRecords } from '../record.ts';
import type { Ended } from '../result.ts';
import { aboutTarget, openTarget, type Run } from '../run.ts';
import { underLease } from '../under-lease.ts';
import { type Earlier, earlierRollback } from './earlier.ts';
import { agreeToRestore, wouldRestore } from './restoring.ts';
import type { RollbackResult } from './result.ts';
import { takeBack } from './take-back.ts';
import { forecastOf } from './undo-release.ts';
import { type Found, findWayBack, nothingRead } from './way-back.ts';

/** `rollback [RELEASE]`: takes a release back, and goes on with a rollback of it that did not come to its end. */
export async function rollback(run: Run): Promise<Ended<'rollback'>> {
  const { 'dry-run': dryRun } = run.invocation.flags;
  if (!dryRun) needReason(run, 'a rollback', ', or --dry-run to see what would be done');
  await using connection = await openTarget(run, dryRun ? 'read' : 'write');
  const [asked] = run.invocation.arguments;
  const release = await findRelease(run, connection, asked);
  const about = { command: 'rollback', target: aboutTarget(run, connection), releaseId: release._id } as const;
  let situation = await look(run, connection, release);
  // A release that has only just begun looks like that too: whoever has the lease knows.
  if (nothingLeft(situation) && !dryRun)
    situation = await underLease(run, connection, () => look(run, connection, release));
  const { way, earlier } = situation;
  run.log.info(`The way back of release ${release._id}: ${way.strategy}. ${way.why}`);
  if (nothingLeft(situation)) {
    const warnings = [asked === undefined ? `${way.why} To take an older release back, name it.` : way.why];
    if (earlier.state === 'overtaken') warnings.push(leftUnfinished(earlier.record));
    return { ...about, outcome: 'nothing-to-do', result: planned(release, situation), warnings };
  }
  if (earlier.state === 'unfinished') run.log.info(`Rollback ${earlier.record._id} goes on from where it stopped.`);
  if (dryRun) return { ...about, outcome: 'nothing-to-do', ...(await foretell(run, connection, release, situation)) };
  if (way.strategy === 'restore') await agreeToRestore(run, connection, release, way);
  const { error, ...taken } = await takeBack(run, connection, release, way, earlier);
  if (error === undefined) return { ...about, outcome: 'rolled-back', ...taken };
  return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), ...taken, error };
}

interface Situation extends Found {
  readonly earlier: Earlier;
}

/** Where the data are back already, only what comes after them is left, whichever way is asked for by now. */
async function look(run: Run, connection: Connection, release: ReleaseRecord): Promise<Situation> {
  const earlier = await earlierRollback(run, connection, release._id);
  if (earlier.state === 'unfinished' && earlier.dataBack) {
    return { earlier, way: { strategy: 'none', why: 'An earlier run has taken the data back.' }, wayDown: nothingRead };
  }
  return { earlier, ...(await findWayBack(run, connection, release, run.invocation.flags.strategy ?? 'auto')) };
}

function nothingLeft({ way, earlier }: Situation): boolean {
  return way.strategy === 'none' && earlier.state !== 'unfinished';
}

function planned(release: ReleaseRecord, { way }: Situation): RollbackResult {
  return { releaseId: release._id, strategy: way.strategy, reverted: [], kept: [], conflicts: [] };
}

async function foretell(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  situation: Situation,
): Promise<Required<Pick<Ended<'rollback'>, 'result' | 'warnings'>>> {
  const { way, earlier, wayDown } = situation;
  const result = planned(release, situation);
  const done = (earlier.state === 'unfinished' ? (earlier.record.steps ?? []) : []).filter(
    ({ state }) => state === 'done',
  );
  const before = done.length === 0 ? '' : ` Done before: ${done.map(({ name }) => name).join(', ')}.`;
  const nothingDone = (would: string) => [`Nothing was done. A rollback would ${would.replace(/\.$/, '')}.${before}`];
  switch (way.strategy) {
    case 'none':
      return { result, warnings: nothingDone('go on after the data') };
    case 'down':
      return { result, warnings: nothingDone(`go down: ${way.names.join(', ')}`) };
    case 'undo': {
      const undo = await forecastOf(run, connection, wayDown.records, way.names);
      return { result: { ...result, undo }, warnings: nothingDone(`undo: ${way.names.join(', ')}`) };
    }
    case 'restore': {
      const { words, loss } = await wouldRestore(run, connection, release, way);
      return { result: { ...result, loss }, warnings: nothingDone(words) };
    }
  }
}

function leftUnfinished({ _id, steps = [] }: ReleaseRecord): string {
  const at = steps.find(({ state }) => state !== 'done' && state !== 'skipped')?.name ?? 'its beginning';
  return `Rollback ${_id} stopped at ${at}. The history was changed since, so nothing goes on with it.`;
}

async function findRelease(run: Run, connection: Connection, asked: string | undefined): Promise<ReleaseRecord> {
  const records = new ReleaseRecords(connection.db, run);
  const found = asked === undefined ? await records.newest() : await records.find(asked);
  if (found !== null) return found;
  // A release of code alone has a record only once it was to be taken back.
  const ofCode = asked === undefined ? null : await records.rollbackOf(asked);
  if (asked !== undefined && ofCode !== null) return { ...ofCode, _id: asked };
  const what = asked === undefined ? 'no release that could be taken back' : `no release ${asked}`;
  throw new ReleaseError('RELEASE_UNKNOWN', `Database ${connection.db.databaseName} has a record of ${what}.`, {
    hint: 'mongo-release status shows what is applied; mongo-release down takes single migrations back.',
  });
}
