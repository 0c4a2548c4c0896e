import type { MigrationPlan } from '../migration/plan.ts';
import { assertUnmoved } from '../migration/plan-file.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import { type Progress, runInTarget, turnsOf } from './apply.ts';
import { ReleaseRecords } from './record.ts';
import type { Run } from './run.ts';
import { readSituation } from './situation.ts';
import { underLease } from './under-lease.ts';

export interface Applied {
  readonly progress: Progress;
  readonly outcome: Outcome;
}

/**
 * Applies a plan to the target under the lease, with a release record around it. The plan is made again once the lease
 * is held: only if it is still the same one is anything applied.
 *
 * Throws `LEASE_HELD`, `PLAN_MOVED`; nothing was done then. How far it got otherwise is in what comes back.
 */
export async function applyPlan(
  run: Run,
  connection: Connection,
  plan: MigrationPlan,
  about: { kind: 'migrate' | 'release'; backupId?: string },
): Promise<Applied> {
  return underLease(run, connection, async (tenure) => {
    const situation = await readSituation(run, connection);
    assertUnmoved(plan, situation.plan);
    const records = new ReleaseRecords(connection.db, run);
    await records.start({
      ...about,
      planDigest: plan.digest,
      positionBefore: situation.position.digest,
      migrations: plan.pending.map((migration) => migration.name),
    });
    const progress = await runInTarget(run, connection, tenure, 'up', turnsOf(situation)).catch(
      async (thrown: unknown) => {
        const error = asReleaseError(thrown);
        await records.finish({ outcome: 'unknown', error }).catch(() => {});
        throw error;
      },
    );
    const outcome = outcomeOf(progress);
    // A release goes on after this: its deploy and its probes decide how it ends.
    if (about.kind === 'migrate' || progress.error !== undefined) {
      const { error } = progress;
      await records.finish({ outcome, error: error && { code: error.code, message: error.message } });
    }
    return { progress, outcome };
  });
}

export function outcomeOf({ error, untouched }: Progress): Outcome {
  if (error === undefined) return 'applied';
  if (untouched === true) return error.code === 'CANCELLED' ? 'cancelled' : 'failed-clean';
  return untouched === 'unknown' ? 'unknown' : 'failed-dirty';
}
