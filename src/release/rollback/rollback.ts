import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { outcomeOfError } from '../outcome.ts';
import { needReason } from '../reason.ts';
import type { ReleaseRecord } from '../record.ts';
import { ReleaseRecords } from '../records.ts';
import type { Ended } from '../result.ts';
import { aboutTarget, openTarget, type Run } from '../run.ts';
import { underLease } from '../under-lease.ts';
import { cutOffBefore } from './cut-off.ts';
import { type Earlier, earlierRollback } from './earlier.ts';
import { agreeToRestore, wouldRestore } from './restoring.ts';
import type { RollbackResult } from './result.ts';
import { takeBack } from './take-back.ts';
import { stoppedAt, trafficAfter } from './traffic.ts';
import { forecastOf } from './undo-release.ts';
import { type AskedStrategy, type Found, findWayBack, nothingRead } from './way-back.ts';

/** `rollback [RELEASE]`: takes a release back, and goes on with a rollback of it that did not come to its end. */
export async function rollback(run: Run): Promise<Ended<'rollback'>> {
  const { 'dry-run': dryRun } = run.invocation.flags;
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
    const overtaken = earlier.state === 'overtaken' ? earlier.record : undefined;
    if (overtaken === undefined || dryRun) {
      const warnings = [asked === undefined ? `${way.why} To take an older release back, name it.` : way.why];
      if (overtaken !== undefined) warnings.push(leftUnfinished(overtaken));
      return { ...about, outcome: 'nothing-to-do', result: planned(release, situation), warnings };
    }
    const error = await agreeToRest(run, release, overtaken);
    if (error !== undefined) return { ...about, outcome: 'failed-dirty', result: planned(release, situation), error };
    situation = { ...situation, earlier: { state: 'unfinished', record: overtaken, dataBack: true } };
  }
  const stays =
    way.strategy === 'undo' || way.strategy === 'down' ? await cutOffBefore(run, connection, release) : undefined;
  const alsoSay = (warnings: readonly string[]) => (stays === undefined ? warnings : [...warnings, stays]);
  if (dryRun) {
    const { result, warnings } = await foretell(run, connection, release, situation);
    return { ...about, outcome: 'nothing-to-do', result, warnings: alsoSay(warnings) };
  }
  const begun = situation.earlier.state === 'unfinished' ? situation.earlier.record : undefined;
  if (begun !== undefined) run.log.info(`Rollback ${begun._id} goes on from where it stopped.`);
  if (begun?.reason === undefined) needReason(run, 'a rollback', ', or --dry-run to see what would be done');
  const consent = way.strategy === 'restore' ? await agreeToRestore(run, connection, release, way) : undefined;
  const { error, result, warnings } = await takeBack(run, connection, release, way, situation.earlier, consent);
  const taken = { result, warnings: alsoSay(warnings) };
  if (error === undefined) return { ...about, outcome: 'rolled-back', ...taken };
  return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), ...taken, error };
}

interface Situation extends Found {
  readonly earlier: Earlier;
}

/**
 * What is to be done. Where the data are back already, only what comes after them; what has begun goes on the way that it
 * is on, unless another one is named.
 */
async function look(run: Run, connection: Connection, release: ReleaseRecord): Promise<Situation> {
  const { strategy: named } = run.invocation.flags;
  const earlier = await earlierRollback(run, connection, release._id);
  const find = async (asked: AskedStrategy) => {
    const found = await findWayBack(run, connection, release, asked).catch((thrown: unknown) => {
      throw withTraffic(asReleaseError(thrown), earlier);
    });
    return { earlier, ...found };
  };
  if (earlier.state !== 'unfinished') return find(named ?? 'auto');
  const { strategy: begun = 'none' } = earlier.record;
  if (earlier.dataBack) {
    if (named !== undefined && named !== 'auto' && named !== begun) throw backOtherwise(release, earlier.record, named);
    return { earlier, way: { strategy: 'none', why: 'An earlier run has taken the data back.' }, wayDown: nothingRead };
  }
  return find(named ?? (begun === 'none' ? 'auto' : begun));
}

/** Whatever keeps a rollback from going on: users may be shut out since it stopped. */
function withTraffic(cause: ReleaseError, earlier: Earlier): ReleaseError {
  const traffic = earlier.state === 'none' ? undefined : trafficAfter(earlier.record.steps ?? []);
  if (traffic === undefined) return cause;
  const { code, message, hint, details } = cause;
  return new ReleaseError(code, `${message} ${traffic}`, { hint, details, cause });
}

function nothingLeft({ way, earlier }: Situation): boolean {
  return way.strategy === 'none' && earlier.state !== 'unfinished';
}

function backOtherwise(release: ReleaseRecord, { strategy, steps = [] }: ReleaseRecord, named: string): ReleaseError {
  const { _id, backupId } = release;
  const restoring =
    named === 'restore' && backupId !== undefined ? `; mongo-release restore ${backupId} brings the backup back` : '';
  return new ReleaseError('NO_WAY_BACK', `The data of release ${_id} are back already, by ${strategy}.`, {
    hint: `Type mongo-release rollback ${_id} without --strategy: it goes on with ${stoppedAt(steps)}${restoring}.`,
  });
}

/** What was left of a rollback may not fit what was applied since. An error, unless a person says that it does. */
async function agreeToRest(run: Run, { _id }: ReleaseRecord, left: ReleaseRecord): Promise<ReleaseError | undefined> {
  const { steps = [] } = left;
  const at = stoppedAt(steps);
  const message = [leftUnfinished(left), trafficAfter(steps)].filter((part) => part !== undefined).join(' ');
  if (run.invocation.flags.yes) return undefined;
  if (await run.confirm?.(`${message} Nothing of release ${_id} is in the target. Go on with ${at}?`)) return undefined;
  return new ReleaseError('ROLLBACK_FAILED', message, {
    hint: `Look whether what is left still fits what was applied since; if so, type mongo-release rollback ${_id} --yes: it goes on with ${at}, and leaves the data as they are.`,
  });
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
      const undo = await forecastOf(run, connection, wayDown.records, way.names).catch(onlyLooked);
      return { result: { ...result, undo }, warnings: nothingDone(`undo: ${way.names.join(', ')}`) };
    }
    case 'restore': {
      const { words, loss } = await wouldRestore(run, connection, release, way);
      return { result: { ...result, loss }, warnings: nothingDone(words) };
    }
  }
}

function leftUnfinished({ _id, steps = [] }: ReleaseRecord): string {
  return `Rollback ${_id} stopped at ${stoppedAt(steps)}, and the history was changed since.`;
}

/** What asks the project's `downDocument` may fail as a migration does, and nothing was changed by that. */
function onlyLooked(thrown: unknown): never {
  const error = asReleaseError(thrown);
  if (error.exitCode !== 8) throw error;
  throw new ReleaseError('NO_WAY_BACK', `What an undo would do cannot be told: ${error.message} Nothing was done.`, {
    hint: error.hint,
    cause: error,
  });
}

/** The release of that id, or the one that the rollback of that id takes back. */
async function findRelease(run: Run, connection: Connection, asked: string | undefined): Promise<ReleaseRecord> {
  const records = new ReleaseRecords(connection.db, run);
  const found = asked === undefined ? await records.newest() : await records.find(asked);
  if (found !== null && (found.kind === 'migrate' || found.kind === 'release')) return found;
  if (found?.kind === 'rollback' && found.of !== undefined) return findRelease(run, connection, found.of);
  // A release of code alone has a record only once it was to be taken back.
  const ofCode = asked === undefined ? null : await records.rollbackOf(asked);
  if (asked !== undefined && ofCode !== null) return { ...ofCode, _id: asked };
  const what =
    asked === undefined
      ? 'no release that could be taken back'
      : `no release ${asked}${found === null ? '' : `: that is a ${found.kind}`}`;
  throw new ReleaseError('RELEASE_UNKNOWN', `Database ${connection.db.databaseName} has a record of ${what}.`, {
    hint: 'mongo-release status shows what is applied; mongo-release down takes single migrations back.',
  });
}
