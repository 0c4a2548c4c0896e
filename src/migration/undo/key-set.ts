/** Words of 32 bits that a digest has. */
const words = 3;

/** A set of digests, of 24 bytes each or so: a set of strings takes several times as much, and ends at 16 million. */
export class KeySet {
  #slots = new Uint32Array(words * 1024);
  #size = 0;

  /** `key`: of `digest`. Whether it is new. */
  add(key: string): boolean {
    if (this.#size * 2 * words >= this.#slots.length) this.#grow();
    const added = put(this.#slots, word(key, 0) || 1, word(key, 4), word(key, 8));
    if (added) this.#size += 1;
    return added;
  }

  has(key: string): boolean {
    const at = slotOf(this.#slots, word(key, 0) || 1, word(key, 4), word(key, 8));
    return this.#slots[at] !== 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += words) {
      if (old[at] !== 0) put(this.#slots, old[at] as number, old[at + 1] as number, old[at + 2] as number);
    }
  }
}

function word(key: string, from: number): number {
  const high = key.charCodeAt(from + 2) | (key.charCodeAt(from + 3) << 8);
  return (key.charCodeAt(from) | (key.charCodeAt(from + 1) << 8) | (high << 16)) >>> 0;
}

/** `a` is never 0: that marks a slot that is free. */
function put(slots: Uint32Array, a: number, b: number, c: number): boolean {
  const at = slotOf(slots, a, b, c);
  if (slots[at] !== 0) return false;
  slots[at] = a;
  slots[at + 1] = b;
  slots[at + 2] = c;
  return true;
}

/** Where a digest stands, or would stand. There are as many slots as a power of two. */
function slotOf(slots: Uint32Array, a: number, b: number, c: number): number {
  const mask = slots.length / words - 1;
  for (let slot = a & mask; ; slot = (slot + 1) & mask) {
    const at = slot * words;
    if (slots[at] === 0 || (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c)) return at;
  }
}
