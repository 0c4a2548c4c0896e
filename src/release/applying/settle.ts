import { assertRest } from '../../migration/plan/agreed.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError } from '../../observe/error.ts';
import type { Run } from '../run.ts';
import { fitSituation } from '../situation/checked-situation.ts';
import type { Situation } from '../situation/situation.ts';
import type { Progress } from './apply.ts';
import { type AboutApply, applyPlan, stoppedAfter } from './apply-plan.ts';

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
  about: Omit<AboutApply, 'settle'>,
): Promise<Settled> {
  const progress = await applyPlan(run, connection, situation.plan, { ...about, settle: true });
  if (progress.error !== undefined) return { progress, situation };
  try {
    const { plan } = situation;
    // Whatever digest was asked for, it was of the plan before.
    const left = await fitSituation(run, connection, plan.scope);
    assertRest(plan, left.plan);
    return { progress, situation: left };
  } catch (thrown) {
    if (progress.untouched) throw thrown;
    return { progress: stoppedAfter(progress, situation.plan, asReleaseError(thrown)), situation };
  }
}
