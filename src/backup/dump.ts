import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Db, MongoError, type Timestamp } from 'mongodb';
import type { Compression, Consistency } from '../config/schema.ts';
import { type CollectionInfo, catalogDigest, readCatalog } from '../mongo/catalog.ts';
import type { Connection } from '../mongo/connect.ts';
import type { OwnNames } from '../mongo/own.ts';
import { asServerFailure, isBrokenConnection, serverCode, serverCodes } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Log } from '../observe/log.ts';
import { keepNewSpaceSmall } from '../observe/memory.ts';
import { archiveEndings, compressor } from './archive/compression.ts';
import { encryptedEnding, encryptor } from './archive/encryption.ts';
import { Meter } from './archive/meter.ts';
import { newBackupId } from './backup-id.ts';
import type { DumpProgress } from './dump-collections.ts';
import { builtIn } from './engines/built-in.ts';
import type { ArchiveEngine } from './engines/engine.ts';
import { noKeys, type RunKeys } from './keys.ts';
import type { ArchiveManifest, ManifestPosition } from './manifest.ts';
import type { BackupStore, PendingBackup } from './stores/store.ts';

export interface BackupOptions {
  readonly store: BackupStore;
  readonly own: OwnNames;
  /** The database is the connection's. */
  readonly target: Omit<ArchiveManifest['target'], 'database'>;
  /** Default zstd: at most 6 % larger than gzip for a third to a tenth of its work. */
  readonly compression?: Compression;
  /** Who may read it, beside this run itself; default anybody. */
  readonly keys?: RunKeys;
  /** Default the built-in one. */
  readonly engine?: ArchiveEngine;
  /** Default `snapshot`, on a standalone server `per-collection`. */
  readonly consistency?: Consistency;
  readonly position: ManifestPosition;
  readonly planDigest?: string;
  readonly releaseId?: string;
  /** The backup shows the data as of this time or later, such as the plan's `operationTime`. */
  readonly notBefore?: Timestamp;
  /** Asked once everything is read; what it throws keeps the backup out of the store. */
  readonly check?: () => Promise<void>;
  readonly toolVersion: string;
  readonly signal?: AbortSignal;
  readonly log: Log;
  readonly onProgress?: (progress: DumpProgress) => void;
}

export interface TakenBackup {
  readonly manifest: ArchiveManifest;
  /** Where the archive is. */
  readonly location: string;
  readonly durationMs: number;
}

/** Held between two steps of the pipeline. */
const pieceBytes = 2 * 1024 * 1024;
/**
 * What a read of a collection fails with that was made, renamed or dropped since it was listed, QueryPlanKilled within an
 * open cursor; or that is capped, and lost the place of the cursor to newer documents.
 */
const catalogChanges: ReadonlySet<number | undefined> = new Set([
  serverCodes.SnapshotUnavailable,
  serverCodes.CollectionUUIDMismatch,
  serverCodes.QueryPlanKilled,
  serverCodes.CappedPositionLost,
]);
/** Attempts before giving up on a catalog that keeps changing. */
const attempts = 3;

/**
 * Takes a backup of the connection's database: all collections as they were at one cluster time, in which every write
 * that was acknowledged before the call is contained. Only reads. The backup is in the store whole, or not at all.
 *
 * When collections, options or indexes change meanwhile it begins again, three times at most. Throws
 * `BACKUP_CATALOG_CHANGED` after that, `SNAPSHOT_TOO_OLD`, `SNAPSHOT_UNAVAILABLE`, `RECIPIENT_INVALID`, `STORE_FAILED`, and what a server's
 * failures become (`SERVER_UNREACHABLE`, `NOT_AUTHORIZED`, …); all of them may be retried. Throws the signal's reason
 * when aborted.
 */
export async function takeBackup(connection: Connection, options: BackupOptions): Promise<TakenBackup> {
  using _small = keepNewSpaceSmall();
  const started = performance.now();
  const engine = options.engine ?? builtIn;
  const consistency = engine.consistency(connection, options.consistency);
  if (consistency !== 'snapshot' && options.consistency === undefined) {
    options.log.warn(
      'Every collection is backed up as it is when it is read: the backup will not be of one point in time.',
    );
  }
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptBackup(connection, options, engine, consistency);
    if (outcome.kind === 'taken') {
      const { manifest, location } = outcome;
      return { manifest, location, durationMs: Math.round(performance.now() - started) };
    }
    if (attempt === attempts) throw keptChanging(outcome.cause);
    options.log.warn('The catalog changed while the backup was taken; beginning again.', { attempt });
  }
}

function keptChanging(cause: unknown): ReleaseError {
  const each = `in each of ${attempts} attempts to take a backup`;
  if (serverCode(cause) === serverCodes.CappedPositionLost) {
    return new ReleaseError(
      'BACKUP_CATALOG_CHANGED',
      `A capped collection was overwritten while it was read, ${each}.`,
      {
        hint: 'Stop what writes to it for as long as the backup runs, or make the collection larger, and run this again.',
        cause,
      },
    );
  }
  return new ReleaseError('BACKUP_CATALOG_CHANGED', `Collections or indexes changed ${each}.`, {
    hint: 'Stop what creates, drops or renames collections or indexes (deploys, index builds, jobs with $out), and run this again.',
    cause,
  });
}

type Attempt =
  | { readonly kind: 'taken'; readonly manifest: ArchiveManifest; readonly location: string }
  | { readonly kind: 'catalog-changed'; readonly cause?: unknown };

async function attemptBackup(
  connection: Connection,
  options: BackupOptions,
  engine: ArchiveEngine,
  consistency: Consistency,
): Promise<Attempt> {
  const { store, signal } = options;
  const compression = options.compression ?? 'zstd';
  const { recipients, ownRecipient } = options.keys ?? noKeys;
  const readers = ownRecipient === undefined ? recipients : [...recipients, ownRecipient];
  const encrypt = readers.length > 0 ? await encryptor(readers) : undefined;
  const id = newBackupId(options.target.name);
  const pending = await store.create(id, {
    ending: archiveEndings[compression] + (encrypt ? encryptedEnding : ''),
    expectedBytes: await dataSize(connection.db),
  });
  try {
    signal?.throwIfAborted();
    const createdAt = new Date().toISOString();
    const catalog = await listForBackup(connection, options.own);
    const reading = await engine.read(connection, { ...options, catalog, consistency });
    const meter = new Meter({ highWaterMark: pieceBytes });
    // Reading goes on while a block is compressed.
    const buffer = new PassThrough({ highWaterMark: pieceBytes });
    const steps = encrypt ? [compressor(compression), encrypt] : [compressor(compression)];
    const source = Readable.from(reading.chunks, { highWaterMark: 1 });
    await pipeline([source, buffer, ...steps, meter, pending.writable], { signal });
    if (catalogDigest(await listForBackup(connection, options.own)) !== catalogDigest(catalog)) {
      return { kind: 'catalog-changed' };
    }
    await options.check?.();
    const { clusterTime } = reading;
    const manifest: ArchiveManifest = {
      schemaVersion: 1,
      id,
      releaseId: options.releaseId,
      target: { ...options.target, database: connection.db.databaseName },
      createdAt,
      engine: engine.name,
      engineVersion: reading.toolVersion,
      toolVersion: options.toolVersion,
      consistency,
      clusterTime: clusterTime && { t: clusterTime.getHighBitsUnsigned(), i: clusterTime.getLowBitsUnsigned() },
      server: {
        version: connection.topology.serverVersion,
        featureCompatibility: connection.topology.featureCompatibility,
        kind: connection.topology.kind,
      },
      compression,
      encryption: encrypt && { format: 'age', recipients: [...recipients] },
      archive: { file: pending.file, bytes: meter.bytes, sha256: meter.sha256() },
      namespaces: reading.namespaces(),
      position: options.position,
      planDigest: options.planDigest,
    };
    await pending.commit(manifest);
    return { kind: 'taken', manifest, location: pending.location };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (catalogChanges.has(serverCode(error))) return { kind: 'catalog-changed', cause: error };
    throw failure(error, pending, connection, options);
  } finally {
    await pending.abort();
  }
}

/** Of all documents, uncompressed; 0 where the user may not ask. */
async function dataSize(db: Db): Promise<number> {
  return db.stats().then(
    ({ dataSize }) => Number(dataSize),
    () => 0,
  );
}

/** What a backup holds of a catalog: not our own collections, and not what `$out` is just building. */
async function listForBackup({ db }: Connection, own: OwnNames): Promise<CollectionInfo[]> {
  const infos = await readCatalog(db);
  return infos.filter((info) => !own.owns(info.name) && info.options.temp !== true);
}

function failure(error: unknown, pending: PendingBackup, { db }: Connection, { store }: BackupOptions): unknown {
  if (error instanceof ReleaseError) return error;
  if (serverCode(error) === serverCodes.SnapshotTooOld) {
    return new ReleaseError('SNAPSHOT_TOO_OLD', 'The backup took longer than the server keeps its history.', {
      hint: 'Raise it before the backup: db.adminCommand({ setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600 }) (default 300). Where that is not possible, as on Atlas: --engine atlas takes a managed snapshot, and --consistency per-collection, or backup.consistency in mongo-release.yml, backs every collection up as it is when it is read, for a rehearsal too.',
      cause: error,
    });
  }
  if (error instanceof MongoError || isBrokenConnection(error))
    return asServerFailure(error, `backing up database ${db.databaseName}`);
  // An error of the system. All that is left to fail with one is the store.
  if (error instanceof Error && 'syscall' in error) {
    return store.failure(`writing ${pending.file}`, error);
  }
  return error;
}
