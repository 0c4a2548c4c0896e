import { asBuffer, bsonTypes, bytesOf, elementsOf } from '../../../mongo/raw-bson.ts';

/**
 * The name of an `_id`, equal where MongoDB takes two for the same (5, 5.0 and Long 5). Undefined for kinds that are
 * seldom ids: documents, Decimal128, regular expressions.
 */
export function idName(id: unknown): string | undefined {
  switch (typeof id) {
    case 'string':
      return `s${id}`;
    case 'number':
    case 'bigint':
      return `n${id}`;
    case 'boolean':
      return `b${id}`;
  }
  if (id === null || typeof id !== 'object') return undefined;
  if (id instanceof Date) return `d${id.getTime()}`;
  const bson = id as { _bsontype?: unknown; sub_type?: unknown; value?: unknown; toHexString?: () => string };
  switch (bson._bsontype) {
    case 'ObjectId':
    case 'ObjectID':
      return `o${bson.toHexString?.()}`;
    case 'Long':
    case 'Int32':
    case 'Double':
      return `n${String(id)}`;
    case 'Binary':
    case 'UUID': {
      const bytes = bytesOf(id);
      return bytes === undefined ? undefined : `x${String(bson.sub_type)}:${bytes.toString('hex')}`;
    }
    default:
      return undefined;
  }
}

/** The name of the `_id` of a document in bytes, as `idName` gives it. */
export function rawIdName(document: Uint8Array): string | undefined {
  const bytes = asBuffer(document);
  for (const { name, type, valueStart: at, end } of elementsOf(document)) {
    if (name !== '_id') continue;
    switch (type) {
      case bsonTypes.string:
        return `s${bytes.toString('utf8', at + 4, end - 1)}`;
      case bsonTypes.int32:
        return `n${bytes.readInt32LE(at)}`;
      case bsonTypes.int64:
        return `n${bytes.readBigInt64LE(at)}`;
      case bsonTypes.double:
        return `n${bytes.readDoubleLE(at)}`;
      case bsonTypes.boolean:
        return `b${bytes[at] === 1}`;
      case bsonTypes.date:
        return `d${bytes.readBigInt64LE(at)}`;
      case bsonTypes.objectId:
        return `o${bytes.toString('hex', at, end)}`;
      case bsonTypes.binary:
        return `x${bytes[at + 4]}:${bytes.toString('hex', at + 5, end)}`;
      default:
        return undefined;
    }
  }
  return undefined;
}
