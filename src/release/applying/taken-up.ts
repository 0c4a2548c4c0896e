import { type Beginning, beginningOf } from '../../migration/beginning.ts';
import { listed } from '../../migration/files/find.ts';
import type { PlannedMigration } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { ofRelease } from '../half-done/of-release.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';

/**
 * Pending migrations of which the target has a part already, and the journal knows which. A rehearsal cannot show how
 * they go on: it would run them from their top over what is there.
 */
export function takenUp(situation: Situation): PlannedMigration[] {
  return situation.plan.pending.filter(({ name }) => beginning(situation, name).how !== 'afresh');
}

/**
 * What a rehearsal can show: what runs before the first of those. What comes after it runs over what it will leave, and
 * nobody knows that before it has come to its end.
 */
export function rehearsable(situation: Situation): PlannedMigration[] {
  const { pending } = situation.plan;
  const [first] = takenUp(situation);
  return first === undefined ? [...pending] : pending.slice(0, pending.indexOf(first));
}

/** What an apply runs from its top: all that is pending but what goes on where it was. */
export function notResumed(situation: Situation): PlannedMigration[] {
  return situation.plan.pending.filter(({ name }) => beginning(situation, name).how !== 'resume');
}

function beginning({ files, records }: Situation, name: string) {
  const file = files.get(name);
  const record = records.find(({ _id }) => _id === name);
  return file === undefined ? ({ how: 'afresh' } as const) : beginningOf(record, file, 'up');
}

/** What is not rehearsed `when`, why, and what that means for the rest. */
export function notRehearsed(situation: Situation, when = ''): string {
  const begun = takenUp(situation);
  const shown = rehearsable(situation);
  const rest = situation.plan.pending.filter((one) => !begun.includes(one) && !shown.includes(one));
  const what = shown.length === 0 ? 'Nothing' : `Nothing but ${namesOf(shown)}`;
  const also = rest.length === 0 ? '' : ` That goes for ${namesOf(rest)} too, which never ran here.`;
  return `${what} is rehearsed${when}, since a part of ${namesOf(begun)} is in the target already.${also}`;
}

/** For a dry run, which is a rehearsal and nothing else: what an apply would do first, by the command that goes on with all of it. */
export async function rehearsalImpossible(
  run: Run,
  connection: Connection,
  situation: Situation,
): Promise<ReleaseError> {
  const { pending } = situation.plan;
  const begun = takenUp(situation);
  const { invocation } = run;
  const record = situation.records.find(({ _id }) => _id === begun[0]?.name);
  const of = record && (await ofRelease(run, connection, record));
  const command = of?.command === 'release' ? 'release' : invocation.command;
  const deploys = command === 'release' && invocation.settings.hooks.deploy !== undefined;
  // What is for after the deploy is ended there, and what comes after it is rehearsed there.
  const waits = deploys && begun.some(({ phase }) => phase === 'after-deploy');
  const later = waits ? pending.filter(({ phase }) => phase === 'after-deploy') : [];
  const now = pending.filter((one) => !later.includes(one));
  const steps = [
    now.length > 0 ? ending(situation, now) : undefined,
    later.length > 0 ? `after the deploy ${ending(situation, later)}` : undefined,
  ].filter((step) => step !== undefined);
  const back =
    of?.back === undefined ? 'To take back what was done instead, type mongo-release down.' : `Or ${of.back}.`;
  return new ReleaseError(
    'REHEARSAL_IMPOSSIBLE',
    `A part of ${namesOf(begun)} is in the target already, and only there it can be ended: elsewhere it would run from its top over what is there, which shows nothing.`,
    {
      hint: `mongo-release ${command} --apply ${steps.join(', and ')}. ${back}`,
    },
  );
}

/** What an apply does with these: those that were begun come first. */
function ending(situation: Situation, migrations: readonly PlannedMigration[]): string {
  const does = (how: Beginning['how']) => migrations.filter(({ name }) => beginning(situation, name).how === how);
  const [resumed, undone, fresh] = [does('resume'), does('undo'), does('afresh')];
  const first = [
    resumed.length > 0 ? `takes ${namesOf(resumed)} up where it was` : undefined,
    undone.length > 0 ? `undoes what was done of ${namesOf(undone)}` : undefined,
  ].filter((part) => part !== undefined);
  const afresh = migrations.filter((one) => undone.includes(one) || fresh.includes(one));
  const run = afresh.length === 0 ? '' : `rehearses and applies ${namesOf(afresh)}`;
  if (first.length === 0) return run;
  return `first ${first.join(' and ')}${run === '' ? '' : `, and then ${run}`}`;
}

function namesOf(migrations: readonly PlannedMigration[]): string {
  return listed(migrations.map(({ name }) => name));
}
