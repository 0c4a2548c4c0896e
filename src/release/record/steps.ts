import { asReleaseError } from '../../observe/error.ts';
import type { Step, StepName } from '../result.ts';

/** The steps of a release in their order, with when and how long. */
export class Steps {
  readonly #steps: Step[] = [];

  get all(): readonly Step[] {
    return this.#steps;
  }

  /** Runs a step and keeps how it went. Throws what `work` throws. */
  async run<T>(name: StepName, work: () => Promise<T>): Promise<T> {
    const startedAt = new Date();
    const started = performance.now();
    const at = this.#steps.push({ name, state: 'running', startedAt }) - 1;
    const keep = (state: Step['state'], note?: string) => {
      this.#steps[at] = { name, state, startedAt, durationMs: Math.round(performance.now() - started), note };
    };
    try {
      const value = await work();
      keep('done');
      return value;
    } catch (thrown) {
      const error = asReleaseError(thrown);
      keep(error.exitCode === 1 ? 'unknown' : 'failed', error.code);
      throw error;
    }
  }

  /** A step that begins when this run has ended, and of which it sees nothing. */
  leave(name: StepName, note: string): void {
    this.#steps.push({ name, state: 'unknown', startedAt: new Date(), note });
  }

  skip(name: StepName, note: string): void {
    this.#steps.push({ name, state: 'skipped', note });
  }
}
