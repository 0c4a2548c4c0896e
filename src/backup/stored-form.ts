import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Compression } from '../config/schema.ts';
import { ReleaseError } from '../observe/error.ts';
import { archiveDamaged } from './archive/damage.ts';
import { magic } from './archive/format.ts';
import type { ArchiveContents } from './manifest.ts';
import { decryptorOf } from './read-backup.ts';
import type { ArchiveSource } from './stores/store.ts';

/** How an archive lies on its disk. */
export type StoredForm = Pick<ArchiveContents, 'archive' | 'compression' | 'encryption'>;

/**
 * How an archive without a manifest is stored, by its first bytes. Throws `ARCHIVE_DAMAGED` where it is none,
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`.
 */
export async function formOf(
  file: string,
  source: ArchiveSource,
  name: string,
  identities: readonly string[],
): Promise<StoredForm> {
  const archive = { file: name, bytes: 0, sha256: '' };
  const bytes = await firstBytes((await source.openArchive({ archive })).stream, source);
  if (!bytes.toString('latin1').startsWith('age-encryption.org/'))
    return { archive, compression: compressionOf(bytes, file) };
  const form = { archive, encryption: { format: 'age' as const, recipients: [] } };
  const decrypt = await decryptorOf(form, identities);
  const { stream } = await source.openArchive({ archive });
  const flow = pipeline([stream, decrypt as NonNullable<typeof decrypt>]);
  flow.catch(() => {});
  const plain = await firstBytes(decrypt as NonNullable<typeof decrypt>, source);
  return { ...form, compression: compressionOf(plain, file) };
}

/** The beginning of a stream, which is closed then. */
async function firstBytes(stream: Readable, source: ArchiveSource): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= 32) break;
    }
  } catch (error) {
    throw error instanceof ReleaseError ? error : source.failure('reading an archive', error);
  }
  return Buffer.concat(chunks);
}

/** RFC 1952 (gzip) and RFC 8878 (zstd) say how such files begin. */
const beginnings: Record<Compression, Buffer> = {
  none: magic,
  gzip: Buffer.from([0x1f, 0x8b]),
  zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

function compressionOf(bytes: Buffer, file: string): Compression {
  for (const [compression, beginning] of Object.entries(beginnings) as [Compression, Buffer][]) {
    if (bytes.subarray(0, beginning.length).equals(beginning)) return compression;
  }
  throw archiveDamaged('it does not begin as an archive of mongodump, plain or compressed by gzip or zstd,', file);
}
