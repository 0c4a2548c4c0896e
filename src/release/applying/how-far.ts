import { leftTargetAsItWas, type MigrationEnd } from '../../migration/runner.ts';
import type { Effects } from '../../migration/types.ts';
import { ReleaseError } from '../../observe/error.ts';
import { plural } from '../../report/format.ts';
import { describeAll } from '../../report/offending.ts';
import { wasOvertaken } from '../outcome.ts';
import type { Offending } from '../rehearsal/result.ts';
import type { AppliedMigration } from '../result.ts';
import { effectsLine } from './effects-line.ts';

/**
 * The errors of a sequence of migrations that did not reach its end. Each says exactly how far it got: what reached its
 * end before, what this one did, what was not begun.
 */
export interface Extent {
  readonly direction: 'up' | 'down';
  /** The migration that it stopped at. */
  readonly name: string;
  readonly done: readonly AppliedMigration[];
  /** Names of those that an earlier run had begun, and of which nothing is left. */
  readonly undone: readonly string[];
  readonly remaining: readonly string[];
}

const goOn = 'Run the same command again to go on from there.';

/** Stopped between two migrations: the lease was lost, the run was cancelled, the server did not take the intent. */
export function notBegun(extent: Extent, cause: ReleaseError): ReleaseError {
  const { name, remaining } = extent;
  if (cause.code === 'RESUME_BLOCKED') {
    return new ReleaseError('RESUME_BLOCKED', `${cause.message}${around(extent)}`, { hint: cause.hint, cause });
  }
  const message = `${cause.message}${around({ ...extent, remaining: [name, ...remaining] })}`;
  if (wasOvertaken(cause)) {
    const { code, hint, details } = cause;
    return new ReleaseError(code, message, { hint, details, cause });
  }
  // Whoever cancels knows; everything else leaves a target that is between two states, and nobody asked for that.
  if (cause.code === 'CANCELLED') return new ReleaseError('CANCELLED', message, { hint: goOn, cause });
  return new ReleaseError('FAILED_DIRTY', `${message} [${cause.code}]`, { hint: `${cause.hint} ${goOn}`, cause });
}

/** The migration itself reached its end, and its record does not say so. */
export function notRecorded(extent: Extent, effects: Effects, cause: ReleaseError, journalled: boolean): ReleaseError {
  const { name, direction } = extent;
  return new ReleaseError(
    'FAILED_DIRTY',
    `Migration ${name} (${direction}) reached its end (${effectsLine(effects)}), and that could not be put on record: ${cause.message} [${cause.code}]${around(extent)} ${foundBy(cause)}`,
    {
      hint: isLost(cause)
        ? cause.hint
        : journalled
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
  /** Whether an earlier run had done a part of it. */
  readonly overHalf: boolean;
  /** Which documents it failed on, as far as that was found. */
  readonly offending: readonly Offending[];
  /** What comes next of what is half done, once the cause is out of the way. */
  readonly next: string;
  /** What is open where the journal does not tell enough. */
  readonly wayOut: readonly string[];
}

/** The migration was begun and did not reach its end. */
export function unfinished(
  extent: Extent,
  end: Exclude<MigrationEnd, { state: 'done' }>,
  { cancelled, lost, unrecorded, overHalf, offending, next, wayOut }: Circumstances,
): ReleaseError {
  const { name, direction, done, undone } = extent;
  const clean = leftTargetAsItWas(end);
  const why = end.state === 'cancelled' && lost !== undefined && !cancelled ? lost : end.error;
  const then = why.code === 'OPERATION_IN_DOUBT' ? wayOut : isLost(unrecorded) ? [unrecorded.hint] : [next];
  const hint = clean && !overHalf ? why.hint : [...new Set([why.hint, ...then])].join(' ');
  const nothing = overHalf ? 'It changed nothing; what was done of it before stays.' : 'It changed nothing.';
  const did = clean ? nothing : sent(end.effects);
  const record =
    unrecorded === undefined ? '' : ` Its end could not be put on record [${unrecorded.code}]. ${foundBy(unrecorded)}`;
  // The error says itself what was read last.
  const told = describeAll(offending.filter(({ kind }) => kind !== 'last-read')).map((one) => `${one} `);
  const message = `Migration ${name} (${direction}) did not reach its end: ${why.message} [${why.code}] ${told.join('')}${did}${around(extent)}${record}`;
  if (end.state === 'cancelled' && cancelled) {
    return new ReleaseError('CANCELLED', message, { hint: clean ? goOn : hint, cause: end.error });
  }
  const untouched = clean && done.length + undone.length === 0 && unrecorded === undefined;
  return new ReleaseError(untouched ? 'FAILED_CLEAN' : 'FAILED_DIRTY', message, { hint, cause: why });
}

function isLost(unrecorded: ReleaseError | undefined): unrecorded is ReleaseError {
  return unrecorded?.code === 'LEASE_LOST';
}

/** Without the lease nobody knows what others made of it since: they may have brought it to its end. */
function foundBy(unrecorded: ReleaseError): string {
  return isLost(unrecorded)
    ? 'Another run may have taken it up since: mongo-release status says what became of it.'
    : 'The next run will find it interrupted.';
}

function sent(effects: Effects): string {
  const { operations, replayed = 0 } = effects;
  const before = replayed === 0 ? '' : `, ${replayed === operations ? 'all' : replayed} of them in an earlier run`;
  return `It had sent ${plural(operations, 'operation')}${before}: ${effectsLine(effects)}.`;
}

function around({ done, undone, remaining }: Extent): string {
  const before = done.length === 0 ? '' : ` Before it reached their end: ${names(done)}.`;
  const gone = undone.length === 0 ? '' : ` What was done of ${undone.join(', ')} was undone before.`;
  const after = remaining.length === 0 ? '' : ` Not begun: ${remaining.join(', ')}.`;
  return before + gone + after;
}

function names(migrations: readonly AppliedMigration[]): string {
  return migrations.map((one) => one.name).join(', ');
}
