import { BSON } from 'mongodb';
import { asBuffer, BsonError, bsonTypes, elementsOf, endOfCString, type RawElement } from '../../mongo/raw-bson.ts';

/**
 * A BSON document as canonical Extended JSON v2, from its bytes: the order of fields and the types of numbers stay.
 * Specification: https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
 */
export function toExtendedJson(document: Uint8Array): string {
  return documentText(asBuffer(document));
}

function documentText(buffer: Buffer): string {
  const fields: string[] = [];
  for (const element of elementsOf(buffer))
    fields.push(`${JSON.stringify(element.name)}:${valueText(buffer, element)}`);
  return `{${fields.join(',')}}`;
}

function arrayText(buffer: Buffer): string {
  const values: string[] = [];
  for (const element of elementsOf(buffer)) values.push(valueText(buffer, element));
  return `[${values.join(',')}]`;
}

function valueText(buffer: Buffer, { type, valueStart, end }: RawElement): string {
  const value = buffer.subarray(valueStart, end);
  switch (type) {
    case bsonTypes.double:
      return wrapped('numberDouble', doubleText(value.readDoubleLE()));
    case bsonTypes.string:
      return JSON.stringify(stringAt(value, 0));
    case bsonTypes.document:
      return documentText(value);
    case bsonTypes.array:
      return arrayText(value);
    case bsonTypes.binary:
      return binaryText(value);
    case bsonTypes.undefined:
      return '{"$undefined":true}';
    case bsonTypes.objectId:
      return wrapped('oid', value.toString('hex'));
    case bsonTypes.boolean:
      return value[0] === 0 ? 'false' : 'true';
    case bsonTypes.date:
      return `{"$date":${wrapped('numberLong', value.readBigInt64LE().toString())}}`;
    case bsonTypes.null:
      return 'null';
    case bsonTypes.regex: {
      const middle = endOfCString(value, 0, value.length);
      const pattern = JSON.stringify(value.toString('utf8', 0, middle));
      const options = JSON.stringify(value.toString('utf8', middle + 1, value.length - 1));
      return `{"$regularExpression":{"pattern":${pattern},"options":${options}}}`;
    }
    case bsonTypes.dbPointer: {
      const id = value.toString('hex', value.length - 12);
      return `{"$dbPointer":{"$ref":${JSON.stringify(stringAt(value, 0))},"$id":{"$oid":"${id}"}}}`;
    }
    case bsonTypes.code:
      return wrapped('code', stringAt(value, 0));
    case bsonTypes.symbol:
      return wrapped('symbol', stringAt(value, 0));
    case bsonTypes.codeWithScope: {
      const scope = value.subarray(4 + 4 + value.readInt32LE(4));
      return `{"$code":${JSON.stringify(stringAt(value, 4))},"$scope":${documentText(scope)}}`;
    }
    case bsonTypes.int32:
      return wrapped('numberInt', value.readInt32LE().toString());
    case bsonTypes.timestamp:
      return `{"$timestamp":{"t":${value.readUInt32LE(4)},"i":${value.readUInt32LE(0)}}}`;
    case bsonTypes.int64:
      return wrapped('numberLong', value.readBigInt64LE().toString());
    case bsonTypes.decimal128:
      return wrapped('numberDecimal', new BSON.Decimal128(Uint8Array.from(value)).toString());
    case bsonTypes.minKey:
      return '{"$minKey":1}';
    case bsonTypes.maxKey:
      return '{"$maxKey":1}';
    default:
      throw new BsonError(`there is no type ${type}`);
  }
}

const wrapped = (type: string, text: string) => `{"$${type}":${JSON.stringify(text)}}`;

function stringAt(value: Buffer, at: number): string {
  return value.toString('utf8', at + 4, at + 4 + value.readInt32LE(at) - 1);
}

function binaryText(value: Buffer): string {
  const subType = value[4] as number;
  // Subtype 2 repeats its length inside.
  const data = value.subarray(subType === 2 ? 9 : 5);
  return `{"$binary":{"base64":"${data.toString('base64')}","subType":"${subType.toString(16).padStart(2, '0')}"}}`;
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
