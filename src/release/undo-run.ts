import type { RunJournal } from '../migration/types.ts';
import { undoAttempt } from '../migration/undo/undo.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
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
  const result = await undoAttempt(
    connection,
    namesOf(run),
    { migration: name, number: attempt },
    { fence: lease.fence, mode: 'strict', signal, expectedEntries: entries },
  );
  if (result.state === 'undone') {
    run.log.info(`What was done of ${name} is undone.`, { migration: name, documents: result.documents });
    return;
  }
  const reason =
    result.state === 'impossible'
      ? result.reason
      : `${result.conflicts.length} of the documents that it changed were written by others since`;
  throw new ReleaseError(
    'RESUME_BLOCKED',
    `Migration ${name} cannot be taken up (${why}), and what was done of it cannot be undone: ${reason}. This run changed nothing.`,
    {
      hint: `Finish the change by hand and type mongo-release baseline ${name}; or restore a backup from before it (mongo-release rollback --strategy restore).`,
    },
  );
}
