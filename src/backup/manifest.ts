import * as z from 'zod';
import { compressions, consistencies, environments } from '../config/schema.ts';
import { ReleaseError } from '../observe/error.ts';
import { manifestDamaged } from './archive/damage.ts';
import { decodeChecked, encodeChecked } from './checked-json.ts';

/**
 * What a backup holds. It can be shown and shared: names, types, counts and digests, no document's value. Options and
 * indexes stand in the archive, since a validator or a partial filter may quote values; here are their names and digest.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

const namespace = z.object({
  name: z.string().min(1),
  type: z.enum(['collection', 'view', 'timeseries']),
  /** 32 hex digits; views have none. */
  uuid: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  /** Documents in the archive; of a time series its buckets. */
  count,
  /** Of the documents, uncompressed. */
  bytes: count,
  /** CRC-64/XZ of the documents' bytes in their order. */
  crc64: z.string().regex(/^[0-9a-f]{16}$/),
  indexes: z.array(z.string()),
  /** SHA-256 of the namespace's metadata text in the archive. */
  catalogDigest: sha256,
  /** Read as it was while it was read: the server gives capped collections at no point in time. */
  readOutsideSnapshot: z.literal(true).optional(),
});

/** What it is of. */
export const backedUp = z.object({
  name: z.string(),
  database: z.string().min(1),
  environment: z.enum(environments),
  /** The deployment, as far as the user could see it; see same-target.ts. */
  cluster: z
    .object({
      replicaSetId: z.string().optional(),
      clusterId: z.string().optional(),
      members: z.array(z.string()).optional(),
    })
    .optional(),
});

/** What every backup says of itself, whoever keeps it. */
const about = {
  schemaVersion: z.literal(1),
  id: z.string().min(1),
  releaseId: z.string().optional(),
  target: backedUp,
  /** ISO 8601, by this machine's clock; `clusterTime` says of when the data is. */
  createdAt: z.iso.datetime(),
  toolVersion: z.string(),
  server: z.object({
    version: z.string(),
    featureCompatibility: z.string().optional(),
    kind: z.enum(['replica-set', 'sharded', 'standalone']),
  }),
  /** What the target's history amounted to when the backup was taken. */
  position: z.object({
    digest: z.string(),
    /** With the release that applied it; those of older versions do not say. */
    applied: z.array(z.object({ name: z.string(), checksum: z.string(), appliedIn: z.string().optional() })).readonly(),
    /** Of these a part is in the data. */
    halfDone: z
      .array(
        z.object({
          name: z.string(),
          checksum: z.string(),
          direction: z.enum(['up', 'down']),
          state: z.enum(['failed', 'interrupted']),
        }),
      )
      .readonly()
      .optional(),
  }),
  /** Digest of the plan that this backup was taken for. */
  planDigest: z.string().optional(),
};

/** The store holds an archive of the database. */
const archived = z.object({
  ...about,
  engine: z.enum(['built-in', 'mongodump']),
  /** Of the tool that read the database, where it is another one than this. */
  engineVersion: z.string().optional(),
  consistency: z.enum(consistencies),
  clusterTime: z.object({ t: count, i: count }).optional(),
  compression: z.enum(compressions),
  /** Who can read the archive, by their public keys. A key that the run made for itself and lost with its end is not listed. */
  encryption: z.object({ format: z.literal('age'), recipients: z.array(z.string()) }).optional(),
  /** `bytes` and `sha256` are of the file as it is stored. */
  archive: z.object({ file: z.string().min(1), bytes: count, sha256 }),
  namespaces: z.array(namespace),
});

/** Atlas holds a snapshot of the whole cluster; the store has the manifest alone. */
const managed = z.object({
  ...about,
  engine: z.literal('atlas'),
  atlas: z.object({
    projectId: z.string().min(1),
    cluster: z.string().min(1),
    snapshotId: z.string().min(1),
    /** By which Atlas removes it. */
    expiresAt: z.iso.datetime({ offset: true }).optional(),
  }),
});

const manifest = z.discriminatedUnion('engine', [archived, managed]);

export type ArchiveManifest = z.output<typeof archived>;
export type SnapshotManifest = z.output<typeof managed>;
export type Manifest = ArchiveManifest | SnapshotManifest;
export type ManifestNamespace = z.output<typeof namespace>;
/**
 * As much of an archive's manifest as reading the archive needs. Of a file that has no manifest it is found out by reading
 * it whole (archive-file.ts).
 */
export interface ArchiveContents
  extends Pick<ArchiveManifest, 'id' | 'compression' | 'encryption' | 'archive' | 'namespaces'> {
  readonly target: Pick<ArchiveManifest['target'], 'database'>;
  readonly server: BackedUpServer;
  /** The archive holds more than these namespaces, such as other databases, and that is to be passed over. */
  readonly partial?: true;
}
export type ManifestPosition = Manifest['position'];

/** The server that a backup is of; an archive alone does not say of what kind it was. */
export type BackedUpServer = Omit<Manifest['server'], 'kind'> & Partial<Pick<Manifest['server'], 'kind'>>;

/** The text of a manifest's file: JSON with a checksum over all of it. */
export function encodeManifest(value: Manifest): string {
  return encodeChecked(value);
}

/** Throws `MANIFEST_DAMAGED` for anything but the text that `encodeManifest` made for a backup of this id. */
export function parseManifest(text: string, id: string): Manifest {
  const read = decodeChecked(text);
  if (read.state === 'no-json') throw manifestDamaged('it is no JSON', id, read.cause);
  if (read.state === 'no-object') throw manifestDamaged('it is no object', id);
  const { state, value } = read;
  const result = manifest.safeParse(value);
  if (!result.success) {
    if (typeof value.schemaVersion === 'number' && value.schemaVersion > 1) {
      throw manifestDamaged(`it is of a newer version of mongo-release (schema ${value.schemaVersion})`, id);
    }
    const where = result.error.issues.map((issue) => issue.path.join('.') || 'the whole').slice(0, 3);
    throw manifestDamaged(`it is incomplete (${where.join(', ')})`, id);
  }
  if (state === 'changed') throw manifestDamaged('its checksum does not fit, so it was changed', id);
  if (result.data.id !== id) throw manifestDamaged('it belongs to another backup', id);
  return result.data;
}

/** The manifest of a backup that is needed as an archive. Throws `ARCHIVE_NEEDED` for what only Atlas can restore. */
export function withArchive(value: Manifest): ArchiveManifest {
  if (value.engine !== 'atlas') return value;
  throw new ReleaseError(
    'ARCHIVE_NEEDED',
    `Backup ${value.id} is a snapshot of cluster ${value.atlas.cluster} in Atlas, which can only be restored whole, by Atlas.`,
    {
      hint: `mongo-release restore ${value.id} does that, without --into, --only and --keep-added; a backup of the built-in engine (mongo-release backup --engine built-in) is an archive.`,
      details: { backup: value.id },
    },
  );
}

/** Whether Atlas has removed it by now, if it keeps its word. */
export function isExpired(value: Manifest, now: Date): boolean {
  const expiresAt = value.engine === 'atlas' ? value.atlas.expiresAt : undefined;
  return expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
}

/** As of when the data are: by the server's clock where it was asked, else when the backup was begun. */
export function dataTime(value: Manifest): Date {
  const clusterTime = value.engine === 'atlas' ? undefined : value.clusterTime;
  return clusterTime === undefined ? new Date(value.createdAt) : new Date(clusterTime.t * 1000);
}

/** Documents of all namespaces together, and their bytes. */
export function manifestTotals(value: Pick<ArchiveContents, 'namespaces'>): { documents: number; bytes: number } {
  let documents = 0;
  let bytes = 0;
  for (const entry of value.namespaces) {
    documents += entry.count;
    bytes += entry.bytes;
  }
  return { documents, bytes };
}
