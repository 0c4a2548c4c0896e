import { BSON } from 'mongodb';
import { bucketsPrefix } from '../../mongo/catalog.ts';
import { RawDocuments } from '../../mongo/raw-documents.ts';
import type { ReleaseError } from '../../observe/error.ts';
import { ByteSource } from './byte-source.ts';
import { Crc64, crcText } from './crc64.ts';
import { archiveDamaged } from './damage.ts';
import {
  type ArchiveHeader,
  type ArchiveMeta,
  dataNamespace,
  formatVersion,
  keyOf,
  longestDocument,
  magic,
  type Namespace,
} from './format.ts';
import type { NamespaceTotals } from './writer.ts';

export type ArchiveEvent =
  | { readonly kind: 'prelude'; readonly header: ArchiveHeader; readonly metas: readonly ArchiveMeta[] }
  /** Some documents of a namespace: a view that stays valid, at most a chunk's worth. */
  | { readonly kind: 'documents'; readonly namespace: Namespace; readonly documents: RawDocuments }
  /** A namespace is complete and its CRC is right. */
  | { readonly kind: 'end'; readonly namespace: Namespace; readonly totals: NamespaceTotals };

/**
 * Reads an uncompressed archive as it streams in; memory is bounded by the chunks and the longest document.
 *
 * Throws `ARCHIVE_DAMAGED` at the first thing that does not fit the format. Documents are given out before the CRC of
 * their namespace is known: nothing may rely on them before its `end` (see verify.ts). The prelude has no checksum in
 * this format; the manifest's digests cover it.
 */
export async function* readArchive(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEvent> {
  const source = new ByteSource(chunks);
  try {
    const prelude = await readPrelude(source);
    yield { kind: 'prelude', ...prelude };
    const open = new Map(prelude.metas.map((meta) => [keyOf(dataNamespace(meta)), new Running(meta)]));
    if (open.size !== prelude.metas.length) throw archiveDamaged('a collection is listed twice', source.offset);
    while (await source.fill(1)) {
      const start = source.offset;
      const header = parseBlockHeader(await readDocument(source), start);
      const { db, collection } = header.namespace;
      // From server 8.3 on the documents of a time series stand under its own name.
      const running =
        open.get(keyOf(header.namespace)) ?? open.get(keyOf({ db, collection: bucketsPrefix + collection }));
      if (running === undefined) throw archiveDamaged('a block belongs to no collection that is open', start);
      const { namespace } = running;
      for (;;) {
        const documents = await readDocuments(source, running);
        if (documents === 'end') break;
        if (header.end) throw archiveDamaged('the end of a collection holds documents', start);
        if (running.type === 'view') throw archiveDamaged('a view holds documents', start);
        yield { kind: 'documents', namespace, documents };
      }
      if (!header.end) continue;
      const totals = running.totals();
      if (totals.crc !== header.crc) {
        throw archiveDamaged(
          `the checksum is ${crcText(totals.crc)} where ${crcText(header.crc)} is stated`,
          namespace.collection,
        );
      }
      open.delete(keyOf(namespace));
      yield { kind: 'end', namespace, totals };
    }
    const [missing] = open.keys();
    if (missing !== undefined) {
      throw archiveDamaged(`it ends early: ${open.size} of its collections are incomplete`, source.offset);
    }
  } finally {
    await source.close();
  }
}

class Running {
  readonly namespace: Namespace;
  readonly type: string;
  readonly #crc = new Crc64();
  #documents = 0;
  #bytes = 0;

  constructor(meta: ArchiveMeta) {
    this.namespace = dataNamespace(meta);
    this.type = meta.type;
  }

  add(documents: number, bytes: Uint8Array): void {
    this.#crc.update(bytes);
    this.#documents += documents;
    this.#bytes += bytes.length;
  }

  totals(): NamespaceTotals {
    return { documents: this.#documents, bytes: this.#bytes, crc: this.#crc.value() };
  }
}

async function readPrelude(source: ByteSource): Promise<{ header: ArchiveHeader; metas: ArchiveMeta[] }> {
  if (!(await source.fill(magic.length)) || !source.take(magic.length).equals(magic)) {
    throw archiveDamaged('it does not begin as an archive', 0);
  }
  const header = parseHeader(await readDocument(source), magic.length);
  const metas: ArchiveMeta[] = [];
  while (!(await atTerminator(source))) {
    const start = source.offset;
    metas.push(parseMeta(await readDocument(source), start));
  }
  return { header, metas };
}

/** Takes the documents that are there already, at least one; or the terminator. */
async function readDocuments(source: ByteSource, running: Running): Promise<RawDocuments | 'end'> {
  if (await atTerminator(source)) return 'end';
  await documentLength(source);
  let bytes = 0;
  let documents = 0;
  while (source.available >= bytes + 4) {
    const length = source.peekInt32(bytes);
    if (length < 5 || bytes + length > source.available) break;
    bytes += length;
    documents++;
    if (source.peekByte(bytes - 1) !== 0) throw unclosed(source.offset + bytes - length);
  }
  const taken = source.take(bytes);
  running.add(documents, taken);
  return new RawDocuments(taken, documents);
}

async function atTerminator(source: ByteSource): Promise<boolean> {
  if (!(await source.fill(4))) throw archiveDamaged('it ends early', source.offset + source.available);
  if (source.peekInt32() !== -1) return false;
  source.take(4);
  return true;
}

async function readDocument(source: ByteSource): Promise<Buffer> {
  const start = source.offset;
  const document = source.take(await documentLength(source));
  if (document[document.length - 1] !== 0) throw unclosed(start);
  return document;
}

/** Of the next document, which can be taken then. */
async function documentLength(source: ByteSource): Promise<number> {
  const start = source.offset;
  if (!(await source.fill(4))) throw archiveDamaged('it ends early', start + source.available);
  const length = source.peekInt32();
  if (length === -1) throw archiveDamaged('a block is empty', start);
  if (length < 5 || length > longestDocument) throw archiveDamaged('the length of a document is impossible', start);
  if (!(await source.fill(length))) throw archiveDamaged('it ends early', start + source.available);
  return length;
}

function unclosed(start: number): ReleaseError {
  return archiveDamaged('a document lacks its closing zero', start);
}

function parse(bytes: Buffer, start: number): Record<string, unknown> {
  try {
    return BSON.deserialize(bytes, { promoteValues: false, bsonRegExp: true });
  } catch (error) {
    throw archiveDamaged('a header is no document', start, error);
  }
}

function parseHeader(bytes: Buffer, start: number): ArchiveHeader {
  const { concurrent_collections, version, server_version, tool_version } = parse(bytes, start);
  if (version !== formatVersion) throw archiveDamaged('its format has another version', start);
  // An int32 by the tools of today; others have written it as another number, or as a text.
  const concurrentCollections = Number(String(concurrent_collections ?? NaN));
  if (!Number.isInteger(concurrentCollections)) throw archiveDamaged('the header is incomplete', start);
  // `unknown` where the server did not tell the tool.
  if (
    typeof server_version !== 'string' ||
    !/^(\d+\.\d+|unknown$)/.test(server_version) ||
    typeof tool_version !== 'string'
  ) {
    throw archiveDamaged('the header is incomplete', start);
  }
  return {
    concurrentCollections,
    serverVersion: server_version,
    toolVersion: tool_version,
  };
}

function parseMeta(bytes: Buffer, start: number): ArchiveMeta {
  const { db, collection, metadata, type = '' } = parse(bytes, start);
  if (
    typeof db !== 'string' ||
    typeof collection !== 'string' ||
    typeof metadata !== 'string' ||
    typeof type !== 'string'
  ) {
    throw archiveDamaged('the description of a collection is incomplete', start);
  }
  return { db, collection, metadata, type: type === '' || type === 'view' ? typeIn(metadata) : type };
}

/**
 * Older tools do not say the type: what the options are for does. And mongodump --viewsAsCollections says `view` of what it
 * made a collection of.
 */
function typeIn(metadata: string): string {
  try {
    const { options } = JSON.parse(metadata) as { options?: object };
    if (options !== undefined && 'viewOn' in options) return 'view';
    return options !== undefined && 'timeseries' in options ? 'timeseries' : 'collection';
  } catch {
    // There is none, as of the oplog; or whoever gives it to a server finds out.
    return 'collection';
  }
}

/** Strict: mongorestore refuses unknown fields here, and only so is a flipped byte in a name noticed. */
function parseBlockHeader(bytes: Buffer, start: number): { namespace: Namespace; end: boolean; crc: bigint } {
  const { db, collection, EOF, CRC, ...unknown } = parse(bytes, start);
  if (
    typeof db !== 'string' ||
    typeof collection !== 'string' ||
    typeof EOF !== 'boolean' ||
    !(CRC instanceof BSON.Long) ||
    Object.keys(unknown).length > 0
  ) {
    throw archiveDamaged('the header of a block is malformed', start);
  }
  const crc = BigInt.asUintN(64, CRC.toBigInt());
  if (!EOF && crc !== 0n) throw archiveDamaged('the header of a block is malformed', start);
  return { namespace: { db, collection }, end: EOF, crc };
}
