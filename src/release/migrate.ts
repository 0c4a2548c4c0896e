import { database } from '../guard/guards/database.ts';
import { environment } from '../guard/guards/environment.ts';
import { listed } from '../migration/files/find.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { notStarted } from './applying/apply.ts';
import { outcomeOf } from './applying/apply-plan.ts';
import { bring } from './applying/bring.ts';
import { begunOn, joinedRelease, restOf, shownOf } from './applying/joined.ts';
import { rehearsalImpossible, takenUp } from './applying/taken-up.ts';
import { refuseUndeployed } from './applying/undeployed.ts';
import { backupBehind, type StoredBackup } from './backup/backup-for.ts';
import { refuseUnguarded } from './guards.ts';
import { notRecorded, onRecord, type Recording } from './record/on-record.ts';
import { rehearsePending } from './rehearsal/pending.ts';
import { levelOf, provenBefore } from './rehearsal/rely.ts';
import type { Ended, MigrateResult } from './result.ts';
import { openRollbackWarnings } from './rollback/open.ts';
import { refuseBeside, unendedWarnings } from './rollback/still-running.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { checkedSituation } from './situation/checked-situation.ts';
import type { Situation } from './situation/situation.ts';
import { typed } from './typed.ts';
import { underLease } from './under-lease.ts';

/** `migrate` and `up`: a rehearsal of what is pending, or with `--apply` that and the real thing. */
export async function migrate(run: Run): Promise<Ended<'migrate' | 'up'>> {
  const command = run.invocation.command === 'up' ? 'up' : 'migrate';
  const apply = command === 'up' || run.invocation.flags.apply === true;
  if (!apply) refuseNoRehearsal(run);
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  if (!apply) {
    // The others ask whether the target may be changed; this one, whether it is the right one.
    await refuseUnguarded(run, connection, [environment, database], false);
    // Awaited here: the connection closes when this function is left.
    return await migrateOn(run, connection, notRecorded(), { command, apply });
  }
  return await onRecord(run, connection, 'migrate', async (recording) => {
    await recording.steps.run('guards', async () => {
      await refuseUnguarded(run, connection);
      await refuseBeside(run, connection);
      for (const one of await unendedWarnings(run, connection)) run.log.warn(typed(run, one));
    });
    const ended = await migrateOn(run, connection, recording, { command });
    const open = await openRollbackWarnings(run, connection).catch(() => []);
    return { ...ended, warnings: [...(ended.warnings ?? []), ...open] };
  });
}

export interface MigrateOn {
  readonly command?: 'migrate' | 'up';
  /** Default true. */
  readonly apply?: boolean;
  /** The backup that an apply relies on, or that it has none, where the caller knows. Default: as `backupBehind` finds it. */
  readonly chosen?: { readonly behind: StoredBackup | undefined };
}

/** The same on a connection, once the guards have been asked. */
export async function migrateOn(
  run: Run,
  connection: Connection,
  { steps, open }: Recording,
  { command = 'migrate', apply = true, chosen }: MigrateOn,
): Promise<Ended<'migrate' | 'up'>> {
  const about = { command, target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  const { phase } = run.invocation.flags;
  const joined = apply ? await joinedRelease(run, connection) : undefined;
  const begun = apply && joined === undefined ? await begunOn(run, connection) : undefined;
  const situation = await steps.run('plan', () => checkedSituation(run, connection, joined?.plan, begun));
  const rest = restOf(begun, situation.plan);
  const agreed = joined?.plan ?? rest;
  if (apply) await refuseUndeployed(run, connection, situation);
  const { pending } = situation.plan;
  const planDigest = agreed?.digest ?? situation.plan.digest;
  const nothing: MigrateResult = { releaseId: run.releaseId, applied: [] };
  // Also where the plan was made for that phase alone: whoever deploys in between has to know whether something is left.
  const later = situation.wholePlan.pending
    .filter((one) => phase !== undefined && one.phase !== phase)
    .map(({ name }) => name);
  // Whoever takes this release back has to know that somebody deploys after it, and nobody sees how that ends.
  const leaveToDeploy = () => {
    if (apply && phase === 'before-deploy') steps.leave('deploy', 'by somebody else, after this run');
  };
  // A project's first run: it has nothing to do but to take over what migrate-mongo has on record.
  if (pending.length === 0 && apply && situation.changelogDiffers) await underLease(run, connection, async () => {});
  if (pending.length === 0) {
    const { done } = joined?.before ?? notStarted;
    if (joined !== undefined || (apply && phase === 'before-deploy')) await open({ planDigest });
    leaveToDeploy();
    const result = { ...nothing, applied: done, remaining: later, backupId: joined?.chosen?.behind?.id };
    const warnings = apply && phase === 'before-deploy' ? unbacked(run, later) : [];
    return { ...about, outcome: done.length > 0 ? 'applied' : 'nothing-to-do', result, warnings };
  }

  await open({ planDigest, migrations: pending.map(({ name }) => name) });
  const { behind } = joined?.chosen ??
    chosen ?? { behind: await steps.run('backup', () => backupBehind(run, connection, situation, apply)) };
  if (!apply) {
    if (takenUp(situation).length > 0) throw await rehearsalImpossible(run, connection, situation);
    const { result: rehearsal, proof, error } = await rehearsePending(run, connection, situation, behind);
    if (error !== undefined) return { ...about, outcome: 'failed-clean', result: { ...nothing, rehearsal }, error };
    return { ...about, outcome: 'rehearsed', result: { ...nothing, rehearsal, proof } };
  }
  const found = await provenBefore(run, connection, situation, joined?.earlier ?? shownOf(rest));
  const { progress, relied, rehearsal } = await bring(run, connection, situation, {
    ...{ kind: 'migrate', phase, behind, found, steps },
    ...{ before: joined?.before, agreed, deployed: joined?.ends },
  });
  const { done, failed, error, untouched } = progress;
  const remaining = error === undefined ? later : progress.remaining;
  const outcome = outcomeOf(progress);
  const result = {
    releaseId: run.releaseId,
    backupId: behind?.id,
    applied: done,
    failed,
    remaining,
    rehearsal,
    ...relied,
  };
  if (error === undefined) leaveToDeploy();
  // While this run waited for the lease, another one may have done all of it.
  if (untouched) return { ...about, outcome, result, error };
  const warnings = behind === undefined ? irreversibly(run, connection, situation) : [];
  if (found.state !== 'earlier' && levelOf(run) === 'none' && relied.proof === undefined)
    warnings.unshift('Nothing was rehearsed.');
  return { ...about, outcome, result, error, warnings };
}

/** What would stop the other half behind the deploy, said before it. */
function unbacked({ invocation: { store, target } }: Run, later: readonly string[]): string[] {
  if (later.length === 0 || store !== undefined || target?.environment !== 'production') return [];
  return [
    `Production is migrated with a backup behind it only, and no store is named: ${listed(later)} would be refused behind the deploy. Before that, take one with mongo-release backup --store DIR, and name that store in both halves.`,
  ];
}

/** What only a backup leads back from; with one behind it, or images of all that was changed, nothing is to be said. */
function irreversibly({ invocation }: Run, { topology }: Connection, { plan }: Situation): string[] {
  if (topology.kind !== 'standalone' && invocation.settings.migrations.journal === 'images') return [];
  const names = plan.pending.filter(({ reversible }) => !reversible).map(({ name }) => name);
  return names.length === 0
    ? []
    : [`No backup stands behind this, and ${listed(names)} cannot be taken back without one.`];
}

/** A dry run is a rehearsal whatever the configured level: without one there is nothing that it could say. */
function refuseNoRehearsal({ invocation: { flags } }: Run): void {
  if (flags.rehearsal !== 'none') return;
  throw new ReleaseError('USAGE', 'A dry run is a rehearsal, and --rehearsal says none.', {
    hint: 'Leave --rehearsal none out, or type mongo-release plan to see what is pending.',
  });
}
