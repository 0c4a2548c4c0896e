import type { ArchiveManifest } from '../../backup/manifest.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { ReleaseError } from '../../observe/error.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';
import type { DrillResult, Step } from '../result.ts';
import type { Run } from '../run.ts';
import type { DrilledTarget } from './choose.ts';

/** `unknown`: something kept the drill from finding out. */
export type Verdict = 'passed' | 'failed' | 'unknown';

/** One drill, as it stands in the store under `drills/ID.json`: in it are the words of `ReleaseRecord` where both have the same. */
export interface DrillRecord {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly kind: 'drill';
  readonly state: Verdict;
  /** ISO 8601, by this machine's clock. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly target: string;
  readonly database?: string;
  readonly environment?: string;
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
    ...{ schemaVersion: 1, id: run.releaseId, kind: 'drill', state: verdictOf(error) },
    ...{ startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() },
    ...{ target: of.name, database: of.database, environment: of.environment },
    ...{ backupId: manifest?.id, sha256: manifest?.archive.sha256, positionBefore: manifest?.position.digest },
    migrations: result?.migrations.map(({ name }) => name),
    ...{ result, steps },
    error: error && { code: error.code, message: run.secrets.scrub(error.message) },
    ...{ actor, host, runUrl, commit, toolVersion: run.toolVersion },
  };
  return store.documents('drills').put(record.id, record);
}

/** The drills of a target that the store has, the newest first; `damaged` are ids of which nothing can be relied on. */
export async function readDrills(
  store: BackupStore,
  { name, database }: DrilledTarget,
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
      if (drill.target === name && (drill.database ?? database) === database) drills.push(drill);
    }
  }
  return { drills, damaged };
}

/** Documents under way at the same time. */
const atOnce = 8;
