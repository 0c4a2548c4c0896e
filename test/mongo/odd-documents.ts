import { BSON } from 'mongodb';

/** BSON that JavaScript objects cannot hold, built by hand: `element(type, name, value)` in a document. */
export function rawDocument(...elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeInt32LE(body.length + 5);
  return Buffer.concat([length, body, Buffer.from([0])]);
}

export function element(type: number, name: string, value: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]);
}

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

const string = (value: string) => Buffer.concat([int32(Buffer.byteLength(value) + 1), Buffer.from(`${value}\0`)]);
const id = (value: number) => element(0x10, '_id', int32(value));

/** Every BSON type, the deprecated ones included, each in a top-level and in a nested field. */
export function everyType(at: number): Buffer {
  const values: [number, Buffer][] = [
    [0x01, Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f])],
    [0x01, Buffer.from([1, 0, 0, 0, 0, 0, 0xf8, 0xff])],
    [0x01, Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80])],
    [0x02, string('a\0b é 𝄞')],
    [0x03, rawDocument()],
    [0x04, rawDocument(element(0x10, '0', int32(1)))],
    [0x05, Buffer.concat([int32(3), Buffer.from([0, 1, 2, 3])])],
    [0x05, Buffer.concat([int32(6), Buffer.from([2]), int32(2), Buffer.from([9, 9])])],
    [0x05, Buffer.concat([int32(16), Buffer.from([3]), Buffer.alloc(16, 7)])],
    [0x05, Buffer.concat([int32(16), Buffer.from([4]), Buffer.alloc(16, 8)])],
    [0x05, Buffer.concat([int32(1), Buffer.from([0x80, 1])])],
    [0x06, Buffer.alloc(0)],
    [0x07, Buffer.alloc(12, 5)],
    [0x08, Buffer.from([1])],
    [0x09, Buffer.alloc(8, 0xff)],
    [0x0a, Buffer.alloc(0)],
    [0x0b, Buffer.from('a(?i)b\0imx\0')],
    [0x0c, Buffer.concat([string('other'), Buffer.alloc(12, 6)])],
    [0x0d, string('function () {}')],
    [0x0e, string('symbol')],
    [
      0x0f,
      (() => {
        const inner = Buffer.concat([string('x'), rawDocument(element(0x10, 'y', int32(1)))]);
        return Buffer.concat([int32(inner.length + 4), inner]);
      })(),
    ],
    [0x10, int32(-1)],
    [0x11, Buffer.from([1, 0, 0, 0, 2, 0, 0, 0])],
    [0x11, Buffer.alloc(8)],
    [0x12, Buffer.from([1, 0, 0, 0, 0, 0, 0x20, 0])],
    [0x13, Buffer.concat([Buffer.alloc(15, 1), Buffer.from([0x30])])],
    [0x7f, Buffer.alloc(0)],
    [0xff, Buffer.alloc(0)],
  ];
  const fields = values.map(([type, value], index) => element(type, `f${index}`, value));
  return rawDocument(id(at), ...fields, element(0x03, 'nested', rawDocument(...fields)));
}

/** Documents that are lost or changed as soon as JavaScript objects are made of them, or plain inserts are used. */
export function oddDocuments(): Buffer[] {
  const zero = Buffer.alloc(8);
  return [
    everyType(0),
    rawDocument(id(1), element(0x10, '10', int32(1)), element(0x10, '2', int32(2)), element(0x10, '-1', int32(3))),
    rawDocument(id(2), element(0x10, 'a', int32(1)), element(0x02, 'a', string('again')), element(0x10, 'a', int32(1))),
    rawDocument(id(3), element(0x10, '$set', int32(1)), element(0x10, 'a.b', int32(2)), element(0x10, '', int32(3))),
    rawDocument(id(4), element(0x11, 'at', zero), element(0x11, 'again', zero), element(0x10, '$inc', int32(1))),
    rawDocument(id(5), element(0x03, '__proto__', rawDocument(element(0x10, 'constructor', int32(1))))),
    rawDocument(element(0x11, '_id', zero), element(0x11, 'at', zero)),
    rawDocument(element(0x01, '_id', Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f])), element(0x11, 'at', zero)),
    rawDocument(element(0x03, '_id', rawDocument(element(0x10, '2', int32(1)), element(0x10, '1', int32(1))))),
    rawDocument(element(0x02, '_id', string('x'.repeat(900))), element(0x02, 'long', string('y'.repeat(300_000)))),
    rawDocument(element(0x12, '_id', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0]))),
    Buffer.from(BSON.serialize({ _id: new BSON.ObjectId(), deep: nested(90) })),
  ];
}

function nested(depth: number): object {
  return depth === 0 ? {} : { in: nested(depth - 1) };
}
