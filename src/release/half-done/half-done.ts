import { isUnsettled } from '../../migration/history/position.ts';
import type { HistoryRecord, MigrationFile } from '../../migration/types.ts';
import { countImages } from '../../migration/undo/inspect.ts';
import type { Connection } from '../../mongo/connect.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import { plural } from '../../report/format.ts';
import { runInWords } from '../record/run-in-words.ts';
import { namesOf, type Run } from '../run.ts';
import { patienceMs, wayOn } from './way-on.ts';

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
          ? `was left half-way ${direction} by ${await runInWords(run, connection, releaseId)}, whose run is gone`
          : `${state === 'failed' ? 'failed' : 'was interrupted'} on its way ${direction}${code}`;
      const gone = file === undefined ? `, and there is no file ${record.fileName}` : '';
      const next = await wayOn(run, connection, record, file);
      return { name, far: `${name} ${stopped}, after ${far}${gone}.`, next };
    }),
  );
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
