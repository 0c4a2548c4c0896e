import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { BSON } from 'mongodb';
import { compressor } from '../../src/backup/archive/compression.ts';
import { ContentsTally } from '../../src/backup/archive/contents.ts';
import { encryptor } from '../../src/backup/archive/encryption.ts';
import { type ArchiveEvent, readArchive } from '../../src/backup/archive/reader.ts';
import type { ArchiveContents } from '../../src/backup/manifest.ts';
import { readBackup } from '../../src/backup/read-backup.ts';
import type { ArchiveSource } from '../../src/backup/stores/store.ts';
import type { Compression } from '../../src/config/schema.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import { type Listed, mongodumpArchive } from './mongodump-archive.ts';

/** How an archive can be stored. */
export interface Form {
  readonly compression: Compression;
  readonly encrypted: boolean;
}

export const forms: readonly Form[] = (['zstd', 'gzip', 'none'] as const).flatMap((compression) =>
  [false, true].map((encrypted) => ({ compression, encrypted })),
);

export const nameOf = ({ compression, encrypted }: Form) => `${compression}${encrypted ? ', encrypted' : ''}`;

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

/** An archive that is good, and what is known of it. */
export interface Sample {
  readonly plain: Buffer;
  readonly form: Form;
  /** As it is stored. */
  readonly bytes: Buffer;
  readonly contents: ArchiveContents;
  /** Of everything that a restore would take from it. */
  readonly digest: string;
}

/** Two collections whose blocks alternate, an empty one, a time series and a view; `documents` in each of the two. */
export function plainArchive(documents: number): Buffer {
  const indexes = [{ v: 2, key: { _id: 1 }, name: '_id_' }];
  const listed = (collection: string, type: string, count: number, options?: object): Listed => ({
    ...{ db: 'shop', collection, type },
    metadata: JSON.stringify({ options, indexes, collectionName: collection, type }),
    documents: Array.from({ length: count }, (_, _id) => BSON.serialize({ _id, name: collection, of: `no ${_id}` })),
  });
  return mongodumpArchive([
    listed('a', 'collection', documents),
    listed('b', 'collection', documents),
    listed('empty', 'collection', 0),
    listed('ts', 'timeseries', 1, { timeseries: { timeField: 't' } }),
    listed('v', 'view', 0, { viewOn: 'a', pipeline: [] }),
  ]);
}

export async function sampleOf(plain: Buffer, form: Form): Promise<Sample> {
  const bytes = await pack(plain, form);
  const tally = new ContentsTally();
  const seen = new Seen();
  for await (const event of readArchive(Readable.from([plain]))) {
    tally.add(event);
    seen.add(event);
  }
  const contents: ArchiveContents = {
    id: 'sample',
    target: { database: 'shop' },
    server: { version: '6.0.5' },
    compression: form.compression,
    encryption: form.encrypted ? { format: 'age', recipients: [recipient] } : undefined,
    archive: about(bytes),
    namespaces: tally.namespaces(),
  };
  return { plain, form, bytes, contents, digest: seen.digest() };
}

/** Compresses and encrypts as a backup does. */
export async function pack(plain: Buffer, { compression, encrypted }: Form): Promise<Buffer> {
  const packed = await buffer(Readable.from([plain]).pipe(compressor(compression)));
  return encrypted ? buffer(Readable.from([packed]).compose(await encryptor([recipient]))) : packed;
}

/**
 * What reading other bytes in the place of the sample's leads to: `refused` with exit code 11, or exactly the sample's
 * documents; anything else is `wrong`. `forged`: as if length and SHA-256 in the manifest had been made to fit.
 */
export async function judge(sample: Sample, bytes: Buffer, forged: boolean): Promise<'refused' | 'same' | string> {
  const contents = forged ? { ...sample.contents, archive: about(bytes) } : sample.contents;
  const source: ArchiveSource = {
    openArchive: async () => ({ stream: Readable.from([bytes]), bytes: bytes.length }),
    failure: (doing, cause) => new ReleaseError('STORE_FAILED', doing, { hint: 'none', cause }),
  };
  const seen = new Seen();
  try {
    for await (const event of readBackup(source, contents, { identities: [identity] })) seen.add(event);
  } catch (error) {
    const { exitCode, code } = error as { exitCode?: number; code?: string };
    return exitCode === 11 ? 'refused' : `wrong: ${code ?? error}`;
  }
  return seen.digest() === sample.digest ? 'same' : 'wrong: other documents';
}

/** One bit at each of these places is another one. */
export function flipped(bytes: Buffer, position: number, bit: number): Buffer {
  const other = Buffer.from(bytes);
  other[position]! ^= 1 << bit;
  return other;
}

/** Where the blocks of an uncompressed archive begin, after the prelude and after each terminator; the last is its end. */
export function bordersOf(plain: Buffer): number[] {
  const borders: number[] = [];
  for (let at = 4; at < plain.length; ) {
    const length = plain.readInt32LE(at);
    at += length === -1 ? 4 : length;
    if (length === -1) borders.push(at);
  }
  return borders;
}

/** The archive cut at every border of a block, with each block left out, doubled, and in the place of the next. */
export function* blockDamages(plain: Buffer): Generator<readonly [what: string, bytes: Buffer]> {
  const borders = bordersOf(plain);
  const prelude = plain.subarray(0, borders[0]);
  const blocks = borders.slice(0, -1).map((start, n) => plain.subarray(start, borders[n + 1]));
  for (const end of borders.slice(0, -1)) yield [`cut at ${end}`, plain.subarray(0, end)];
  for (const [n, block] of blocks.entries()) {
    yield [`without block ${n}`, Buffer.concat([prelude, ...blocks.toSpliced(n, 1)])];
    yield [`block ${n} twice`, Buffer.concat([prelude, ...blocks.toSpliced(n, 0, block)])];
    const next = blocks[n + 1];
    if (next === undefined) continue;
    yield [`blocks ${n} and ${n + 1} swapped`, Buffer.concat([prelude, ...blocks.toSpliced(n, 2, next, block)])];
  }
}

const about = (bytes: Buffer): ArchiveContents['archive'] => ({
  ...{ file: 'sample.archive', bytes: bytes.length },
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** What a restore would take: descriptions, and the documents of each namespace in their order. */
class Seen {
  readonly #prelude = createHash('sha256');
  readonly #documents = new Map<string, ReturnType<typeof createHash>>();

  add(event: ArchiveEvent): void {
    if (event.kind === 'prelude') {
      for (const { db, collection, type, metadata } of event.metas)
        this.#prelude.update(JSON.stringify([db, collection, type, metadata]));
    }
    if (event.kind !== 'documents') return;
    const { collection } = event.namespace;
    const hash = this.#documents.get(collection) ?? createHash('sha256');
    this.#documents.set(collection, hash);
    for (const document of event.documents) hash.update(document);
  }

  digest(): string {
    const documents = [...this.#documents].sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([this.#prelude.digest('hex'), documents.map(([name, hash]) => [name, hash.digest('hex')])]);
  }
}
