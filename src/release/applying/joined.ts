import { isHalfDone } from '../../migration/beginning.ts';
import { readHistory } from '../../migration/history/history.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { AgreedPlan } from '../../migration/plan/agreed.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { storeOf } from '../backup/take-backup.ts';
import { workflowRun } from '../origin.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { EarlierRun } from '../rehearsal/rely.ts';
import type { ReliedOn } from '../rehearsal/result.ts';
import { namesOf, type Run, targetOf } from '../run.ts';
import { names } from '../situation/checked-situation.ts';
import { refuseTakenBack, takenBackSince } from '../taken-back.ts';
import { notStarted, type Progress } from './apply.ts';

/** A release that this run goes on with: what it was to come to, and how far it is. */
export interface Joined {
  readonly plan: AgreedPlan;
  /** The backup that stands behind it, or that none does; undefined where that is not settled by what is on record. */
  readonly chosen?: { readonly behind: StoredBackup | undefined };
  readonly before: Progress;
  /** Whether this is what comes after its deploy. */
  readonly ends: boolean;
  /** What it began on, where that counts for the rest of it. */
  readonly earlier?: EarlierRun;
}

/**
 * The release that this run joins by `--release-id` to apply what is left of its plan, which `--digest` names: what is for
 * after a deploy that is not its own, or the rest where its run was stopped and is run again. Undefined where this run is
 * none of that, or a part of it was taken back since: then exactly the plan of that digest is meant. Throws `TAKEN_BACK`
 * where a second half finds its first one rolled back, since nobody has the lease while an application is deployed.
 */
export async function joinedRelease(run: Run, connection: Connection): Promise<Joined | undefined> {
  const { phase, digest, 'release-id': release } = run.invocation.flags;
  if (digest === undefined || release === undefined) return undefined;
  const record = await new ReleaseRecords(connection.db, run).find(release);
  if (record === null) return undefined;
  if (record.agreed === undefined || !names(digest, record.agreed.digest)) return undefined;
  const { agreed: plan } = record;
  const history = await readHistory(connection.db, namesOf(run));
  const ends = phase === 'after-deploy';
  if (ends) await refuseTakenBack(run, connection, release);
  else if (!history.some((one) => isOf(one, release)) || (await takenBackSince(run, connection, plan)) !== undefined)
    return undefined;
  const done = history
    .filter(({ state, appliedIn }) => state === 'applied' && appliedIn === release)
    .sort((a, b) => a.sequence - b.sequence)
    .flatMap(({ _id: name, durationMs = 0, effects }) =>
      effects === undefined ? [] : [{ name, durationMs, effects }],
    );
  return {
    plan,
    ends,
    chosen: backupOf(run, record, history),
    before: { ...notStarted, done, untouched: done.length === 0 },
    earlier: plan.shown === true ? { digest: plan.digest, ends, relied: reliedOnBefore(run, record, ends) } : undefined,
  };
}

/**
 * What `--digest` stands for where another release was begun on it: that has left the rest to this one, which has an id of its
 * own, as where the job of the action is run again. Undefined where there is none, or it is not over; where a part of it was
 * taken back since, which nobody agreed to apply once more; and for a second half: that is of the release which applied the
 * first one, and of no other.
 */
export async function begunOn(run: Run, connection: Connection): Promise<ReleaseRecord['agreed']> {
  const { digest, phase } = run.invocation.flags;
  if (digest === undefined || phase === 'after-deploy') return undefined;
  const records = new ReleaseRecords(connection.db, run);
  const [record] = await records.agreedOn(digest.toLowerCase());
  if (record?.agreed === undefined) return undefined;
  if (record._id !== run.releaseId) {
    const [seen] = record.state === 'running' ? await records.look([record]) : [];
    if (seen?.presence === 'here' || deploysElsewhere(run, record)) return undefined;
  }
  return (await takenBackSince(run, connection, record.agreed)) === undefined ? record.agreed : undefined;
}

/** Whether its application is deployed by somebody else: nobody sees the end of that, but whoever is run again in its place. */
function deploysElsewhere({ origin }: Run, record: ReleaseRecord): boolean {
  const { steps = [] } = record;
  const left = steps.some(({ name, state, durationMs }) => name === 'deploy' && state === 'unknown' && !durationMs);
  const place = workflowRun(record);
  return left && (place === undefined || place !== workflowRun(origin));
}

/** That, where the plan as it stands is only a rest of it. */
export function restOf(begun: ReleaseRecord['agreed'], { digest }: AgreedPlan): ReleaseRecord['agreed'] {
  return begun?.digest === digest ? undefined : begun;
}

/** What was shown of all of it was shown of its rest. */
export function shownOf(begun: ReleaseRecord['agreed']): EarlierRun | undefined {
  return begun?.shown === true ? { digest: begun.digest, ends: false } : undefined;
}

/**
 * The one of before its first change. Another one that is named does not lead back to there; as long as nothing of it is in
 * the target there is none, and that one is checked as any.
 */
function backupOf(run: Run, { _id, backupId }: ReleaseRecord, history: readonly HistoryRecord[]): Joined['chosen'] {
  const { backup: named } = run.invocation.flags;
  if (named !== undefined && named !== backupId) {
    if (!isInTarget(history, _id)) return undefined;
    const back = backupId === undefined ? 'has no backup' : `goes back to backup ${backupId}`;
    run.log.warn(`Backup ${named} is not used: a part of release ${_id} is in the target already, which ${back}.`);
  }
  return { behind: backupId === undefined ? undefined : { store: storeOf(run), id: backupId } };
}

/** Whether anything that this release did is in the target, or may be. */
export function isInTarget(history: readonly HistoryRecord[], release: string): boolean {
  return history.some((one) => isOf(one, release) && (one.state === 'applied' || isHalfDone(one)));
}

/** Whether a migration is applied by this release, or was left by it before its end. */
function isOf(one: HistoryRecord, release: string): boolean {
  return one.state === 'applied' ? one.appliedIn === release : isUnsettled(one) && one.releaseId === release;
}

/**
 * What it began on and no store knows of: in production what it was let off; elsewhere, where nobody wants a proof, that its
 * first half came to its end, which rehearsed what was to be rehearsed.
 */
function reliedOnBefore(run: Run, record: ReleaseRecord, ends: boolean): ReliedOn | undefined {
  const { agreed, attempts = [] } = record;
  if (targetOf(run).environment !== 'production')
    return ends && (record.state === 'applied' || record.state === 'nothing-to-do') ? {} : undefined;
  const same = [record, ...attempts.toReversed()].filter(({ planDigest }) => planDigest === agreed?.digest);
  const waiver = same.find(({ waivers }) => waivers !== undefined)?.waivers?.at(-1);
  return waiver && { waiver };
}
