import type { RehearsalLevel } from '../config/schema.ts';
import { listed } from '../migration/files/find.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import { notStarted, type Progress } from './apply.ts';
import { applyPlan, asksForExactly, outcomeOf, stoppedAfter } from './apply-plan.ts';
import { backupBehind, type StoredBackup } from './backup-for.ts';
import { checkedSituation } from './checked-situation.ts';
import { refuseUnguarded } from './guards.ts';
import { outcomeOfError } from './outcome.ts';
import { ReleaseRecords } from './record.ts';
import { rehearsePending } from './rehearsal/pending.ts';
import { reliedOn } from './rehearsal/rely.ts';
import type { RehearsalResult, ReliedOn } from './rehearsal/result.ts';
import type { Ended, MigrateResult } from './result.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { type Settled, settleBegun } from './settle.ts';
import type { Situation } from './situation.ts';
import { notRehearsed, rehearsable, rehearsalImpossible, takenUp } from './taken-up.ts';
import { underLease } from './under-lease.ts';

/**
 * `migrate` and `up`: a rehearsal of what is pending, or with `--apply` that and the real thing. What an earlier run has
 * begun cannot be rehearsed: it is brought to its end first, and what is pending then is rehearsed and applied as always.
 */
export async function migrate(run: Run): Promise<Ended<'migrate' | 'up'>> {
  const command = run.invocation.command === 'up' ? 'up' : 'migrate';
  const apply = command === 'up' || run.invocation.flags.apply === true;
  const level = apply ? applyLevel(run) : dryRunLevel(run);
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  if (apply) await refuseUnguarded(run, connection);
  // Awaited here: the connection closes when this function is left.
  return await migrateOn(run, connection, { command, apply, level });
}

export interface MigrateOn {
  readonly command?: 'migrate' | 'up';
  /** Default true. */
  readonly apply?: boolean;
  readonly level: RehearsalLevel;
  /** The backup that an apply relies on, or that it has none, where the caller knows. Default: as `backupBehind` finds it. */
  readonly chosen?: { readonly behind: StoredBackup | undefined };
}

/** The same on a connection, once the guards have been asked. */
export async function migrateOn(
  run: Run,
  connection: Connection,
  { command = 'migrate', apply = true, level, chosen }: MigrateOn,
): Promise<Ended<'migrate' | 'up'>> {
  const about = { command, target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  const situation = await checkedSituation(run, connection);
  const nothing: MigrateResult = { releaseId: run.releaseId, applied: [] };
  // A project's first run: it has nothing to do but to take over what migrate-mongo has on record.
  if (situation.plan.pending.length === 0 && apply && situation.changelogDiffers)
    await underLease(run, connection, async () => {});
  if (situation.plan.pending.length === 0) return { ...about, outcome: 'nothing-to-do', result: nothing };

  const { behind } = chosen ?? { behind: await backupBehind(run, connection, situation, apply) };
  const begun = takenUp(situation).length > 0;
  if (!apply) {
    if (begun) throw rehearsalImpossible(run, situation);
    const { result: rehearsal, error } = await rehearsePending(run, connection, situation, behind);
    if (error !== undefined) return { ...about, outcome: 'failed-clean', result: { ...nothing, rehearsal }, error };
    return { ...about, outcome: 'rehearsed', result: { ...nothing, rehearsal } };
  }
  // What is rehearsed in full is its own proof.
  const relied = level === 'full' ? undefined : await reliedOn(run, connection, situation);
  const warnings = behind === undefined ? irreversibly(situation) : [];
  if (level === 'none' && relied?.proof === undefined) warnings.unshift('Nothing was rehearsed.');
  else if (begun && asksForExactly(run)) {
    // Said before anything is written, not only at the end.
    const note = notRehearsed(situation);
    run.log.warn(note);
    warnings.unshift(note);
  }
  const settles = begun && level !== 'none' && !asksForExactly(run);
  const settled = settles
    ? await settleBegun(run, connection, situation, { kind: 'migrate', backupId: behind?.id })
    : { progress: notStarted, situation };
  const rehearses = level !== 'none' && rehearsable(settled.situation).length > 0;
  const how = { behind, rehearses, relied };
  const { progress, outcome, ...shown } = await rehearseAndApply(run, connection, settled, how);
  const { done, failed, remaining, error, untouched } = progress;
  const result = { releaseId: run.releaseId, applied: done, failed, remaining, ...shown };
  if (settles && error !== undefined) {
    // Its record was closed once what was begun had come to its end.
    const records = new ReleaseRecords(connection.db, run);
    await records.close({ outcome, error });
  }
  // While this run waited for the lease, another one may have done all of it.
  if (untouched) return { ...about, outcome, result, error };
  return { ...about, outcome, result, error, warnings };
}

/** What only a backup leads back from; with one behind it nothing is to be said. */
function irreversibly({ plan }: Situation): string[] {
  const names = plan.pending.filter(({ reversible }) => !reversible).map(({ name }) => name);
  return names.length === 0
    ? []
    : [`No backup stands behind this, and ${listed(names)} cannot be taken back without one.`];
}

interface Walked extends ReliedOn {
  readonly progress: Progress;
  readonly outcome: Outcome;
  readonly rehearsal?: RehearsalResult;
}

/** What is left of the plan after what was begun of it. How far it got is in what comes back; nothing is thrown. */
async function rehearseAndApply(
  run: Run,
  connection: Connection,
  { progress: before, situation }: Settled,
  how: { readonly behind: StoredBackup | undefined; readonly rehearses: boolean; readonly relied?: ReliedOn },
): Promise<Walked> {
  const { plan } = situation;
  const { behind, rehearses } = how;
  if (before.error !== undefined || plan.pending.length === 0) return { progress: before, outcome: outcomeOf(before) };
  let rehearsal: RehearsalResult | undefined;
  let { relied } = how;
  try {
    if (rehearses) {
      // The backup behind this is of before the first change.
      const rehearsed = await rehearsePending(run, connection, situation, before.untouched ? behind : undefined);
      rehearsal = rehearsed.result;
      if (rehearsed.error !== undefined) throw rehearsed.error;
      relied ??= await reliedOn(run, connection, situation, rehearsal);
    }
    const about = { kind: 'migrate', backupId: behind?.id, relied, before } as const;
    return { ...(await applyPlan(run, connection, plan, about)), rehearsal, ...relied };
  } catch (thrown) {
    const error = asReleaseError(thrown);
    if (before.untouched) return { progress: { ...before, error }, outcome: outcomeOfError(error, false), rehearsal };
    const progress = stoppedAfter(before, plan, error);
    return { progress, outcome: outcomeOf(progress), rehearsal };
  }
}

export function applyLevel({ invocation: { flags, settings } }: Run): RehearsalLevel {
  return flags.rehearsal ?? settings.rehearsal.level;
}

/** A dry run is a rehearsal whatever the configured level: without one there is nothing that it could say. */
function dryRunLevel({ invocation: { flags } }: Run): RehearsalLevel {
  if (flags.rehearsal !== 'none') return 'full';
  throw new ReleaseError('USAGE', 'A dry run is a rehearsal, and --rehearsal says none.', {
    hint: 'Leave --rehearsal none out, or type mongo-release plan to see what is pending.',
  });
}
