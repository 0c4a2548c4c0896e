import type { Connection } from '../../mongo/connect.ts';
import type { Run } from '../run.ts';
import { ReleaseRecords } from './records.ts';

/** The run of that id: a rollback and a `down` have one of their own. Throws as `ReleaseRecords` does. */
export async function runInWords(run: Run, { db }: Connection, id: string): Promise<string> {
  const kind = (await new ReleaseRecords(db, run).find(id))?.kind;
  return `${kind === 'rollback' || kind === 'down' ? kind : 'release'} ${id}`;
}
