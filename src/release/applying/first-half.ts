import { readHistory } from '../../migration/history/history.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { storeOf } from '../backup/take-backup.ts';
import { ReleaseRecords } from '../record/records.ts';
import { namesOf, type Run } from '../run.ts';
import { names } from '../situation/checked-situation.ts';
import { takenBack } from '../taken-back.ts';
import { notStarted, type Progress } from './apply.ts';
import type { Agreed } from './apply-plan.ts';

/** What a release did before a deploy that is not its own, for the run that ends it after that. */
export interface FirstHalf {
  /** Names what it left. */
  readonly afterDeploy: string;
  readonly agreed: Agreed;
  readonly behind: StoredBackup | undefined;
  readonly before: Progress;
}

/**
 * The first half of the release that this run joins by `--release-id` to apply what its plan, which `--digest` names, has
 * for after the deploy. Undefined where this run is none of that, or that one has nothing in the target. Throws
 * `TAKEN_BACK` where it was rolled back since: nobody has the lease while an application is deployed.
 */
export async function firstHalf(run: Run, connection: Connection): Promise<FirstHalf | undefined> {
  const { phase, digest, 'release-id': joined } = run.invocation.flags;
  if (phase !== 'after-deploy' || digest === undefined || joined === undefined) return undefined;
  const records = new ReleaseRecords(connection.db, run);
  const record = await records.find(joined);
  if (record?.afterDeploy === undefined || !names(digest, record.planDigest)) return undefined;
  const { afterDeploy, planDigest, backupId, attempts = [] } = record;
  // Of the attempt that was proven, where the second half is tried again.
  const { proofId, waivers } = [record, ...attempts.toReversed()].find((one) => one.proofId ?? one.waivers) ?? record;
  const history = await readHistory(connection.db, namesOf(run));
  const done = history
    .filter(({ state, appliedIn }) => state === 'applied' && appliedIn === joined)
    .sort((a, b) => a.sequence - b.sequence)
    .flatMap(({ _id: name, durationMs = 0, effects }) =>
      effects === undefined ? [] : [{ name, durationMs, effects }],
    );
  const rollback = done.length === 0 ? await records.rollbackOf(joined) : null;
  if (rollback !== null) {
    const hint = 'Bring the application of before back too. Or correct the cause and release again, under a new id.';
    throw takenBack(joined, `it was taken back by rollback ${rollback._id}`, hint);
  }
  return {
    ...{ afterDeploy, agreed: { planDigest, proofId, waivers } },
    behind: backupId === undefined ? undefined : { store: storeOf(run), id: backupId },
    before: { ...notStarted, done, untouched: false },
  };
}
