import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReleaseError } from '../observe/error.ts';
import { keepNewSpaceSmall } from '../observe/memory.ts';
import { decompressor } from './archive/compression.ts';
import { crcText } from './archive/crc64.ts';
import { archiveDamaged } from './archive/damage.ts';
import { decryptor } from './archive/encryption.ts';
import { type ArchiveMeta, dataNamespace, keyOf } from './archive/format.ts';
import { metadataDigest } from './archive/metadata.ts';
import { Meter } from './archive/meter.ts';
import { type ArchiveEvent, readArchive } from './archive/reader.ts';
import type { NamespaceTotals } from './archive/writer.ts';
import type { ArchiveContents, ManifestNamespace } from './manifest.ts';
import type { ArchiveSource } from './stores/store.ts';

export interface ReadOptions {
  /** Identities of age, for a backup that is encrypted. */
  readonly identities?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * What an archive holds, checked against its manifest while it streams: names, types, options and indexes at the
 * prelude; count, bytes and CRC at the end of each namespace; length and SHA-256 of the file at the end of all. Of an
 * archive that holds more than its `contents` say (`partial`) the rest is passed over.
 *
 * Throws `ARCHIVE_DAMAGED` at the first difference, `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`, the signal's
 * reason when aborted. Only one that ran to its end has said that the backup is good.
 */
export async function* readBackup(
  source: ArchiveSource,
  contents: ArchiveContents,
  options: ReadOptions = {},
): AsyncGenerator<ArchiveEvent> {
  using _small = keepNewSpaceSmall();
  const whole = ofLength(source, contents);
  const meter = new Meter();
  const expected = new Expectation(contents);
  try {
    for await (const event of readStored(whole, contents, meter, options)) {
      const known = expected.check(event);
      if (known !== undefined) yield known;
    }
  } catch (error) {
    if (!(error instanceof ReleaseError) || error.code !== 'IDENTITY_WRONG') throw error;
    // A key that does not fit and a damaged header look alike.
    await compareDigest(whole, contents, options.signal);
    const recipients = contents.encryption?.recipients.join(', ');
    if (!recipients) throw error;
    throw new ReleaseError('IDENTITY_WRONG', error.message, {
      hint: `It was encrypted to ${recipients}: give the identity of one of them, in MONGO_RELEASE_IDENTITY or with --identity FILE.`,
      cause: error.cause,
    });
  }
  refuseOther(meter, contents);
}

/**
 * What an archive holds as far as it says itself, decrypted and decompressed as `about` says. `meter` counts the bytes as
 * they are stored. Throws as `readBackup` does.
 */
export async function* readStored(
  source: ArchiveSource,
  about: Pick<ArchiveContents, 'archive' | 'compression' | 'encryption'>,
  meter: Meter,
  options: ReadOptions = {},
): AsyncGenerator<ArchiveEvent> {
  const { signal } = options;
  const plain = decompressor(about.compression);
  const flow = await openFlow(source, about, [meter, plain], options);
  try {
    for await (const event of readArchive(plain)) {
      signal?.throwIfAborted();
      yield event;
    }
    await flow.ended;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const failure = flow.failure(error);
    if (isDecompressionError(failure)) throw archiveDamaged('it cannot be decompressed', about.archive.file, failure);
    throw failure;
  } finally {
    flow.close();
  }
}

/** An archive while its bytes flow. */
export interface Flow {
  /** Settles when the last byte has arrived, or the flow has failed or was closed. */
  readonly ended: Promise<void>;
  /** What the error means that the reader of the flow met: the store's failure where it was that. */
  failure(error: unknown): unknown;
  close(): void;
}

/**
 * Lets an archive flow as it is stored into `meter`, and decrypted from there into `last`, from which it is read. Throws
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`.
 */
export async function openFlow(
  source: ArchiveSource,
  about: Pick<ArchiveContents, 'archive' | 'encryption'>,
  [meter, last]: readonly [Meter, Duplex],
  { identities = [], signal }: ReadOptions = {},
): Promise<Flow> {
  const decrypt = await decryptorOf(about, identities);
  const { stream } = await source.openArchive(about);
  let storeError: unknown;
  stream.once('error', (error) => {
    storeError = error;
  });
  const ended = pipeline([stream, meter, ...(decrypt ? [decrypt] : []), last], { signal });
  // Its failure arrives at the reader of `last` too.
  ended.catch(() => {});
  return {
    ended,
    failure: (error) => (storeError === undefined ? error : source.failure('reading an archive', storeError)),
    close() {
      stream.destroy();
      last.destroy();
    },
  };
}

/** What decrypts an archive; undefined where it is not encrypted. Throws `IDENTITY_MISSING`. */
async function decryptorOf(
  { encryption, archive }: Pick<ArchiveContents, 'archive' | 'encryption'>,
  identities: readonly string[],
): Promise<Duplex | undefined> {
  if (encryption === undefined) return undefined;
  if (identities.length > 0) return decryptor(identities, archive.file);
  const { recipients } = encryption;
  const of = recipients.length === 0 ? '' : ` of one of ${recipients.join(', ')}`;
  throw new ReleaseError('IDENTITY_MISSING', `${archive.file} is encrypted, and no identity to read it was given.`, {
    hint: `Set MONGO_RELEASE_IDENTITY to the identity (AGE-SECRET-KEY-1…)${of}, or name its file with --identity.`,
  });
}

/** The same source, which refuses a file of another length before anything of it is read. */
function ofLength(source: ArchiveSource, { archive }: ArchiveContents): ArchiveSource {
  return {
    failure: (doing, cause) => source.failure(doing, cause),
    async openArchive() {
      const opened = await source.openArchive({ archive });
      if (opened.bytes === archive.bytes) return opened;
      opened.stream.destroy();
      throw archiveDamaged(`it has ${opened.bytes} bytes where the manifest says ${archive.bytes}`, archive.file);
    },
  };
}

async function compareDigest(
  source: ArchiveSource,
  contents: ArchiveContents,
  signal: AbortSignal | undefined,
): Promise<void> {
  const meter = new Meter();
  meter.resume();
  await pipeline((await source.openArchive(contents)).stream, meter, { signal });
  refuseOther(meter, contents);
}

function refuseOther(meter: Meter, { archive }: ArchiveContents): void {
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
  readonly #partial: boolean | undefined;
  readonly #namespaces: Map<string, ManifestNamespace>;
  /** By where the documents of a namespace stand; once the prelude has been compared. */
  readonly #byData = new Map<string, ManifestNamespace>();

  constructor({ target, namespaces, partial }: ArchiveContents) {
    this.#database = target.database;
    this.#partial = partial;
    this.#namespaces = new Map(namespaces.map((entry) => [entry.name, entry]));
  }

  /** The event as far as it is about what was expected; undefined where it is not at all. */
  check(event: ArchiveEvent): ArchiveEvent | undefined {
    if (event.kind === 'prelude') return { ...event, metas: this.#prelude(event.metas) };
    const entry = this.#byData.get(keyOf(event.namespace));
    // What is not in the prelude the reader has refused.
    if (entry === undefined) return undefined;
    if (event.kind === 'end') refuseOtherTotals(entry, event.totals);
    return event;
  }

  #prelude(all: readonly ArchiveMeta[]): readonly ArchiveMeta[] {
    const metas = this.#partial
      ? all.filter(({ db, collection }) => db === this.#database && this.#namespaces.has(collection))
      : all;
    for (const meta of metas) {
      const entry = this.#namespaces.get(meta.collection);
      if (entry === undefined || meta.db !== this.#database) {
        throw archiveDamaged('the manifest knows nothing of a collection', meta.collection);
      }
      if (entry.type !== meta.type || entry.catalogDigest !== metadataDigest(meta.metadata)) {
        throw archiveDamaged('options or indexes are not those of the manifest', meta.collection);
      }
      this.#byData.set(keyOf(dataNamespace(meta)), entry);
    }
    if (metas.length !== this.#namespaces.size) {
      throw archiveDamaged(
        `it holds ${metas.length} collections where the manifest says ${this.#namespaces.size}`,
        this.#database,
      );
    }
    return metas;
  }
}

function refuseOtherTotals(entry: ManifestNamespace, { documents, bytes, crc }: NamespaceTotals): void {
  if (entry.count === documents && entry.bytes === bytes && entry.crc64 === crcText(crc)) return;
  throw archiveDamaged(
    `${documents} documents with checksum ${crcText(crc)} are there where the manifest says ${entry.count} and ${entry.crc64}`,
    entry.name,
  );
}
