import { ReleaseError } from '../../observe/error.ts';
import { Elapsed } from './clock.ts';

/**
 * How long after its fence something that no transaction takes may be sent, in milliseconds: a process that was frozen
 * in between looks again. Far below the shortest life of a lease, 3 s.
 */
const fencedForMs = 500;

/** A server may need longer than that for an answer. Below the shortest life of a lease all the same. */
export const slowlyFencedForMs = 2000;

/** After so many answers that took too long the longer time counts, and after ten times as many nothing is sent. */
const mostTries = 3;

/** The fence of what no transaction takes: shown to the server right before it is sent. */
export class FreshFence {
  readonly #show: () => Promise<unknown>;
  /** Since before the last fence was sent: nobody knows when the server saw it. */
  #shown: Elapsed | undefined;
  #looking: Promise<void> | undefined;

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

  /**
   * To be awaited right before what cannot be fenced. Rejects as `show` does, and with `SERVER_UNREACHABLE` where the
   * server does not answer in time again and again.
   */
  assertFresh(): Promise<void> {
    // Of what is sent at the same time one looks, for all.
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    for (let tries = 0; !this.#isFresh(tries < mostTries ? fencedForMs : slowlyFencedForMs); tries += 1) {
      if (tries === 10 * mostTries) throw tooSlow();
      await this.shownBy(this.#show);
    }
  }

  #isFresh(forMs: number): boolean {
    return this.#shown !== undefined && this.#shown.ms <= forMs;
  }
}

function tooSlow(): ReleaseError {
  return new ReleaseError(
    'SERVER_UNREACHABLE',
    'The server takes too long for a change that has to be sent right after the lease was shown.',
    { hint: 'Look at the load of the primary and its network, then run the command again.' },
  );
}
