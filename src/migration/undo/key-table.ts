import { hash } from 'node:crypto';

/** What stands for a document in memory; the empty text where there is none. */
export function stateOf(document: Uint8Array | undefined): string {
  return document === undefined ? '' : digest(document);
}

/** 96 bits, as a short string of one byte a character. */
export function digest(value: string | Uint8Array): string {
  return hash('sha256', value, 'binary').slice(0, 12);
}

/** Words of 32 bits that a digest has. */
export const digestWords = 3;

/**
 * Digests, each with some words of 32 bits: 12 bytes and 4 for each word, about twice. A map of strings takes several times
 * as much, and ends at 16 million.
 */
export class KeyTable {
  readonly #stride: number;
  #slots: Uint32Array;
  #size = 0;

  /** `words`: that stand with each key, all 0 at first. */
  constructor(words = 0) {
    this.#stride = digestWords + words;
    this.#slots = new Uint32Array(this.#stride * 1024);
  }

  get size(): number {
    return this.#size;
  }

  /** `key`: of `digest`. Where its words stand, until something is added; -1 where there is no such key. */
  find(key: string): number {
    const at = this.#slotOf(word(key, 0) || 1, word(key, 4), word(key, 8));
    return this.#slots[at] === 0 ? -1 : at + digestWords;
  }

  has(key: string): boolean {
    return this.find(key) >= 0;
  }

  /** The same; it is there from now on. */
  add(key: string): number {
    if (this.#size * 4 * this.#stride >= this.#slots.length * 3) this.#grow();
    const [a, b, c] = [word(key, 0) || 1, word(key, 4), word(key, 8)];
    const at = this.#slotOf(a, b, c);
    if (this.#slots[at] === 0) {
      this.#slots[at] = a;
      this.#slots[at + 1] = b;
      this.#slots[at + 2] = c;
      this.#size += 1;
    }
    return at + digestWords;
  }

  get(at: number): number {
    return this.#slots[at] as number;
  }

  set(at: number, value: number): void {
    this.#slots[at] = value;
  }

  /** Puts a digest, or the empty text, into the words from this one on. */
  setDigest(at: number, value: string): void {
    for (let nth = 0; nth < digestWords; nth++) this.#slots[at + nth] = value === '' ? 0 : word(value, 4 * nth);
  }

  /** Whether that is what stands there. */
  isDigest(at: number, value: string): boolean {
    for (let nth = 0; nth < digestWords; nth++)
      if (this.#slots[at + nth] !== (value === '' ? 0 : word(value, 4 * nth))) return false;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += this.#stride) {
      if (old[at] === 0) continue;
      const to = this.#slotOf(old[at] as number, old[at + 1] as number, old[at + 2] as number);
      this.#slots.set(old.subarray(at, at + this.#stride), to);
    }
  }

  /** Where a digest stands, or would stand. There are as many slots as a power of two; the first word is never 0. */
  #slotOf(a: number, b: number, c: number): number {
    const slots = this.#slots;
    const mask = slots.length / this.#stride - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      const at = slot * this.#stride;
      if (slots[at] === 0 || (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c)) return at;
    }
  }
}

function word(key: string, from: number): number {
  const high = key.charCodeAt(from + 2) | (key.charCodeAt(from + 3) << 8);
  return (key.charCodeAt(from) | (key.charCodeAt(from + 1) << 8) | (high << 16)) >>> 0;
}
