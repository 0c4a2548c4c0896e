import { readHistory } from '../../migration/history/history.ts';
import { noEffects } from '../../migration/runner.ts';
import { isDamage } from '../../migration/undo/damage.ts';
import { forecastUndo } from '../../migration/undo/forecast.ts';
import { Quarantine } from '../../migration/undo/quarantine.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { namesOf, type Run } from '../run.ts';
import type { DataTakenBack, UndoneMigration } from './result.ts';

/**
 * What the history says that a rollback has taken back, and its own record does not: it was killed between the two. Only
 * reads. Throws what `asServerFailure` makes of a server's failure.
 */
export async function foundBack(
  run: Run,
  connection: Connection,
  { _id, data }: ReleaseRecord,
): Promise<Pick<DataTakenBack, 'reverted' | 'conflicts' | 'undo'>> {
  const { db } = connection;
  const own = namesOf(run);
  const told = new Set(data?.reverted.map(({ name }) => name));
  const history = await readHistory(db, own);
  const found = history.filter(
    (one) => one.releaseId === _id && one.state === 'rolled-back' && one.origin === undefined && !told.has(one._id),
  );
  const conflicts = new Map<string, number>();
  const undo: UndoneMigration[] = [];
  for (const { _id: migration, way, journal } of found) {
    if (way !== 'undo' || journal === undefined) continue;
    const attempt = { migration, number: journal.attempt };
    try {
      for (const [collection, documents] of await new Quarantine(db, own, attempt).countByCollection())
        conflicts.set(collection, (conflicts.get(collection) ?? 0) + documents);
      const [numbers] = await forecastUndo(connection, own, [attempt], { signal: run.signal });
      if (numbers !== undefined) undo.push({ name: migration, ...numbers });
    } catch (error) {
      // Its way back is behind it: damage of the images is no harm any more, but for what they would tell.
      if (isDamage(error)) continue;
      throw asServerFailure(error, `counting what the undo of ${migration} came to`);
    }
  }
  return {
    reverted: found.map(({ _id: name, durationMs = 0, effects = noEffects }) => ({ name, durationMs, effects })),
    conflicts: [...conflicts].map(([collection, documents]) => ({ collection, documents })),
    ...(undo.length > 0 && { undo }),
  };
}
