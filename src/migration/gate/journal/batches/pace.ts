/** Batches are bounded by what users feel of them: their writes wait, or fail, for as long as a batch is open. */
const targetMs = 200;
/** Before-images of one batch; the transaction holds about twice as much in the server's cache. */
const targetBytes = 16 * 1024 * 1024;
const most = 10_000;
const first = 1000;

/** How many documents the next batch gets. */
export class Pace {
  #size: number;
  /** Halved by a conflict, and slowly raised again: what was in the way is likely to be there still. */
  #ceiling = most;
  #averageBytes: number;

  /** `averageBytes`: of a document, as far as it is known. */
  constructor(averageBytes = 0) {
    this.#averageBytes = averageBytes;
    this.#size = first;
  }

  get size(): number {
    const byBytes = this.#averageBytes === 0 ? most : targetBytes / this.#averageBytes;
    return Math.max(1, Math.floor(Math.min(this.#size, this.#ceiling, byBytes)));
  }

  /** A batch was committed. `bytes` of its documents where they were read. */
  committed(documents: number, ms: number, bytes?: number): void {
    if (bytes !== undefined && documents > 0) this.#averageBytes = bytes / documents;
    const fitting = Math.min(2, Math.max(0.5, targetMs / Math.max(1, ms)));
    // A batch that was smaller than it might have been says little about larger ones.
    if (documents >= this.#size || fitting < 1) this.#size = Math.min(most, Math.max(1, documents * fitting));
    this.#ceiling = Math.min(most, this.#ceiling * 1.1 + 1);
  }

  /** A batch of this many documents was in the way of somebody, or too large. */
  failed(documents: number): void {
    this.#ceiling = Math.max(1, Math.floor(documents / 2));
  }
}
