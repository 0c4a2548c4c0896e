import type { Ended } from './result.ts';
import { removeExpired } from './retain.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { readSituation } from './situation.ts';
import { factsOf, storeOf, takeInto } from './take-backup.ts';

/** `backup`: one backup into the store, with the position in history that `migrate --backup` compares. */
export async function backup(run: Run): Promise<Ended<'backup'>> {
  const store = storeOf(run);
  await using connection = await openTarget(run, 'read');
  const started = performance.now();
  const { manifest, location } = await takeInto(run, connection, store, await readSituation(run, connection));
  await removeExpired(run, connection, store);
  const result = factsOf(manifest, location, Math.round(performance.now() - started));
  const warnings =
    manifest.consistency === 'per-collection'
      ? [
          `${connection.topology.kind === 'standalone' ? 'A standalone server has no snapshots: every' : 'Every'} collection is as it was when it was read, and the backup not of one point in time.`,
        ]
      : [];
  return {
    command: 'backup',
    outcome: 'applied',
    result,
    target: aboutTarget(run, connection),
    releaseId: run.releaseId,
    warnings,
  };
}
