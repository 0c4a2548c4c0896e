import { Elapsed } from './clock.ts';

/**
 * How long after its fence something that no transaction takes may be sent, in milliseconds: a process that was frozen
 * in between looks again. Far below the shortest life of a lease, 3 s.
 */
export const fencedForMs = 500;

/** A server that takes longer than that for an answer is slow: a process is not frozen time after time. */
const mostTries = 3;

/** The fence of what no transaction takes: shown to the server right before it is sent. */
export class FreshFence {
  readonly #show: () => Promise<unknown>;
  /** Since before the last fence was sent: nobody knows when the server saw it. */
  #shown: Elapsed | undefined;

  /** `show` is to reject where a newer run has taken over. */
  constructor(show: () => Promise<unknown>) {
    this.#show = show;
  }

  /** Work that shows the fence as well, as every transaction does. */
  async shownBy<T>(work: () => Promise<T>): Promise<T> {
    const sent = new Elapsed();
    const result = await work();
    this.#shown = sent;
    return result;
  }

  /** To be awaited right before what cannot be fenced. Rejects as `show` does. */
  async assertFresh(): Promise<void> {
    for (let tries = 0; tries < mostTries && !this.#fresh; tries += 1) await this.shownBy(this.#show);
  }

  get #fresh(): boolean {
    return this.#shown !== undefined && this.#shown.ms <= fencedForMs;
  }
}
