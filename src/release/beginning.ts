import { isUnsettled } from '../migration/history/position.ts';
import type { HistoryRecord, MigrationFile, RunJournal } from '../migration/types.ts';

/** What is to be done with what an earlier run left of a migration, before it runs. */
export type Beginning =
  | { readonly how: 'afresh' }
  /** Runs again from its top, and what the journal has is answered from it. */
  | { readonly how: 'resume'; readonly journal: RunJournal }
  /** First undo what the earlier run did. `thenRun` is false where that is all that was asked for. */
  | { readonly how: 'undo'; readonly journal: RunJournal; readonly why: string; readonly thenRun: boolean };

/** `undefined` where there is no journal of it: the migration then runs from its top over what is there. */
export function beginningOf(
  prior: HistoryRecord | undefined,
  { checksum, fileName }: MigrationFile,
  direction: 'up' | 'down',
): Beginning {
  if (prior === undefined || !isUnsettled(prior) || prior.journal === undefined) return { how: 'afresh' };
  const { journal } = prior;
  if (journal.entries === 0) return { how: 'afresh' };
  if (prior.direction !== direction) {
    const why = `it was interrupted on its way ${prior.direction}`;
    return { how: 'undo', journal, why, thenRun: false };
  }
  // On its way down a record keeps the checksum of what was applied; the journal is of the file that ran.
  const ran = journal.checksum ?? prior.checksum;
  if (ran !== checksum) {
    return { how: 'undo', journal, why: `${fileName} was changed since it was interrupted`, thenRun: true };
  }
  return { how: 'resume', journal };
}
