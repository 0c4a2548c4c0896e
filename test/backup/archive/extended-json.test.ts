import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { toExtendedJson } from '../../../src/backup/archive/extended-json.ts';
import { type OrderedDocument, parseOrdered } from '../../../src/backup/archive/ordered-json.ts';
import { everyType } from '../../mongo/odd-documents.ts';

test('writes what the driver writes as canonical Extended JSON', () => {
  const document = {
    double: new BSON.Double(1),
    small: 1e-7,
    large: 1e300,
    zero: -0,
    infinite: Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
    long: BSON.Long.fromString('9007199254740993'),
    decimal: BSON.Decimal128.fromString('1.10E+5'),
    text: 'é"\\\n\u0001',
    date: new Date(-5),
    regex: new BSON.BSONRegExp('a"b', 'ix'),
    time: new BSON.Timestamp({ t: 4294967295, i: 4294967294 }),
    id: new BSON.ObjectId(),
    uuid: new BSON.UUID(),
    old: new BSON.Binary(Buffer.from('hi'), 2),
    code: new BSON.Code('x', { y: 1 }),
    symbol: new BSON.BSONSymbol('s'),
    keys: [new BSON.MinKey(), new BSON.MaxKey(), null, true, {}, []],
  };
  const bytes = BSON.serialize(document);
  const exact = BSON.deserialize(bytes, { promoteValues: false, bsonRegExp: true });
  expect(toExtendedJson(bytes)).toBe(BSON.EJSON.stringify(exact, { relaxed: false }));
});

test('comes back as the same bytes, integer-like keys in their places', () => {
  const text =
    '{"10":{"$numberInt":"1"},"2":{"b":{"$numberDouble":"1.0"},"1":[{"9":null,"8":{"$match":{"$x":true}}}]}}';
  const ordered = parseOrdered(text) as OrderedDocument;
  expect([...ordered.keys()]).toEqual(['10', '2']);
  expect(toExtendedJson(BSON.serialize(ordered))).toBe(text);
});

test('reads the relaxed form too', () => {
  const ordered = parseOrdered(
    ' { "a" : 1 , "b" : [ 1.5, 12345678901 ], "c": {"$date": "1970-01-01T00:00:00.001Z"} } ',
  );
  expect(ordered).toEqual(
    new Map<string, unknown>([
      ['a', new BSON.Int32(1)],
      ['b', [new BSON.Double(1.5), BSON.Long.fromString('12345678901')]],
      ['c', new Date(1)],
    ]),
  );
});

test.each(['', '{', '{"a"}', '{"a":1,}', '[1 2]', '{"a":1}}', '"\u0001"', '{a:1}', 'nul'])('refuses %j', (text) => {
  expect(() => parseOrdered(text)).toThrow(SyntaxError);
});

test('refuses the deprecated types that the driver would send as something else', () => {
  expect(() => parseOrdered(toExtendedJson(everyType(1)))).toThrow(/\$undefined/);
  expect(() => parseOrdered('{"$dbPointer":{"$ref":"a","$id":{"$oid":"050505050505050505050505"}}}')).toThrow(
    /\$dbPointer/,
  );
});
