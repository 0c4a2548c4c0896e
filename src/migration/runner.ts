import { durationText } from '../config/duration.ts';
import { ReleaseError } from '../observe/error.ts';
import type { ErrorCode } from '../observe/error-codes.ts';
import type { Log } from '../observe/log.ts';
import type { ChildEnd, ChildState, FromChild } from './child/protocol.ts';
import { heartbeatMs } from './child/reporter.ts';
import { type Child, type ChildSettings, startChild } from './child-process.ts';
import { leftTargetAsItWas, type MigrationEnd } from './end.ts';
import type { JournalJob } from './gate/journal/context.ts';
import type { OperationRun } from './gate/operations.ts';
import { noEffects } from './gate/tally.ts';
import { endSessions } from './orphans.ts';
import type { Effects, MigrationFile } from './types.ts';

export type { ChildSettings } from './child-process.ts';
export { leftTargetAsItWas, type MigrationEnd } from './end.ts';
export type { JournalJob } from './gate/journal/context.ts';
export type { OperationRun } from './gate/operations.ts';
export { noEffects } from './gate/tally.ts';

export interface MigrationJob {
  readonly file: MigrationFile;
  readonly direction: 'up' | 'down';
  /** Goes to the process over its channel only: never as an argument, never in its environment. */
  readonly uri: string;
  readonly database: string;
  /** Of the driver, beside what the address says: go over the channel like it. */
  readonly driverOptions?: Readonly<Record<string, unknown>>;
  /** In a sandbox: the process may connect to no other server. */
  readonly rehearsal?: boolean;
  /** The journal to keep; without one nothing can be taken up again or undone. */
  readonly journal?: JournalJob;
}

/** What is known of a migration that is running. */
export interface Progress {
  readonly effects: Effects;
  /** Writes that wait for an answer. */
  readonly writing: number;
  /** What was sent last. */
  readonly last?: OperationRun;
}

export interface RunOptions extends ChildSettings {
  readonly log: Log;
  /** Ends the run early: the migration gets a moment to end what is under way, then it is killed. */
  readonly signal?: AbortSignal;
  /** Called a few times a second while something changes. Must not throw. */
  readonly onProgress?: (progress: Progress) => void;
}

/** After the message to stop, before SIGTERM; after SIGTERM, before SIGKILL. Milliseconds. */
const stopGraceMs = 6000;
const terminateGraceMs = 1000;
/** A process that was silent for this long does not hear a message either. */
const silenceMs = Math.max(2000, 3 * heartbeatMs);

/**
 * Runs one direction of one migration in a process of its own and watches over it until it has ended: whatever user
 * code does, this resolves with how it ended and what is known of its effects.
 *
 * Throws `TSX_MISSING` only; nothing has run then. A failed migration is a result.
 */
export async function runMigration(job: MigrationJob, options: RunOptions): Promise<MigrationEnd> {
  const started = performance.now();
  if (options.signal?.aborted) {
    return {
      state: 'cancelled',
      effects: noEffects,
      operations: [],
      durationMs: 0,
      hiddenLines: 0,
      notes: [],
      error: cancelled(),
    };
  }
  const watch = new Watch(options);
  const receive = (message: FromChild) => {
    watch.heard();
    switch (message.type) {
      case 'writing':
        watch.calm = false;
        return;
      case 'state':
        watch.state(message.state);
        return;
      case 'transaction':
        watch.transactions.push(message.session);
        return;
      case 'exiting':
        watch.state(message.state);
        watch.final = true;
        return;
      case 'end':
        watch.end = message.end;
        return;
      case 'log':
        options.log[message.level](message.message, message.fields);
        return;
    }
  };
  const child = startChild(options, options.log, receive);

  const halt = (why: 'time' | 'signal') => void watch.halt(child, why);
  const timer = setTimeout(() => halt('time'), options.timeLimitMs);
  const onAbort = () => halt('signal');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  child.send({
    type: 'run',
    job: {
      name: job.file.name,
      path: job.file.path,
      direction: job.direction,
      uri: job.uri,
      database: job.database,
      driverOptions: job.driverOptions,
      rehearsal: job.rehearsal,
      models: options.models,
      ownPrefix: options.ownPrefix,
      journal: job.journal,
      throttle: options.throttle,
      showValues: options.showValues === true,
    },
  });
  try {
    const exit = await child.ended;
    const ended = watch.result(exit, Math.round(performance.now() - started), options);
    // Whatever the process knew when it ended: the journal knows what came of it.
    const journal = isForTheJournal(ended, job) ? job.journal : undefined;
    const settles = journal !== undefined || (watch.end === undefined && watch.transactions.length > 0);
    const left = { ...job, journal, ownPrefix: options.ownPrefix };
    const found = settles ? await endSessions(left, watch.transactions, options.log) : undefined;
    const { replayed } = ended.effects;
    const effects = found === undefined ? ended.effects : { ...found, ...(replayed ? { replayed } : {}) };
    const hiddenLines = child.hiddenLines();
    if (hiddenLines > 0) {
      const printed = hiddenLines === 1 ? '1 line' : `${hiddenLines} lines`;
      const they = hiddenLines === 1 ? 'it' : 'they';
      options.log.info(`The migration printed ${printed}, not shown since ${they} may hold data.`, {
        lines: hiddenLines,
      });
    }
    return { ...ended, effects, hiddenLines };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    watch.over();
  }
}

/**
 * Whether the journal is to be asked what a run has done: where something is unknown, and where the run was stopped, and
 * says that it has sent something and changed nothing. The next run would begin at the top. Of what was taken up the
 * journal holds more than this run.
 */
function isForTheJournal({ state, effects }: Unfinished<MigrationEnd>, { journal }: MigrationJob): boolean {
  if (effects.unknown > 0) return true;
  const wasStopped = state !== 'done' && state !== 'failed' && effects.operations > 0;
  return wasStopped && leftTargetAsItWas({ effects }) && journal?.resumes === false;
}

type Unfinished<End> = End extends unknown ? Omit<End, 'hiddenLines'> : never;

/** What the parent knows of one run. */
class Watch {
  readonly #options: RunOptions;
  #lastHeard = performance.now();
  #state: ChildState = { effects: noEffects, operations: [], writing: 0 };
  #halted: { readonly why: 'time' | 'signal'; readonly at: number; readonly silent: boolean } | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Whether nothing can have changed since the last state. */
  calm = true;
  /** Whether the last state is the process's last word. */
  final = false;
  end: ChildEnd | undefined;
  /** Sessions that have begun transactions. */
  readonly transactions: Uint8Array[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
  }

  heard(): void {
    this.#lastHeard = performance.now();
  }

  state(state: ChildState): void {
    const changed =
      state.effects.operations !== this.#state.effects.operations || state.writing !== this.#state.writing;
    this.#state = state;
    this.calm = state.writing === 0;
    const { effects, writing, operations } = state;
    if (changed) this.#options.onProgress?.({ effects, writing, last: operations.at(-1) });
  }

  /** Message, SIGTERM, SIGKILL. A process that is silent would not read the message: it is killed at once. */
  halt(child: Child, why: 'time' | 'signal'): void {
    if (this.#halted !== undefined) return;
    const silent = performance.now() - this.#lastHeard > silenceMs;
    this.#halted = { why, at: performance.now(), silent };
    if (silent) {
      child.process.kill('SIGKILL');
      return;
    }
    child.send({ type: 'stop' });
    this.#timers.push(
      setTimeout(() => child.process.kill('SIGTERM'), stopGraceMs),
      setTimeout(() => child.process.kill('SIGKILL'), stopGraceMs + terminateGraceMs),
    );
  }

  over(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  result(exit: Awaited<Child['ended']>, elapsedMs: number, { timeLimitMs }: RunOptions): Unfinished<MigrationEnd> {
    const known = this.end ?? this.#lastKnown();
    // Writes that the process itself had no answer for when it ended.
    const { operations: answered, unknown } = known.effects;
    const effects = { ...known.effects, operations: answered + known.writing, unknown: unknown + known.writing };
    const ended = {
      ...{ effects, operations: known.operations, notes: this.end?.notes ?? [] },
      durationMs: this.end?.durationMs ?? elapsedMs,
    };
    const outcome = this.end?.outcome;
    if (outcome?.state === 'done') return { ...ended, state: 'done' };
    if (outcome?.state === 'failed') {
      const { code, message, hint, lastRead, serverCode } = outcome.error;
      const error = new ReleaseError(code as ErrorCode, message, { hint });
      return { ...ended, state: 'failed', error, lastRead, serverCode };
    }
    if (this.#halted?.why === 'signal') return { ...ended, state: 'cancelled', error: cancelled() };
    if (this.#halted?.why === 'time') {
      // One that never answered the message to stop was silent too, only not for long enough yet.
      const silent = this.#halted.silent || this.#lastHeard < this.#halted.at;
      return { ...ended, state: 'timed-out', error: timedOut(timeLimitMs, silent), blocked: silent };
    }
    return { ...ended, state: 'exited', error: exited(exit), exitCode: exit.exitCode, signal: exit.signal };
  }

  /** After a kill: the last state, and at least one unknown write where one was begun since. */
  #lastKnown(): ChildState {
    if (this.final || this.calm) return this.#state;
    return { ...this.#state, writing: Math.max(1, this.#state.writing) };
  }
}

function cancelled(): ReleaseError {
  return new ReleaseError('MIGRATION_CANCELLED', 'The migration was stopped, since the run was cancelled.', {
    hint: 'Run the same command again when it may go on.',
  });
}

function timedOut(limitMs: number, silent: boolean): ReleaseError {
  const how = silent ? ' It did not answer any more: its code never gives the event loop a turn.' : '';
  return new ReleaseError(
    'MIGRATION_TIMED_OUT',
    `The migration was stopped after its time limit of ${durationText(limitMs)}.${how}`,
    {
      hint: silent
        ? 'Look for an endless loop; work in batches and await between them.'
        : 'Look for a promise that never resolves, or raise migrations.time-limit.',
    },
  );
}

function exited({ exitCode, signal }: Awaited<Child['ended']>): ReleaseError {
  const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
  return new ReleaseError('MIGRATION_EXITED', `The migration's process ended ${how} before the migration did.`, {
    hint:
      signal === null
        ? 'Take process.exit out of the migration and of what it imports: return, or throw.'
        : 'Look for what ended it: the kernel when memory runs out, or an operator.',
  });
}
