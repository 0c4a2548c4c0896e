import { assertUnmoved, isRestOf } from '../migration/plan/file.ts';
import type { MigrationPlan } from '../migration/plan/plan.ts';
import type { Phase } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import type { Outcome } from '../observe/outcome.ts';
import { type Progress, runInTarget } from './apply.ts';
import { ReleaseRecords } from './record.ts';
import type { Run } from './run.ts';
import { readSituation } from './situation.ts';
import { turnsOf } from './turns.ts';
import { underLease } from './under-lease.ts';

export interface Applied {
  readonly progress: Progress;
  readonly outcome: Outcome;
}

/**
 * Applies a plan to the target under the lease, with a release record around it. The plan is made again once the lease
 * is held: only if it is still the same one is anything applied. `phase` applies that part of it.
 *
 * Throws `LEASE_HELD`, `PLAN_MOVED`; nothing was done then. How far it got otherwise is in what comes back.
 */
export async function applyPlan(
  run: Run,
  connection: Connection,
  plan: MigrationPlan,
  about: { kind: 'migrate' | 'release'; backupId?: string; phase?: Phase },
): Promise<Applied> {
  return underLease(run, connection, async (tenure) => {
    const situation = await readSituation(run, connection, plan.scope);
    const { plan: file, digest } = run.invocation.flags;
    const exactly = file !== undefined || digest !== undefined;
    // While this run waited, another one did all of it: that is as good, unless exactly this plan was asked for.
    if (situation.plan.pending.length === 0 && !exactly) {
      return { progress: { done: [], remaining: [], untouched: true }, outcome: 'nothing-to-do' };
    }
    // Or a part of it, as where several instances of an application start at once.
    if (exactly || !isRestOf(plan, situation.plan)) assertUnmoved(plan, situation.plan);
    const left = new Set(situation.plan.pending.map(({ name }) => name));
    const records = new ReleaseRecords(connection.db, run);
    const { kind, backupId, phase } = about;
    const names = plan.pending
      .filter((one) => left.has(one.name) && (phase === undefined || one.phase === phase))
      .map(({ name }) => name);
    await records.start({
      ...{ kind, backupId, planDigest: plan.digest },
      positionBefore: situation.position.digest,
      migrations: names,
    });
    const progress = await records.around(() => runInTarget(run, connection, tenure, 'up', turnsOf(situation, names)));
    const outcome = outcomeOf(progress);
    // A release goes on after this: its deploy and its probes decide how it ends.
    if (about.kind === 'migrate' || progress.error !== undefined) {
      const { error } = progress;
      await records.close({ outcome, error: error && { code: error.code, message: error.message } });
    }
    return { progress, outcome };
  });
}

/** Cancelled between two migrations, the target is in no doubt: everything that was begun reached its end. */
export function outcomeOf({ error, untouched, failed }: Progress): Outcome {
  if (error === undefined) return 'applied';
  if (error.code === 'CANCELLED' && (untouched || failed === undefined)) return 'cancelled';
  return untouched ? 'failed-clean' : 'failed-dirty';
}
