import { readHistory } from '../../migration/history/history.ts';
import { noEffects } from '../../migration/runner.ts';
import type { RunJournal } from '../../migration/types.ts';
import { forecastUndo } from '../../migration/undo/forecast.ts';
import { isDamage } from '../../migration/undo/inspect.ts';
import { Quarantine } from '../../migration/undo/quarantine.ts';
import { nothingUndone, sumOfUndos, type UndoNumbers } from '../../migration/undo/result.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import type { ReleaseRecord } from '../record/record.ts';
import type { CollectionCount } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import { type DataTakenBack, inAll, type UndoneMigration } from './result.ts';

/**
 * What the history says that a rollback has taken back, and its own record does not: it was killed between the two. Only
 * reads. Throws what `asServerFailure` makes of a server's failure.
 */
export async function foundBack(
  run: Run,
  connection: Connection,
  { _id, data, strategy }: ReleaseRecord,
): Promise<Pick<DataTakenBack, 'reverted' | 'conflicts' | 'undo'>> {
  const { db } = connection;
  const told = new Set(data?.reverted.map(({ name }) => name));
  const history = await readHistory(db, namesOf(run));
  const found = history.filter(
    (one) => one.releaseId === _id && one.state === 'rolled-back' && one.origin === undefined && !told.has(one._id),
  );
  const conflicts: CollectionCount[] = [];
  const undo: UndoneMigration[] = [];
  for (const { _id: name, journal, undoneDown } of found) {
    if (strategy !== 'undo' || journal === undefined) continue;
    const journals = undoneDown === undefined ? [journal] : [undoneDown, journal];
    const all = await whatCameOf(run, connection, name, journals);
    conflicts.push(...all.conflicts);
    const attempts = journals.map(({ attempt }) => attempt);
    if (all.numbers !== undefined) undo.push({ name, attempts, ...all.numbers });
  }
  return {
    reverted: found.map(({ _id: name, durationMs = 0, effects = noEffects }) => ({ name, durationMs, effects })),
    conflicts: inAll(conflicts),
    ...(undo.length > 0 && { undo }),
  };
}

/**
 * What undos of these journals of a migration came to, all at their end; without the numbers where images are damaged. Only
 * reads. Throws what `asServerFailure` makes of a server's failure.
 */
export async function whatCameOf(
  run: Run,
  connection: Connection,
  migration: string,
  journals: readonly RunJournal[],
): Promise<{ readonly numbers?: UndoNumbers; readonly conflicts: readonly CollectionCount[] }> {
  const own = namesOf(run);
  const conflicts: CollectionCount[] = [];
  const attempts = journals.map(({ attempt: number }) => ({ migration, number }));
  try {
    for (const attempt of attempts)
      conflicts.push(...(await new Quarantine(connection.db, own, attempt).countLeft()).all);
    const forecasts = await forecastUndo(connection, own, attempts, { signal: run.signal });
    return { numbers: forecasts.reduce(sumOfUndos, nothingUndone), conflicts };
  } catch (error) {
    // Its way back is behind it: damage of the images is no harm any more, but for what they would tell.
    if (isDamage(error)) return { conflicts };
    throw asServerFailure(error, `counting what the undo of ${migration} came to`);
  }
}
