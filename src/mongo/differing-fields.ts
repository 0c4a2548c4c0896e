import { asBuffer, bsonTypes, elementsOf, type RawElement } from './raw-bson.ts';

/** A field that two versions of a document do not have in common: names and types, no value. */
export interface DifferingField {
  /** Dotted; `[]` stands for the elements of an array, `*` for a name that may be a value itself. */
  readonly path: string;
  /** As `$type` names it; undefined where the field is not there. */
  readonly before?: string;
  readonly after?: string;
}

/**
 * In which fields two versions of a document differ, each once. Of an embedded document or array that is only in one of
 * them just that; the order of fields does not count. Throws `BsonError` for what is no BSON.
 */
export function differingFields(before: Uint8Array, after: Uint8Array): DifferingField[] {
  const found = new Map<string, DifferingField>();
  compare({ bytes: asBuffer(before), offset: 0 }, { bytes: asBuffer(after), offset: 0 }, '', false, (field) => {
    found.set(`${field.path}\n${field.before}\n${field.after}`, field);
  });
  return [...found.values()];
}

interface Place {
  readonly bytes: Buffer;
  readonly offset: number;
}

function compare(a: Place, b: Place, prefix: string, array: boolean, found: (field: DifferingField) => void): void {
  const [lefts, rights] = [a, b].map(
    ({ bytes, offset }) => new Map([...elementsOf(bytes, offset)].map((element) => [element.name, element])),
  ) as [Map<string, RawElement>, Map<string, RawElement>];
  for (const name of new Set([...lefts.keys(), ...rights.keys()])) {
    const [left, right] = [lefts.get(name), rights.get(name)];
    if (left && right && sameValue(a, left, b, right)) continue;
    const path = array ? `${prefix}[]` : `${prefix}${prefix === '' ? '' : '.'}${shownField(name)}`;
    const type = left?.type;
    if (left && right && type === right.type && (type === bsonTypes.document || type === bsonTypes.array)) {
      const inner = [left, right].map(({ valueStart }, i) => ({ bytes: (i === 0 ? a : b).bytes, offset: valueStart }));
      compare(inner[0] as Place, inner[1] as Place, path, type === bsonTypes.array, found);
    } else found({ path, before: left && typeName(left.type), after: right && typeName(right.type) });
  }
}

function sameValue(a: Place, left: RawElement, b: Place, right: RawElement): boolean {
  return (
    left.type === right.type && a.bytes.compare(b.bytes, right.valueStart, right.end, left.valueStart, left.end) === 0
  );
}

/**
 * The name of a field, for people. Where documents are used as maps the names are data: an address, an id. Those are no
 * words, and stand as `*`.
 */
export function shownField(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}$/u.test(name) && !/^[0-9a-f]{24}$|^[0-9a-f]{8}-/i.test(name) ? name : '*';
}

/** As `$type` names the types: https://www.mongodb.com/docs/manual/reference/bson-types/ */
const typeNames: Readonly<Record<number, string>> = {
  [bsonTypes.double]: 'double',
  [bsonTypes.string]: 'string',
  [bsonTypes.document]: 'object',
  [bsonTypes.array]: 'array',
  [bsonTypes.binary]: 'binData',
  [bsonTypes.undefined]: 'undefined',
  [bsonTypes.objectId]: 'objectId',
  [bsonTypes.boolean]: 'bool',
  [bsonTypes.date]: 'date',
  [bsonTypes.null]: 'null',
  [bsonTypes.regex]: 'regex',
  [bsonTypes.dbPointer]: 'dbPointer',
  [bsonTypes.code]: 'javascript',
  [bsonTypes.symbol]: 'symbol',
  [bsonTypes.codeWithScope]: 'javascriptWithScope',
  [bsonTypes.int32]: 'int',
  [bsonTypes.timestamp]: 'timestamp',
  [bsonTypes.int64]: 'long',
  [bsonTypes.decimal128]: 'decimal',
  [bsonTypes.minKey]: 'minKey',
  [bsonTypes.maxKey]: 'maxKey',
};

function typeName(type: number): string {
  return typeNames[type] ?? String(type);
}
