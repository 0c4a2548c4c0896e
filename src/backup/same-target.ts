import { otherCluster } from '../mongo/cluster.ts';
import type { Manifest } from './manifest.ts';

/** What a backup says that it is of. */
export type BackedUpTarget = Manifest['target'];
/** As records of releases have it, which were written by whatever version. */
type Here = Omit<BackedUpTarget, 'environment'> & { readonly environment: string };

/**
 * How a backup shows that it is not of this target, to stand behind "Backup X is"; undefined where nothing shows it.
 * One store may hold backups of several: names of databases repeat, and so do those of targets in several projects.
 */
export function otherTarget(backup: BackedUpTarget, here: Here): string | undefined {
  if (backup.database !== here.database) return `of database ${backup.database}, not of ${here.database}`;
  if (backup.environment !== here.environment)
    return `of environment ${backup.environment}, not of ${here.environment}`;
  if (backup.name !== here.name) return `of target ${backup.name}, not of ${here.name}`;
  return otherCluster(backup.cluster, here.cluster) ? `of a database ${here.database} in another cluster` : undefined;
}
