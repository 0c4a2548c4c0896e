import { readHistory } from '../../migration/history/history.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { AgreedPlan } from '../../migration/plan/agreed.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { storeOf } from '../backup/take-backup.ts';
import { latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { notComplete, openRollback } from '../rollback/open.ts';
import { namesOf, type Run } from '../run.ts';
import { names } from '../situation/checked-situation.ts';
import { refuseTakenBack } from '../taken-back.ts';
import { notStarted, type Progress } from './apply.ts';
import type { Agreed } from './apply-plan.ts';

/** A release that this run goes on with: what it was to come to, and how far it is. */
export interface Joined {
  readonly agreed: Agreed;
  readonly plan: AgreedPlan;
  readonly behind: StoredBackup | undefined;
  readonly before: Progress;
  /** Whether what it was rehearsed by counts for the rest of it. */
  readonly proven: boolean;
}

/**
 * The release that this run joins by `--release-id` to apply what is left of its plan, which `--digest` names: what is for
 * after a deploy that is not its own, or the rest where its run was stopped and is run again. Undefined where this run is
 * none of that: then exactly the plan of that digest is meant. Throws `TAKEN_BACK` where a second half finds its first one
 * rolled back, since nobody has the lease while an application is deployed; `HISTORY_CONFLICT` where a rollback of it is
 * not complete.
 */
export async function joinedRelease(run: Run, connection: Connection): Promise<Joined | undefined> {
  const { phase, digest, 'release-id': release } = run.invocation.flags;
  if (digest === undefined || release === undefined) return undefined;
  const record = await new ReleaseRecords(connection.db, run).find(release);
  if (record === null) return undefined;
  await refuseOpenRollback(run, connection, release);
  if (record.agreed === undefined || !names(digest, record.agreed.digest)) return undefined;
  const { agreed: plan, backupId, attempts = [] } = record;
  const history = await readHistory(connection.db, namesOf(run));
  const ends = phase === 'after-deploy';
  if (ends) await refuseTakenBack(run, connection, release);
  else if (!history.some((one) => isOf(one, release))) return undefined;
  // Of the attempt that was proven, where this is not the second one.
  const { proofId, waivers } = [record, ...attempts.toReversed()].find((one) => one.proofId ?? one.waivers) ?? record;
  const done = history
    .filter(({ state, appliedIn }) => state === 'applied' && appliedIn === release)
    .sort((a, b) => a.sequence - b.sequence)
    .flatMap(({ _id: name, durationMs = 0, effects }) =>
      effects === undefined ? [] : [{ name, durationMs, effects }],
    );
  return {
    ...{ plan, agreed: { planDigest: plan.digest, agreed: plan, proofId, waivers } },
    behind: backupId === undefined ? undefined : { store: storeOf(run), id: backupId },
    before: { ...notStarted, done, untouched: done.length === 0 },
    proven: ends || isRecent(run, record),
  };
}

/** What a rollback has begun to take away is not to be built on under the same name. */
async function refuseOpenRollback(run: Run, connection: Connection, release: string): Promise<void> {
  const open = await openRollback(run, connection);
  if (open?.of !== release) return;
  throw new ReleaseError('HISTORY_CONFLICT', `${notComplete(open)} This run would go on with that release.`, {
    hint: `Let the rollback come to its end: mongo-release rollback ${release}. Then run this again.`,
  });
}

/** Whether a migration is applied by this release, or was left by it before its end. */
function isOf(one: HistoryRecord, release: string): boolean {
  return one.state === 'applied' ? one.appliedIn === release : isUnsettled(one) && one.releaseId === release;
}

/** Tried again after a longer time, what is left is rehearsed once more: the data are others by then. */
function isRecent({ invocation, startedAt }: Run, record: ReleaseRecord): boolean {
  return Number(startedAt) - Number(latestBegan(record)) <= invocation.settings.rehearsal['max-age'];
}
