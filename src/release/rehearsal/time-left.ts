/** No single question holds a server for longer. Milliseconds. */
const longestQuestion = 30_000;

/** How long a search may go on: it asks nothing after that, and no server is at a question of it for longer. */
export class TimeLeft {
  readonly #until: number;
  readonly #signal: AbortSignal;

  constructor(ms: number, signal: AbortSignal) {
    this.#until = performance.now() + ms;
    this.#signal = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  }

  /** Options of the next question. Throws the signal's reason where there is no time for one. */
  get limits(): { readonly maxTimeMS: number; readonly signal: AbortSignal } {
    this.#signal.throwIfAborted();
    const left = Math.max(1, Math.floor(this.#until - performance.now()));
    return { maxTimeMS: Math.min(longestQuestion, left), signal: this.#signal };
  }
}
