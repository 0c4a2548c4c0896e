import { onTheWay } from '../../migration/down.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { HistoryRecord, RunJournal } from '../../migration/types.ts';
import { damaged, hasDamage, inspectAttempt } from '../../migration/undo/inspect.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { namesOf, type Run } from '../run.ts';

/** Whether journals lead back from a release. */
export type Undoable =
  /** The last applied first. */
  | { readonly names: readonly string[] }
  /** A sentence. */
  | { readonly why: string };

export interface LookOptions {
  /** A moment before, all images were whole: only whether they are there is looked at again. */
  readonly imagesRead?: boolean;
}

/**
 * Whether the journals tell how everything that a release left in the target goes back. Only reads. Throws
 * `DOWN_BLOCKED` where later releases stand on it, and what `asServerFailure` makes of a server's failure.
 */
export async function undoableOf(
  run: Run,
  connection: Connection,
  release: string,
  records: readonly HistoryRecord[],
  { imagesRead = false }: LookOptions = {},
): Promise<Undoable> {
  const way = onTheWay(records, { release });
  for (const record of way) {
    const { _id: migration } = record;
    for (const journal of journalsOf(record)) {
      if (journal === undefined) return { why: noJournal(record) };
      if (!journal.images) return { why: `The journal of ${migration} keeps no images: migrations.journal says so.` };
      const attempt = { migration, number: journal.attempt };
      try {
        const { reason } = await inspectAttempt(connection.db, namesOf(run), attempt, {
          expectedEntries: journal.entries,
          signal: run.signal,
        });
        const harmed =
          reason === undefined && !imagesRead && (await hasDamage(connection, namesOf(run), attempt, run.signal));
        const why = harmed ? damaged : reason;
        if (why !== undefined) return { why: `The journal does not lead back from ${migration}: ${why}.` };
      } catch (error) {
        if (run.signal.aborted) throw error;
        throw asServerFailure(error, `reading the journal of ${migration}`);
      }
    }
  }
  return { names: way.map(({ _id }) => _id) };
}

function noJournal({ _id, origin }: HistoryRecord): string {
  return origin?.kind === 'restore'
    ? `The journal of ${_id} is of the collections that backup ${origin.backupId} has replaced.`
    : `No journal was kept of ${_id}.`;
}

/** Those that have to be undone, the newest first. */
export function journalsOf(record: HistoryRecord): (RunJournal | undefined)[] {
  const { direction, way, journal, appliedJournal } = record;
  if (!isUnsettled(record) || way === 'undo') return [appliedJournal ?? journal];
  return direction === 'up' ? [journal] : [journal, appliedJournal];
}
