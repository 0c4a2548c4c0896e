import { asBuffer, BsonError, bsonTypes, elementsOf, valueLength } from './raw-bson.ts';

/** How a document comes out of another one with the same `_id`, exactly. */
export type Recipe =
  /** It is sent as it is, in the other one's place. */
  | { readonly kind: 'whole' }
  /** It is the other one without these top-level fields. */
  | { readonly kind: 'without'; readonly names: readonly string[] }
  /** It is put together of some of the other one's values, and of some that are given. */
  | { readonly kind: 'made'; readonly fields: readonly FieldSource[] }
  /**
   * It is inserted once the other one is deleted: where a name stands in it twice, the server ends itself as it compares
   * the two for its oplog, which it does for a pipeline ("Invariant failure", document_diff_serialization.cpp; 6.0.5).
   */
  | { readonly kind: 'apart' };

export interface FieldSource {
  readonly name: string;
  /** The field of the other one with this value; undefined where the value is given. */
  readonly from: string | undefined;
}

export function isGiven({ from }: FieldSource): boolean {
  return from === undefined;
}

/** A value where it stands in a document. */
export interface RawValue {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export const whole: Recipe = { kind: 'whole' };
export const apart: Recipe = { kind: 'apart' };
const nothing: readonly RawValue[] = [];

/**
 * The recipes by which one operation's documents go back: most have the same few, so that each is found once, and the
 * other documents are only compared with it. Names and values are compared as bytes.
 */
export class Recipes {
  readonly #known: Known[] = [];
  #searches = 0;

  /**
   * How to get from the one document to the other, with the values that are given, in the order of their fields. One
   * object for all that are alike. Throws `BsonError` where one of them is malformed.
   */
  of(from: Uint8Array, to: Uint8Array): { readonly recipe: Recipe; readonly given: readonly RawValue[] } {
    const [a, b] = [new Fields(from), new Fields(to)];
    const known = this.#known.find((one) => one.fits(a, b)) ?? this.#search(a, b);
    if (known?.recipe.kind === 'without') return { recipe: known.recipe, given: nothing };
    const given = known?.given.map((at) => b.value(at)) ?? nothing;
    if ((known === undefined || given.some(isContainer)) && !areComparable(a, b))
      return { recipe: apart, given: nothing };
    const bytes = given.reduce((sum, { start, end }) => sum + end - start, 0);
    if (known === undefined || bytes > to.length / 2) return { recipe: whole, given: nothing };
    return { recipe: known.recipe, given };
  }

  #search(a: Fields, b: Fields): Known | undefined {
    if (this.#searches === mostSearches) return undefined;
    this.#searches += 1;
    const found = withoutSome(a, b) ?? made(a, b);
    if (found !== undefined) this.#known.push(found);
    return found;
  }
}

/** Where documents are of more kinds than that, there is little to gain. */
const mostSearches = 50;

/** A recipe, and two documents that it was found with. */
class Known {
  readonly recipe: Recipe;
  /** Fields of the second whose values are given. */
  readonly given: readonly number[];
  /** For each field of the second, its place in the first; -1 where its value is given. */
  readonly #sources: readonly number[];
  readonly #a: Fields;
  readonly #b: Fields;

  constructor(recipe: Recipe, sources: readonly number[], a: Fields, b: Fields) {
    this.recipe = recipe;
    this.given = sources.flatMap((source, at) => (source < 0 ? [at] : []));
    this.#sources = sources;
    this.#a = a;
    this.#b = b;
  }

  fits(a: Fields, b: Fields): boolean {
    if (!this.#a.hasNamesOf(a) || !this.#b.hasNamesOf(b)) return false;
    const isMade = this.recipe.kind === 'made';
    return this.#sources.every((source, at) => (source < 0 || a.sameValue(source, b, at)) && !(isMade && b.isOdd(at)));
  }
}

function withoutSome(a: Fields, b: Fields): Known | undefined {
  const [old, names] = [a.names(), b.names()];
  let next = 0;
  const sources = names.map((name, at) => {
    while (next < old.length && !(old[next] === name && a.sameValue(next, b, at))) next += 1;
    return next++;
  });
  const left = old.filter((_, at) => !sources.includes(at));
  if (next > old.length || left.length === 0 || !left.every(isPlain)) return undefined;
  // What is no UTF-8 looks the same here, whatever it is.
  if (names.some((name) => name.includes('\ufffd'))) return undefined;
  // `$unset` takes the first of several, which need not be the one that is left out.
  if (new Set(left).size < left.length || left.some((name) => names.includes(name))) return undefined;
  return new Known({ kind: 'without', names: left }, sources, a, b);
}

function made(a: Fields, b: Fields): Known | undefined {
  const [old, names] = [a.names(), b.names()];
  const areDistinct = new Set(old).size === old.length && new Set(names).size === names.length;
  if (!areDistinct || !old.every(isPlain) || !names.every(isPlain)) return undefined;
  const sources = names.map((name, at) => {
    const same = old.indexOf(name);
    if (same >= 0) return a.sameValue(same, b, at) ? same : -1;
    return old.findIndex((other, from) => !names.includes(other) && a.sameValue(from, b, at));
  });
  if (names.some((_, at) => b.isOdd(at))) return undefined;
  const fields = names.map((name, at) => ({ name, from: old[sources[at] as number] }));
  return new Known({ kind: 'made', fields }, sources, a, b);
}

/** Whether the server gets through a comparison of the two: it looks into what has the same name in both. */
function areComparable(a: Fields, b: Fields): boolean {
  const [old, names] = [a.names(), b.names()];
  if (new Set(old).size < old.length || new Set(names).size < names.length) return false;
  return names.every((name, at) => {
    const same = old.indexOf(name);
    return same < 0 || a.sameValue(same, b, at) || !(hasTwins(a.value(same)) || hasTwins(b.value(at)));
  });
}

function isContainer({ type }: RawValue): boolean {
  return type === bsonTypes.document || type === bsonTypes.array;
}

/** Whether a name stands twice in a document or list, or in one within it. */
function hasTwins(value: RawValue): boolean {
  if (!isContainer(value)) return false;
  const inner = [...elementsOf(value.bytes, value.start)];
  if (new Set(inner.map(({ name }) => name)).size < inner.length) return true;
  return inner.some(({ type, valueStart: start, end }) => hasTwins({ type, bytes: value.bytes, start, end }));
}

/** Any other is a path or an operator, or was no UTF-8. */
function isPlain(name: string): boolean {
  return /^[^$.\ufffd][^.\ufffd]*$/.test(name);
}

/** Of these an expression of the server keeps all bits; the others are deprecated, and not asked of it. */
const kept: ReadonlySet<number> = new Set([
  ...[bsonTypes.double, bsonTypes.string, bsonTypes.document, bsonTypes.array, bsonTypes.binary, bsonTypes.objectId],
  ...[bsonTypes.boolean, bsonTypes.date, bsonTypes.null, bsonTypes.regex, bsonTypes.int32, bsonTypes.timestamp],
  ...[bsonTypes.int64, bsonTypes.decimal128, bsonTypes.minKey, bsonTypes.maxKey],
]);

/** Where the top-level fields of a document stand. */
class Fields {
  readonly #bytes: Buffer;
  /** Of each: its type, its value, its end. Its name is between the first two. */
  readonly #places: readonly number[];

  constructor(document: Uint8Array) {
    this.#bytes = asBuffer(document);
    this.#places = placesIn(this.#bytes, 0);
  }

  names(): string[] {
    const names: string[] = [];
    for (let at = 0; at < this.#places.length; at += 3) {
      names.push(this.#bytes.toString('utf8', (this.#places[at] as number) + 1, (this.#places[at + 1] as number) - 1));
    }
    return names;
  }

  hasNamesOf(other: Fields): boolean {
    const [places, others] = [this.#places, other.#places];
    if (places.length !== others.length) return false;
    for (let at = 0; at < places.length; at += 3) {
      const [start, end, from] = [places[at] as number, places[at + 1] as number, others[at] as number];
      const length = end - start;
      if ((others[at + 1] as number) - from !== length) return false;
      for (let byte = 1; byte < length; byte += 1) {
        if (this.#bytes[start + byte] !== other.#bytes[from + byte]) return false;
      }
    }
    return true;
  }

  value(nth: number): RawValue {
    const [bytes, places] = [this.#bytes, this.#places];
    const type = bytes[places[3 * nth] as number] as number;
    return { type, bytes, start: places[3 * nth + 1] as number, end: places[3 * nth + 2] as number };
  }

  sameValue(nth: number, other: Fields, otherNth: number): boolean {
    const [places, others] = [this.#places, other.#places];
    if (this.#bytes[places[3 * nth] as number] !== other.#bytes[others[3 * otherNth] as number]) return false;
    const [start, end] = [places[3 * nth + 1] as number, places[3 * nth + 2] as number];
    const [from, to] = [others[3 * otherNth + 1] as number, others[3 * otherNth + 2] as number];
    if (end - start !== to - from) return false;
    return this.#bytes.compare(other.#bytes, from, to, start, end) === 0;
  }

  /** Whether an expression might make other bytes of it. */
  isOdd(nth: number): boolean {
    const type = this.#bytes[this.#places[3 * nth] as number] as number;
    if (type === bsonTypes.array) return isOddArray(this.#bytes, this.#places[3 * nth + 1] as number);
    return !kept.has(type);
  }
}

/** The server names the elements of an array anew, and takes those of arrays in it apart as well. */
function isOddArray(bytes: Buffer, offset: number): boolean {
  const places = placesIn(bytes, offset);
  for (let at = 0; at < places.length; at += 3) {
    const [start, value] = [places[at] as number, places[at + 1] as number];
    const type = bytes[start] as number;
    if (bytes.toString('latin1', start + 1, value - 1) !== String(at / 3) || !kept.has(type)) return true;
    if (type === bsonTypes.array && isOddArray(bytes, value)) return true;
  }
  return false;
}

function placesIn(bytes: Buffer, offset: number): number[] {
  const places: number[] = [];
  const last = offset + bytes.readInt32LE(offset) - 1;
  for (let at = offset + 4; at < last; ) {
    let value = at + 1;
    while (bytes[value] !== 0) value += 1;
    value += 1;
    const end = value + valueLength(bytes, bytes[at] as number, value, last);
    if (end > last) throw new BsonError('a value reaches beyond its document');
    places.push(at, value, end);
    at = end;
  }
  return places;
}
