import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { outcomeOfError } from '../outcome.ts';
import { needReason } from '../reason.ts';
import type { ReleaseRecord } from '../record.ts';
import { ReleaseRecords } from '../records.ts';
import type { Ended } from '../result.ts';
import { aboutTarget, openTarget, type Run, targetOf } from '../run.ts';
import { underLease } from '../under-lease.ts';
import { cutOffBefore } from './cut-off.ts';
import { foretell, planned, sayWhatStays } from './foretell.ts';
import { look, nothingLeft } from './look.ts';
import { agreeToRestore } from './restoring.ts';
import { takeBack } from './take-back.ts';
import { stateIn, stoppedAt, trafficAfter } from './traffic.ts';

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
    const warnings = [asked === undefined ? `${way.why} To take an older release back, name it.` : way.why];
    const nothing = { ...about, outcome: 'nothing-to-do', result: planned(release, situation), warnings } as const;
    if (earlier.state === 'overtaken') {
      const { record } = earlier;
      if (dryRun) return { ...nothing, warnings: [...warnings, leftUnfinished(record)] };
      const error = await agreeToRest(run, release, record);
      if (error !== undefined) return { ...nothing, outcome: 'failed-dirty', warnings: [], error };
      situation = { ...situation, earlier: { state: 'unfinished', record, dataBack: true } };
    } else {
      // Once it was taken back, the application is none of it any more.
      const deployed =
        earlier.record === undefined && !['skipped', undefined].includes(stateIn(release.steps ?? [], 'deploy'));
      if (!deployed) return nothing;
      const { offer, agreed } = await offerApplication(run, release);
      if (!agreed) return { ...nothing, warnings: [...warnings, offer] };
    }
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
  await sayWhatStays(run, connection, situation);
  const consent = way.strategy === 'restore' ? await agreeToRestore(run, connection, release, way) : undefined;
  const { error, result, warnings } = await takeBack(run, connection, release, way, situation.earlier, consent);
  const taken = { result, warnings: alsoSay(warnings) };
  if (error === undefined) return { ...about, outcome: 'rolled-back', ...taken };
  return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), ...taken, error };
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

/** A release of which nothing is in the data has still deployed: what brings that back, and whether a person agrees to it. */
async function offerApplication(run: Run, { _id }: ReleaseRecord): Promise<{ offer: string; agreed: boolean }> {
  const { flags, settings } = run.invocation;
  const its = 'It deployed the application';
  if (settings.hooks['rollback-app'] === undefined)
    return { offer: `${its}, and there is no hook rollback-app: bring the one before back by hand.`, agreed: false };
  const reason = targetOf(run).environment === 'production' ? ' --reason "…"' : '';
  const offer = `${its}: mongo-release rollback ${_id} --yes${reason} brings the one before back by hooks.rollback-app, and leaves the data as they are.`;
  if (flags['dry-run']) return { offer, agreed: false };
  const question = `Nothing of release ${_id} is in the data. Bring the application back by hooks.rollback-app?`;
  return { offer, agreed: flags.yes === true || (await run.confirm?.(question)) === true };
}

function leftUnfinished({ _id, steps = [] }: ReleaseRecord): string {
  return `Rollback ${_id} stopped at ${stoppedAt(steps)}, and the history was changed since.`;
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
