import { takeBackup } from '../../backup/dump.ts';
import type { RunKeys } from '../../backup/keys.ts';
import { type Manifest, manifestTotals } from '../../backup/manifest.ts';
import { openStore } from '../../backup/stores/open-store.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { Engine } from '../../config/schema.ts';
import { position } from '../../migration/history/position.ts';
import { backedUpPosition } from '../../migration/history/without-run.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import { bytesProgress } from '../progress.ts';
import { refuseHalfRestored } from '../rollback/open.ts';
import { namesOf, type Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';
import { takeManaged } from './atlas.ts';
import { backedUpTarget } from './backed-up-target.ts';
import type { BackupFacts, SnapshotState } from './backup-facts.ts';
import { engineOf, openEngine } from './engine.ts';

/** The store that is configured. Throws `USAGE` where there is none. */
export function storeOf(run: Run): BackupStore {
  const { store, baseDir } = run.invocation;
  if (store === undefined) {
    throw new ReleaseError('USAGE', 'It is not said where backups are kept.', {
      hint: 'Pass --store ./backups, or set backup.store in mongo-release.yml.',
    });
  }
  const { s3 } = run.invocation.settings.backup;
  return openStore(store, {
    baseDir,
    s3: {
      // The SDK's own variables, looked at here: a server that is not Amazon's wants the bucket in the path.
      endpoint: s3.endpoint ?? run.env.AWS_ENDPOINT_URL_S3 ?? run.env.AWS_ENDPOINT_URL,
      region: s3.region,
      pathStyle: s3['path-style'],
      serverSideEncryption: s3['server-side-encryption'],
      kmsKey: s3['kms-key'],
    },
  });
}

/** What a backup's manifest says of migrations. */
export interface Standing {
  readonly position: ReturnType<typeof backedUpPosition>;
  /** Of everything that was pending; undefined where the files could not be read. */
  readonly planDigest?: string;
}

export function standingOf({ records, wholePlan }: Situation): Standing {
  return { position: backedUpPosition(records), planDigest: wholePlan.digest };
}

/** A backup that is there. */
export interface Taken {
  readonly manifest: Manifest;
  readonly location: string;
  readonly durationMs: number;
}

export interface TakenFor {
  /** Who may read it, where it is an archive; see keys.ts. */
  readonly keys: (run: Run) => RunKeys | Promise<RunKeys>;
  /** Default as configured. */
  readonly engine?: Engine;
}

/**
 * Takes a backup of the target into a store; the manifest says where the history stood and what was pending. Throws what
 * the engine throws, and `BACKUP_MOVED` where the history moved meanwhile: what of that is in the data nobody knows.
 */
export async function takeInto(
  run: Run,
  connection: Connection,
  store: BackupStore,
  standing: Standing,
  { keys, engine = engineOf(run) }: TakenFor,
): Promise<Taken> {
  const { flags, settings } = run.invocation;
  await refuseHalfRestored(run, connection);
  if (engine === 'atlas') return takeManaged(run, connection, store, standing);
  const say = bytesProgress(run.log, 'Backing up.');
  return takeBackup(connection, {
    ...standing,
    store,
    engine: openEngine(run, engine),
    own: namesOf(run),
    releaseId: run.releaseId,
    target: backedUpTarget(run, connection),
    compression: flags.compression ?? settings.backup.compression,
    consistency: flags.consistency ?? settings.backup.consistency,
    keys: await keys(run),
    check: () => refuseMoved(run, connection, standing.position.digest),
    toolVersion: run.toolVersion,
    log: run.log,
    signal: run.signal,
    onProgress: ({ total }) => say(total.bytes, total.expectedBytes),
  });
}

async function refuseMoved(run: Run, connection: Connection, digest: string): Promise<void> {
  const { records } = await readRecords(run, connection, await listFiles(run).catch(() => []));
  if (position(records).digest === digest) return;
  const { databaseName } = connection.db;
  throw new ReleaseError('BACKUP_MOVED', `The history of ${databaseName} moved while a backup of it was taken.`, {
    hint: 'Wait until no migration is running (mongo-release status shows who is at it), then run this again.',
  });
}

interface Known {
  /** What Atlas says of it, where it was asked. */
  readonly snapshot?: SnapshotState;
  readonly verifiedAt?: string;
}

export function factsOf(
  manifest: Manifest,
  location: string,
  { snapshot = 'unknown', verifiedAt }: Known = {},
): BackupFacts {
  const { id, createdAt } = manifest;
  const { name, database, environment } = manifest.target;
  const about = { id, location, createdAt, target: name, database, environment, verifiedAt };
  if (manifest.engine === 'atlas') return { ...about, engine: 'atlas', ...manifest.atlas, snapshot };
  const { documents, bytes } = manifestTotals(manifest);
  return {
    ...about,
    engine: manifest.engine,
    documents,
    bytes,
    archiveBytes: manifest.archive.bytes,
    clusterTime: manifest.clusterTime && new Date(manifest.clusterTime.t * 1000).toISOString(),
    consistency: manifest.consistency,
    outsideSnapshot: manifest.namespaces.flatMap((entry) => (entry.readOutsideSnapshot ? [entry.name] : [])),
    compression: manifest.compression,
    encrypted: manifest.encryption !== undefined,
  };
}

export function factsOfTaken({ manifest, location, durationMs }: Taken): BackupFacts {
  return { ...factsOf(manifest, location, { snapshot: 'completed' }), durationMs };
}
