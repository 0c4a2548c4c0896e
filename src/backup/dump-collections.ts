import type { Timestamp } from 'mongodb';
import { type CollectionInfo, isCapped, storageName } from '../mongo/catalog.ts';
import type { Connection } from '../mongo/connect.ts';
import { RawDocuments } from '../mongo/raw-documents.ts';
import { readRaw, takesCollectionUuid } from '../mongo/raw-read.ts';
import { dataNamespace } from './archive/format.ts';
import { encodeMetadata } from './archive/metadata.ts';
import { encodePrelude, NamespaceEncoder, type NamespaceTotals } from './archive/writer.ts';
import { interleave } from './interleave.ts';
import { planReads, type Read } from './reads.ts';

export interface DumpProgress {
  readonly namespace: string;
  /** Read of this namespace so far, and whether that is all of it. */
  readonly documents: number;
  readonly bytes: number;
  readonly complete: boolean;
  /** Of the whole backup, read so far, and what there was to read by the server's count when it began. */
  readonly total: { readonly bytes: number; readonly expectedBytes: number };
}

export interface DumpOptions {
  /** Undefined: each collection as it is when it is read. */
  readonly at: Timestamp | undefined;
  /** Filled while the archive is made, by the namespace's name. */
  readonly totals: Map<string, NamespaceTotals>;
  readonly toolVersion: string;
  /** Cursors that read at the same time. Default 4. */
  readonly parallel?: number;
  /** Larger collections are read in ranges of about so many bytes. */
  readonly rangeBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DumpProgress) => void;
}

/**
 * The archive of these collections, in pieces. Several are read at the same time, and their blocks stand in the archive
 * as they came: a reply of the server is a block. Holds two replies for each cursor. Throws the driver's errors, as
 * `readRaw` says.
 */
export async function* dumpCollections(
  connection: Connection,
  catalog: readonly CollectionInfo[],
  options: DumpOptions,
): AsyncGenerator<Buffer> {
  const { db, topology } = connection;
  const { parallel = 4 } = options;
  const metas = catalog.map((info) => ({
    db: db.databaseName,
    collection: info.name,
    metadata: encodeMetadata(info),
    type: info.type,
  }));
  yield encodePrelude(
    { concurrentCollections: parallel, serverVersion: topology.serverVersion, toolVersion: options.toolVersion },
    metas,
  );
  const reads = await planReads(db, catalog, options.rangeBytes);
  const progress = { bytes: 0, expectedBytes: 0 };
  const streams = new Map(catalog.map((info) => [info, new NamespaceStream(db.databaseName, info)]));
  for (const { info, expected } of reads) {
    const stream = streams.get(info) as NamespaceStream;
    if (stream.left++ === 0) progress.expectedBytes += expected.bytes;
  }
  const report = ({ info, encoder, left }: NamespaceStream) => {
    const { documents, bytes } = encoder.totals();
    options.onProgress?.({ namespace: info.name, documents, bytes, complete: left === 0, total: progress });
  };
  function* finish(stream: NamespaceStream): Generator<Buffer> {
    if (stream.encoder.totals().documents === 0) yield* stream.encoder.block(none);
    yield stream.encoder.end();
    options.totals.set(stream.info.name, stream.encoder.totals());
    report(stream);
  }
  for (const stream of streams.values()) if (stream.left === 0) yield* finish(stream);
  const withUuid = takesCollectionUuid(topology);
  const openers = reads.map((read) => () => documentsOf(connection, read, withUuid, options));
  for await (const { info, documents } of interleave(openers, parallel)) {
    const stream = streams.get(info) as NamespaceStream;
    if (documents === 'end') {
      if (--stream.left === 0) yield* finish(stream);
      continue;
    }
    yield* stream.encoder.block(documents);
    progress.bytes += documents.bytes.length;
    report(stream);
  }
}

const none = RawDocuments.of([]);

/** A namespace while its blocks are written. */
class NamespaceStream {
  readonly info: CollectionInfo;
  readonly encoder: NamespaceEncoder;
  /** Reads that have not ended. */
  left = 0;

  constructor(database: string, info: CollectionInfo) {
    this.info = info;
    this.encoder = new NamespaceEncoder(dataNamespace({ db: database, collection: info.name, type: info.type }));
  }
}

interface Piece {
  readonly info: CollectionInfo;
  readonly documents: RawDocuments | 'end';
}

async function* documentsOf(
  { db }: Connection,
  { info, range, batchSize }: Read,
  withUuid: boolean,
  { at, signal }: DumpOptions,
): AsyncGenerator<Piece> {
  const capped = isCapped(info);
  const batches = readRaw(db, storageName(info), {
    // The server has no history of capped collections.
    at: capped ? undefined : at,
    natural: capped,
    uuid: withUuid ? info.uuid : undefined,
    range,
    batchSize,
    signal,
  });
  for await (const documents of batches) yield { info, documents };
  yield { info, documents: 'end' };
}
