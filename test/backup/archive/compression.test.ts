import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressor, decompressor } from '../../../src/backup/archive/compression.ts';

/** About as compressible as documents are; the same each time. */
function someBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, seed = 1; at < length; at++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    bytes[at] = at % 7 < 4 ? 97 + (at % 7) : seed >> 16;
  }
  return bytes;
}

async function through(step: Duplex, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(chunks), step, async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) out.push(chunk);
  });
  return Buffer.concat(out);
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const long = someBytes(5_000_000);

test.each(['zstd', 'gzip', 'none'] as const)(
  'what %s compressed in pieces comes back in its order',
  async (compression) => {
    for (const bytes of [Buffer.alloc(0), long.subarray(0, 10), long]) {
      const compressed = await through(compressor(compression), cut(bytes, 100_003));
      for (const size of [997, 1_000_000, compressed.length + 1]) {
        expect((await through(decompressor(compression), cut(compressed, size))).equals(bytes)).toBe(true);
      }
    }
  },
);

test('gzip is what any reader of it takes', async () => {
  expect(gunzipSync(await through(compressor('gzip'), [long])).equals(long)).toBe(true);
});

test('frames of zstd are read whatever they are and wherever the chunks end, one that is skipped among them', async () => {
  const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const parts = [0, 1, 300, 5000].map((length) => long.subarray(0, length));
  // One byte over and over is a block of its own kind, and more than one block.
  parts.push(Buffer.alloc(300_000, 7));
  const frames = parts.flatMap((part, index) => [zstdCompressSync(part), ...(index === 2 ? [skipped] : [])]);
  const whole = Buffer.concat(frames);
  for (const size of [1, 2, 3, 5, 8, 4096, whole.length]) {
    const read = await through(decompressor('zstd'), cut(whole, size));
    expect(read.equals(Buffer.concat(parts)), `chunks of ${size}`).toBe(true);
  }
});

test('what stands behind the frames is refused, not passed over', async () => {
  const frame = zstdCompressSync(long.subarray(0, 1000));
  for (const size of [7, 5000]) {
    const read = through(decompressor('zstd'), cut(Buffer.concat([frame, Buffer.from('something else')]), size));
    await expect(read).rejects.toMatchObject({ code: expect.stringMatching(/^ZSTD_/) });
  }
  const members = Buffer.concat([gzipSync(long), Buffer.from([0x1f, 0x8b, 0])]);
  await expect(through(decompressor('gzip'), [members])).rejects.toThrow();
});

test('a source that fails while pieces are compressed is the failure', async () => {
  const failing = (async function* () {
    yield long;
    throw new Error('no more');
  })();
  await expect(through(compressor('zstd'), failing)).rejects.toThrow('no more');
});

test('zstd is thorough while reading leaves it time, and hurries while reading waits for it', async () => {
  const lines = Array.from({ length: 40_000 }, (_, n) => {
    const word = (salt: number) => ((n * 2_654_435_761 + salt * 40_503) >>> 7).toString(36);
    return `{"name":"${word(1)} ${word(2)}","tags":["${word(n % 97)}"],"age":${n % 90},"at":${(n * 7919) % 1e6}}\n`;
  });
  // Repeated far beyond what a window of zstd reaches back.
  const bytes = Buffer.concat(Array.from({ length: 12 }, () => Buffer.from(lines.join(''))));
  const slowly = async function* () {
    for (const chunk of cut(bytes, 2 * 1024 * 1024)) {
      yield chunk;
      await setTimeout(200);
    }
  };
  const hurried = await through(compressor('zstd'), cut(bytes, 100_000));
  const thorough = await through(compressor('zstd'), slowly());
  expect(thorough.length).toBeLessThan(0.99 * hurried.length);
  for (const compressed of [hurried, thorough]) {
    expect((await through(decompressor('zstd'), cut(compressed, 65_536))).equals(bytes)).toBe(true);
  }
});
