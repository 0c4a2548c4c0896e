import type { Document } from 'mongodb';
import type { DriverClasses } from '../gate/journal/driver-classes.ts';

type Bson = DriverClasses['BSON'];

/** Numbers as objects of their BSON types. */
const withTypes = { promoteValues: false, promoteLongs: false, bsonRegExp: true } as const;

/**
 * The bytes of what code made of a document that the driver had read for it. A driver reads 64-bit integers and doubles
 * as plain numbers, and writes those back as whatever fits: here a number gets the type that the value in its place has
 * in the first of `models` (BSON bytes) which has a number there. What is undefined is left out.
 */
export function exactBytes(bson: Bson, made: Document, models: readonly Uint8Array[]): Uint8Array {
  const known = models.map((model) => bson.deserialize(model, withTypes));
  return bson.serialize(typed(bson, made, known) as Document, { ignoreUndefined: true });
}

function typed(bson: Bson, value: unknown, models: readonly unknown[]): unknown {
  if (typeof value === 'number') return typedNumber(bson, value, models);
  if (!Array.isArray(value) && !isPlain(value)) return value;
  const inner = (key: string | number) => models.map((model) => (isOpen(model) ? model[key] : undefined));
  if (Array.isArray(value)) return value.map((one, i) => typed(bson, one, inner(i)));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typed(bson, one, inner(key))]));
}

function typedNumber(bson: Bson, value: number, models: readonly unknown[]): unknown {
  for (const model of models) {
    switch ((model as { _bsontype?: unknown } | null | undefined)?._bsontype) {
      case 'Double':
        return new bson.Double(value);
      case 'Long':
        return Number.isSafeInteger(value) ? bson.Long.fromNumber(value) : value;
      case 'Int32':
        return value;
    }
  }
  return value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || '_bsontype' in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isOpen(value: unknown): value is Record<string | number, unknown> {
  return Array.isArray(value) || isPlain(value);
}
