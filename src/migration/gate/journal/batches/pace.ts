/** Batches are bounded by what users feel of them: their writes wait, or fail, for as long as a batch is open. */
const targetMs = 200;
/**
 * A batch also costs what does not depend on its size. Time alone does not make batches smaller than this, so that a
 * slow network or a busy machine does not end in batches that are nothing but this cost; …
 */
const least = 1000;
/** … unless they take this long, and then not smaller than this. */
const longMs = 1000;
const leastOfLong = 100;
/** Before-images of one batch; the transaction holds about twice as much in the server's cache. */
const targetBytes = 16 * 1024 * 1024;

/** Numbers of documents. */
export interface BatchSizes {
  /** A statement about no more than these is one transaction. */
  readonly whole: number;
  /** One that moves unique values is tried as one transaction up to these. */
  readonly atOnce: number;
  readonly first: number;
  readonly most: number;
}

export const usualSizes: BatchSizes = { whole: 1000, atOnce: 20_000, first: 1000, most: 10_000 };

/** How many documents the next batch gets. */
export class Pace {
  #size: number;
  /** Halved by a conflict, and slowly raised again: what was in the way is likely to be there still. */
  #ceiling: number;
  #averageBytes: number;
  readonly #most: number;

  /** `averageBytes`: of a document, as far as it is known. */
  constructor({ first, most }: BatchSizes, averageBytes = 0) {
    this.#averageBytes = averageBytes;
    this.#size = first;
    this.#ceiling = most;
    this.#most = most;
  }

  get size(): number {
    const byBytes = this.#averageBytes === 0 ? this.#most : targetBytes / this.#averageBytes;
    return Math.max(1, Math.floor(Math.min(this.#size, this.#ceiling, byBytes)));
  }

  /** A batch was committed. `bytes` of its documents where they were read. */
  committed(documents: number, ms: number, bytes?: number): void {
    if (bytes !== undefined && documents > 0) this.#averageBytes = bytes / documents;
    const fitting = Math.min(2, Math.max(0.5, targetMs / Math.max(1, ms)));
    const floor = Math.min(documents, ms > longMs ? leastOfLong : least);
    // A batch that was smaller than it might have been says little about larger ones.
    if (documents >= this.size || fitting < 1) this.#size = Math.min(this.#most, Math.max(floor, documents * fitting));
    this.#ceiling = Math.min(this.#most, this.#ceiling * 1.1 + 1);
  }

  /** A batch of this many documents was in the way of somebody, or too large. */
  failed(documents: number): void {
    this.#ceiling = Math.max(1, Math.floor(documents / 2));
  }
}
