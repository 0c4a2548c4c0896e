/** Reads a stream of chunks as one run of bytes, holding what was not taken yet. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #at = 0;
  #taken = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Offset of the next byte from the beginning of the stream. */
  get offset(): number {
    return this.#taken;
  }

  /** What can be taken without waiting. */
  get available(): number {
    return this.#held.length - this.#at;
  }

  /** Waits until `length` bytes can be taken; false when the stream ends before. */
  async fill(length: number): Promise<boolean> {
    if (this.available >= length) return true;
    const pieces: Uint8Array[] = [this.#held.subarray(this.#at)];
    let got = this.available;
    let ended = false;
    while (got < length && !ended) {
      const { value, done } = await this.#chunks.next();
      if (done) ended = true;
      else {
        pieces.push(value);
        got += value.length;
      }
    }
    this.#held = Buffer.concat(pieces, got);
    this.#at = 0;
    return !ended || got >= length;
  }

  /** Int32 so many bytes ahead of the next one; it must be available. */
  peekInt32(ahead = 0): number {
    return this.#held.readInt32LE(this.#at + ahead);
  }

  /** The byte so far ahead of the next one; it must be available. */
  peekByte(ahead: number): number {
    return this.#held[this.#at + ahead] as number;
  }

  /** The next bytes, which must be available. A view that stays valid. */
  take(length: number): Buffer {
    const bytes = this.#held.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#taken += length;
    return bytes;
  }

  /** Lets the stream go; for readers that stop early. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
