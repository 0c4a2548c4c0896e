import { backupIdNames } from '../../backup/backup-id.ts';
import { type ArchiveManifest, isExpired, type Manifest, withArchive } from '../../backup/manifest.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import type { Environment } from '../../config/schema.ts';
import { configuredTarget } from '../../config/target.ts';
import { listed } from '../../migration/files/find.ts';
import { otherCluster } from '../../mongo/cluster.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Run } from '../run.ts';

/** Of which target a backup has to be, as far as that is said without its address: what is drilled for is that it is gone. */
export interface DrilledTarget {
  readonly name: string;
  readonly database?: string;
  readonly environment?: Environment;
}

/** Throws `USAGE` where the configuration has several targets and none is named. */
export function drilledTarget({ invocation: { settings, flags, migrateMongo } }: Run): DrilledTarget {
  const { name = 'default', configured, environment } = configuredTarget(settings, flags);
  return { name, database: flags.database ?? configured?.database ?? migrateMongo?.databaseName, environment };
}

/**
 * The backup that `--backup` names, or the newest of this target. One that is damaged is not passed over for an older one:
 * it is the one that a restore would need.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, `ARCHIVE_DAMAGED`; `ARCHIVE_NEEDED` for a snapshot of Atlas, which no
 * sandbox can restore; `USAGE` where the store has several databases of this target and none is named, or what is of
 * several clusters: names repeat from project to project.
 */
export async function chooseBackup(run: Run, store: BackupStore, target: DrilledTarget): Promise<ArchiveManifest> {
  const { backup } = run.invocation.flags;
  if (backup !== undefined) return withArchive(await store.readManifest(backup));
  const now = new Date();
  const all = await store.list();
  const fits = ({ target: of }: Manifest) =>
    of.name === target.name &&
    (target.database === undefined || of.database === target.database) &&
    (target.environment === undefined || of.environment === target.environment);
  const ours = all.filter((one) =>
    one.state === 'damaged' ? backupIdNames(one.id, target.name) : fits(one.manifest) && !isExpired(one.manifest, now),
  );
  const [newest] = ours;
  if (newest?.state === 'damaged') throw newest.problem;
  if (newest === undefined)
    throw noneOf(
      target,
      store,
      all.flatMap((one) => ('manifest' in one ? one.manifest : [])),
    );
  const targets = ours.flatMap((one) => ('manifest' in one ? one.manifest.target : []));
  const databases = [...new Set(targets.map(({ database }) => database))];
  if (databases.length > 1) {
    throw new ReleaseError(
      'USAGE',
      `The store has backups of several databases of ${target.name}: ${listed(databases)}.`,
      {
        hint: `Say which: --database ${databases[0]}`,
      },
    );
  }
  // From one to the next: a replica set may change its members until none of the first is left.
  const clusters = targets.flatMap(({ cluster }) => cluster ?? []);
  if (clusters.some((cluster, i) => i > 0 && otherCluster(clusters[i - 1], cluster))) {
    throw new ReleaseError(
      'USAGE',
      `The store has backups of ${target.name} / ${databases[0]} in several clusters, and which one is meant nobody knows.`,
      {
        hint: `Name one, such as --backup ${newest.id}, and give each cluster a store, or a folder in it, of its own.`,
      },
    );
  }
  return withArchive(newest.manifest);
}

function noneOf(target: DrilledTarget, { location }: BackupStore, others: readonly Manifest[]): ReleaseError {
  const first = others[0]?.target;
  if (first === undefined) {
    return new ReleaseError('BACKUP_NOT_FOUND', `There is no backup in ${location}.`, {
      hint: 'Take one with mongo-release backup; --store says where backups are kept.',
    });
  }
  const what = target.database === undefined ? target.name : `${target.name} / ${target.database}`;
  const of = [
    ...new Set(others.map((one) => `${one.target.name} / ${one.target.database} (${one.target.environment})`)),
  ];
  return new ReleaseError(
    'BACKUP_NOT_FOUND',
    `There is no backup of ${what} in ${location}; it has those of ${listed(of)}.`,
    {
      hint: `Name the target with --target, its database with --database, or a backup with --backup: mongo-release inspect lists them.`,
    },
  );
}
