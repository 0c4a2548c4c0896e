import { countsOfAnswer, countsOfCheckpoint } from '../gate/counts.ts';
import { noCounts } from '../gate/tally.ts';
import type { Counts } from '../types.ts';
import type { JournalEntry } from './documents.ts';

/**
 * What an entry of kind `write` or `unfenced` says was done to documents; undefined where it does not tell. The one
 * judge of that: whoever counts and whoever undoes must not disagree.
 *
 * Neither of its two witnesses says too much: an answer leaves out what a statement did that was refused in its middle,
 * and a checkpoint may be that of the transaction before the last. Of what was refused it is the last.
 */
export function countsOfEntry({
  state,
  method,
  result,
  error,
  checkpoint,
}: Pick<JournalEntry, 'state' | 'method' | 'result' | 'error' | 'checkpoint'>): Counts | undefined {
  const reached = checkpoint && countsOfCheckpoint(checkpoint);
  if (state === 'refused') return reached ?? noCounts;
  if (state !== 'done') return state === 'progress' ? reached : undefined;
  const bulk = error?.result === undefined ? undefined : ({ form: 'bulk', value: error.result } as const);
  const answer = error === undefined ? result : bulk;
  const told = answer && countsOfAnswer(method, answer);
  if (told === undefined) return error !== undefined || checkpoint?.last ? reached : undefined;
  return reached === undefined ? told : most(told, reached);
}

/** Whether anything was done to a document; undefined where nobody can tell. */
export function changedDocuments(entry: Parameters<typeof countsOfEntry>[0]): boolean | undefined {
  const counts = countsOfEntry(entry);
  return counts && counts.modified + counts.inserted + counts.deleted > 0;
}

function most(a: Counts, b: Counts): Counts {
  const quarantined = Math.max(a.quarantined ?? 0, b.quarantined ?? 0);
  return {
    matched: Math.max(a.matched, b.matched),
    modified: Math.max(a.modified, b.modified),
    inserted: Math.max(a.inserted, b.inserted),
    deleted: Math.max(a.deleted, b.deleted),
    ...(quarantined > 0 ? { quarantined } : {}),
  };
}
