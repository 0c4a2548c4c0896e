import { readHistory } from '../migration/history/history.ts';
import type { Connection } from '../mongo/connect.ts';
import { notStarted, type Progress } from './apply.ts';
import type { Agreed } from './apply-plan.ts';
import type { StoredBackup } from './backup-for.ts';
import { names } from './checked-situation.ts';
import { ReleaseRecords } from './records.ts';
import { namesOf, type Run } from './run.ts';
import { storeOf } from './take-backup.ts';

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
 * for after the deploy. Undefined where this run is none of that, or that one has nothing in the target.
 */
export async function firstHalf(run: Run, connection: Connection): Promise<FirstHalf | undefined> {
  const { phase, digest, 'release-id': joined } = run.invocation.flags;
  if (phase !== 'after-deploy' || digest === undefined || joined === undefined) return undefined;
  const record = await new ReleaseRecords(connection.db, run).find(joined);
  if (record?.afterDeploy === undefined || record.state !== 'applied' || !names(digest, record.planDigest))
    return undefined;
  const { afterDeploy, planDigest, proofId, waivers, backupId } = record;
  const history = await readHistory(connection.db, namesOf(run));
  const done = history
    .filter(({ state, appliedIn }) => state === 'applied' && appliedIn === joined)
    .sort((a, b) => a.sequence - b.sequence)
    .flatMap(({ _id: name, durationMs = 0, effects }) =>
      effects === undefined ? [] : [{ name, durationMs, effects }],
    );
  return {
    ...{ afterDeploy, agreed: { planDigest, proofId, waivers } },
    behind: backupId === undefined ? undefined : { store: storeOf(run), id: backupId },
    before: { ...notStarted, done, untouched: false },
  };
}
