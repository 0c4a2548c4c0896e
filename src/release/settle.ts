import type { MigrationPlan } from '../migration/plan/plan.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, type ReleaseError } from '../observe/error.ts';
import type { Progress } from './apply.ts';
import { type AboutApply, applyPlan } from './apply-plan.ts';
import { checkedSituation } from './checked-situation.ts';
import { notBegun } from './how-far.ts';
import type { Run } from './run.ts';
import type { Situation } from './situation.ts';

export interface Settled {
  readonly progress: Progress;
  /** As it is then. */
  readonly situation: Situation;
}

/**
 * Brings to its end what earlier runs have begun of a plan, before anything else of it: takes it up where it was, or
 * undoes it where its file was changed since, or where it goes another way. Then everything that is pending never ran
 * here, or left nothing, and can be rehearsed.
 *
 * Throws what `applyPlan` throws, with nothing done. A failure after that is in the progress.
 */
export async function settleBegun(
  run: Run,
  connection: Connection,
  situation: Situation,
  about: Omit<AboutApply, 'settle' | 'before'>,
): Promise<Settled> {
  const { progress } = await applyPlan(run, connection, situation.plan, { ...about, settle: true });
  if (progress.error !== undefined) return { progress, situation };
  try {
    return { progress, situation: await checkedSituation(run, connection) };
  } catch (thrown) {
    if (progress.untouched) throw thrown;
    return { progress: stoppedAfter(progress, situation.plan, asReleaseError(thrown)), situation };
  }
}

/** How far a run got that was stopped before the first migration of what is left of its plan. */
export function stoppedAfter(before: Progress, { pending }: MigrationPlan, cause: ReleaseError): Progress {
  const ended = new Set(before.done.map(({ name }) => name));
  const [name = '', ...remaining] = pending.map((one) => one.name).filter((one) => !ended.has(one));
  const error = notBegun({ direction: 'up', name, ...before, remaining }, cause);
  return { ...before, remaining: [name, ...remaining], error };
}
