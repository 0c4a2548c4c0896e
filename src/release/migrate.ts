import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { applyPlan } from './apply-plan.ts';
import { backupBehind, rehearsalBackup, type StoredBackup } from './backup-for.ts';
import { checkedSituation } from './checked-situation.ts';
import { refuseUnguarded } from './guards.ts';
import { rehearse } from './rehearse.ts';
import type { Ended, MigrateResult, RehearsalResult } from './result.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import type { Situation } from './situation.ts';

/** `migrate` and `up`: a rehearsal of what is pending, or with `--apply` that and the real thing. */
export async function migrate(run: Run): Promise<Ended<'migrate' | 'up'>> {
  const command = run.invocation.command === 'up' ? 'up' : 'migrate';
  const apply = command === 'up' || run.invocation.flags.apply === true;
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  const about = { command, target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  if (apply) await refuseUnguarded(run, connection);
  const situation = await checkedSituation(run, connection);
  const nothing: MigrateResult = { releaseId: run.releaseId, applied: [] };
  if (situation.plan.pending.length === 0) return { ...about, outcome: 'nothing-to-do', result: nothing };

  const behind = await backupBehind(run, connection, situation, apply);
  const { rehearsal, error, warnings } = await rehearsePending(run, connection, situation, { apply, behind });
  if (error !== undefined) return { ...about, outcome: 'failed-clean', result: { ...nothing, rehearsal }, error };
  if (!apply) return { ...about, outcome: 'rehearsed', result: { ...nothing, rehearsal }, warnings };

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
  const unsafe = behind === undefined ? ['No backup stands behind this: what has no down cannot be taken back.'] : [];
  return { ...about, outcome, result, error: progress.error, warnings: [...warnings, ...unsafe] };
}

interface Rehearsing {
  readonly rehearsal?: RehearsalResult;
  readonly error?: ReleaseError;
  readonly warnings: readonly string[];
}

/** A dry run is a rehearsal whatever the configured level: without one there is nothing that it could say. */
async function rehearsePending(
  run: Run,
  connection: Connection,
  situation: Situation,
  { apply, behind }: { readonly apply: boolean; readonly behind: StoredBackup | undefined },
): Promise<Rehearsing> {
  const { flags, settings } = run.invocation;
  const level = flags.rehearsal ?? settings.rehearsal.level;
  if (apply && level === 'none') return { warnings: ['Applied without a rehearsal.'] };
  if (!apply && flags.rehearsal === 'none') {
    throw new ReleaseError('USAGE', 'A dry run is a rehearsal, and "rehearsal" says none.', {
      hint: 'Leave --rehearsal none out, or type mongo-release plan to see what is pending.',
    });
  }
  await using backup = await rehearsalBackup(run, connection, situation, behind);
  const rehearsed = await rehearse(run, situation, {
    store: backup.store,
    backupId: backup.id,
    database: connection.db.databaseName,
    topology: connection.topology,
  });
  return { rehearsal: rehearsed.result, error: rehearsed.error, warnings: [] };
}
