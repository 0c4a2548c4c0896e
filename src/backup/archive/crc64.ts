/**
 * CRC-64/XZ as mongodump computes it: reflected polynomial, initial value and final xor all ones. Check value of
 * "123456789" is 995dc9bbdf1939fa (https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-xz).
 *
 * JavaScript's bit operations have 32 bits, so a value is kept as two halves; eight bytes are taken a step, by eight
 * tables. BigInt would be some fifty times slower.
 */
const polynomial = 0xc96c5795d7870f42n;
const ones = 0xffffffffffffffffn;

/** `tables[k][b]` is the effect of byte `b` followed by `k` zero bytes; entry `k * 256 + b`, in two halves. */
const low = new Uint32Array(8 * 256);
const high = new Uint32Array(8 * 256);

for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
  low[byte] = Number(value & 0xffffffffn);
  high[byte] = Number(value >> 32n);
}
for (let k = 1; k < 8; k++) {
  for (let byte = 0; byte < 256; byte++) {
    const lo = low[(k - 1) * 256 + byte] as number;
    const hi = high[(k - 1) * 256 + byte] as number;
    const index = lo & 0xff;
    low[k * 256 + byte] = ((lo >>> 8) | (hi << 24)) ^ (low[index] as number);
    high[k * 256 + byte] = (hi >>> 8) ^ (high[index] as number);
  }
}

/** A running CRC-64/XZ over any number of pieces. */
export class Crc64 {
  #lo = -1;
  #hi = -1;

  update(bytes: Uint8Array): this {
    let lo = this.#lo;
    let hi = this.#hi;
    const whole = bytes.length - (bytes.length % 8);
    let at = 0;
    for (; at < whole; at += 8) {
      lo ^=
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
      hi ^=
        (bytes[at + 4] as number) |
        ((bytes[at + 5] as number) << 8) |
        ((bytes[at + 6] as number) << 16) |
        ((bytes[at + 7] as number) << 24);
      const a = 1792 + (lo & 0xff);
      const b = 1536 + ((lo >>> 8) & 0xff);
      const c = 1280 + ((lo >>> 16) & 0xff);
      const d = 1024 + (lo >>> 24);
      const e = 768 + (hi & 0xff);
      const f = 512 + ((hi >>> 8) & 0xff);
      const g = 256 + ((hi >>> 16) & 0xff);
      const h = hi >>> 24;
      lo =
        (low[a] as number) ^
        (low[b] as number) ^
        (low[c] as number) ^
        (low[d] as number) ^
        (low[e] as number) ^
        (low[f] as number) ^
        (low[g] as number) ^
        (low[h] as number);
      hi =
        (high[a] as number) ^
        (high[b] as number) ^
        (high[c] as number) ^
        (high[d] as number) ^
        (high[e] as number) ^
        (high[f] as number) ^
        (high[g] as number) ^
        (high[h] as number);
    }
    for (; at < bytes.length; at++) {
      const index = (lo ^ (bytes[at] as number)) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ (low[index] as number);
      hi = (hi >>> 8) ^ (high[index] as number);
    }
    this.#lo = lo;
    this.#hi = hi;
    return this;
  }

  /** Of everything so far, unsigned; the CRC of nothing is 0. */
  value(): bigint {
    return ((BigInt(this.#hi >>> 0) << 32n) | BigInt(this.#lo >>> 0)) ^ ones;
  }
}

/** 16 hex digits. */
export function crcText(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}
