import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bucketsPrefix } from '../mongo/catalog.ts';
import { ReleaseError } from '../observe/error.ts';
import { decompressor } from './archive/compression.ts';
import { crcText } from './archive/crc64.ts';
import { archiveDamaged } from './archive/damage.ts';
import { decryptor } from './archive/encryption.ts';
import type { ArchiveMeta } from './archive/format.ts';
import { metadataDigest } from './archive/metadata.ts';
import { Meter } from './archive/meter.ts';
import { type ArchiveEvent, readArchive } from './archive/reader.ts';
import type { NamespaceTotals } from './archive/writer.ts';
import type { ArchiveManifest, ManifestNamespace } from './manifest.ts';
import type { BackupStore } from './stores/store.ts';

export interface ReadOptions {
  /** Identities of age, for a backup that is encrypted. */
  readonly identities?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * What an archive holds, checked against its manifest while it streams: names, types, options and indexes at the
 * prelude; count, bytes and CRC at the end of each namespace; length and SHA-256 of the file at the end of all.
 *
 * Throws `ARCHIVE_DAMAGED` at the first difference, `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`, the signal's
 * reason when aborted. Only one that ran to its end has said that the backup is good.
 */
export async function* readBackup(
  store: BackupStore,
  manifest: ArchiveManifest,
  { identities = [], signal }: ReadOptions = {},
): AsyncGenerator<ArchiveEvent> {
  const decrypt = await decryptorOf(manifest, identities);
  const stored = await openWhole(store, manifest);
  const meter = new Meter();
  let storeError: unknown;
  stored.once('error', (error) => {
    storeError = error;
  });
  const plain = decompressor(manifest.compression);
  const steps = decrypt ? [meter, decrypt, plain] : [meter, plain];
  const flow = pipeline([stored, ...steps], { signal });
  // Its failure arrives at the reader of `plain` too.
  flow.catch(() => {});
  const expected = new Expectation(manifest);
  try {
    for await (const event of readArchive(plain)) {
      signal?.throwIfAborted();
      if (event.kind === 'prelude') expected.prelude(event.metas);
      if (event.kind === 'end') expected.end(event.namespace.collection, event.totals);
      yield event;
    }
    await flow;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (storeError !== undefined) throw store.failure('reading an archive', storeError);
    if (isDecompressionError(error)) throw archiveDamaged('it cannot be decompressed', manifest.archive.file, error);
    // A key that does not fit and a damaged header look alike.
    if (error instanceof ReleaseError && error.code === 'IDENTITY_WRONG') await compareDigest(store, manifest, signal);
    throw error;
  } finally {
    stored.destroy();
    plain.destroy();
  }
  refuseOther(meter, manifest);
}

async function decryptorOf({ encryption, archive }: ArchiveManifest, identities: readonly string[]) {
  if (encryption === undefined) return undefined;
  if (identities.length > 0) return decryptor(identities, archive.file);
  throw new ReleaseError('IDENTITY_MISSING', `${archive.file} is encrypted, and no identity to read it was given.`, {
    hint: `Set MONGO_RELEASE_IDENTITY to the identity (AGE-SECRET-KEY-1…) of one of ${encryption.recipients.join(', ')}, or name its file with --identity.`,
  });
}

async function openWhole(store: BackupStore, manifest: ArchiveManifest): Promise<Readable> {
  const { stream, bytes } = await store.openArchive(manifest);
  if (bytes === manifest.archive.bytes) return stream;
  stream.destroy();
  throw archiveDamaged(
    `it has ${bytes} bytes where the manifest says ${manifest.archive.bytes}`,
    manifest.archive.file,
  );
}

async function compareDigest(
  store: BackupStore,
  manifest: ArchiveManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const meter = new Meter();
  meter.resume();
  await pipeline(await openWhole(store, manifest), meter, { signal });
  refuseOther(meter, manifest);
}

function refuseOther(meter: Meter, { archive }: ArchiveManifest): void {
  if (meter.bytes === archive.bytes && meter.sha256() === archive.sha256) return;
  throw archiveDamaged('its SHA-256 is not the one of the manifest', archive.file);
}

/** zlib's errors have codes such as Z_DATA_ERROR and ZSTD_error_…, and Z_BUF_ERROR where the stream ends early. */
function isDecompressionError(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^(Z_|ZSTD_|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}

class Expectation {
  readonly #database: string;
  readonly #namespaces: Map<string, ManifestNamespace>;

  constructor(manifest: ArchiveManifest) {
    this.#database = manifest.target.database;
    this.#namespaces = new Map(manifest.namespaces.map((entry) => [entry.name, entry]));
  }

  prelude(metas: readonly ArchiveMeta[]): void {
    for (const meta of metas) {
      const entry = this.#namespaces.get(meta.collection);
      if (entry === undefined || meta.db !== this.#database) {
        throw archiveDamaged('the manifest knows nothing of a collection', meta.collection);
      }
      if (entry.type !== meta.type || entry.catalogDigest !== metadataDigest(meta.metadata)) {
        throw archiveDamaged('options or indexes are not those of the manifest', meta.collection);
      }
    }
    if (metas.length !== this.#namespaces.size) {
      throw archiveDamaged(
        `it holds ${metas.length} collections where the manifest says ${this.#namespaces.size}`,
        this.#database,
      );
    }
  }

  end(collection: string, { documents, bytes, crc }: NamespaceTotals): void {
    // The prelude has been compared, so the name is known under one of its two forms.
    const name = this.#namespaces.has(collection) ? collection : collection.slice(bucketsPrefix.length);
    const entry = this.#namespaces.get(name);
    if (entry?.count !== documents || entry.bytes !== bytes || entry.crc64 !== crcText(crc)) {
      throw archiveDamaged(
        `${documents} documents with checksum ${crcText(crc)} are there where the manifest says ${entry?.count} and ${entry?.crc64}`,
        name,
      );
    }
  }
}
