import { nextOfHalf, type OfRelease } from '../../migration/beginning.ts';
import type { Ending } from '../../migration/history/history.ts';
import { leftTargetAsItWas } from '../../migration/runner.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { byItsDown } from '../half-done/blocked.ts';
import { ofRelease } from '../half-done/of-release.ts';
import { wayOn } from '../half-done/way-on.ts';
import { offendingOnTarget } from '../rehearsal/offending.ts';
import type { AppliedMigration, FailedMigration } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import type { Tenure } from '../under-lease.ts';
import { effectsLine } from './effects-line.ts';
import { type Extent, notBegun, notRecorded, unfinished } from './how-far.ts';
import { runTurn, type TurnEnd } from './run-turn.ts';
import type { Turn } from './turns.ts';

/** How a sequence of migrations ended. `done` holds those that reached their end, in order. */
export interface Progress {
  readonly done: readonly AppliedMigration[];
  /** Names of those of which an earlier run had done a part, which was undone and is all there was to do of them. */
  readonly undone: readonly string[];
  readonly failed?: FailedMigration;
  /** Names of those that were not begun. */
  readonly remaining: readonly string[];
  readonly error?: ReleaseError;
  /** Whether the target is certainly as it was before the first of them. */
  readonly untouched: boolean;
}

export const notStarted: Progress = { done: [], undone: [], remaining: [], untouched: true };

export interface InTarget {
  /** What this run did in the target before. */
  readonly before?: Progress;
  /** Names of what comes after these, for what is said of a run that does not get there. */
  readonly later?: readonly string[];
  /** Ends what earlier runs have begun: what has to be undone for that is not run afresh. */
  readonly settle?: boolean;
}

/**
 * Runs migrations one after the other on the target, each with its intent on record before and its end after. Stops at
 * the first that does not reach its end; that is in the result, not thrown, once anything has been begun.
 *
 * Throws `LEASE_LOST`, `HISTORY_CONFLICT` and server failures when the first intent cannot be recorded, `CANCELLED` and
 * `LEASE_LOST` where the run was over before it: nothing has run then, `before` neither.
 */
export async function runInTarget(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  direction: 'up' | 'down',
  turns: readonly Turn[],
  { before = notStarted, later = [], settle = false }: InTarget = {},
): Promise<Progress> {
  const done: AppliedMigration[] = [...before.done];
  const undone: string[] = [...before.undone];
  for (const [index, turn] of turns.entries()) {
    const { name } = turn.file;
    const log = run.log.with({ migration: name });
    const remaining = [...turns.slice(index + 1).map((turn) => turn.file.name), ...later];
    const extent: Extent = { direction, name, done, undone, remaining };
    const changed = done.length + undone.length > 0;
    let turnEnd: TurnEnd;
    try {
      tenure.signal.throwIfAborted();
      turnEnd = await runTurn(run, connection, tenure, direction, turn, settle);
    } catch (thrown) {
      const error = asReleaseError(thrown);
      if (!changed) throw error;
      return { done, undone, remaining: [name, ...remaining], error: notBegun(extent, error), untouched: false };
    }
    if (turnEnd.state === 'undone') {
      const { durationMs, effects, applied } = turnEnd;
      log.info(
        applied
          ? `The interrupted way down of ${name} is undone: it is applied, as it was before.`
          : `Migration ${name} is as if it had never begun: what it had done is undone (${effectsLine(effects)}).`,
      );
      if (direction === 'up' && !applied) undone.push(name);
      else done.push({ name, durationMs, effects });
      continue;
    }
    const { end, begun, overHalf } = turnEnd;
    const { durationMs, effects } = end;
    if (end.state === 'done') {
      const state = direction === 'up' ? 'applied' : 'rolled-back';
      const recorded = await recordEnd(tenure, name, { state, durationMs, effects }, end.notes);
      if (recorded instanceof ReleaseError) {
        const failed = { name, durationMs, effects };
        return {
          done,
          undone,
          failed,
          remaining,
          error: notRecorded(extent, effects, recorded, begun.journal !== undefined),
          untouched: false,
        };
      }
      const { operations, replayed } = effects;
      const before = replayed ? ` Of its ${operations} operations an earlier run had done ${replayed}.` : '';
      const what = direction === 'up' ? 'applied' : 'taken back';
      log.info(`Migration ${name} is ${what}: ${effectsLine(effects)}.${before}`, { durationMs });
      done.push({ name, durationMs, effects });
      continue;
    }
    const nothingDone = leftTargetAsItWas(end);
    const stays = direction === 'down' && begun.appliedAt !== undefined && nothingDone && !overHalf;
    const recorded = await recordEnd(
      tenure,
      name,
      stays
        ? 'stays-applied'
        : {
            state: end.state === 'failed' ? 'failed' : 'interrupted',
            // Ended before it came to where it was: what is there already, this run does not know.
            ...{ durationMs, effects: overHalf && nothingDone ? undefined : effects },
            error: { code: end.error.code, message: run.secrets.scrub(end.error.message) },
          },
      end.notes,
    );
    const lost = tenure.lease.lost.aborted ? asReleaseError(tenure.lease.lost.reason) : undefined;
    const own = namesOf(run);
    const attempt = begun.journal && { migration: name, number: begun.journal.attempt };
    const given = end.state === 'failed' && !tenure.signal.aborted;
    const { db } = connection;
    const { signal } = tenure;
    const offending = given ? await offendingOnTarget({ db, own, file: turn.file, attempt, end, signal }) : [];
    const { next, of } = await afterwards(run, connection, turn, begun, recorded);
    const error = unfinished(extent, end, {
      ...{ cancelled: run.signal.aborted, lost, overHalf, offending },
      unrecorded: recorded instanceof ReleaseError ? recorded : undefined,
      next,
      wayOut: direction === 'up' ? byItsDown(turn, of) : [],
    });
    return {
      done,
      undone,
      failed: { name, durationMs, effects, offending },
      remaining,
      error,
      untouched: nothingDone && !changed,
    };
  }
  return { done, undone, remaining: [], untouched: done.length + undone.length === 0 };
}

/**
 * Puts the end of a migration on record; comes back with that, or with what kept it from that. The record stays
 * `running` then, and the next run marks it as interrupted.
 */
async function recordEnd(
  tenure: Tenure,
  name: string,
  ending: Ending | 'stays-applied',
  notes: readonly string[],
): Promise<HistoryRecord | ReleaseError> {
  const { history } = tenure;
  try {
    return await (ending === 'stays-applied' ? history.standsAgain(name) : history.finish(name, ending, notes));
  } catch (thrown) {
    return asReleaseError(thrown);
  }
}

/** What comes next of it. A server that did not take its end is not asked. */
async function afterwards(
  run: Run,
  connection: Connection,
  { file }: Turn,
  begun: HistoryRecord,
  recorded: HistoryRecord | ReleaseError,
): Promise<{ readonly next: string; readonly of: OfRelease }> {
  const own: OfRelease = { command: run.invocation.command === 'release' ? 'release' : 'migrate' };
  // How many entries its journal has by then, only the next run can count.
  const asItWillBeFound = { ...begun, journal: begun.journal && { ...begun.journal, entries: undefined } };
  const unasked = { next: nextOfHalf(asItWillBeFound, file, own), of: own };
  if (recorded instanceof ReleaseError) return unasked;
  try {
    const of = await ofRelease(run, connection, recorded);
    return { next: await wayOn(run, connection, recorded, file), of };
  } catch {
    return unasked;
  }
}
