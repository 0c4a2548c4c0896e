import { leftTargetAsItWas, type MigrationEnd, runMigration } from '../migration/runner.ts';
import type { MigrationFacts, MigrationFile } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { childOptions } from './child-options.ts';
import { effectsLine } from './effects-line.ts';
import type { AppliedMigration, FailedMigration } from './result.ts';
import { type Run, targetOf } from './run.ts';
import type { Situation } from './situation.ts';
import type { Tenure } from './under-lease.ts';

/** One migration that is to be run in one direction. */
export interface Turn {
  readonly file: MigrationFile;
  readonly facts: MigrationFacts;
}

/** Migrations with their files and facts, in the order of the names; without names the pending ones. */
export function turnsOf(
  { plan, files, facts }: Situation,
  names: readonly string[] = plan.pending.map((migration) => migration.name),
): Turn[] {
  return names.map((name) => {
    const file = files.get(name);
    const fact = facts.get(name);
    if (file !== undefined && fact !== undefined) return { file, facts: fact };
    throw new ReleaseError('MIGRATION_UNKNOWN', `The file of migration ${name} is not there.`, {
      hint: `Bring ${name} back into the folder of migrations, from the commit that it was applied with.`,
    });
  });
}

/** How a sequence of migrations ended. `done` holds those that reached their end, in order. */
export interface Progress {
  readonly done: readonly AppliedMigration[];
  readonly failed?: FailedMigration;
  /** Names of those that were not begun. */
  readonly remaining: readonly string[];
  readonly error?: ReleaseError;
  /** Whether the target is as it was before the first of them; undefined when that is not known. */
  readonly untouched: boolean | 'unknown';
}

/**
 * Runs migrations one after the other on the target, each with its intent on record before and its end after. Stops at
 * the first that does not reach its end; that is in the result, not thrown.
 *
 * Throws what the history throws when the intent cannot be recorded: nothing of that migration has run then.
 */
export async function runInTarget(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  direction: 'up' | 'down',
  turns: readonly Turn[],
): Promise<Progress> {
  const done: AppliedMigration[] = [];
  for (const [index, { file, facts }] of turns.entries()) {
    const log = run.log.with({ migration: file.name });
    const remaining = turns.slice(index + 1).map((turn) => turn.file.name);
    if (tenure.signal.aborted) {
      return {
        done,
        remaining: [file.name, ...remaining],
        error: stopError(run, tenure, done, file.name),
        untouched: done.length === 0,
      };
    }
    await tenure.history.begin({
      name: file.name,
      fileName: file.fileName,
      checksum: file.checksum,
      description: facts.description,
      phase: facts.phase,
      direction,
    });
    log.info(`Migration ${file.name} goes ${direction}.`);
    const end = await runMigration(
      { file, direction, uri: targetOf(run).uri, database: connection.db.databaseName },
      { ...childOptions(run), log, signal: tenure.signal },
    );
    if (end.state === 'done') {
      await tenure.history.finish(file.name, {
        state: direction === 'up' ? 'applied' : 'rolled-back',
        durationMs: end.durationMs,
        effects: end.effects,
      });
      log.info(
        `Migration ${file.name} is ${direction === 'up' ? 'applied' : 'taken back'}: ${effectsLine(end.effects)}.`,
        { durationMs: end.durationMs },
      );
      done.push({ name: file.name, durationMs: end.durationMs, effects: end.effects });
      continue;
    }
    const clean = leftTargetAsItWas(end);
    const recorded = await recordEnd(tenure, file.name, end);
    const failed = { name: file.name, durationMs: end.durationMs, effects: end.effects };
    const error = failure({ direction, name: file.name, end, clean, done, remaining, recorded });
    return { done, failed, remaining, error, untouched: done.length > 0 ? false : clean };
  }
  return { done, remaining: [], untouched: done.length === 0 };
}

/** The record of a migration that did not reach its end. A lost lease or server leaves it `running`: the next run sees that. */
async function recordEnd(
  tenure: Tenure,
  name: string,
  end: Exclude<MigrationEnd, { state: 'done' }>,
): Promise<boolean> {
  const state = end.state === 'failed' ? 'failed' : 'interrupted';
  try {
    await tenure.history.finish(name, {
      state,
      durationMs: end.durationMs,
      effects: end.effects,
      error: { code: end.error.code, message: end.error.message },
    });
    return true;
  } catch {
    return false;
  }
}

function stopError(run: Run, tenure: Tenure, done: readonly AppliedMigration[], next: string): ReleaseError {
  const reason = tenure.lease.lost.reason;
  if (!run.signal.aborted && reason instanceof ReleaseError) return reason;
  return new ReleaseError(
    'CANCELLED',
    `The run was cancelled before ${next}; ${done.length} migrations before it reached their end.`,
    {
      hint: 'Run the same command again to go on from there.',
    },
  );
}

interface Failure {
  readonly direction: 'up' | 'down';
  readonly name: string;
  readonly end: Exclude<MigrationEnd, { state: 'done' }>;
  readonly clean: boolean;
  readonly done: readonly AppliedMigration[];
  readonly remaining: readonly string[];
  readonly recorded: boolean;
}

/** Says exactly how far it got: what was applied before, what this one did, what was not begun. */
function failure({ direction, name, end, clean, done, remaining, recorded }: Failure): ReleaseError {
  const extent = clean
    ? 'It changed nothing'
    : `It had sent ${end.effects.operations} operations: ${effectsLine(end.effects)}`;
  const before = done.length === 0 ? '' : ` Before it reached their end: ${done.map((one) => one.name).join(', ')}.`;
  const after = remaining.length === 0 ? '' : ` Not begun: ${remaining.join(', ')}.`;
  const unrecorded = recorded ? '' : ' Its end could not be put on record: the next run will find it interrupted.';
  const message = `Migration ${name} (${direction}) did not reach its end: ${end.error.message} [${end.error.code}] ${extent}.${before}${after}${unrecorded}`;
  const cancelled = end.state === 'cancelled' && clean && done.length === 0;
  const code = cancelled ? 'CANCELLED' : clean && done.length === 0 ? 'FAILED_CLEAN' : 'FAILED_DIRTY';
  return new ReleaseError(code, message, {
    hint: clean
      ? 'Correct the migration and run the same command again.'
      : `Look at the target; then correct the migration and run it again (it starts from its top), or go back with mongo-release rollback.`,
    cause: end.error,
  });
}
