/** Signs of life: one at once, and then one every so many milliseconds, never two at a time. None of them may take longer than that. */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  readonly #beat: () => Promise<void>;
  #under: Promise<void> | undefined;

  /** `beat` throws nothing. */
  constructor(beat: () => Promise<void>, everyMs: number) {
    this.#beat = beat;
    this.#timer = setInterval(() => this.#once(), everyMs);
    // No run is kept alive by saying that it is.
    this.#timer.unref();
    this.#once();
  }

  /** None is under way any more when this resolves. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#under;
  }

  #once(): void {
    this.#under ??= this.#beat().finally(() => {
      this.#under = undefined;
    });
  }
}
