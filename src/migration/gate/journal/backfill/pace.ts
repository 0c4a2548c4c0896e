import { setTimeout as sleep } from 'node:timers/promises';
import type { Throttle } from '../context.ts';
import type { Backfill } from './description.ts';

/** Waits between two pages for as long as servers and user code ask for. Ends early when the run is stopped. */
export class Pace {
  readonly #backfill: Backfill;
  readonly #throttle: Throttle | undefined;
  #since = performance.now();

  constructor(backfill: Backfill, throttle: Throttle | undefined) {
    this.#backfill = backfill;
    this.#throttle = throttle;
  }

  /** After so many documents, and before more. */
  async pause(documents: number): Promise<void> {
    await this.#throttle?.pause();
    const { pauseMs, documentsPerSecond } = this.#backfill.throttle;
    const least = documentsPerSecond === undefined ? 0 : (documents / documentsPerSecond) * 1000;
    const wait = Math.max(pauseMs, least - (performance.now() - this.#since));
    if (wait > 0) await sleep(wait, undefined, { signal: this.#backfill.signal }).catch(() => {});
    this.#since = performance.now();
  }
}
