import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * The bytes of one document before and after a change, as the server had them; `before` is absent where it was
 * inserted, `after` where it was deleted.
 */
export interface Image {
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
}

/** The newest that an image has of its document: its `_id` is the same in both. */
export function documentOf({ before, after }: Image): Uint8Array | undefined {
  return after ?? before;
}

/** The journal is not what was written. */
export class JournalDamage extends Error {
  override readonly name = 'JournalDamage';
}

/** A part has to fit, with its entry's fields, into a document of 16 MB (`maxBsonObjectSize`). */
const partBytes = 12 * 1024 * 1024;

/**
 * One zstd frame over documents one after the other, before and after next to each other: what is equal in both costs
 * next to nothing then. An absent one is four zero bytes; a BSON document begins with its own length, which is never 0.
 * Cut into parts that each fit into one document of the journal.
 */
export function packImages(images: readonly Image[]): Uint8Array[] {
  const plain = Buffer.concat(images.flatMap(({ before, after }) => [before ?? absent, after ?? absent]));
  const packed = zstdCompressSync(plain);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < packed.length; at += partBytes) parts.push(packed.subarray(at, at + partBytes));
  return parts;
}

/** The images of all parts of one `packImages`. Throws `JournalDamage` where the bytes are not what it made. */
export function unpackImages(parts: readonly Uint8Array[]): Image[] {
  const plain = decompressed(Buffer.concat(parts));
  const images: Image[] = [];
  let at = 0;
  const next = (): Uint8Array | undefined => {
    if (at + 4 > plain.length) throw new JournalDamage('The images of the journal end in the middle of a document.');
    const length = plain.readInt32LE(at);
    const bytes = length === 0 ? undefined : plain.subarray(at, at + length);
    at += Math.max(4, length);
    if (at > plain.length) throw new JournalDamage('The images of the journal end in the middle of a document.');
    return bytes;
  };
  while (at < plain.length) {
    const before = next();
    images.push({ before, after: next() });
  }
  return images;
}

function decompressed(packed: Buffer): Buffer {
  try {
    return zstdDecompressSync(packed, { chunkSize: chunkFor(packed) });
  } catch (cause) {
    throw new JournalDamage('The images of the journal are not what was packed.', { cause });
  }
}

/** Node's default, in bytes, and as much as is taken at once on a frame's own word, which may be damaged. */
const [usualChunk, mostChunk] = [16 * 1024, 512 * 1024 * 1024];

/**
 * All of it in one piece where the frame says how much that is in 32 bits: put together of many it takes up to twice as
 * long. One byte more, else Node asks for another piece. https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1.1
 */
function chunkFor(frame: Buffer): number {
  const descriptor = frame[4] ?? 0;
  const at = (descriptor & 0x20) === 0 ? 6 : 5;
  if (descriptor >> 6 !== 2 || (descriptor & 3) !== 0 || frame.length < at + 4) return usualChunk;
  const stated = frame.readUInt32LE(at) + 1;
  return stated > mostChunk ? usualChunk : stated;
}

const absent = Buffer.alloc(4);
