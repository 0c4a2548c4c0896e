import { asBuffer, bsonTypes, idElement } from './raw-bson.ts';
import { rawString } from './raw-build.ts';

/** Statements of `update` and `delete` commands as BSON bytes, each put together in one piece of memory. */

/** `{ q: { _id: { $eq: ID } }, u: [{ $replaceWith: { $literal: DOCUMENT } }], collation: { locale: 'simple' } }` */
export function replacesOne(document: Uint8Array): Buffer {
  const stage = objectOf(element(bsonTypes.document, '$replaceWith', literal(bsonTypes.document, whole(document))));
  return bytesOf(
    objectOf(
      element(bsonTypes.document, 'q', byId(document)),
      element(bsonTypes.array, 'u', listOf([[bsonTypes.document, stage]])),
      element(bsonTypes.document, 'collation', simpleCollation),
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
  const place = objectOf(
    element(
      bsonTypes.array,
      '$indexOfArray',
      listOf([
        [bsonTypes.document, literal(bsonTypes.array, ids)],
        [bsonTypes.string, whole(rawString('$_id'))],
      ]),
    ),
  );
  const all = listOf(documents.map((document) => [bsonTypes.document, whole(document)]));
  const found = listOf([
    [bsonTypes.document, literal(bsonTypes.array, all)],
    [bsonTypes.document, place],
  ]);
  const document = objectOf(element(bsonTypes.array, '$arrayElemAt', found));
  const stage = objectOf(element(bsonTypes.document, '$replaceWith', document));
  return onAll(ids, element(bsonTypes.array, 'u', listOf([[bsonTypes.document, stage]])));
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

function byId(document: Uint8Array): Pieces {
  const [type, id] = idOf(document);
  return objectOf(element(bsonTypes.document, '_id', objectOf(element(type, '$eq', id))));
}

function idsOf(documents: readonly Uint8Array[]): Pieces {
  return listOf(documents.map(idOf));
}

function idOf(document: Uint8Array): [type: number, id: Pieces] {
  const { type, valueStart, end } = idElement(document);
  return [type, whole(asBuffer(document).subarray(valueStart, end))];
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

function literal(type: number, value: Pieces): Pieces {
  return objectOf(element(type, '$literal', value));
}

function objectOf(...elements: readonly Pieces[]): Pieces {
  return enclosed(
    elements.flatMap(({ pieces }) => pieces),
    elements.reduce((sum, { length }) => sum + length, 0),
  );
}

/** The value of an array. */
function listOf(values: readonly (readonly [type: number, value: Pieces])[]): Pieces {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (const [at, [type, value]] of values.entries()) {
    const head = placeHead(type, at);
    pieces.push(head);
    for (const piece of value.pieces) pieces.push(piece);
    length += head.length + value.length;
  }
  return enclosed(pieces, length);
}

function enclosed(pieces: readonly Uint8Array[], length: number): Pieces {
  const head = Buffer.alloc(4);
  head.writeInt32LE(length + 5);
  return { pieces: [head, ...pieces, end], length: length + 5 };
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

const simpleCollation = objectOf(element(bsonTypes.string, 'locale', whole(rawString('simple'))));
