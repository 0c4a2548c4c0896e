import type { ArchiveManifest, SnapshotManifest } from '../../src/backup/manifest.ts';

export function sampleManifest(change: Partial<ArchiveManifest> = {}): ArchiveManifest {
  return {
    schemaVersion: 1,
    id: 'b1',
    target: { name: 'staging', database: 'shop', environment: 'staging' },
    createdAt: '2026-03-01T10:15:00.000Z',
    engine: 'built-in',
    toolVersion: '0.1.0',
    consistency: 'snapshot',
    clusterTime: { t: 1_772_360_100, i: 1 },
    server: { version: '6.0.5', featureCompatibility: '6.0', kind: 'replica-set' },
    compression: 'zstd',
    archive: { file: 'b1.archive.zst', bytes: 3, sha256: 'ab'.repeat(32) },
    namespaces: [
      {
        name: 'places',
        type: 'collection',
        uuid: '00'.repeat(16),
        count: 3,
        bytes: 100,
        crc64: '00'.repeat(8),
        indexes: ['_id_'],
        catalogDigest: 'cd'.repeat(32),
      },
    ],
    position: { digest: 'p', applied: [{ name: '001-a', checksum: 'ef'.repeat(32) }] },
    ...change,
  };
}

/** Of a backup that Atlas keeps. */
export function sampleSnapshot(change: Partial<SnapshotManifest> = {}): SnapshotManifest {
  const { schemaVersion, id, target, createdAt, toolVersion, server, position } = sampleManifest();
  return {
    ...{ schemaVersion, id, target, createdAt, toolVersion, server, position },
    engine: 'atlas',
    atlas: { projectId: '5e2211c17a3e5a48f5497de3', cluster: 'Shop', snapshotId: '65f000000000000000000001' },
    ...change,
  };
}
