import { beginningOf, isHalfDone, nextOfHalf } from '../../migration/beginning.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { HistoryRecord, MigrationFile } from '../../migration/types.ts';
import { foreseeUndo } from '../../migration/undo/undo.ts';
import type { Connection } from '../../mongo/connect.ts';
import { serverCode } from '../../mongo/server-error.ts';
import { rollbackGoesOn } from '../rollback/open.ts';
import { namesOf, type Run } from '../run.ts';
import { notUndone, waysOut } from './blocked.ts';
import { missingFile } from './missing-file.ts';
import { ofRelease } from './of-release.ts';

/** What takes longer reads a large journal: whoever looks at the status does not wait for it. Milliseconds. */
export const patienceMs = 1000;

/**
 * What comes next of a migration that has not reached its end, in sentences, where nobody is running it: the one answer,
 * whoever asks. Where what it did cannot be undone, only the ways that do not need that. Only reads.
 */
export async function wayOn(
  run: Run,
  connection: Connection,
  prior: HistoryRecord,
  file: MigrationFile | undefined,
): Promise<string> {
  const { _id: migration, journal } = prior;
  if (prior.direction === 'down') {
    const rollback = await rollbackGoesOn(run, connection, prior.releaseId);
    if (rollback !== undefined) return `${rollback} with that.`;
  }
  const of = await ofRelease(run, connection, prior);
  if (journal === undefined || journal.entries === 0 || !isHalfDone(prior)) return nextOfHalf(prior, file, of);
  const signal = AbortSignal.timeout(patienceMs);
  const mode = prior.way === 'undo' ? 'tolerant' : 'strict';
  const options = { mode, expectedEntries: journal.entries, signal } as const;
  const attempt = { migration, number: journal.attempt };
  const blocked = await foreseeUndo(connection, namesOf(run), attempt, options).then(
    (foreseen) => foreseen.blocked,
    (error: unknown) => {
      // What nobody saw is not told: an undo looks again before it begins.
      if (signal.aborted || serverCode(error) !== undefined) return undefined;
      throw error;
    },
  );
  if (blocked === undefined) return nextOfHalf(prior, file, of);
  const goesOn = file !== undefined && beginningOf(prior, file, prior.direction).how === 'resume';
  const back = prior.direction === 'up' && blocked.state === 'conflicts' && of.back !== undefined;
  // Neither of the two needs what is in the way; and where no images are kept, that is what is said.
  if (goesOn && (back || !journal.images) && prior.error?.code !== 'REPLAY_DIVERGED')
    return nextOfHalf(prior, file, { ...of, met: journal.images });
  const turn = { file: file ?? missingFile(run, prior) };
  const ways = await waysOut(run, connection, { turn, prior, journal }, blocked, of);
  return `What was done of it ${notUndone(blocked)}. ${ways}`;
}

/** The same of each of these that has not, by name. */
export async function waysOn(
  run: Run,
  connection: Connection,
  records: readonly HistoryRecord[],
  files: readonly MigrationFile[],
): Promise<ReadonlyMap<string, string>> {
  const open = records.filter(isUnsettled).map(async (record) => {
    const file = files.find(({ name }) => name === record._id);
    return [record._id, await wayOn(run, connection, record, file)] as const;
  });
  return new Map(await Promise.all(open));
}
