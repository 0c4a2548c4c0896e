import type { RunJournal } from '../migration/types.ts';
import { describeConflict, type UndoConflict } from '../migration/undo/result.ts';
import { undoAttempt } from '../migration/undo/undo.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { progressLog } from './progress.ts';
import { namesOf, type Run } from './run.ts';
import type { Tenure } from './under-lease.ts';

/**
 * Undoes what an interrupted run did, if no user has written to any of it since; else it changes nothing.
 *
 * Throws `RESUME_BLOCKED` where it may not be undone, with how far it got and what is in the way.
 */
export async function undoRun(
  run: Run,
  connection: Connection,
  { lease, signal }: Tenure,
  name: string,
  { attempt, entries }: RunJournal,
  why: string,
): Promise<void> {
  const say = progressLog(run.log);
  const result = await undoAttempt(
    connection,
    namesOf(run),
    { migration: name, number: attempt },
    {
      ...{ fence: lease.fence, mode: 'strict', signal, expectedEntries: entries },
      onProgress: (progress) => say('Undoing.', { migration: name, ...progress }),
    },
  );
  if (result.state === 'undone') {
    run.log.info(`What was done of ${name} is undone.`, { migration: name, documents: result.documents });
    return;
  }
  const reason = result.state === 'impossible' ? result.reason : conflictText(result.conflicts, result.conflictsTotal);
  const { entriesUndone, documents } = result;
  const extent =
    entriesUndone === 0 && documents === 0
      ? 'This run changed nothing.'
      : `Of its ${entries ?? 'recorded'} operations ${entriesUndone} are undone, the newest first; the same command goes on from there.`;
  throw new ReleaseError(
    'RESUME_BLOCKED',
    `Migration ${name} cannot be taken up (${why}), and what was done of it cannot be undone: ${reason}. ${extent}`,
    {
      hint: `Finish the change by hand and type mongo-release baseline ${name}; or restore a backup from before it (mongo-release rollback --strategy restore).`,
    },
  );
}

const shownConflicts = 3;

function conflictText(conflicts: readonly UndoConflict[], total: number): string {
  const shown = conflicts.slice(0, shownConflicts).map(describeConflict).join('; ');
  return total > shownConflicts ? `${shown}; and ${total - shownConflicts} more` : shown;
}
