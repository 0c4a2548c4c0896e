import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { Attempt } from '../journal/documents.ts';
import type { AskDown } from './down-documents.ts';
import { Preview, PreviewStore } from './preview-store.ts';
import { ConflictList, type UndoNumbers } from './result.ts';
import { Walk } from './walk.ts';

export interface ForecastAttempt extends Attempt {
  /** Where the migration has a `downDocument`. */
  readonly ask?: AskDown;
}

/**
 * Goes through the tolerant undo of attempts, the newest first, without changing anything and without a lease: what each
 * would come to, with what earlier undos of it have done. What the server would refuse, such as a unique value that a user has taken, only the undo itself finds. Throws the driver's
 * errors, the signal's reason, and `JournalDamage` for images that are damaged.
 */
export async function forecastUndo(
  connection: Connection,
  own: OwnNames,
  attempts: readonly ForecastAttempt[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<UndoNumbers[]> {
  await using preview = await Preview.of(connection, own, attempts, signal);
  const forecasts: UndoNumbers[] = [];
  for (const [age, attempt] of attempts.entries()) {
    if (age > 0) preview.nextLayer();
    const { ask } = attempt;
    const store = new PreviewStore(preview, attempt, ask !== undefined);
    const walk = new Walk({ connection, own, attempt, mode: 'tolerant', store, ask, signal });
    await walk.run();
    forecasts.push(await walk.numbers());
  }
  return forecasts;
}

/**
 * Finds every write of others that a strict undo would meet, without changing anything. What happens after it has looked
 * is found by the undo itself. Throws as `forecastUndo` does.
 */
export async function foreseeConflicts(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ConflictList> {
  await using preview = await Preview.of(connection, own, [attempt], signal);
  const conflicts = new ConflictList();
  const store = new PreviewStore(preview, attempt, false);
  await new Walk({ connection, own, attempt, mode: 'look', store, conflicts, signal }).run();
  return conflicts;
}
