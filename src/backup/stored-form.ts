import { PassThrough } from 'node:stream';
import type { Compression } from '../config/schema.ts';
import { archiveDamaged } from './archive/damage.ts';
import { magic } from './archive/format.ts';
import { Meter } from './archive/meter.ts';
import type { ArchiveContents } from './manifest.ts';
import { openFlow } from './read-backup.ts';
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
  const bytes = await firstBytes(source, { archive }, identities);
  if (!bytes.toString('latin1').startsWith('age-encryption.org/'))
    return { archive, compression: compressionOf(bytes, file) };
  const form = { archive, encryption: { format: 'age' as const, recipients: [] } };
  return { ...form, compression: compressionOf(await firstBytes(source, form, identities), file) };
}

/** The beginning of what is stored, decrypted where that is known to be necessary. */
async function firstBytes(
  source: ArchiveSource,
  about: Omit<StoredForm, 'compression'>,
  identities: readonly string[],
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const plain = new PassThrough();
  const flow = await openFlow(source, about, [new Meter(), plain], { identities });
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= 32) break;
    }
  } catch (error) {
    throw flow.failure(error);
  } finally {
    flow.close();
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
