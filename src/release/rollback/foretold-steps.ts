import type { Step, StepName } from '../result.ts';
import type { PlaybookSteps } from './playbook.ts';

/** The steps of a rollback as a dry run lists them: nothing is done, and each says what it would do. */
export class ForetoldSteps implements PlaybookSteps {
  readonly #steps: Map<StepName, Step>;

  /** `earlier`: of the rollback that would be gone on with. */
  constructor(earlier: readonly Step[]) {
    this.#steps = new Map(earlier.map((step) => [step.name, step]));
  }

  get all(): readonly Step[] {
    return [...this.#steps.values()];
  }

  stateOf(name: StepName): Step['state'] | undefined {
    const state = this.#steps.get(name)?.state;
    return state === 'planned' ? 'done' : state;
  }

  async run(name: StepName, does: string, _work: () => Promise<void>, { again = false } = {}): Promise<void> {
    if (this.stateOf(name) === 'done' && !again) return;
    this.#comesLast({ name, state: 'planned', note: does });
  }

  async skip(name: StepName, note: string): Promise<void> {
    if (this.stateOf(name) === 'done') return;
    this.#comesLast({ name, state: 'skipped', note });
  }

  #comesLast(step: Step): void {
    this.#steps.delete(step.name);
    this.#steps.set(step.name, step);
  }
}
