import { isHalfDone, nextOfHalf } from '../../migration/beginning.ts';
import { isUnsettled } from '../../migration/history/position.ts';
import type { HistoryRecord, MigrationFile } from '../../migration/types.ts';
import { countImages } from '../../migration/undo/inspect.ts';
import { foreseeUndo } from '../../migration/undo/undo.ts';
import type { Connection } from '../../mongo/connect.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import { plural } from '../../report/format.ts';
import { rollbackGoesOn } from '../rollback/open.ts';
import { namesOf, type Run } from '../run.ts';
import { waysOut } from './blocked.ts';
import { undoInTheWay } from './undo-run.ts';
import { missingFile } from './way-down.ts';

/** What takes longer reads a large journal: whoever looks at the status does not wait for it. Milliseconds. */
const patienceMs = 1000;

/** A migration that has not reached its end, in sentences. */
export interface Unsettled {
  readonly name: string;
  /** How far it is. */
  readonly far: string;
  /** What comes next of it; undefined while a run is at it. */
  readonly next?: string;
}

/** How far each migration is that has not reached its end, and what comes next of it. Only reads. */
export function unsettled(
  run: Run,
  connection: Connection,
  files: readonly MigrationFile[],
  records: readonly HistoryRecord[],
  leaseHeld: boolean,
): Promise<Unsettled[]> {
  return Promise.all(
    records.filter(isUnsettled).map(async (record) => {
      const { _id: name, state, direction, releaseId, error } = record;
      const far = await howFar(run, connection, record);
      if (state === 'running' && leaseHeld) {
        return { name, far: `${name} is on its way ${direction}, with ${far} so far.` };
      }
      const file = files.find((one) => one.name === name);
      const code = error === undefined ? '' : ` [${error.code}]`;
      // Nobody holds the lease, so nobody is running it: its run was killed, or lost the server.
      const stopped =
        state === 'running'
          ? `was left half-way ${direction} by release ${releaseId}, whose run is gone`
          : `${state === 'failed' ? 'failed' : 'was interrupted'} on its way ${direction}${code}`;
      const gone = file === undefined ? `, and there is no file ${record.fileName}` : '';
      const next = await nextOf(run, connection, record, file);
      return { name, far: `${name} ${stopped}, after ${far}${gone}.`, next };
    }),
  );
}

/** Where what it did cannot be undone, only the ways that do not need that. */
async function nextOf(
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
  if (journal === undefined || journal.entries === 0 || !isHalfDone(prior)) return nextOfHalf(prior, file);
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
  if (blocked === undefined) return nextOfHalf(prior, file);
  const turn = { file: file ?? missingFile(run, prior) };
  const ways = await waysOut(run, connection, { turn, prior, journal });
  return `What was done of it cannot be undone: ${undoInTheWay(blocked)}. ${ways}`;
}

/** In operations, and in documents as far as somebody counted them. */
export async function howFar(run: Run, connection: Connection, record: HistoryRecord): Promise<string> {
  const { journal, effects } = record;
  const operations = journal?.entries ?? effects?.operations;
  if (operations === undefined) return 'nobody knows how much';
  const documents =
    effects === undefined
      ? await documentsInJournal(run, connection, record)
      : effects.modified + effects.inserted + effects.deleted;
  return [plural(operations, 'operation'), ...(documents === undefined ? [] : [plural(documents, 'document')])].join(
    ', ',
  );
}

async function documentsInJournal(
  run: Run,
  connection: Connection,
  { _id: migration, journal }: HistoryRecord,
): Promise<number | undefined> {
  if (journal?.images !== true) return undefined;
  const attempt = { migration, number: journal.attempt };
  try {
    return await countImages(connection, namesOf(run), attempt, { maxTimeMS: patienceMs });
  } catch (error) {
    if (serverCode(error) === serverCodes.MaxTimeMSExpired) return undefined;
    throw error;
  }
}
