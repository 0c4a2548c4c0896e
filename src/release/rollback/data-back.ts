import type { Connection } from '../../mongo/connect.ts';
import type { ReleaseError } from '../../observe/error.ts';
import { runInTarget } from '../apply.ts';
import { restoreInto } from '../restore-into.ts';
import type { Run } from '../run.ts';
import { storeOf } from '../take-backup.ts';
import { turnsOf } from '../turns.ts';
import type { Tenure } from '../under-lease.ts';
import { lossOf } from './loss.ts';
import type { DataTakenBack } from './result.ts';
import { undoInTarget } from './undo-release.ts';
import type { Found } from './way-back.ts';

/** For counting what a restore loses, while users are shut out. */
const recountMs = 5000;

export interface DataEnd {
  readonly data: Partial<DataTakenBack>;
  /** What stopped it half-way. */
  readonly error?: ReleaseError;
}

/** Takes the data back, under the lease. Throws what kept it from beginning. */
export async function dataBack(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  { way, wayDown }: Found,
): Promise<DataEnd> {
  switch (way.strategy) {
    case 'none':
      return { data: {} };
    case 'undo': {
      const { done, failed, undone, conflicts, error } = await undoInTarget(run, connection, tenure, way.names);
      return { data: { reverted: done, failed, undo: undone, conflicts }, error };
    }
    case 'down': {
      const progress = await runInTarget(run, connection, tenure, 'down', turnsOf(wayDown, way.names));
      return { data: { reverted: progress.done, failed: progress.failed }, error: progress.error };
    }
    case 'restore': {
      // Once more, since now traffic is stopped: this is what is lost. Nobody waits for it for long.
      const loss = await lossOf(run, connection, await storeOf(run).readManifest(way.backupId), recountMs);
      const restore = await restoreInto(run, connection, tenure, way.backupId);
      return { data: { restore, kept: restore.kept, loss } };
    }
  }
}
