import type { Db, Timestamp } from 'mongodb';
import { type CollectionInfo, isCapped, storageName } from '../mongo/catalog.ts';
import type { Connection } from '../mongo/connect.ts';
import { readRaw, takesCollectionUuid } from '../mongo/raw-read.ts';
import { dataNamespace } from './archive/format.ts';
import { encodeMetadata } from './archive/metadata.ts';
import { encodePrelude, NamespaceEncoder, type NamespaceTotals } from './archive/writer.ts';

export interface DumpProgress {
  readonly namespace: string;
  /** Read of this namespace so far, and whether that is all of it. */
  readonly documents: number;
  readonly bytes: number;
  readonly complete: boolean;
}

export interface DumpOptions {
  /** Undefined: each collection as it is when it is read. */
  readonly at: Timestamp | undefined;
  /** Filled while the archive is made, by the namespace's name. */
  readonly totals: Map<string, NamespaceTotals>;
  readonly toolVersion: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DumpProgress) => void;
}

/** Collections whose first batch is fetched ahead: many small ones would else cost a round trip each. */
const ahead = 4;
/** Small enough that checksum, compression and the next read overlap. */
const blockBytes = 4 * 1024 * 1024;

/**
 * The archive of these collections, in pieces, in their order. Holds one batch of 16 MB and the next one for each of the
 * collections that are open, `ahead` at most. Throws the driver's errors, as `readRaw` says.
 */
export async function* dumpCollections(
  { db, topology }: Connection,
  catalog: readonly CollectionInfo[],
  options: DumpOptions,
): AsyncGenerator<Buffer> {
  const metas = catalog.map((info) => ({
    db: db.databaseName,
    collection: info.name,
    metadata: encodeMetadata(info),
    type: info.type,
  }));
  yield encodePrelude(
    { concurrentCollections: 1, serverVersion: topology.serverVersion, toolVersion: options.toolVersion },
    metas,
  );
  const withUuid = takesCollectionUuid(topology);
  const readers = catalog.map((info) => new Reader(() => documentsOf(db, info, withUuid, options)));
  try {
    for (const [index, info] of catalog.entries()) {
      for (const reader of readers.slice(index, index + ahead)) reader.start();
      const encoder = new NamespaceEncoder(
        dataNamespace({ db: db.databaseName, collection: info.name, type: info.type }),
      );
      const report = (complete: boolean) => {
        const { documents, bytes } = encoder.totals();
        options.onProgress?.({ namespace: info.name, documents, bytes, complete });
      };
      let blocks = 0;
      let batches = 0;
      for await (const batch of (readers[index] as Reader).batches()) {
        // A large collection: the server would end the cursors that wait for it with their sessions, after 30 minutes.
        if (++batches === 3) await Promise.all(readers.slice(index + 1).map((reader) => reader.close()));
        for (const documents of pieces(batch)) {
          yield encoder.block(documents);
          blocks++;
        }
        report(false);
      }
      if (blocks === 0) yield encoder.block([]);
      yield encoder.end();
      options.totals.set(info.name, encoder.totals());
      report(true);
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

async function* documentsOf(
  db: Db,
  info: CollectionInfo,
  withUuid: boolean,
  { at, signal }: DumpOptions,
): AsyncGenerator<Buffer[]> {
  if (info.type === 'view') return;
  const capped = isCapped(info);
  yield* readRaw(db, storageName(info), {
    // The server has no history of capped collections.
    at: capped ? undefined : at,
    natural: capped,
    uuid: withUuid ? info.uuid : undefined,
    signal,
  });
}

/** A reading of which the first batch may be fetched before it is needed. Closed before its turn, it begins again then. */
class Reader {
  readonly #open: () => AsyncGenerator<Buffer[]>;
  #generator: AsyncGenerator<Buffer[]> | undefined;
  #first: Promise<IteratorResult<Buffer[]>> | undefined;

  constructor(open: () => AsyncGenerator<Buffer[]>) {
    this.#open = open;
  }

  start(): void {
    if (this.#generator !== undefined) return;
    this.#generator = this.#open();
    this.#first = this.#generator.next();
    // Awaited when its turn comes, or never when an earlier collection fails.
    this.#first.catch(() => {});
  }

  async *batches(): AsyncGenerator<Buffer[]> {
    this.start();
    const generator = this.#generator as AsyncGenerator<Buffer[]>;
    const first = await (this.#first as Promise<IteratorResult<Buffer[]>>);
    if (first.done) return;
    yield first.value;
    yield* generator;
  }

  async close(): Promise<void> {
    const generator = this.#generator;
    this.#generator = undefined;
    await generator?.return(undefined).catch(() => {});
  }
}

function* pieces(batch: readonly Buffer[]): Generator<Buffer[]> {
  let piece: Buffer[] = [];
  let bytes = 0;
  for (const document of batch) {
    piece.push(document);
    bytes += document.length;
    if (bytes >= blockBytes) {
      yield piece;
      piece = [];
      bytes = 0;
    }
  }
  if (piece.length > 0) yield piece;
}
