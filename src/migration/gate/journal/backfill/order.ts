import { asBuffer, bsonTypes, elementsOf } from '../../../../mongo/raw-bson.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';
import { decodedExactly } from './decode.ts';
import type { Backfill } from './description.ts';

type Order = Backfill['order'];

/**
 * Where a document stands in a batch's order: one value a field of the order, under the names `0`, `1`, …, as BSON. In
 * the journal as bytes, since options of the driver that reads it would change types of numbers.
 */
export type Place = Uint8Array;

/** Throws `BATCH_INVALID` where a field of the order holds a list: it has no one place then. */
export function placeOf(document: Uint8Array, order: Order, driver: Driver): Place {
  const [only] = order;
  if (order.length === 1 && only?.[0] === '_id') return idPlace(document);
  const values = decodedExactly(document, driver);
  const place: Record<string, unknown> = {};
  for (const [position, [field]] of order.entries()) place[position] = valueAt(values, field) ?? null;
  return classesOf(driver).BSON.serialize(place);
}

/** The document's own bytes of `_id`, under the name `0`: nothing is decoded. */
function idPlace(document: Uint8Array): Place {
  const buffer = asBuffer(document);
  for (const { name, type, valueStart, end } of elementsOf(buffer)) {
    if (name !== '_id') continue;
    const place = Buffer.alloc(4 + 1 + 2 + (end - valueStart) + 1);
    place.writeInt32LE(place.length);
    place[4] = type;
    place.write('0\0', 5, 'latin1');
    buffer.copy(place, 7, valueStart, end);
    return place;
  }
  throw new RangeError('A document without _id has no place.');
}

/** A filter for the documents after this place, with MongoDB's order across all types. */
export function after(place: Place, order: Order, driver: Driver): object {
  const values = decodedPlace(place, driver);
  const alternatives = order.map(([field, direction], position) => ({
    $and: [
      ...order.slice(0, position).map(([earlier], at) => ({ $eq: [operand(earlier), literal(values[at])] })),
      { [direction === 1 ? '$gt' : '$lt']: [operand(field), literal(values[position])] },
    ],
  }));
  return { $expr: { $or: alternatives } };
}

/** Embedded documents come back with the order of their keys, which plain objects lose where a key is a number. */
function decodedPlace(place: Place, driver: Driver): Record<string, unknown> {
  const values = decodedExactly(place, driver);
  for (const { name, type, valueStart, end } of elementsOf(place)) {
    if (type === bsonTypes.document) values[name] = asMap(asBuffer(place).subarray(valueStart, end), driver);
  }
  return values;
}

function asMap(bytes: Uint8Array, driver: Driver): Map<string, unknown> {
  const values = decodedExactly(bytes, driver);
  return new Map(
    [...elementsOf(bytes)].map(({ name, type, valueStart, end }) => [
      name,
      type === bsonTypes.document ? asMap(asBuffer(bytes).subarray(valueStart, end), driver) : values[name],
    ]),
  );
}

/** A missing field sorts like null; in an expression it would not. */
function operand(field: string): unknown {
  return field === '_id' ? '$_id' : { $ifNull: [`$${field}`, null] };
}

function literal(value: unknown): object {
  return { $literal: value };
}

function valueAt(document: Record<string, unknown>, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (Array.isArray(value)) break;
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }
  if (!Array.isArray(value)) return value;
  throw new ReleaseError('BATCH_INVALID', `A batch cannot go in the order of ${path}: there are lists in it.`, {
    hint: 'Order by a field with one value a document, or leave order out.',
  });
}

export function sortOf(order: Order): [string, 1 | -1][] {
  return order.map(([field, direction]) => [field, direction]);
}
