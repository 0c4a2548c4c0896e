import { leftTargetAsItWas, type MigrationEnd } from '../migration/runner.ts';
import type { Effects } from '../migration/types.ts';
import { ReleaseError } from '../observe/error.ts';
import { effectsLine } from './effects-line.ts';
import type { AppliedMigration } from './result.ts';

/**
 * The errors of a sequence of migrations that did not reach its end. Each says exactly how far it got: what reached its
 * end before, what this one did, what was not begun.
 */
export interface Extent {
  readonly direction: 'up' | 'down';
  /** The migration that it stopped at. */
  readonly name: string;
  readonly done: readonly AppliedMigration[];
  readonly remaining: readonly string[];
}

const goOn = 'Run the same command again to go on from there.';
const lookFirst =
  'Look at the target; then correct the migration and run it again (it starts from its top), or go back with mongo-release rollback.';
/** What was done is in the journal, to the last operation. */
const takeUp =
  'Run the same command again: it goes on after the last operation, or, where the migration was changed, undoes what was done and starts afresh. mongo-release down takes it back.';

/** Stopped between two migrations: the lease was lost, the run was cancelled, the server did not take the intent. */
export function notBegun(extent: Extent, cause: ReleaseError): ReleaseError {
  const { name, done, remaining } = extent;
  const message = `${cause.message} Reached their end before: ${names(done)}. Not begun: ${[name, ...remaining].join(', ')}.`;
  // Whoever cancels knows; everything else leaves a target that is between two states, and nobody asked for that.
  if (cause.code === 'RESUME_BLOCKED') {
    const stopped = `${cause.message} Reached their end before: ${names(done)}.${remaining.length === 0 ? '' : ` Not begun: ${remaining.join(', ')}.`}`;
    return new ReleaseError('RESUME_BLOCKED', stopped, { hint: cause.hint, cause });
  }
  if (cause.code === 'CANCELLED') return new ReleaseError('CANCELLED', message, { hint: goOn, cause });
  return new ReleaseError('FAILED_DIRTY', `${message} [${cause.code}]`, { hint: `${cause.hint} ${goOn}`, cause });
}

/** The migration itself reached its end, and its record does not say so. */
export function notRecorded(extent: Extent, effects: Effects, cause: ReleaseError, journalled: boolean): ReleaseError {
  const { name, direction } = extent;
  return new ReleaseError(
    'FAILED_DIRTY',
    `Migration ${name} (${direction}) reached its end (${effectsLine(effects)}), and that could not be put on record: ${cause.message} [${cause.code}]${around(extent)} The next run will find ${name} interrupted.`,
    {
      hint: journalled
        ? 'Run the same command again: what the journal has is not done a second time.'
        : `Look at the target. If ${name} may run a second time, run the same command again; if not, type mongo-release baseline ${name}.`,
      cause,
    },
  );
}

export interface Circumstances {
  /** Whether somebody cancelled the run. */
  readonly cancelled: boolean;
  /** Why the lease was lost, where it was. */
  readonly lost: ReleaseError | undefined;
  /** Why the end could not be put on record, where it could not. */
  readonly unrecorded: ReleaseError | undefined;
  /** Whether the journal has what was done. */
  readonly journalled: boolean;
}

/** The migration was begun and did not reach its end. */
export function unfinished(
  extent: Extent,
  end: Exclude<MigrationEnd, { state: 'done' }>,
  { cancelled, lost, unrecorded, journalled }: Circumstances,
): ReleaseError {
  const { name, direction, done } = extent;
  const clean = leftTargetAsItWas(end);
  const next = journalled ? takeUp : lookFirst;
  const why = end.state === 'cancelled' && lost !== undefined && !cancelled ? lost : end.error;
  const did = clean
    ? 'It changed nothing.'
    : `It had sent ${end.effects.operations} ${end.effects.operations === 1 ? 'operation' : 'operations'}: ${effectsLine(end.effects)}.`;
  const record =
    unrecorded === undefined
      ? ''
      : ` Its end could not be put on record [${unrecorded.code}]: the next run will find it interrupted.`;
  const message = `Migration ${name} (${direction}) did not reach its end: ${why.message} [${why.code}] ${did}${around(extent)}${record}`;
  if (end.state === 'cancelled' && cancelled) {
    return new ReleaseError('CANCELLED', message, { hint: clean ? goOn : next, cause: end.error });
  }
  if (clean && done.length === 0 && unrecorded === undefined) {
    return new ReleaseError('FAILED_CLEAN', message, {
      hint: 'Correct the migration and run the same command again.',
      cause: end.error,
    });
  }
  return new ReleaseError('FAILED_DIRTY', message, {
    hint: clean && why === end.error ? 'Correct the migration and run the same command again.' : next,
    cause: why,
  });
}

function around({ done, remaining }: Extent): string {
  const before = done.length === 0 ? '' : ` Before it reached their end: ${names(done)}.`;
  const after = remaining.length === 0 ? '' : ` Not begun: ${remaining.join(', ')}.`;
  return before + after;
}

function names(migrations: readonly AppliedMigration[]): string {
  return migrations.map((one) => one.name).join(', ');
}
