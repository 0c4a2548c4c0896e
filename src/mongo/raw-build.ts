import { BSON, ObjectId } from 'mongodb';
import { asBuffer, bsonTypes, elementsOf, type RawElement } from './raw-bson.ts';

/** BSON put together from bytes, for what objects cannot hold: see `raw-bson.ts`. */

/** One element: type, name, and the bytes of its value. */
export function rawElement(type: number, name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]);
}

/** A document of these elements, in this order. */
export function rawDocument(elements: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(elements);
  const whole = Buffer.alloc(body.length + 5);
  whole.writeInt32LE(whole.length);
  body.copy(whole, 4);
  return whole;
}

/** The value of a string. */
export function rawString(value: string): Buffer {
  const bytes = Buffer.from(`${value}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * A document as a map, so that every key stays at its place and every number keeps its type when the driver sends it.
 * Of two equal keys the later one is kept.
 */
export function orderedDocument(bytes: Uint8Array): Map<string, unknown> {
  const buffer = asBuffer(bytes);
  return new Map([...elementsOf(bytes)].map((element) => [element.name, exactValue(buffer, element)]));
}

/** The value of one element in that form: documents are maps, numbers objects of their BSON type. */
export function exactValue(bytes: Uint8Array, { type, valueStart, end }: RawElement): unknown {
  const value = asBuffer(bytes).subarray(valueStart, end);
  if (type === bsonTypes.objectId) return new ObjectId(value);
  if (type === bsonTypes.document) return orderedDocument(value);
  if (type === bsonTypes.array) return [...orderedDocument(value).values()];
  // In one piece of memory: the keys of all documents that an undo looks up come this way.
  const document = Buffer.alloc(value.length + 8);
  document.writeInt32LE(document.length);
  document[4] = type;
  document.write('v', 5);
  document.set(value, 7);
  return BSON.deserialize(document, exact).v;
}

const exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true } as const;
