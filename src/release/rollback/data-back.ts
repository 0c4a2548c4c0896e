import type { Lost } from '../../backup/restore/late.ts';
import { readHistory } from '../../migration/history/history.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { ReleaseError } from '../../observe/error.ts';
import { runInTarget } from '../applying/apply.ts';
import { turnsOf } from '../applying/turns.ts';
import { storeOf } from '../backup/take-backup.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { finishEarlier, restoreOf } from '../restore/restore-into.ts';
import { fromStore } from '../restore/restored-from.ts';
import type { RestoreResult } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import type { Tenure } from '../under-lease.ts';
import { isTakenOtherwise, wasRestored } from './earlier.ts';
import { lossIn } from './loss.ts';
import { type Consent, lossStillAgreed } from './restoring.ts';
import type { DataTakenBack } from './result.ts';
import { undoInTarget } from './undo-release.ts';
import type { Found } from './way-back.ts';

export interface DataEnd {
  readonly data: Partial<DataTakenBack>;
  /** Whether all that any way back had done before is replaced. */
  readonly replaced?: boolean;
  /** What stopped it half-way. */
  readonly error?: ReleaseError;
}

export interface DataSteps {
  /** Its id. */
  readonly release: string;
  /** What a person has agreed to; undefined where nobody was asked. */
  readonly consent?: Consent;
  /** Puts on record what is known before it is done. */
  keep(data: Partial<DataTakenBack>): Promise<void>;
}

/** Whatever a restore would have lost that was to come first. */
const nothingLost = { loss: undefined };

/** Takes the data back, under the lease. Throws what kept it from beginning. */
export async function dataBack(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  { way, wayDown }: Found,
  { release, consent, keep }: DataSteps,
): Promise<DataEnd> {
  const onLost = (lost: Lost) => keep({ loss: lossIn(lost) });
  switch (way.strategy) {
    case 'none': {
      // The restore of a killed run may have come to its end but for what it had put aside.
      await finishEarlier(run, connection, tenure, { onLost });
      return { data: { failed: undefined } };
    }
    case 'undo': {
      const { done, failed, undone, conflicts, error } = await undoInTarget(
        run,
        connection,
        tenure,
        release,
        way.names,
      );
      return { data: { reverted: done, failed, undo: undone, conflicts, ...nothingLost }, error };
    }
    case 'down': {
      const progress = await runInTarget(run, connection, tenure, 'down', turnsOf(wayDown, way.names));
      return { data: { reverted: progress.done, failed: progress.failed, ...nothingLost }, error: progress.error };
    }
    case 'restore': {
      const manifest = await storeOf(run).readManifest(way.backupId);
      // Restored anew it would lose what users have written since it was cut off.
      const finished =
        manifest.engine === 'atlas'
          ? undefined
          : await finishEarlier(run, connection, tenure, { from: fromStore(run, manifest), onLost });
      if (finished !== undefined) return restoredAway(run, connection, finished);
      const countOn = lossStillAgreed(run, connection, manifest, consent);
      const stillAgreed = async () => {
        const { loss, counted } = await countOn();
        await keep({ loss });
        return counted;
      };
      await stillAgreed();
      // Once more when all is built, and on from there until all are replaced: where nothing stops them, users write on.
      const restore = await restoreOf(run, connection, tenure, manifest, { mayReplace: stillAgreed, onLost });
      return restoredAway(run, connection, restore);
    }
  }
}

/**
 * What a restore of its backup has done that came to its end and could not say so, as far as anybody knows by now; under the
 * lease, since what it had put aside is removed. The store need not be there any more, but for what was restored.
 */
export async function restoredBefore(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  before: ReleaseRecord,
  keep: DataSteps['keep'],
): Promise<DataEnd> {
  const { backupId } = before;
  const read = async () => (backupId === undefined ? undefined : await storeOf(run).readManifest(backupId));
  const manifest = await read().catch(() => undefined);
  const from = manifest === undefined || manifest.engine === 'atlas' ? undefined : fromStore(run, manifest);
  const onLost = (lost: Lost) => keep({ loss: lossIn(lost) });
  const restore = await finishEarlier(run, connection, tenure, { from, ended: true, onLost });
  return restoredAway(run, connection, restore, before);
}

/**
 * With the migrations that the history says went back with it; Atlas brings another history. Best effort: the data are back.
 * `before`: the rollback that may have begun it, where nobody is left who could tell: its data may be back by another way.
 */
async function restoredAway(
  run: Run,
  { db }: Connection,
  restore: RestoreResult | undefined,
  before?: ReleaseRecord,
): Promise<DataEnd> {
  const reading = restore?.cluster === undefined ? readHistory(db, namesOf(run), { brief: true }) : [];
  const history = await Promise.resolve(reading).catch(() => []);
  const gone = history.filter(
    ({ releaseId, state, origin }) =>
      releaseId === run.releaseId && state === 'rolled-back' && origin?.kind === 'restore',
  );
  const reverted = gone.sort((a, b) => a.sequence - b.sequence).map(({ _id: name }) => ({ name }));
  const replaced = restore !== undefined || gone.length > 0 || (before !== undefined && wasRestored(history, before));
  const over = restore === undefined && before !== undefined && isTakenOtherwise(history, before);
  const told = over ? { ...nothingLost, failed: undefined } : {};
  return { data: { ...(restore && { restore, kept: restore.kept }), reverted, ...told }, replaced };
}
