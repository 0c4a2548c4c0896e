import { Decimal128 } from 'mongodb';
import { asBuffer, bsonTypes, elementsOf, type RawElement } from '../../mongo/raw-bson.ts';

/** A field of a document, or of one in it. */
export interface Field {
  readonly within: Uint8Array;
  readonly element: RawElement;
}

/**
 * The fields of these names, in their order, those with dots in embedded documents. Undefined where one is absent, there
 * twice, or has several entries in an index.
 */
export function fieldsIn(document: Uint8Array, names: readonly string[]): Field[] | undefined {
  const fields = names.flatMap((name) => fieldIn(document, name) ?? []);
  return fields.length === names.length ? fields : undefined;
}

/** Undefined as in `fieldsIn`. */
export function fieldIn(document: Uint8Array, name: string): Field | undefined {
  return fieldAt(document, name.split('.'));
}

function fieldAt(within: Uint8Array, [name, ...rest]: readonly string[]): Field | undefined {
  const [element, ...others] = [...elementsOf(within)].filter((one) => one.name === name);
  if (element === undefined || others.length > 0 || element.type === bsonTypes.array) return undefined;
  if (rest.length === 0) return { within, element };
  if (element.type !== bsonTypes.document) return undefined;
  return fieldAt(asBuffer(within).subarray(element.valueStart, element.end), rest);
}

/** A value as one text. Where texts are equal the server holds the values for equal, whichever types of numbers they are. */
export function comparable({ within, element: { type, valueStart, end } }: Field): string {
  const buffer = asBuffer(within);
  switch (type) {
    case bsonTypes.int32:
      return `n:${buffer.readInt32LE(valueStart)}`;
    case bsonTypes.int64:
      return `n:${buffer.readBigInt64LE(valueStart)}`;
    case bsonTypes.double:
      return `n:${ofDouble(buffer.readDoubleLE(valueStart))}`;
    case bsonTypes.decimal128:
      return `n:${ofDecimal(new Decimal128(buffer.subarray(valueStart, end)).toString())}`;
    case bsonTypes.document:
    case bsonTypes.array: {
      const value = buffer.subarray(valueStart, end);
      const fields = [...elementsOf(value)].map((element) => [element.name, comparable({ within: value, element })]);
      return `${type}:${JSON.stringify(fields)}`;
    }
    default:
      return `${type}:${buffer.toString('latin1', valueStart, end)}`;
  }
}

function ofDouble(value: number): string {
  if (Number.isSafeInteger(value) || !Number.isFinite(value)) return String(value);
  let whole = value;
  let halves = 0;
  // Nothing is lost by that.
  for (; !Number.isInteger(whole); halves++) whole *= 2;
  return exactly(BigInt(whole) * 5n ** BigInt(halves), -halves);
}

function ofDecimal(text: string): string {
  const [, whole, fraction = '', power = '0'] = /^(-?\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(text) ?? [];
  return whole === undefined ? text : exactly(BigInt(whole + fraction), Number(power) - fraction.length);
}

/** Digits times ten to a power, the same for all that are equal. */
function exactly(digits: bigint, power: number): string {
  if (power >= 0 || digits === 0n) return String(digits * 10n ** BigInt(Math.max(0, power)));
  return digits % 10n === 0n ? exactly(digits / 10n, power + 1) : `${digits}e${power}`;
}
