import { BSON } from 'mongodb';
import type { RawDocuments } from '../../mongo/raw-documents.ts';
import { Crc64 } from './crc64.ts';
import { type ArchiveHeader, type ArchiveMeta, formatVersion, magic, type Namespace, terminator } from './format.ts';

/** What a namespace's documents amount to. */
export interface NamespaceTotals {
  readonly documents: number;
  /** Of the documents alone. */
  readonly bytes: number;
  readonly crc: bigint;
}

/** The bytes with which an archive begins. */
export function encodePrelude(header: ArchiveHeader, metas: readonly ArchiveMeta[]): Buffer {
  const parts: Uint8Array[] = [
    magic,
    BSON.serialize({
      concurrent_collections: new BSON.Int32(header.concurrentCollections),
      version: formatVersion,
      server_version: header.serverVersion,
      tool_version: header.toolVersion,
    }),
  ];
  for (const { db, collection, metadata, type } of metas) {
    parts.push(BSON.serialize({ db, collection, metadata, size: new BSON.Int32(0), type }));
  }
  return Buffer.concat([...parts, terminator]);
}

/** Encodes the blocks of one namespace: any number of `block`, then `end`. Blocks of several namespaces may alternate. */
export class NamespaceEncoder {
  readonly #namespace: Namespace;
  readonly #crc = new Crc64();
  #documents = 0;
  #bytes = 0;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** One block with these documents, in pieces; a namespace without any has one empty block. */
  block(documents: RawDocuments): Buffer[] {
    this.#crc.update(documents.bytes);
    this.#documents += documents.length;
    this.#bytes += documents.bytes.length;
    return [Buffer.from(this.#header(false, 0n)), documents.bytes, terminator];
  }

  end(): Buffer {
    return Buffer.concat([this.#header(true, this.#crc.value()), terminator]);
  }

  totals(): NamespaceTotals {
    return { documents: this.#documents, bytes: this.#bytes, crc: this.#crc.value() };
  }

  #header(eof: boolean, crc: bigint): Uint8Array {
    const { db, collection } = this.#namespace;
    // The unsigned pattern in a signed field, as mongodump has it.
    return BSON.serialize({ db, collection, EOF: eof, CRC: BSON.Long.fromBigInt(BigInt.asIntN(64, crc)) });
  }
}
