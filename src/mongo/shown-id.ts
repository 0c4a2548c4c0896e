import { createHash } from 'node:crypto';
import { asBuffer, bsonTypes, elementsOf } from './raw-bson.ts';

/** https://bsonspec.org/spec.html */
const uuidSubtype = 4;

/**
 * The `_id` of a document, for people: ids of machines (ObjectId, UUID, number) as they are, what may be a person's as
 * a hash. Completes "the document …".
 */
export function shownId(document: Uint8Array): string {
  const buffer = asBuffer(document);
  for (const { name, type, valueStart, end } of elementsOf(buffer)) {
    if (name !== '_id') continue;
    switch (type) {
      case bsonTypes.objectId:
        return buffer.toString('hex', valueStart, end);
      case bsonTypes.int32:
        return String(buffer.readInt32LE(valueStart));
      case bsonTypes.double:
        return String(buffer.readDoubleLE(valueStart));
      case bsonTypes.int64:
        return String(buffer.readBigInt64LE(valueStart));
      case bsonTypes.binary:
        if (buffer[valueStart + 4] === uuidSubtype && end - valueStart === 21) {
          return dashed(buffer.toString('hex', valueStart + 5, end));
        }
    }
    const digest = createHash('sha256').update(buffer.subarray(valueStart, end)).digest('hex');
    return `with the hash ${digest.slice(0, 12)}`;
  }
  return 'without _id';
}

function dashed(uuid: string): string {
  return uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
