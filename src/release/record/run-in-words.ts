import type { Connection } from '../../mongo/connect.ts';
import type { Run } from '../run.ts';
import { ReleaseRecords } from './records.ts';

/** The run of that id: whatever is no release has one of its own. Throws as `ReleaseRecords` does. */
export async function runInWords(run: Run, { db }: Connection, id: string): Promise<string> {
  const { kind = 'migrate' } = (await new ReleaseRecords(db, run).find(id)) ?? {};
  return `${kind === 'migrate' ? 'release' : kind} ${id}`;
}
