import { isExpired, type Manifest } from './manifest.ts';
import { type BackedUpTarget, otherTarget } from './same-target.ts';
import type { StoredBackup } from './stores/store.ts';

export interface RetentionRules {
  /** How many are kept, the newest ones. Undefined: all. */
  readonly keep?: number;
  /** For how long they are kept, in milliseconds. Undefined: for ever. */
  readonly keepForMs?: number;
}

export interface RetentionContext {
  readonly now: Date;
  /** Backups of this target; what else is in the store is somebody else's. */
  readonly of: BackedUpTarget;
  /** Ids that a release refers to that is not over: it may have to be taken back. */
  readonly inUse: ReadonlySet<string>;
}

/**
 * The backups that may go, the oldest first. Pure.
 *
 * Both rules have to hold for a backup to stay. Never among them: the newest one; the newest one that was verified, since
 * of all others nobody knows whether they can be restored; one in use; one whose manifest cannot be read, which a person
 * should look at. A snapshot that Atlas has removed by now can be restored by nobody: it goes unless it is
 * in use, where clocks may differ, and counts for none.
 */
export function expiredBackups(
  backups: readonly StoredBackup[],
  { keep, keepForMs }: RetentionRules,
  { now, of, inUse }: RetentionContext,
): Manifest[] {
  if (keep === undefined && keepForMs === undefined) return [];
  const all = backups
    .filter((entry) => entry.state === 'readable')
    .filter(({ manifest: { target } }) => otherTarget(target, of) === undefined)
    .sort((a, b) => Date.parse(b.manifest.createdAt) - Date.parse(a.manifest.createdAt));
  const ours = all.filter(({ manifest }) => !isExpired(manifest, now));
  const newestVerified = ours.find(({ verified }) => verified !== undefined);
  const oldest = keepForMs === undefined ? undefined : now.getTime() - keepForMs;
  const old = ours.filter((entry, index) => {
    if (index === 0 || entry === newestVerified || inUse.has(entry.id)) return false;
    if (keep !== undefined && index >= keep) return true;
    return oldest !== undefined && Date.parse(entry.manifest.createdAt) < oldest;
  });
  const gone = all.filter((entry) => old.includes(entry) || !(ours.includes(entry) || inUse.has(entry.id)));
  return gone.map(({ manifest }) => manifest).reverse();
}
