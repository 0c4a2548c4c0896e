import type { RehearsalLevel } from '../config/schema.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { applyPlan } from './apply-plan.ts';
import { backupBehind, rehearsalBackup, type StoredBackup } from './backup-for.ts';
import { checkedSituation } from './checked-situation.ts';
import { refuseUnguarded } from './guards.ts';
import { type Rehearsed, rehearse } from './rehearse.ts';
import type { Ended, MigrateResult } from './result.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import type { Situation } from './situation.ts';
import { notRehearsed, rehearsalImpossible, takenUp } from './taken-up.ts';
import { underLease } from './under-lease.ts';

/** `migrate` and `up`: a rehearsal of what is pending, or with `--apply` that and the real thing. */
export async function migrate(run: Run): Promise<Ended<'migrate' | 'up'>> {
  const command = run.invocation.command === 'up' ? 'up' : 'migrate';
  const apply = command === 'up' || run.invocation.flags.apply === true;
  const level = levelFor(run, apply);
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  const about = { command, target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  if (apply) await refuseUnguarded(run, connection);
  const situation = await checkedSituation(run, connection);
  const nothing: MigrateResult = { releaseId: run.releaseId, applied: [] };
  // A project's first run: it has nothing to do but to take over what migrate-mongo has on record.
  if (situation.plan.pending.length === 0 && apply && situation.changelogDiffers)
    await underLease(run, connection, async () => {});
  if (situation.plan.pending.length === 0) return { ...about, outcome: 'nothing-to-do', result: nothing };

  const behind = await backupBehind(run, connection, situation, apply);
  const begun = takenUp(situation);
  if (begun.length > 0 && !apply) throw rehearsalImpossible(begun, situation);
  // Said before anything is written, not only at the end.
  if (begun.length > 0) run.log.warn(notRehearsed(begun, situation));
  const rehearses = level !== 'none' && begun.length === 0;
  const rehearsed = !rehearses ? undefined : await rehearsePending(run, connection, situation, behind);
  const { result: rehearsal, error } = rehearsed ?? {};
  if (error !== undefined) return { ...about, outcome: 'failed-clean', result: { ...nothing, rehearsal }, error };
  if (!apply) return { ...about, outcome: 'rehearsed', result: { ...nothing, rehearsal } };

  const { progress, outcome } = await applyPlan(run, connection, situation.plan, {
    kind: 'migrate',
    backupId: behind?.id,
  });
  const result = {
    releaseId: run.releaseId,
    applied: progress.done,
    failed: progress.failed,
    remaining: progress.remaining,
    rehearsal,
  };
  const warnings = [
    ...(begun.length > 0 ? [notRehearsed(begun, situation)] : level === 'none' ? ['Nothing was rehearsed.'] : []),
    ...(behind === undefined ? ['No backup stands behind this: what has no down cannot be taken back.'] : []),
  ];
  // While this run waited for the lease, another one may have done all of it.
  if (outcome === 'nothing-to-do') return { ...about, outcome, result };
  return { ...about, outcome, result, error: progress.error, warnings };
}

/** A dry run is a rehearsal whatever the configured level: without one there is nothing that it could say. */
function levelFor(run: Run, apply: boolean): RehearsalLevel {
  const { flags, settings } = run.invocation;
  if (apply) return flags.rehearsal ?? settings.rehearsal.level;
  if (flags.rehearsal !== 'none') return 'full';
  throw new ReleaseError('USAGE', 'A dry run is a rehearsal, and --rehearsal says none.', {
    hint: 'Leave --rehearsal none out, or type mongo-release plan to see what is pending.',
  });
}

async function rehearsePending(
  run: Run,
  connection: Connection,
  situation: Situation,
  behind: StoredBackup | undefined,
): Promise<Rehearsed> {
  await using backup = await rehearsalBackup(run, connection, situation, behind);
  // Awaited here: the backup goes when this function is left.
  return await rehearse(run, situation, {
    store: backup.store,
    backupId: backup.id,
    database: connection.db.databaseName,
    topology: connection.topology,
  });
}
