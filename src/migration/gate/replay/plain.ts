/**
 * Copies of what user code was given, for the journal: user code changes its own. Only what comes back from BSON just
 * as it went in is copied: not `Int32` for a number, a bare buffer for a Binary, a bigint, as options of the driver
 * make them; and no names that servers before 5.0 do not store.
 */

/** Deeper than this a document may not fit into the journal's: the server stops at 100 levels or so. */
const deepest = 80;

/** What comes back as the same class with the driver's default options. A Long only where no number holds it. */
const steady = new Set(['ObjectId', 'ObjectID', 'Binary', 'UUID', 'Decimal128', 'Timestamp', 'MinKey', 'MaxKey']);

export interface PlainCopy {
  readonly value: unknown;
  /** In bytes, roughly. */
  readonly size: number;
}

/** Undefined where the value would not come back as it is, or is larger than `limit` bytes. */
export function plainCopy(value: unknown, limit: number): PlainCopy | undefined {
  const copier = new Copier(limit);
  try {
    return { value: copier.copy(value, 0), size: copier.size };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class NotPlain extends Error {}

class Copier {
  size = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  copy(value: unknown, depth: number): unknown {
    this.#count(8);
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'string':
        this.#count(value.length);
        return value;
      case 'number':
        if (Object.is(value, -0)) throw new NotPlain();
        return value;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        throw new NotPlain();
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > deepest) throw new NotPlain();
    if (Array.isArray(value)) return value.map((entry) => this.copy(entry, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#fields(value, depth);
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw new NotPlain();
      return new Date(value);
    }
    const bson = value as { _bsontype?: unknown; buffer?: { length?: number }; toNumber?: () => number };
    if (typeof bson._bsontype !== 'string') throw new NotPlain();
    if (bson._bsontype === 'Long') {
      if (bson.toNumber === undefined || Number.isSafeInteger(bson.toNumber())) throw new NotPlain();
      return value;
    }
    if (!steady.has(bson._bsontype)) throw new NotPlain();
    this.#count(bson.buffer?.length ?? 0);
    return value;
  }

  #fields(value: object, depth: number): object {
    const copy: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(value)) {
      if (name.startsWith('$') || name === '' || name === '__proto__' || name.includes('.')) throw new NotPlain();
      this.#count(name.length);
      copy[name] = this.copy(inner, depth + 1);
    }
    return copy;
  }

  #count(bytes: number): void {
    this.size += bytes;
    if (this.size > this.#limit) throw new NotPlain();
  }
}
