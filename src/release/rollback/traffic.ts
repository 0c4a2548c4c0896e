import { formatTime } from '../../report/format.ts';
import type { Step, StepName } from '../result.ts';

/** Users are shut out of the target, or may be. One fact of a target, whichever rollback it was and whatever became of it. */
export interface StoppedTraffic {
  /** What stops them is under way, or failed; they are out; what lets them in is under way, or failed. */
  readonly state: 'stopping' | 'stopped' | 'starting';
  readonly since: Date;
}

/** Whether users are in, as a rollback changes it: each change is handed to `write` before what it is about is begun. */
export class Traffic {
  #stopped: StoppedTraffic | undefined;
  readonly #write: (now: StoppedTraffic | undefined) => Promise<void>;

  constructor(write: (now: StoppedTraffic | undefined) => Promise<void> = async () => {}) {
    this.#write = write;
  }

  /** Undefined where nobody has shut them out. */
  get stopped(): StoppedTraffic | undefined {
    return this.#stopped;
  }

  /** What was on record before. */
  found(stopped: StoppedTraffic | undefined): this {
    this.#stopped = stopped;
    return this;
  }

  async is(state: StoppedTraffic['state'] | 'on'): Promise<void> {
    this.#stopped = state === 'on' ? undefined : { state, since: this.#stopped?.since ?? new Date() };
    await this.#write(this.#stopped);
  }
}

/** A sentence. */
export function trafficInWords({ state, since }: StoppedTraffic): string {
  const at = formatTime(since);
  switch (state) {
    case 'stopping':
      return `Whether traffic is stopped is not known: users may be out since ${at}.`;
    case 'stopped':
      return `Traffic is stopped, and stays so until the rollback is done: users are out since ${at}.`;
    case 'starting':
      return `Whether traffic is back is not known: users were out since ${at}.`;
  }
}

export function stateIn(steps: readonly Step[], wanted: StepName): Step['state'] | undefined {
  return steps.find(({ name }) => name === wanted)?.state;
}

/** The step at which a rollback stopped that did not come to its end: of those that have not, the one that was tried last. */
export function stoppedAt(steps: readonly Step[]): string {
  // Once the data are back nobody is shut out any more.
  const back = stateIn(steps, 'data') === 'done';
  const walked = back ? steps.filter(({ name }) => name !== 'stop-traffic') : steps;
  const open = walked.filter(({ state }) => state !== 'done' && state !== 'skipped');
  // Users may have been let in, or not, before all else was done.
  const isLast = ({ name }: Step) => name !== 'start-traffic';
  const at = (open.findLast(isLast) ?? open[0])?.name;
  if (at !== undefined) return at;
  const before = walked.findLast(isLast)?.name;
  return before === undefined ? 'its beginning' : `what comes after ${before}`;
}
