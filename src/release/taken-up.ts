import { beginningOf } from '../migration/beginning.ts';
import { listed } from '../migration/files/find.ts';
import type { PlannedMigration } from '../migration/types.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Run } from './run.ts';
import type { Situation } from './situation.ts';

/**
 * Pending migrations of which the target has a part already, and the journal knows which. A rehearsal cannot show how
 * they go on: it would run them from their top over what is there.
 */
export function takenUp(situation: Situation): PlannedMigration[] {
  return situation.plan.pending.filter(({ name }) => beginning(situation, name).how !== 'afresh');
}

function beginning({ files, records }: Situation, name: string) {
  const file = files.get(name);
  const record = records.find(({ _id }) => _id === name);
  return file === undefined ? ({ how: 'afresh' } as const) : beginningOf(record, file, 'up');
}

/** Why nothing is rehearsed, and what that means for the rest. */
export function notRehearsed(situation: Situation): string {
  const begun = takenUp(situation);
  const rest = situation.plan.pending.filter((one) => !begun.includes(one));
  const also = rest.length === 0 ? '' : ` That goes for ${namesOf(rest)} too, which never ran here.`;
  return `Nothing is rehearsed, since a part of ${namesOf(begun)} is in the target already.${also}`;
}

/** For a dry run, which is a rehearsal and nothing else: what an apply would do first. */
export function rehearsalImpossible({ invocation }: Run, situation: Situation): ReleaseError {
  const begun = takenUp(situation);
  const rest = situation.plan.pending.filter((one) => !begun.includes(one));
  const resumed = begun.filter(({ name }) => beginning(situation, name).how === 'resume');
  const undone = begun.filter((one) => !resumed.includes(one));
  const first = [
    resumed.length > 0 ? `takes ${namesOf(resumed)} up where it was` : undefined,
    undone.length > 0 ? `undoes what was done of ${namesOf(undone)}` : undefined,
  ].filter((part) => part !== undefined);
  const afresh = situation.plan.pending.filter((one) => undone.includes(one) || rest.includes(one));
  const then = afresh.length === 0 ? '' : `, and then rehearses and applies ${namesOf(afresh)}`;
  return new ReleaseError(
    'REHEARSAL_IMPOSSIBLE',
    `A part of ${namesOf(begun)} is in the target already, and only there it can be ended: elsewhere it would run from its top over what is there, which shows nothing.`,
    {
      hint: `mongo-release ${invocation.command} --apply first ${first.join(' and ')}${then}. To take back what was done instead, type mongo-release down.`,
    },
  );
}

function namesOf(migrations: readonly PlannedMigration[]): string {
  return listed(migrations.map(({ name }) => name));
}
