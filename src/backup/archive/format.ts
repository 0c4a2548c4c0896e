import { bucketsPrefix } from '../../mongo/catalog.ts';

/**
 * mongodump's archive format 0.1; no public specification is complete, so this follows what real archives hold.
 *
 *     archive  = magic header meta* TERMINATOR block*
 *     block    = nsHeader document* TERMINATOR
 *     header   = { concurrent_collections: int32, version, server_version, tool_version: string }
 *     meta     = { db, collection, metadata: string, size: int32, type: string }
 *     nsHeader = { db, collection: string, EOF: bool, CRC: int64 }
 *
 * A namespace may have many blocks, interleaved with others, and ends with one of EOF true, no documents and the CRC
 * of all its documents' bytes. Integers are little-endian.
 */
export const magic = Buffer.from([0x6d, 0xe2, 0x99, 0x81]);
/** Stands where the length of a next document would. */
export const terminator = Buffer.from([0xff, 0xff, 0xff, 0xff]);
export const formatVersion = '0.1';

/** The server's limit for documents, 16 MB, and the 16 kB that it allows itself on top of it. */
export const longestDocument = 16 * 1024 * 1024 + 16 * 1024;

export interface ArchiveHeader {
  /** How many namespaces may be interleaved; readers may size their queues by it. */
  readonly concurrentCollections: number;
  readonly serverVersion: string;
  readonly toolVersion: string;
}

export interface ArchiveMeta {
  readonly db: string;
  readonly collection: string;
  /** Canonical Extended JSON; see metadata.ts. Empty for the oplog. */
  readonly metadata: string;
  readonly type: string;
}

/** Where documents belong; those of a time series to its buckets. */
export interface Namespace {
  readonly db: string;
  readonly collection: string;
}

/** The key of a namespace; names of databases have no dot. */
export function keyOf({ db, collection }: Namespace): string {
  return `${db}.${collection}`;
}

/** The namespace under which the data of a listed namespace stands. */
export function dataNamespace(meta: Pick<ArchiveMeta, 'db' | 'collection' | 'type'>): Namespace {
  return { db: meta.db, collection: meta.type === 'timeseries' ? bucketsPrefix + meta.collection : meta.collection };
}
