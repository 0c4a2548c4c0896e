import { randomBytes } from 'node:crypto';
import { BSON } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { type Image, JournalDamage, packImages, unpackImages } from '../../../src/migration/journal/images.ts';

/** An image of so many bytes that repeat themselves; or none that do. */
function imageOf(bytes: number, filling: Buffer = Buffer.alloc(bytes, 'once more ')): Image {
  const before = BSON.serialize({ _id: 1, filling });
  return { before, after: BSON.serialize({ _id: 1 }) };
}

describe('images come back as they were', () => {
  // Around the sizes from which on a frame of zstd says them in one, two and four bytes, and beyond a piece of Node's own.
  test.each([0, 1, 100, 200, 300, 16_000, 16_384, 65_000, 65_536, 65_792, 66_000, 3_000_000])('%i bytes', (bytes) => {
    const images = [imageOf(bytes), imageOf(bytes, randomBytes(bytes)), {}, imageOf(7)];
    const back = unpackImages(packImages(images));
    expect(back.length).toBe(images.length);
    for (const [at, { before, after }] of images.entries()) {
      expect(Buffer.compare(back[at]?.before ?? Buffer.alloc(0), before ?? Buffer.alloc(0))).toBe(0);
      expect(Buffer.compare(back[at]?.after ?? Buffer.alloc(0), after ?? Buffer.alloc(0))).toBe(0);
    }
  });

  test('in several parts', () => {
    const images = [1, 2, 3].map(() => imageOf(9_000_000, randomBytes(9_000_000)));
    const parts = packImages(images);
    expect(parts.length).toBe(3);
    expect(unpackImages(parts).map(({ before }) => before?.length)).toEqual(images.map(({ before }) => before?.length));
  });
});

describe('damage is told', () => {
  const packed = () => Buffer.from(packImages([imageOf(100_000, randomBytes(100_000))])[0] ?? []);

  test.each([0, 1, 0xffffffff, 70_000])('a frame that says it holds %i bytes', (stated) => {
    const frame = packed();
    const [at] = [5, 6].filter((place) => frame.readUInt32LE(place) > 100_000 && frame.readUInt32LE(place) < 101_000);
    frame.writeUInt32LE(stated, at);
    expect(() => unpackImages([frame])).toThrow(JournalDamage);
  });

  test('a frame that ends early', () => {
    for (const length of [0, 3, 5, 8, 50_000])
      expect(() => unpackImages([packed().subarray(0, length)])).toThrow(JournalDamage);
  });
});
