import { asBuffer, bsonTypes, idElement } from './raw-bson.ts';
import { rawString } from './raw-build.ts';
import type { FieldSource, RawValue } from './raw-recipe.ts';

/** Statements of `update` and `delete` commands as BSON bytes, each put together in one piece of memory. */

/**
 * `{ q: { _id: { $eq: ID }, $nor: [{}] }, u: [{ $replaceWith: { $literal: DOCUMENT } }], upsert: true }`: it finds none, so
 * that it inserts, exactly; where there is one with its `_id`, it is refused as an insert is. Nothing is replaced, and so
 * never compared: see `Recipe` for what becomes of the server where a name stands twice.
 */
export function insertsOne(document: Uint8Array): Buffer {
  const literal = objectOf(element(bsonTypes.document, '$literal', whole(document)));
  const never = element(bsonTypes.array, '$nor', objectOf(element(bsonTypes.document, '0', objectOf())));
  return bytesOf(
    objectOf(
      element(bsonTypes.document, 'q', byId(document, never)),
      element(bsonTypes.array, 'u', replaced(literal)),
      element(bsonTypes.boolean, 'upsert', whole(yes)),
    ),
  );
}

/**
 * One statement for all of them, which takes the server about two thirds of the time of one each: a pipeline that looks
 * the document up by its `_id`. In an update the server goes through the list for that (ExpressionIndexOfArray, which
 * makes a hash of it where a pipeline is optimized, as those of updates are not: 6.0.5), so that it is not to be long. No
 * collation: the index on `_id` has the collection's, by which ids are unique, and no other one would use it.
 */
export function replacesAll(documents: readonly Uint8Array[]): Buffer {
  const ids = idsOf(documents);
  const all = documents.map((bytes) => ({ type: bsonTypes.document, bytes, start: 0, end: bytes.length }));
  return replaces(ids, elementAt(listOf(all), element(bsonTypes.document, '1', placeIn(ids))));
}

/**
 * Puts each document together of its own values and of those that are given, for each document in the order of the
 * fields: less is sent, and where none are given the server need not look anything up.
 */
export function remakesAll(
  documents: readonly Uint8Array[],
  fields: readonly FieldSource[],
  given: readonly (readonly RawValue[])[],
): Buffer {
  const ids = idsOf(documents);
  let nth = 0;
  const values = fields.map(({ name, from }) => {
    if (from !== undefined) return element(bsonTypes.string, name, whole(rawString(`$${from}`)));
    const list = listOf(given.map((of) => of[nth] as RawValue));
    nth += 1;
    return element(bsonTypes.document, name, elementAt(list, element(bsonTypes.string, '1', placeName)));
  });
  const made = objectOf(...values);
  if (nth === 0) return replaces(ids, made);
  const vars = objectOf(element(bsonTypes.document, 'place', placeIn(ids)));
  const inner = objectOf(element(bsonTypes.document, 'vars', vars), element(bsonTypes.document, 'in', made));
  return replaces(ids, objectOf(element(bsonTypes.document, '$let', inner)));
}

const placeName = whole(rawString('$$place'));
const idName = whole(rawString('$_id'));

function replaces(ids: Pieces, expression: Pieces): Buffer {
  return onAll(ids, element(bsonTypes.array, 'u', replaced(expression)));
}

function replaced(expression: Pieces): Pieces {
  const stage = objectOf(element(bsonTypes.document, '$replaceWith', expression));
  return objectOf(element(bsonTypes.document, '0', stage));
}

/** An expression: where the document's `_id` stands among these. */
function placeIn(ids: Pieces): Pieces {
  const [list, own] = [element(bsonTypes.document, '0', literal(ids)), element(bsonTypes.string, '1', idName)];
  return objectOf(element(bsonTypes.array, '$indexOfArray', objectOf(list, own)));
}

function elementAt(list: Pieces, place: Pieces): Pieces {
  return objectOf(
    element(bsonTypes.array, '$arrayElemAt', objectOf(element(bsonTypes.document, '0', literal(list)), place)),
  );
}

/**
 * Takes these top-level fields off all of them: less than half of the time of `replacesAll`, since the server neither
 * gets the documents nor compares them. `names`: without a dot, a dollar in front, and not empty.
 */
export function unsetsAll(documents: readonly Uint8Array[], names: readonly string[]): Buffer {
  const fields = objectOf(...names.map((name) => element(bsonTypes.boolean, name, whole(yes))));
  const update = objectOf(element(bsonTypes.document, '$unset', fields));
  return onAll(idsOf(documents), element(bsonTypes.document, 'u', update));
}

/** `{ q: { _id: { $eq: ID } }, limit: 1 }` */
export function deletesOne(document: Uint8Array): Buffer {
  const limit = element(bsonTypes.int32, 'limit', whole(Buffer.from([1, 0, 0, 0])));
  return bytesOf(objectOf(element(bsonTypes.document, 'q', byId(document)), limit));
}

function onAll(ids: Pieces, update: Pieces): Buffer {
  const filter = objectOf(element(bsonTypes.document, '_id', objectOf(element(bsonTypes.array, '$in', ids))));
  const multi = element(bsonTypes.boolean, 'multi', whole(yes));
  return bytesOf(objectOf(element(bsonTypes.document, 'q', filter), update, multi));
}

function byId(document: Uint8Array, ...more: readonly Pieces[]): Pieces {
  const { type, valueStart, end } = idElement(document);
  const id = whole(asBuffer(document).subarray(valueStart, end));
  return objectOf(element(bsonTypes.document, '_id', objectOf(element(type, '$eq', id))), ...more);
}

function idsOf(documents: readonly Uint8Array[]): Pieces {
  return listOf(
    documents.map((bytes) => {
      const { type, valueStart, end } = idElement(bytes);
      return { type, bytes, start: valueStart, end };
    }),
  );
}

/** Bytes that follow each other, not copied yet. */
interface Pieces {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

function whole(bytes: Uint8Array): Pieces {
  return { pieces: [bytes], length: bytes.length };
}

function bytesOf({ pieces, length }: Pieces): Buffer {
  return Buffer.concat(pieces, length);
}

function element(type: number, name: string, value: Pieces): Pieces {
  const head = headOf(type, name);
  return { pieces: [head, ...value.pieces], length: head.length + value.length };
}

function headOf(type: number, name: string): Buffer {
  const head = Buffer.from(` ${name}\0`);
  head[0] = type;
  return head;
}

function literal(list: Pieces): Pieces {
  return objectOf(element(bsonTypes.array, '$literal', list));
}

/** Also an array, where the names are its places. */
function objectOf(...elements: readonly Pieces[]): Pieces {
  const length = elements.reduce((sum, { length }) => sum + length, 5);
  const head = Buffer.alloc(4);
  head.writeInt32LE(length);
  return { pieces: [head, ...elements.flatMap(({ pieces }) => pieces), end], length };
}

/** An array of many values: a piece each would cost more than to copy them at once. */
function listOf(values: readonly RawValue[]): Pieces {
  let length = 5;
  for (const [at, { type, start, end }] of values.entries()) length += placeHead(type, at).length + end - start;
  const list = Buffer.alloc(length);
  list.writeInt32LE(length);
  let to = 4;
  for (const [at, { type, bytes, start, end }] of values.entries()) {
    const head = placeHead(type, at);
    to = copied(head, 0, head.length, list, to);
    to = copied(bytes, start, end, list, to);
  }
  return whole(list);
}

/** For a few bytes the call takes longer than these. */
const fewBytes = 24;

/** Where the copy ends. */
function copied(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > fewBytes) to.set(from.subarray(start, end), at);
  else for (let nth = start; nth < end; nth += 1) to[at + nth - start] = from[nth] as number;
  return at + end - start;
}

const end = Buffer.alloc(1);
const yes = Buffer.from([1]);

/** Type and name of an array's element: the same few thousand for every statement. */
function placeHead(type: number, at: number): Buffer {
  const heads = placeHeads.get(type) ?? [];
  placeHeads.set(type, heads);
  heads[at] ??= headOf(type, String(at));
  return heads[at];
}

const placeHeads = new Map<number, Buffer[]>();
