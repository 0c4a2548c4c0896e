import type { Timestamp } from 'mongodb';
import { type CollectionInfo, isCapped } from '../../mongo/catalog.ts';
import { readClusterTime } from '../../mongo/raw-read.ts';
import { ReleaseError } from '../../observe/error.ts';
import { crcText } from '../archive/crc64.ts';
import { encodeMetadata, metadataDigest } from '../archive/metadata.ts';
import type { NamespaceTotals } from '../archive/writer.ts';
import { dumpCollections } from '../dump-collections.ts';
import type { ManifestNamespace } from '../manifest.ts';
import type { ArchiveEngine } from './engine.ts';

/** Reads by the driver, every collection at one cluster time where the server can. Needs no tool. */
export const builtIn: ArchiveEngine = {
  name: 'built-in',

  consistency({ topology }, asked) {
    if (asked === 'per-collection') return asked;
    const supported = topology.kind !== 'standalone' && Number.parseInt(topology.serverVersion, 10) >= 5;
    if (supported) return 'snapshot';
    if (asked === undefined) return 'per-collection';
    throw new ReleaseError('SNAPSHOT_UNAVAILABLE', 'This server cannot read a database at one point in time.', {
      hint: 'Use a replica set of MongoDB 5.0 or newer; --consistency per-collection backs every collection up as it is when it is read.',
    });
  },

  async read(connection, options) {
    const { catalog, consistency, notBefore } = options;
    const at = consistency === 'snapshot' ? await readClusterTime(connection.db, notBefore) : undefined;
    const totals = new Map<string, NamespaceTotals>();
    return {
      chunks: dumpCollections(connection, catalog, { ...options, at, totals }),
      clusterTime: at,
      namespaces: () => catalog.map((info) => describe(info, totals.get(info.name) as NamespaceTotals, at)),
    };
  },
};

function describe(info: CollectionInfo, totals: NamespaceTotals, at: Timestamp | undefined): ManifestNamespace {
  return {
    name: info.name,
    type: info.type,
    uuid: info.type === 'view' ? undefined : info.uuid,
    count: totals.documents,
    bytes: totals.bytes,
    crc64: crcText(totals.crc),
    indexes: info.indexes.map((index) => String(index.name)),
    catalogDigest: metadataDigest(encodeMetadata(info)),
    readOutsideSnapshot: at !== undefined && isCapped(info) ? true : undefined,
  };
}
