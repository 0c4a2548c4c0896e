import { Transform } from 'node:stream';

/** https://datatracker.ietf.org/doc/html/rfc8878#section-3.1 */
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/**
 * Cuts a stream of zstd frames so that no chunk reaches beyond the end of one: what Node's decompressor is given behind
 * the end of a frame in the same chunk it drops without a word (v24). Passes on what is no frame for it to refuse.
 */
export class ZstdFrames extends Transform {
  /** Bytes of a header that came without its end. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes until the next header. */
  #left = 0;
  #next: Part = 'frame';
  #checksum = false;

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let from = 0;
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      at += passed;
      this.#left -= passed;
      if (this.#left > 0 || at === bytes.length) break;
      if (this.#next === 'frame' && at > from) {
        this.push(bytes.subarray(from, at));
        from = at;
      }
      if (!this.#header(bytes.subarray(at, at + longestHeader))) break;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    if (at > from) this.push(bytes.subarray(from, at));
    done();
  }

  override _flush(done: () => void): void {
    if (this.#held.length > 0) this.push(this.#held);
    done();
  }

  /** Reads what stands next; false when it is not all there. */
  #header(bytes: Buffer): boolean {
    switch (this.#next) {
      case 'frame':
        return this.#frame(bytes);
      case 'block': {
        if (bytes.length < 3) return false;
        const header = bytes.readUIntLE(0, 3);
        const repeated = ((header >> 1) & 3) === 1;
        this.#left = 3 + (repeated ? 1 : header >> 3);
        const last = (header & 1) === 1;
        if (last) this.#left += this.#checksum ? 4 : 0;
        this.#next = last ? 'frame' : 'block';
        return true;
      }
      case 'unknown':
        this.#left = Number.POSITIVE_INFINITY;
        return true;
    }
  }

  #frame(bytes: Buffer): boolean {
    if (bytes.length < 5) return false;
    const magic = bytes.readUInt32LE(0);
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      if (bytes.length < 8) return false;
      this.#left = 8 + bytes.readUInt32LE(4);
      return true;
    }
    if (magic !== frameMagic) {
      this.#next = 'unknown';
      return true;
    }
    const descriptor = bytes[4] as number;
    const single = (descriptor >> 5) & 1;
    const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
    const size = [single, 2, 4, 8][descriptor >> 6] as number;
    this.#checksum = ((descriptor >> 2) & 1) === 1;
    this.#left = 5 + (1 - single) + dictionary + size;
    this.#next = 'block';
    return true;
  }
}

type Part = 'frame' | 'block' | 'unknown';

const longestHeader = 8;
