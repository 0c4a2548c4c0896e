import type { AgreedPlan } from '../../migration/plan/agreed.ts';
import type { Phase } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError } from '../../observe/error.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import type { Steps } from '../record/steps.ts';
import { rehearsePending } from '../rehearsal/pending.ts';
import type { FoundProof } from '../rehearsal/proof.ts';
import type { Rehearsed } from '../rehearsal/rehearse.ts';
import { levelOf, reliedOn, waiverOf } from '../rehearsal/rely.ts';
import type { RehearsalResult, ReliedOn } from '../rehearsal/result.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';
import { notStarted, type Progress } from './apply.ts';
import { type AboutApply, applyPlan, stoppedAfter } from './apply-plan.ts';
import { settleBegun } from './settle.ts';
import { notRehearsed, notResumed, rehearsable, takenUp } from './taken-up.ts';

export interface Bringing {
  readonly kind: AboutApply['kind'];
  /** The backup that stands behind it, taken before the first change of this run. */
  readonly behind?: StoredBackup;
  /** That part of the plan alone is applied; rehearsed is all of it. */
  readonly phase?: Phase;
  /** Whether its application is deployed already. */
  readonly deployed?: boolean;
  /** What this run did in the target before. */
  readonly before?: Progress;
  readonly steps: Steps;
  /** What `provenBefore` found. */
  readonly found?: FoundProof;
  /** What it relies on, where that is known: nothing is rehearsed then. */
  readonly relied?: ReliedOn;
  /** Where the plan is what is left of a larger one: that one. */
  readonly agreed?: AgreedPlan;
}

export interface Brought {
  readonly progress: Progress;
  readonly relied: ReliedOn;
  readonly rehearsal?: RehearsalResult;
}

/**
 * Brings a plan into the target: ends what earlier runs have begun of it, which nothing can rehearse; rehearses what is
 * pending then, unless a proof holds; and applies it. How far it got is in what comes back; nothing is thrown.
 */
export async function bring(run: Run, connection: Connection, situation: Situation, how: Bringing): Promise<Brought> {
  const { kind, behind, phase, deployed, steps, found = { state: 'missing' } } = how;
  const agreed = how.agreed ?? situation.plan;
  const inPhase = (one: { readonly phase: Phase }) => phase === undefined || one.phase === phase;
  let progress = how.before ?? notStarted;
  let relied = how.relied ?? {};
  let left = situation;
  let rehearsed: Rehearsed | undefined;

  const apply = (work: (about: AboutApply) => Promise<Progress>) =>
    steps.run('apply', async () => {
      progress = await work({ kind, backupId: behind?.id, phase, deployed, relied, before: progress, agreed });
      if (progress.error !== undefined) throw progress.error;
    });

  const rehearse = async () => {
    if (found.state === 'earlier') return steps.skip('rehearsal', 'what this release began on is of this too');
    if (levelOf(run) === 'none' || (found.state === 'valid' && run.invocation.flags.rehearsal === undefined))
      return steps.skip('rehearsal', found.state === 'valid' ? `passed at ${found.proof.at}` : 'as asked');
    if (takenUp(left).length > 0) {
      const note = notRehearsed(left, ' before the deploy');
      run.log.warn(note);
      if (rehearsable(left).length === 0) return steps.skip('rehearsal', note);
    }
    await steps.run('rehearsal', async () => {
      // Of what was ended since, the backup of before knows nothing.
      rehearsed = await rehearsePending(run, connection, left, progress.untouched ? behind : undefined);
      if (rehearsed.error !== undefined) throw rehearsed.error;
    });
  };

  const begun = takenUp(situation).some(inPhase);
  try {
    if (begun) {
      const waiver = notResumed(situation).length === 0 ? waiverOf(run) : undefined;
      relied = { waiver };
      await apply(async (about) => {
        const settled = await settleBegun(run, connection, situation, about);
        left = settled.situation;
        return settled.progress;
      });
    }
    if (left.plan.pending.length > 0 && how.relied === undefined) {
      await rehearse();
      if (rehearsable(left).length > 0) relied = reliedOn(run, found, rehearsed);
    }
    // The run that ends it after a deploy which is not ours finds on record what was agreed to, and that it was rehearsed.
    const halved = kind === 'migrate' && phase === 'before-deploy';
    if (left.plan.pending.some(inPhase) || (halved && left.plan.pending.length > 0))
      await apply((about) => applyPlan(run, connection, left.plan, about));
  } catch (thrown) {
    const error = asReleaseError(thrown);
    if (progress.error === undefined)
      progress = progress.untouched ? { ...progress, error } : stoppedAfter(progress, left.plan, error);
  }
  return { progress, relied, rehearsal: rehearsed?.result };
}
