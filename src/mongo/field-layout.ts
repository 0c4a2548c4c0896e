import { asBuffer, BsonError, elementsOf, valueLength } from './raw-bson.ts';

/**
 * The names of the top-level fields of many documents. Most of a collection have the same ones in the same order, so that
 * each such layout is read once, and known again by a hash of 53 bits.
 */
export class FieldNames {
  readonly #layouts = new Set<number>();
  readonly #names = new Set<string>();

  /** Throws `BsonError` where the document is malformed. */
  add(document: Uint8Array): void {
    const layout = layoutOf(asBuffer(document));
    if (this.#layouts.has(layout)) return;
    this.#layouts.add(layout);
    for (const { name } of elementsOf(document)) this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}

/** Two rounds of FNV-1a over the names, each with the zero behind it. */
function layoutOf(buffer: Buffer): number {
  const limit = buffer.length;
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  for (let at = 4; at < limit - 1; ) {
    const type = buffer[at] as number;
    for (at += 1; at < limit; at += 1) {
      const byte = buffer[at] as number;
      high = Math.imul(high ^ byte, 0x01000193);
      low = Math.imul(low ^ byte, 0x85ebca6b);
      if (byte === 0) break;
    }
    at += 1;
    at += valueLength(buffer, type, at, limit);
    if (at > limit - 1) throw new BsonError('a value reaches beyond its document');
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
