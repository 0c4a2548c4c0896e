import { isUnsettled } from '../migration/position.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Situation } from './situation.ts';

/**
 * Pending migrations of which the target has a part already, and the journal knows which. A rehearsal cannot show how
 * they go on: it would run them from their top over what is there.
 */
export function takenUp({ plan, records }: Situation): string[] {
  const begun = records.filter((record) => isUnsettled(record) && record.journal && record.journal.entries !== 0);
  const names = new Set(begun.map(({ _id }) => _id));
  return plan.pending.filter(({ name }) => names.has(name)).map(({ name }) => name);
}

/** Why nothing is rehearsed. */
export function notRehearsed(names: readonly string[]): string {
  return `Nothing is rehearsed: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} taken up where an earlier run left off.`;
}

/** For a dry run, which is a rehearsal and nothing else. */
export function rehearsalImpossible(names: readonly string[]): ReleaseError {
  return new ReleaseError('REHEARSAL_IMPOSSIBLE', notRehearsed(names), {
    hint: 'Type mongo-release migrate --apply to go on in the target, or mongo-release down to undo what was done.',
  });
}
