import { isUnsettled } from '../migration/history/position.ts';
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

/** Why nothing is rehearsed, and what that means for the rest. */
export function notRehearsed(names: readonly string[], { plan }: Situation): string {
  const rest = plan.pending.filter(({ name }) => !names.includes(name)).map(({ name }) => name);
  const also = rest.length === 0 ? '' : ` That goes for ${rest.join(', ')} too, which never ran here.`;
  return `Nothing is rehearsed, since a part of ${names.join(', ')} is in the target already.${also}`;
}

/** For a dry run, which is a rehearsal and nothing else. */
export function rehearsalImpossible(names: readonly string[], situation: Situation): ReleaseError {
  return new ReleaseError('REHEARSAL_IMPOSSIBLE', notRehearsed(names, situation), {
    hint: 'Type mongo-release down to undo what was done, and rehearse then; or mongo-release migrate --apply to go on in the target.',
  });
}
