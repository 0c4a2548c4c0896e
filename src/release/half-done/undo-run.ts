import { noEffects } from '../../migration/runner.ts';
import type { Effects } from '../../migration/types.ts';
import { undoAttempt } from '../../migration/undo/undo.ts';
import type { Connection } from '../../mongo/connect.ts';
import { progressLog } from '../progress.ts';
import { DownDocuments, withDownDocument } from '../rollback/down-documents.ts';
import { namesOf, type Run } from '../run.ts';
import type { Tenure } from '../under-lease.ts';
import { type Blocked, resumeBlocked } from './blocked.ts';

/**
 * Undoes what an interrupted run did, if no user has written to any of it since; else it changes nothing. Comes back
 * with what this changed in the target.
 *
 * Throws `RESUME_BLOCKED` where it may not be undone, with how far it got and what is in the way.
 */
export async function undoRun(
  run: Run,
  connection: Connection,
  { lease, signal }: Tenure,
  what: Blocked,
): Promise<Effects> {
  const say = progressLog(run.log);
  const { name } = what.turn.file;
  const { attempt, entries } = what.journal;
  const mode = what.prior.way === 'undo' ? 'tolerant' : 'strict';
  const files = mode === 'tolerant' ? await withDownDocument(run, [name]) : undefined;
  await using down = new DownDocuments(run, files?.get(name), signal);
  const result = await undoAttempt(
    connection,
    namesOf(run),
    { migration: name, number: attempt },
    {
      ...{ fence: lease.fence, mode, ask: down.ask, signal, expectedEntries: entries },
      onProgress: (progress) => say('Undoing.', { migration: name, ...progress }),
    },
  );
  const { documents, inserted, deleted, catalogChanges, entriesUndone, begun } = result;
  if (result.state === 'undone') {
    run.log.info(`What was done of ${name} is undone.`, { migration: name, documents, catalogChanges });
    const catalog = catalogChanges === 1 ? '1 change of the catalog' : `${catalogChanges} changes of the catalog`;
    const otherChanges = catalogChanges === 0 ? [] : [`${catalog} undone`];
    const modified = documents - inserted - deleted;
    return { ...noEffects, operations: entriesUndone, modified, inserted, deleted, otherChanges };
  }
  const extent = !begun
    ? 'This run changed nothing.'
    : `Of its ${entries ?? 'recorded'} operations ${entriesUndone} are undone, the newest first; the same command goes on from there.`;
  throw await resumeBlocked(run, connection, what, result, extent);
}
