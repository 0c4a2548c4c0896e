import { BSON } from 'mongodb';
import { Crc64 } from '../../src/backup/archive/crc64.ts';
import type { ArchiveMeta } from '../../src/backup/archive/format.ts';
import { dataNamespace, keyOf, magic, terminator } from '../../src/backup/archive/format.ts';
import { readArchive } from '../../src/backup/archive/reader.ts';
import { dumpCollections } from '../../src/backup/dump-collections.ts';
import { readCatalog } from '../../src/mongo/catalog.ts';
import type { Connection } from '../../src/mongo/connect.ts';

/** A namespace as an archive of mongodump lists it, with its documents. */
export interface Listed extends ArchiveMeta {
  readonly documents: readonly Uint8Array[];
}

export interface Written {
  /** Of the header; the tools of today write an int32. */
  readonly concurrentCollections?: unknown;
  /** As tools wrote it that knew neither types nor UUIDs: what a collection is, its options say. */
  readonly old?: boolean;
  /** With --oplog. */
  readonly oplog?: readonly (BSON.Document | Uint8Array)[];
  /** Of the header, as the server said it, or did not. */
  readonly serverVersion?: string;
  /** As of a server from 8.3 on, where the documents of a time series are under its own name. */
  readonly viewless?: boolean;
}

/** What a dump of this database lists, as real metadata and documents. */
export async function listed(connection: Connection): Promise<Listed[]> {
  const chunks = dumpCollections(connection, await readCatalog(connection.db), {
    ...{ at: undefined, totals: new Map(), toolVersion: '100.18.0' },
  });
  const documents = new Map<string, Buffer[]>();
  let metas: readonly ArchiveMeta[] = [];
  for await (const event of readArchive(chunks)) {
    if (event.kind === 'prelude') metas = event.metas;
    if (event.kind !== 'documents') continue;
    const known = documents.get(keyOf(event.namespace)) ?? [];
    known.push(...event.documents.map((one) => Buffer.from(one)));
    documents.set(keyOf(event.namespace), known);
  }
  return metas.map((meta) => ({ ...meta, documents: documents.get(keyOf(dataNamespace(meta))) ?? [] }));
}

/**
 * What a dump of a whole server has beside a database: users, roles and versions first, and other databases; and what
 * the server keeps in `database` itself.
 */
export function besides(database = 'other'): Listed[] {
  const plain = (db: string, collection: string): Listed => ({
    ...{ db, collection, type: 'collection' },
    metadata: JSON.stringify({ indexes: [], uuid: '00'.repeat(16), collectionName: collection, type: 'collection' }),
    documents: [BSON.serialize({ _id: `${db}.${collection}`, secret: 'of-somebody-else' })],
  });
  return [
    ...['system.users', 'system.roles', 'system.version'].map((name) => plain('admin', name)),
    plain('config', 'settings'),
    plain('other', 'places'),
    { ...plain('other', '$admin.system.users'), metadata: '' },
    plain(database, 'system.profile'),
    plain('local', 'startup_log'),
  ];
}

/** The bytes of an archive in the layout of mongodump: namespaces interleaved block by block, each with its end after it. */
export function mongodumpArchive(all: readonly Listed[], written: Written = {}): Buffer {
  const { concurrentCollections, old, oplog, serverVersion = '6.0.5', viewless = false } = written;
  const header = {
    concurrent_collections: concurrentCollections ?? new BSON.Int32(4),
    ...{ version: '0.1', server_version: serverVersion, tool_version: '100.18.0' },
  };
  const entries: Listed[] = [...all];
  if (oplog !== undefined)
    entries.push({ ...{ db: '', collection: 'oplog', metadata: '', type: '' }, documents: oplog.map(serialized) });
  const metas = entries.map(({ documents: _, ...meta }) => ({ ...(old ? oldForm(meta) : meta), size: 0 }));
  const parts: Uint8Array[] = [magic, serialized(header), ...metas.map(serialized), terminator];
  // The oplog is read when everything else has been.
  const rounds = [entries.filter(({ db }) => db !== ''), entries.filter(({ db }) => db === '')];
  for (const round of rounds) {
    const open = new Set(round.map((entry) => blocksOf(entry, viewless)));
    while (open.size > 0) {
      for (const blocks of open) {
        const { value, done } = blocks.next();
        if (done) open.delete(blocks);
        else parts.push(value);
      }
    }
  }
  return Buffer.concat(parts);
}

/** The blocks of a namespace, one empty one where it has no documents, and its end. */
function* blocksOf(entry: Listed, viewless: boolean): Generator<Buffer> {
  const { db, collection } = viewless ? entry : dataNamespace(entry);
  const head = (EOF: boolean, CRC: bigint) =>
    serialized({ db, collection, EOF, CRC: BSON.Long.fromBigInt(BigInt.asIntN(64, CRC)) });
  const crc = new Crc64();
  for (let at = 0; at === 0 || at < entry.documents.length; at += 700) {
    const documents = entry.documents.slice(at, at + 700);
    for (const document of documents) crc.update(document);
    yield Buffer.concat([head(false, 0n), ...documents, terminator]);
  }
  yield Buffer.concat([head(true, crc.value()), terminator]);
}

const serialized = (document: object) =>
  Buffer.from(document instanceof Uint8Array ? document : BSON.serialize(document));

function oldForm({ type: _, metadata, ...meta }: ArchiveMeta) {
  return { ...meta, metadata: metadata.replace(/,("uuid":"[^"]*",)?"collectionName":.*$/, '}') };
}
