import { undoneByJournal } from '../../migration/beginning.ts';
import { describeMigrations } from '../../migration/describe.ts';
import { type DownScope, onTheWay } from '../../migration/down.ts';
import type { HistoryRecord, MigrationFacts, MigrationFile } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { childOptions } from '../child-options.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import type { Run } from '../run.ts';
import { unusableWhere } from '../situation/situation.ts';
import { missingFile } from './missing-file.ts';

/**
 * What there is to know before going down. What the journal undoes needs no file: where that is gone, `missingFile`
 * stands in its place.
 */
export interface WayDown {
  readonly files: ReadonlyMap<string, MigrationFile>;
  /** Of the migrations on the way. */
  readonly facts: ReadonlyMap<string, MigrationFacts>;
  readonly records: readonly HistoryRecord[];
}

/**
 * Reads files and history, and loads those files that are on the way: any other one may be broken, and is in nobody's
 * way. Nothing is written. Throws as `selectDown` does for the scope.
 */
export async function readWayDown(
  run: Run,
  connection: Connection,
  scope: DownScope | ((records: readonly HistoryRecord[]) => Promise<DownScope>),
): Promise<WayDown & { readonly scope: DownScope }> {
  const files = await listFiles(run);
  const { records } = await readRecords(run, connection, files);
  const asked = typeof scope === 'function' ? await scope(records) : scope;
  const way = onTheWay(records, asked);
  const names = new Set(way.map(({ _id }) => _id));
  const facts = await describeMigrations(
    files.filter(({ name }) => names.has(name)),
    { ...childOptions(run), unusable: unusableWhere(run, way, undoneByJournal) },
  );
  const known = new Map(files.map((file) => [file.name, file]));
  for (const record of way.filter((one) => undoneByJournal(one) && !known.has(one._id))) {
    const { _id: name, phase } = record;
    known.set(name, missingFile(run, record));
    facts.set(name, { form: 'migrate-mongo', phase, hasDown: false, transaction: false });
  }
  return { files: known, facts, records, scope: asked };
}
