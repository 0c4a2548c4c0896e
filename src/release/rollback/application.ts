import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { hasTakenBack, isDeployed } from '../record/outcomes.ts';
import { deploysOf, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Step } from '../result.ts';
import type { Run } from '../run.ts';

/** What a person has to be told where a release that deployed is taken back, and no hook brings the application back. */
export const staysDeployed =
  'It deployed the application, and there is no hook rollback-app: bring the one before back by hand.';

/** That, of a rollback with these steps, taken or foretold; empty where it brings the application back, or never came to it. */
export function deployedWarnings(deployed: boolean, steps: readonly Step[] = []): string[] {
  const skipped = steps.some(({ name, state }) => name === 'rollback-app' && state === 'skipped');
  return deployed && skipped ? [staysDeployed] : [];
}

/** As `isDeployed`, and so it is where that rollback, its newest, had no hook to bring the application of before back. */
export function isLeftDeployed(release: ReleaseRecord, back: ReleaseRecord | undefined): ReturnType<typeof isDeployed> {
  const stays = deployedWarnings(deploysOf(release).length > 0, back?.steps).length > 0;
  return stays ? 'yes' : isDeployed(release, back);
}

/**
 * The warning long after, of the newest release that deployed; empty once another one has. Whoever brings an application back by
 * hand leaves no trace of it, so it is a word and no finding. Only reads.
 */
export async function leftDeployed(run: Run, { db }: Connection): Promise<string[]> {
  try {
    const release = await new ReleaseRecords(db, run).newestDeployed();
    const back = release && (await new RollbackRecords(db, run).newestOf(release._id));
    if (!back || !hasTakenBack(back, release) || isLeftDeployed(release, back) !== 'yes') return [];
    return [
      `Rollback ${back._id} has taken release ${release._id} back, but not the application that it deployed. If nobody has brought the one before back by hand since, do that; the next deploy ends this warning.`,
    ];
  } catch (error) {
    throw asServerFailure(error, 'looking which application is deployed');
  }
}
