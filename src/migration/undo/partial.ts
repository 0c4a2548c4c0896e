import { BSON, type CollationOptions, type Document } from 'mongodb';
import { asBuffer, bsonTypes } from '../../mongo/raw-bson.ts';
import { comparable, type Field, fieldIn } from './index-values.ts';

/**
 * Whether a document is in an index that leaves others out, by its `partialFilterExpression`. False also where only the
 * server can tell.
 */
export function isSurelyIn(document: Uint8Array, filter: Document, collation?: CollationOptions): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    if (name === '$and') return wanted.every((one: Document) => isSurelyIn(document, one, collation));
    if (name === '$or') return wanted.some((one: Document) => isSurelyIn(document, one, collation));
    const field = name.startsWith('$') ? undefined : fieldIn(document, name);
    if (field === undefined) return false;
    const conditions = isOperators(wanted) ? Object.entries(wanted) : [['$eq', wanted] as const];
    return conditions.every(([operator, operand]) => holds(operator, field, operand, collation));
  });
}

function isOperators(wanted: unknown): wanted is Document {
  const isPlain = typeof wanted === 'object' && wanted !== null && Object.getPrototypeOf(wanted) === Object.prototype;
  return isPlain && Object.keys(wanted).some((name) => name.startsWith('$'));
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  $eq: (order) => order === 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};

function holds(operator: string, field: Field, operand: unknown, collation: CollationOptions | undefined): boolean {
  if (operator === '$exists') return Boolean(operand);
  if (operator === '$type') return [operand].flat().some((type) => isOfType(field, type));
  if (operator === '$in') return (operand as unknown[]).some((one) => holds('$eq', field, one, collation));
  const other = fieldIn(BSON.serialize({ v: operand }), 'v');
  const order = other && orderOf(field, other, collation);
  return order !== undefined && orders[operator]?.(order) === true;
}

/** Undefined where it is not certain. */
function orderOf(one: Field, other: Field, collation: CollationOptions | undefined): number | undefined {
  if (comparable(one) === comparable(other)) return 0;
  const numbers = [numberOf(one), numberOf(other)];
  const [a, b] = numbers;
  if (a !== undefined && b !== undefined) return a - b;
  const isText = one.element.type === bsonTypes.string && other.element.type === bsonTypes.string;
  const isSimple = collation === undefined || collation.locale === 'simple';
  return isText && isSimple ? Buffer.compare(textOf(one), textOf(other)) : undefined;
}

function numberOf({ within, element: { type, valueStart } }: Field): number | undefined {
  const buffer = asBuffer(within);
  if (type === bsonTypes.int32) return buffer.readInt32LE(valueStart);
  if (type === bsonTypes.double) return finite(buffer.readDoubleLE(valueStart));
  return type === bsonTypes.int64 ? finite(Number(buffer.readBigInt64LE(valueStart))) : undefined;
}

/** Others are not compared as numbers are, or have lost digits. */
function finite(value: number): number | undefined {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** Without its length and its end. */
function textOf({ within, element: { valueStart, end } }: Field): Buffer {
  return asBuffer(within).subarray(valueStart + 4, end - 1);
}

/** As `$type` names them; of the others the server tells. */
const types: Readonly<Record<string, readonly number[]>> = {
  string: [bsonTypes.string],
  objectId: [bsonTypes.objectId],
  object: [bsonTypes.document],
  bool: [bsonTypes.boolean],
  date: [bsonTypes.date],
  null: [bsonTypes.null],
  number: [bsonTypes.int32, bsonTypes.int64, bsonTypes.double, bsonTypes.decimal128],
  int: [bsonTypes.int32],
  long: [bsonTypes.int64],
  double: [bsonTypes.double],
  decimal: [bsonTypes.decimal128],
};

function isOfType({ element }: Field, type: unknown): boolean {
  return typeof type === 'number' ? type === element.type : types[String(type)]?.includes(element.type) === true;
}
