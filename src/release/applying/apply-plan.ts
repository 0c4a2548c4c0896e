import { type AgreedPlan, agreedPlan, assertRest, assertUnmoved } from '../../migration/plan/agreed.ts';
import type { MigrationPlan } from '../../migration/plan/plan.ts';
import type { Phase } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, type ReleaseError } from '../../observe/error.ts';
import type { Outcome } from '../../observe/outcome.ts';
import { storeOf } from '../backup/take-backup.ts';
import { outcomeOfError } from '../outcome.ts';
import { OwnRecord } from '../record/own-record.ts';
import type { ReliedOn } from '../rehearsal/result.ts';
import { refuseOpenRollback } from '../rollback/open.ts';
import { refuseBesideRelease } from '../rollback/still-running.ts';
import type { Run } from '../run.ts';
import { readSituation } from '../situation/situation.ts';
import { refuseTakenBack } from '../taken-back.ts';
import { underLease } from '../under-lease.ts';
import { notStarted, type Progress, runInTarget } from './apply.ts';
import { notBegun } from './how-far.ts';
import { isInTarget } from './joined.ts';
import { takenUp } from './taken-up.ts';
import { turnsOf } from './turns.ts';

export interface AboutApply {
  readonly kind: 'migrate' | 'release';
  readonly backupId?: string;
  readonly relied?: ReliedOn;
  /** That part of the plan alone. */
  readonly phase?: Phase;
  /** Only what earlier runs have begun: see `taken-up.ts`. */
  readonly settle?: boolean;
  /** Whether its application is deployed already: as long as nobody had the lease it may have been taken back. */
  readonly deployed?: boolean;
  /** What this run did in the target before. */
  readonly before?: Progress;
  /** What the release is on record with: this plan may be only what is left of it. */
  readonly agreed: AgreedPlan;
}

/**
 * Applies a plan to the target under the lease; the intent is on record before, and whoever opened the record closes it.
 * The plan is made again once the lease is held: only if it is still the same one is anything applied.
 *
 * Throws `LEASE_HELD`, `PLAN_MOVED`, `TAKEN_BACK`, `BACKUP_NOT_FOUND`; this run has done nothing then. How far it got otherwise is in what comes back.
 */
export async function applyPlan(
  run: Run,
  connection: Connection,
  plan: MigrationPlan,
  about: AboutApply,
): Promise<Progress> {
  const { before = notStarted } = about;
  try {
    return await applyUnderLease(run, connection, plan, { ...about, before });
  } catch (thrown) {
    if (before.untouched) throw thrown;
    return stoppedAfter(before, plan, asReleaseError(thrown));
  }
}

function applyUnderLease(
  run: Run,
  connection: Connection,
  plan: MigrationPlan,
  {
    kind,
    backupId,
    relied,
    phase,
    settle = false,
    deployed,
    before,
    agreed,
  }: AboutApply & { readonly before: Progress },
): Promise<Progress> {
  return underLease(run, connection, async (tenure) => {
    // From here on nobody takes it back, and once its record has this fence nobody sees that somebody did.
    if (deployed) await refuseTakenBack(run, connection, run.releaseId, tenure.lease.fence);
    const situation = await readSituation(run, connection, plan.scope);
    const exactly = asksForExactly(run);
    // While this run waited, another one did all of it: that is as good, unless exactly this plan was asked for.
    if (situation.plan.pending.length === 0 && !exactly) return before;
    // Or a part of it, as where several instances of an application start at once.
    const assertAgreed = exactly ? assertUnmoved : assertRest;
    assertAgreed(plan, situation.plan);
    const open = new Set(situation.plan.pending.map(({ name }) => name));
    const left = settle ? new Set(takenUp(situation).map(({ name }) => name)) : open;
    const inPhase = plan.pending.filter((one) => phase === undefined || one.phase === phase);
    const names = inPhase.map(({ name }) => name).filter((name) => left.has(name));
    const later = plan.pending.map(({ name }) => name).filter((name) => open.has(name) && !names.includes(name));
    // Another run was still at it, and has ended since.
    if (settle && names.length === 0) return before;
    // Something may have begun while this run waited, beside which it may not apply, or not deploy after that.
    await (kind === 'release' && !deployed ? refuseBesideRelease : refuseOpenRollback)(run, connection);
    // Since it was chosen, whoever tidies up the store may not have known that it is needed.
    if (backupId !== undefined && before.untouched) await storeOf(run).readManifest(backupId);
    const goesOn = !before.untouched || isInTarget(situation.records, run.releaseId);
    const start = {
      ...{ kind, backupId, fence: tenure.lease.fence },
      ...{ planDigest: agreed.digest, agreed: { ...agreedPlan(agreed), shown: !settle } },
      ...(relied?.proof && { proofId: relied.proof.id }),
      ...(relied?.waiver && { waivers: [relied.waiver] }),
      positionBefore: situation.position.digest,
      migrations: plan.pending.map(({ name }) => name),
    };
    await new OwnRecord(connection, run).start(start, { goesOn });
    const turns = turnsOf(situation, names);
    return runInTarget(run, connection, tenure, 'up', turns, { before, later, settle });
  });
}

/** Whether one certain plan was asked for: then that one is applied, in its order, or nothing. */
function asksForExactly({ invocation }: Run): boolean {
  const { plan, digest } = invocation.flags;
  return plan !== undefined || digest !== undefined;
}

/** How far a run got that was stopped before the first migration of what is left of its plan. */
export function stoppedAfter(before: Progress, { pending }: MigrationPlan, cause: ReleaseError): Progress {
  const ended = new Set(before.done.map(({ name }) => name));
  const [name = '', ...remaining] = pending.map((one) => one.name).filter((one) => !ended.has(one));
  const error = notBegun({ direction: 'up', name, ...before, remaining }, cause);
  return { ...before, remaining: [name, ...remaining], error };
}

/** Stopped between two migrations, the target is in no doubt: everything that was begun reached its end. */
export function outcomeOf({ error, untouched, failed }: Progress): Outcome {
  if (error === undefined) return untouched ? 'nothing-to-do' : 'applied';
  if (failed === undefined) return outcomeOfError(error, false);
  if (error.code === 'CANCELLED' && untouched) return 'cancelled';
  return untouched ? 'failed-clean' : 'failed-dirty';
}
