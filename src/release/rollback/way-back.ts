import { type DownStep, selectDown } from '../../migration/down.ts';
import { listed } from '../../migration/files/find.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { readWayDown, type WayDown } from '../half-done/way-down.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import type { ReleaseRecord } from '../record/record.ts';
import type { Run } from '../run.ts';
import type { RollbackStrategy } from './result.ts';
import { type LookOptions, type Undoable, undoableOf } from './undoable.ts';

/** The way that was chosen, and why: people read the why before they agree. */
export type WayBack =
  | { readonly strategy: 'none'; readonly why: string }
  | { readonly strategy: 'undo' | 'down'; readonly names: readonly string[]; readonly why: string }
  | { readonly strategy: 'restore'; readonly backupId: string; readonly why: string };

export type AskedStrategy = 'auto' | RollbackStrategy;

/** What is known of the ways. */
export interface Ways {
  readonly wayDown: WayDown;
  readonly undo: Undoable;
}

/**
 * The way back of a release. `auto` undoes where the journals tell all of it, since that keeps what users wrote; else it
 * goes down where every migration that the release left in the target reached its end and has a `down`; otherwise it
 * restores the release's backup.
 *
 * Throws `IRREVERSIBLE`, `DOWN_BLOCKED`, `NO_WAY_BACK` where the way that was asked for, or every way, is closed.
 */
export function chooseWayBack(release: Released, { wayDown, undo }: Ways, asked: AskedStrategy): WayBack {
  if (asked === 'restore') return restoring(release, 'A restore was asked for.');
  // Its `down` would find a part of what its `up` made.
  const half = wayDown.records.find((one) => one.way === 'undo' && isUnsettled(one))?._id;
  if (asked === 'undo' || asked === 'auto') {
    if ('names' in undo && undo.names.length > 0) {
      const names = undo.names;
      return {
        strategy: 'undo',
        names,
        why: `The journals lead back from each, the last applied first: ${names.join(', ')}.`,
      };
    }
    if (asked === 'undo' && 'why' in undo) {
      throw new ReleaseError('NO_WAY_BACK', `Release ${release._id} cannot be undone. ${undo.why}`, {
        hint:
          half === undefined
            ? `Type mongo-release rollback ${release._id} --strategy auto, which takes the next best way, or name it: --strategy down, --strategy restore.`
            : outOfHalf(release, half),
      });
    }
  }
  const passedOver = asked === 'auto' && 'why' in undo ? `${undo.why} ` : '';
  if (half !== undefined && passedOver !== '') {
    if (release.backupId !== undefined) return restoring(release, `${passedOver}A part of ${half} is undone already.`);
    throw new ReleaseError('NO_WAY_BACK', `Release ${release._id} cannot be undone any further. ${passedOver.trim()}`, {
      hint: outOfHalf(release, half),
    });
  }
  const steps = stepsOf(release, wayDown);
  if (steps instanceof ReleaseError) {
    if (asked === 'down' || release.backupId === undefined) throw steps;
    return restoring(release, `${passedOver}${steps.message}`);
  }
  if (steps.length === 0) {
    const unclaimed = restoredUnclaimed(release, wayDown.records);
    if (unclaimed !== undefined) throw unclaimed;
    const none = release.migrations.length === 0 ? `Release ${release._id} had no migrations: n` : 'N';
    const of = release.migrations.length === 0 ? 'it' : `release ${release._id}`;
    return { strategy: 'none', why: `${none}othing of ${of} is in the data.` };
  }
  // One whose journal has the images is undone, which needs no `down` that copes with half of an `up`; one that never
  // began its way down is there as a whole.
  const halfRun = steps.find(
    ({ record }) => isUnsettled(record) && record.journal?.images !== true && record.journal?.entries !== 0,
  );
  // Asked for by name, the `down` of a half-run migration is run too: it has to cope with what it finds.
  if (halfRun !== undefined && asked === 'auto' && release.backupId !== undefined) {
    return restoring(
      release,
      `${passedOver}${halfRun.file.name} did not reach its end, so its down may not fit what it finds.`,
    );
  }
  const names = steps.map((step) => step.file.name);
  const why = `${passedOver}Each has a way down, the last applied first: ${names.join(', ')}.`;
  return { strategy: 'down', names, why };
}

export const nothingRead: WayDown = { files: new Map(), facts: new Map(), records: [] };

/** What has to be known of a release to take it back. One of code alone has no record. */
export type Released = Pick<ReleaseRecord, '_id' | 'migrations' | 'backupId'>;

/** A way, and what was read to find it: nothing for a restore, the records alone for an undo. */
export interface Found {
  readonly way: WayBack;
  readonly wayDown: WayDown;
}

/** The way back as things stand. Throws as `chooseWayBack` does. */
export async function findWayBack(
  run: Run,
  connection: Connection,
  release: Released,
  asked: AskedStrategy,
  options: LookOptions = {},
): Promise<Found> {
  // A restore needs none of the files, and goes past whatever blocks the way down.
  const ways =
    asked === 'restore'
      ? { wayDown: nothingRead, undo: { names: [] } }
      : await readWays(run, connection, release, asked, options);
  return { way: chooseWayBack(release, ways, asked), wayDown: ways.wayDown };
}

async function readWays(
  run: Run,
  connection: Connection,
  release: Released,
  asked: AskedStrategy,
  options: LookOptions,
): Promise<Ways> {
  const files = await listFiles(run);
  const { records } = await readRecords(run, connection, files);
  const undo =
    asked === 'down'
      ? { why: 'A way down was asked for.' }
      : await undoableOf(run, connection, release._id, records, options);
  // What is undone needs no file: a broken one is in nobody's way.
  if ('names' in undo) return { undo, wayDown: { ...nothingRead, records } };
  return { undo, wayDown: await readWayDown(run, connection, { release: release._id }) };
}

function stepsOf(release: Released, { records, files, facts }: WayDown): DownStep[] | ReleaseError {
  try {
    return selectDown({ records, files: [...files.values()], facts, scope: { release: release._id } });
  } catch (error) {
    if (error instanceof ReleaseError && error.code === 'IRREVERSIBLE') return error;
    throw error;
  }
}

/** Where a backup brought its migrations back that does not say which release had applied them, as those of older versions. */
function restoredUnclaimed({ _id, migrations }: Released, records: WayDown['records']): ReleaseError | undefined {
  const found = records.filter(
    ({ _id: name, state, origin, appliedIn }) =>
      state === 'applied' && origin?.kind === 'restore' && appliedIn === undefined && migrations.includes(name),
  );
  const [one] = found;
  if (one === undefined) return undefined;
  return new ReleaseError(
    'NO_WAY_BACK',
    `Backup ${one.origin?.backupId} has brought ${listed(found.map((record) => record._id))} back, and does not say whether release ${_id} had applied that.`,
    { hint: 'mongo-release down takes the last applied migration back, and mongo-release status lists them.' },
  );
}

/** The ways that are open to a migration that is undone in part, where its journal does not lead any further. */
function outOfHalf({ _id, backupId }: Released, name: string): string {
  const restore =
    backupId === undefined
      ? ''
      : `Type mongo-release rollback ${_id} --strategy restore, which loses what was written since. Or `;
  const byHand = `bring back by hand what the undo of ${name} took away, and type mongo-release baseline ${name}: it counts as applied then.`;
  return restore === '' ? `${byHand.charAt(0).toUpperCase()}${byHand.slice(1)}` : `${restore}${byHand}`;
}

function restoring(release: Released, why: string): WayBack {
  if (release.backupId !== undefined) return { strategy: 'restore', backupId: release.backupId, why };
  throw new ReleaseError('NO_WAY_BACK', `Release ${release._id} names no backup that could be restored.`, {
    hint: 'mongo-release inspect lists the backups, and mongo-release restore BACKUP brings one back.',
  });
}
