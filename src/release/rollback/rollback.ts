import { environment } from '../../guard/guards/environment.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseOrServerError } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { refuseUnguarded } from '../guards.ts';
import { outcomeOfError } from '../outcome.ts';
import { needReason } from '../reason.ts';
import { hasTakenBack } from '../record/outcomes.ts';
import { deploysOf, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Ended } from '../result.ts';
import { aboutTarget, openTarget, type Run } from '../run.ts';
import { typed } from '../typed.ts';
import { underLease } from '../under-lease.ts';
import { deployedWarnings, isLeftDeployed, staysDeployed } from './application.ts';
import { cutOffBefore } from './cut-off.ts';
import { type Earlier, stepsBefore } from './earlier.ts';
import { findRelease, otherThanNewest } from './find-release.ts';
import { foretell, planned, sayWhatStays } from './foretell.ts';
import { letUsersIn } from './let-users-in.ts';
import { look, nothingLeft } from './look.ts';
import { agreeToGoOn, withoutLoss } from './restore-goes-on.ts';
import { agreeToRestore } from './restoring.ts';
import type { RollbackResult } from './result.ts';
import { refuseDeploying, refuseRunning } from './still-running.ts';
import { takeBack } from './take-back.ts';
import { stoppedAt, trafficInWords } from './traffic.ts';

/** `rollback [RELEASE]`: takes a release back, and goes on with a rollback of it that did not come to its end. */
export async function rollback(run: Run): Promise<Ended<'rollback'>> {
  const { 'dry-run': dryRun } = run.invocation.flags;
  await using connection = await openTarget(run, dryRun ? 'read' : 'write');
  await refuseUnguarded(run, connection, [environment], !dryRun);
  const [asked] = run.invocation.arguments;
  if (run.invocation.flags['start-traffic']) return await letUsersIn(run, connection, asked);
  const release = await findRelease(run, connection, asked);
  const about = { command: 'rollback', target: aboutTarget(run, connection), releaseId: release._id } as const;
  try {
    return { ...about, ...(await goBack(run, connection, release)) };
  } catch (thrown) {
    const error = asReleaseOrServerError(thrown, 'running rollback');
    return { ...about, outcome: outcomeOfError(error, false), error };
  }
}

async function goBack(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
): Promise<Pick<Ended<'rollback'>, 'outcome' | 'result' | 'warnings' | 'error'>> {
  const { 'dry-run': dryRun } = run.invocation.flags;
  const [asked] = run.invocation.arguments;
  const cutOff = await refuseRunning(run, connection, release);
  const beside = await refuseDeploying(run, connection, release._id);
  const running = [cutOff, beside].filter((one) => one !== undefined);
  for (const one of running) run.log.warn(one);
  let situation = await look(run, connection, release);
  // A release that has only just begun looks like that too: whoever has the lease knows.
  if (nothingLeft(situation) && !dryRun)
    situation = await underLease(run, connection, () => look(run, connection, release));
  const { way, earlier } = situation;
  run.log.info(`The way back of release ${release._id}: ${way.strategy}. ${way.why}`);
  const told: string[] = [];
  if (nothingLeft(situation)) {
    const other = asked === undefined ? await otherThanNewest(run, connection, release, earlier, way.why) : '';
    const warnings = [`${way.why}${other}`];
    const nothing = { outcome: 'nothing-to-do', result: planned(release, situation), warnings } as const;
    if (earlier.state === 'overtaken') {
      const { record } = earlier;
      if (dryRun) return { ...nothing, warnings: [...warnings, leftUnfinished(record)] };
      const rest = { state: 'unfinished', record, dataBack: true } as const;
      const error = await agreeToRest(run, connection, release, rest);
      if (error !== undefined) return { ...nothing, outcome: 'failed-dirty', warnings: [], error };
      situation = { ...situation, earlier: rest };
    } else {
      const deployed = isLeftDeployed(release, earlier.record);
      if (deployed === 'no') return nothing;
      const hooked = run.invocation.settings.hooks['rollback-app'] !== undefined;
      const inTheWay = await whyNotTheApplication(run, connection, release, deployed, hooked);
      if (inTheWay !== undefined) return { ...nothing, warnings: [...warnings, inTheWay] };
      if (!hooked) {
        const settled = earlier.record !== undefined && hasTakenBack(earlier.record, release);
        if (dryRun || settled) return { ...nothing, warnings: [...warnings, staysDeployed] };
        // What is left is a person's; that it is taken back goes on record.
        told.push(...warnings);
      }
    }
  }
  const stays = await cutOffBefore(run, connection, release);
  const deployed = deploysOf(release).length > 0;
  const alsoSay = (warnings: readonly string[], { steps }: RollbackResult) => [
    ...told,
    ...warnings,
    ...deployedWarnings(deployed, steps),
    ...(stays === undefined ? [] : [stays.why]),
    ...(dryRun ? running : []),
  ];
  const byName = way.strategy === 'restore' && run.invocation.flags.strategy === 'restore';
  const lossless = byName ? await withoutLoss(run, connection, release) : [];
  if (dryRun) {
    told.push(...lossless);
    const { result, warnings } = await foretell(run, connection, release, situation);
    return { outcome: 'nothing-to-do', result, warnings: alsoSay(warnings, result) };
  }
  const begun = situation.earlier.state === 'unfinished' ? situation.earlier.record : undefined;
  if (begun !== undefined) run.log.info(`Rollback ${begun._id} goes on from where it stopped.`);
  if (begun?.reason === undefined) needReason(run, 'a rollback', ', or --dry-run to see what would be done');
  await sayWhatStays(run, connection, release, situation);
  // What goes on says so itself.
  if (begun === undefined) for (const one of lossless) run.log.warn(typed(run, one));
  const consent =
    way.strategy === 'restore'
      ? await (begun === undefined
          ? agreeToRestore(run, connection, release, way)
          : agreeToGoOn(run, connection, release, way, begun))
      : undefined;
  if (consent instanceof ReleaseError) {
    const result = { ...planned(release, situation), steps: begun?.steps };
    return { outcome: 'failed-dirty', result, warnings: alsoSay([], result), error: consent };
  }
  // Whoever answers a question takes the time for it, and a sign of life that was late may be there by now.
  if (cutOff !== undefined) await refuseRunning(run, connection, release);
  const { error, result, warnings } = await takeBack(run, connection, release, way, situation.earlier, consent);
  const taken = { result, warnings: alsoSay(warnings, result) };
  if (error === undefined) return { outcome: 'rolled-back', ...taken };
  return { outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), ...taken, error };
}

/** What was left of a rollback may not fit what was applied since. An error, unless a person says that it does. */
async function agreeToRest(
  run: Run,
  { db }: Connection,
  { _id }: ReleaseRecord,
  rest: Extract<Earlier, { state: 'unfinished' }>,
): Promise<ReleaseError | undefined> {
  const { traffic } = (await new RollbackRecords(db, run).trafficStopped()) ?? {};
  const at = stoppedAt(stepsBefore(rest));
  const message = [leftUnfinished(rest.record), ...(traffic === undefined ? [] : [trafficInWords(traffic)])].join(' ');
  const only = traffic === undefined ? '' : ' With --start-traffic instead it only lets users in.';
  if (run.invocation.flags.yes) return undefined;
  if (await run.confirm?.(`${message} Nothing of release ${_id} is in the target. Go on with ${at}?`)) return undefined;
  return new ReleaseError('ROLLBACK_FAILED', message, {
    hint: `Look whether what is left still fits what was applied since; if so, type mongo-release rollback ${_id} --yes: it goes on with ${at}, and leaves the data as they are.${only}`,
  });
}

/** Why the application of a release of which nothing is in the data is not brought back; undefined where it is. */
async function whyNotTheApplication(
  run: Run,
  { db }: Connection,
  release: ReleaseRecord,
  deployed: 'yes' | 'unknown',
  hooked: boolean,
): Promise<string | undefined> {
  const since = deploysOf(release).at(-1)?.startedAt;
  const overtaken = since !== undefined && (await new ReleaseRecords(db, run).deployedAfter(since));
  if (!hooked) return overtaken ? 'Another release has deployed since.' : undefined;
  if (!overtaken && deployed === 'yes') return undefined;
  const why = overtaken
    ? 'Another release has deployed since, and what hooks.rollback-app brings back may be older than that.'
    : 'Nobody saw whether its deploy ended before a rollback brought the application of before back, or after.';
  if (run.invocation.flags.yes || (await run.confirm?.(`${why} Run it all the same?`))) return undefined;
  return `${why} Where that is right, type mongo-release rollback ${release._id} --yes.`;
}

function leftUnfinished({ _id, steps = [] }: ReleaseRecord): string {
  return `Rollback ${_id} stopped at ${stoppedAt(steps)}, and something was applied or deployed since.`;
}
