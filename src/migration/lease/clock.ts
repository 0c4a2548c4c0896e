import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseError } from '../../observe/error.ts';

/**
 * Measures how long a promise of the server has been running, without asking the server.
 *
 * The monotonic clock is the measure. It stands still while a virtual machine or laptop sleeps, though, and the
 * server's does not; so the wall clock is asked too, and the longer of the two counts. A wall clock that is set forward
 * can thereby end a lease early, which costs a run; the other mistake would cost data.
 */
export class Elapsed {
  readonly #monotonic: number = performance.now();
  readonly #wall: number = Date.now();

  /** Milliseconds since this was made. */
  get ms(): number {
    return Math.max(performance.now() - this.#monotonic, Date.now() - this.#wall);
  }
}

/** The driver has no time limit of its own for an operation; a silent network would hold it for ever. */
export async function answerWithin<T>(ms: number, operation: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const silence = sleep(ms, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new ReleaseError('SERVER_UNREACHABLE', 'The server did not answer a request for the lease in time.', {
      hint: 'Check the network between this machine and the replica set, and that it has a primary; then run it again.',
    });
  });
  try {
    return await Promise.race([operation, silence]);
  } finally {
    timer.abort();
  }
}
