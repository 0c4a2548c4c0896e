import { asReleaseError } from '../../observe/error.ts';
import type { RecordedStep } from '../record/record.ts';
import type { Step, StepName } from '../result.ts';
import type { PlaybookSteps } from './playbook.ts';

/** Who is at a step. */
export type StepActor = Omit<RecordedStep, keyof Step>;

/**
 * The steps of a rollback, the latest attempt at each, in the order of these. Each is handed to `write` before it begins and after it has ended,
 * so that whoever goes on with the rollback knows which one was under way; what is done is not done again.
 */
export class StepLog implements PlaybookSteps {
  readonly #steps = new Map<StepName, RecordedStep>();
  readonly #actor: StepActor;
  readonly #write: (steps: readonly RecordedStep[]) => Promise<void>;

  constructor(
    earlier: readonly RecordedStep[],
    actor: StepActor,
    write: (steps: readonly RecordedStep[]) => Promise<void>,
  ) {
    this.#actor = actor;
    this.#write = write;
    for (const step of earlier) {
      const left = step.state === 'running' && ({ state: 'unknown', note: 'its run ended without a word' } as const);
      this.#steps.set(step.name, { ...step, ...left });
    }
  }

  get all(): readonly RecordedStep[] {
    return [...this.#steps.values()];
  }

  stateOf(name: StepName): Step['state'] | undefined {
    return this.#steps.get(name)?.state;
  }

  /** Runs a step that is not done yet, or `again`. Throws what `work` throws, and what `write` throws. */
  async run(name: StepName, _does: string, work: () => Promise<void>, { again = false } = {}): Promise<void> {
    if (this.stateOf(name) === 'done' && !again) return;
    const attempt = this.#attemptsAt(name) + 1;
    const step = { name, startedAt: new Date(), ...(attempt > 1 && { attempt }) };
    const started = performance.now();
    const took = () => Math.round(performance.now() - started);
    await this.#keep({ ...step, state: 'running' });
    try {
      await work();
    } catch (thrown) {
      const error = asReleaseError(thrown);
      // What was cancelled may have come to its end before anybody could tell.
      const state = error.exitCode === 1 || error.code === 'CANCELLED' ? 'unknown' : 'failed';
      // What stopped it is the news, also where that cannot be put on record: there it stays `running`.
      await this.#keep({ ...step, state, durationMs: took(), note: error.code }).catch(() => {});
      throw error;
    }
    await this.#keep({ ...step, state: 'done', durationMs: took() });
  }

  async skip(name: StepName, note: string): Promise<void> {
    if (this.stateOf(name) === 'done') return;
    const attempt = this.#attemptsAt(name);
    await this.#keep({ name, state: 'skipped', startedAt: new Date(), note, ...(attempt > 0 && { attempt }) });
  }

  /** How often it was tried by now. */
  #attemptsAt(name: StepName): number {
    const before = this.#steps.get(name);
    return before?.attempt ?? (before === undefined || before.state === 'skipped' ? 0 : 1);
  }

  async #keep(step: Step): Promise<void> {
    // It comes after all that was come to before.
    this.#steps.delete(step.name);
    this.#steps.set(step.name, { ...step, ...this.#actor });
    await this.#write(this.all);
  }
}
