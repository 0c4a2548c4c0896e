import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crc64, crcText } from '../../../src/backup/archive/crc64.ts';

/** Bit by bit, as the polynomial is defined. */
function slow(bytes: Uint8Array): bigint {
  let value = 0xffffffffffffffffn;
  for (const byte of bytes) {
    value ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0xc96c5795d7870f42n : value >> 1n;
  }
  return value ^ 0xffffffffffffffffn;
}

test('has the check value of CRC-64/XZ', () => {
  expect(crcText(new Crc64().update(Buffer.from('123456789')).value())).toBe('995dc9bbdf1939fa');
  expect(crcText(new Crc64().value())).toBe('0000000000000000');
});

test('equals the definition, however the bytes are cut into pieces', () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (pieces) => {
      const crc = new Crc64();
      for (const piece of pieces) crc.update(piece);
      expect(crc.value()).toBe(slow(Buffer.concat(pieces)));
    }),
  );
});
