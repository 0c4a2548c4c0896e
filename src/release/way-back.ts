import { type DownStep, selectDown } from '../migration/down.ts';
import { isUnsettled } from '../migration/history/position.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import type { ReleaseRecord } from './record.ts';
import type { Run } from './run.ts';
import { readWayDown, type WayDown } from './way-down.ts';

/** The way that was chosen, and why: people read the why before they agree. */
export type WayBack =
  | { readonly strategy: 'none'; readonly why: string }
  | { readonly strategy: 'down'; readonly names: readonly string[]; readonly why: string }
  | { readonly strategy: 'restore'; readonly backupId: string; readonly why: string };

/**
 * The way back of a release. `auto` goes down where every migration that the release left in the target reached its end
 * and has a `down`, since that keeps what users wrote; otherwise it restores the release's backup.
 *
 * Throws `IRREVERSIBLE`, `DOWN_BLOCKED`, `NO_WAY_BACK` where the way that was asked for, or every way, is closed.
 */
export function chooseWayBack(release: ReleaseRecord, wayDown: WayDown, asked: 'auto' | 'down' | 'restore'): WayBack {
  if (asked === 'restore') return restoring(release, 'A restore was asked for.');
  const steps = stepsOf(release, wayDown);
  if (steps instanceof ReleaseError) {
    if (asked === 'down' || release.backupId === undefined) throw steps;
    return restoring(release, steps.message);
  }
  if (steps.length === 0) return { strategy: 'none', why: `Nothing of release ${release._id} is in the target.` };
  // One whose journal has the images is undone, which needs no `down` that copes with half of an `up`; one that never
  // began its way down is there as a whole.
  const halfRun = steps.find(
    ({ record }) => isUnsettled(record) && record.journal?.images !== true && record.journal?.entries !== 0,
  );
  // Asked for by name, the `down` of a half-run migration is run too: it has to cope with what it finds.
  if (halfRun !== undefined && asked === 'auto' && release.backupId !== undefined) {
    return restoring(release, `${halfRun.file.name} did not reach its end, so its down may not fit what it finds.`);
  }
  const names = steps.map((step) => step.file.name);
  return { strategy: 'down', names, why: `Each has a way down, the last applied first: ${names.join(', ')}.` };
}

const nothing: WayDown = { files: new Map(), facts: new Map(), records: [] };

/** The way back as things stand. Throws as `chooseWayBack` does. */
export async function findWayBack(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  asked: 'auto' | 'down' | 'restore',
): Promise<WayBack> {
  // A restore needs none of the files, and goes past whatever blocks the way down.
  const wayDown = asked === 'restore' ? nothing : await readWayDown(run, connection, { release: release._id });
  return chooseWayBack(release, wayDown, asked);
}

function stepsOf(release: ReleaseRecord, { records, files, facts }: WayDown): DownStep[] | ReleaseError {
  try {
    return selectDown({ records, files: [...files.values()], facts, scope: { release: release._id } });
  } catch (error) {
    if (error instanceof ReleaseError && error.code === 'IRREVERSIBLE') return error;
    throw error;
  }
}

function restoring(release: ReleaseRecord, why: string): WayBack {
  if (release.backupId !== undefined) return { strategy: 'restore', backupId: release.backupId, why };
  throw new ReleaseError('NO_WAY_BACK', `Release ${release._id} names no backup that could be restored.`, {
    hint: 'mongo-release inspect lists the backups, and mongo-release restore BACKUP brings one back.',
  });
}
