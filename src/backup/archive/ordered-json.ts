import { BSON } from 'mongodb';

/**
 * Extended JSON with every object as a Map: JSON.parse puts integer-like keys first, and so would turn the index
 * `{"10": 1, "2": 1}` into another one. The driver sends Maps in their order.
 */
export type OrderedDocument = Map<string, unknown>;

/**
 * Parses canonical or relaxed Extended JSON v2; typed values become the driver's classes (`Int32`, `Double`, `Long`,
 * `ObjectId`, …). Throws `SyntaxError` on what is no JSON, and on BSON's `undefined` and DBPointer, which the driver
 * cannot send.
 */
export function parseOrdered(text: string): unknown {
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#error();
    return value;
  }

  #value(): unknown {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '{') return typed(this.#object());
    if (next === '[') return this.#array();
    const token = /(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)/sy;
    token.lastIndex = this.#at;
    const match = token.exec(this.#text)?.[0];
    if (match === undefined) throw this.#error();
    this.#at += match.length;
    const value: unknown = JSON.parse(match);
    // A bare number is Extended JSON's relaxed form: an integer where it is one.
    return typeof value === 'number' ? bareNumber(value, match) : value;
  }

  #object(): OrderedDocument {
    const object: OrderedDocument = new Map();
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return object;
    }
    for (;;) {
      const key = this.#value();
      if (typeof key !== 'string') throw this.#error();
      this.#expect(':');
      object.set(key, this.#value());
      if (this.#separator('}')) return object;
    }
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return array;
    }
    for (;;) {
      array.push(this.#value());
      if (this.#separator(']')) return array;
    }
  }

  /** Takes a comma, or the closing sign and says so. */
  #separator(closing: string): boolean {
    this.#space();
    if (this.#text[this.#at] === closing) {
      this.#at++;
      return true;
    }
    this.#expect(',');
    return false;
  }

  #expect(sign: string): void {
    this.#space();
    if (this.#text[this.#at] !== sign) throw this.#error();
    this.#at++;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #error(): SyntaxError {
    return new SyntaxError(`Unexpected sign at ${this.#at}.`);
  }
}

function bareNumber(value: number, text: string): unknown {
  if (!/^-?\d+$/.test(text)) return new BSON.Double(value);
  return value === (value | 0) ? new BSON.Int32(value) : BSON.Long.fromString(text);
}

const typeKeys = new Set([
  '$oid',
  '$numberInt',
  '$numberLong',
  '$numberDouble',
  '$numberDecimal',
  '$binary',
  '$uuid',
  '$date',
  '$timestamp',
  '$regularExpression',
  '$code',
  '$symbol',
  '$minKey',
  '$maxKey',
]);

/** The value that a typed object stands for; any other object as it is, `$match` and the like included. */
function typed(object: OrderedDocument): unknown {
  const [key] = object.keys();
  if (key === undefined || !key.startsWith('$')) return object;
  if (key === '$undefined' || key === '$dbPointer') throw new SyntaxError(`${key} cannot be sent.`);
  if (!typeKeys.has(key) || object.size > 2 || (object.size === 2 && key !== '$code')) return object;
  if (key === '$code') {
    const scope = object.get('$scope');
    // The scope is a Map, which the class does not know but the serializer sends in its order.
    return new BSON.Code(String(object.get('$code')), (scope as BSON.Document | undefined) ?? null);
  }
  const value = object.get(key);
  switch (key) {
    case '$numberInt':
      return new BSON.Int32(Number(value));
    case '$numberLong':
      return BSON.Long.fromString(String(value));
    case '$numberDouble':
      return new BSON.Double(Number(value));
    case '$numberDecimal':
      return BSON.Decimal128.fromString(String(value));
    case '$date':
      return new Date(Number(value instanceof BSON.Long ? value.toBigInt() : new Date(String(value))));
    case '$symbol':
      return new BSON.BSONSymbol(String(value));
    default:
      return BSON.EJSON.deserialize({ [key]: plain(value) }, { relaxed: false }) as unknown;
  }
}

/** Typed values hold nothing but texts, and numbers in $timestamp, $minKey and $maxKey. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  if (value instanceof BSON.Int32) return value.value;
  if (value instanceof BSON.Long) return value.toNumber();
  return value;
}
