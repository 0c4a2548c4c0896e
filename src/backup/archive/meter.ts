import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Lets bytes through, and knows how many they were and their SHA-256. */
export class Meter extends Transform {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hex. Once, after the last byte. */
  sha256(): string {
    return this.#hash.digest('hex');
  }
}
