import type { ArchiveManifest } from '../../backup/manifest.ts';
import type { BackedUpTarget } from '../../backup/same-target.ts';
import { type Documents, documentTime, newDocumentId } from '../../backup/stores/documents.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import { otherCluster } from '../../mongo/cluster.ts';
import { asReleaseError, type ReleaseError } from '../../observe/error.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';
import type { Step } from '../result.ts';
import type { Run } from '../run.ts';
import type { DrilledTarget } from './choose.ts';
import type { DrillResult } from './result.ts';

/** `unknown`: something kept the drill from finding out. */
export type Verdict = 'passed' | 'failed' | 'unknown';

/** One drill, as it stands in the store under `drills/ID.json`: in it are the words of `ReleaseRecord` where both have the same. */
export interface DrillRecord {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly kind: 'drill';
  readonly releaseId?: string;
  readonly state: Verdict;
  /** ISO 8601, by this machine's clock. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly target: string;
  readonly database?: string;
  readonly environment?: string;
  /** Of the backup: names of targets and databases repeat from project to project. */
  readonly cluster?: BackedUpTarget['cluster'];
  readonly backupId?: string;
  /** Of the archive. */
  readonly sha256?: string;
  /** Digest of the history in which the backup was taken. */
  readonly positionBefore?: string;
  readonly migrations?: readonly string[];
  readonly result?: DrillResult;
  readonly steps: readonly Step[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly actor?: string;
  readonly host: string;
  readonly runUrl?: string;
  readonly commit?: string;
  readonly toolVersion: string;
}

export interface DrillEnd {
  readonly startedAt: Date;
  readonly target: DrilledTarget;
  readonly manifest?: ArchiveManifest;
  readonly result?: DrillResult;
  readonly steps: readonly Step[];
  readonly error?: ReleaseError;
}

/** What says that the backup does not do; anything else says that nobody knows. */
const failing: readonly ErrorCode[] = ['DRILL_FAILED', 'BACKUP_NOT_FOUND', 'MANIFEST_DAMAGED', 'ARCHIVE_DAMAGED'];

export function verdictOf(error: ReleaseError | undefined): Verdict {
  if (error === undefined) return 'passed';
  return failing.includes(error.code) ? 'failed' : 'unknown';
}

/** Puts a drill on record in the store, since the target may be gone; comes back with where. Throws `STORE_FAILED`. */
export async function keepDrill(run: Run, store: BackupStore, end: DrillEnd): Promise<string> {
  const { startedAt, target, manifest, result, steps, error } = end;
  const { actor, host, runUrl, commit } = run.origin;
  const of = manifest?.target ?? target;
  const record: DrillRecord = {
    // Of its own: a drill that is run again under the same release would take the place of the one before.
    ...{
      schemaVersion: 1,
      id: newDocumentId(startedAt),
      kind: 'drill',
      state: verdictOf(error),
      releaseId: run.releaseId,
    },
    ...{ startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() },
    ...{ target: of.name, database: of.database, environment: of.environment, cluster: manifest?.target.cluster },
    ...{ backupId: manifest?.id, sha256: manifest?.archive.sha256, positionBefore: manifest?.position.digest },
    migrations: result?.migrations.map(({ name }) => name),
    ...{ result, steps },
    error: error && { code: error.code, message: run.secrets.scrub(error.message) },
    ...{ actor, host, runUrl, commit, toolVersion: run.toolVersion },
  };
  const drills = store.documents('drills');
  const place = await drills.put(record.id, record);
  await removeOld(run, drills, startedAt);
  return place;
}

const keptForMs = 365 * 24 * 3_600_000;
const leastKept = 100;

/** Those of a year stay, and the newest of the store whatever their age. What fails here is a warning: the next one tidies up again. */
async function removeOld(run: Run, drills: Documents, now: Date): Promise<void> {
  try {
    const old = (await drills.list()).slice(leastKept).filter((id) => {
      const at = documentTime(id);
      return at !== undefined && at < now.getTime() - keptForMs;
    });
    for (const id of old) await drills.remove(id);
  } catch (thrown) {
    const { code, message } = asReleaseError(thrown);
    run.log.warn(`Old records of drills could not be removed: ${message}`, { error: code });
  }
}

/** The drills of a target that the store has, the newest first; `damaged` are ids of which nothing can be relied on. */
export async function readDrills(
  store: BackupStore,
  { name, database, cluster }: Pick<BackedUpTarget, 'name' | 'database' | 'cluster'>,
): Promise<{ readonly drills: readonly DrillRecord[]; readonly damaged: readonly string[] }> {
  const documents = store.documents('drills');
  const drills: DrillRecord[] = [];
  const damaged: string[] = [];
  const ids = await documents.list();
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce);
    for (const [i, read] of (await Promise.all(some.map((id) => documents.read(id)))).entries()) {
      if (read.state === 'damaged') damaged.push(some[i] as string);
      if (read.state !== 'readable') continue;
      // The checksum says that it is one of ours.
      const drill = read.value as unknown as DrillRecord;
      const other = otherCluster(drill.cluster, cluster);
      if (drill.target === name && (drill.database ?? database) === database && !other) drills.push(drill);
    }
  }
  return { drills, damaged };
}

/** Documents under way at the same time. */
const atOnce = 8;
