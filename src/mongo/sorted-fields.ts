import { asBuffer, BsonError, bsonTypes, valueLength } from './raw-bson.ts';

const noFields: ReadonlySet<string> = new Set();

/**
 * Documents with their fields sorted by name, at every depth; arrays keep their order. Dates in the top-level fields of
 * `anyDate` are all the same one. It has memory of its own.
 */
export class SortedFields {
  readonly #anyDate: ReadonlySet<string>;
  #sorted = Buffer.allocUnsafe(64 * 1024);

  constructor(anyDate: ReadonlySet<string> = noFields) {
    this.#anyDate = anyDate;
  }

  /** A document of the same length; its bytes are overwritten by the next one. Throws `BsonError` where it is malformed. */
  of(document: Uint8Array): Buffer {
    const source = asBuffer(document);
    if (source.length > this.#sorted.length) this.#sorted = Buffer.allocUnsafe(source.length * 2);
    this.#write(source, { value: 0, end: source.length }, 0, true);
    const sorted = this.#sorted.subarray(0, source.length);
    if (this.#anyDate.size > 0)
      for (const { start, value, end } of fieldsIn(sorted, 0, sorted.length))
        if (sorted[start] === bsonTypes.date && this.#anyDate.has(sorted.toString('utf8', start + 1, value - 1)))
          sorted.fill(0, value, end);
    return sorted;
  }

  /** Fields take as much room in whatever order they stand. */
  #write(
    source: Buffer,
    { value: from, end: to }: Pick<Field, 'value' | 'end'>,
    target: number,
    byName: boolean,
  ): void {
    const fields = fieldsIn(source, from, to);
    if (byName) sortByName(source, fields);
    source.copy(this.#sorted, target, from, from + 4);
    let at = target + 4;
    for (const field of fields) {
      const { start, value, end } = field;
      const type = source[start];
      const nested = type === bsonTypes.document || type === bsonTypes.array;
      source.copy(this.#sorted, at, start, nested ? value : end);
      if (nested) this.#write(source, field, at + value - start, type === bsonTypes.document);
      at += end - start;
    }
    this.#sorted[at] = 0;
  }
}

interface Field {
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

function fieldsIn(source: Buffer, from: number, to: number): Field[] {
  const fields: Field[] = [];
  let at = from + 4;
  while (at < to - 1) {
    let value = at + 1;
    while (source[value] !== 0) value += 1;
    value += 1;
    const end = value + valueLength(source, source[at] as number, value, to);
    if (end > to - 1) throw new BsonError('a value reaches beyond its document');
    fields.push({ start: at, value, end });
    at = end;
  }
  return fields;
}

/** In place, and by insertion: there are few, and most documents of a collection have them in one order. */
function sortByName(source: Buffer, fields: Field[]): void {
  for (let next = 1; next < fields.length; next++) {
    const field = fields[next] as Field;
    let at = next;
    for (; at > 0 && isBefore(source, field, fields[at - 1] as Field); at--) fields[at] = fields[at - 1] as Field;
    fields[at] = field;
  }
}

/** By the bytes of the names; each ends with a zero. */
function isBefore(source: Buffer, a: Field, b: Field): boolean {
  for (let at = 1; ; at++) {
    const [x, y] = [source[a.start + at] as number, source[b.start + at] as number];
    if (x !== y) return x < y;
    if (x === 0) return false;
  }
}
