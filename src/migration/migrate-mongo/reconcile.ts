import type { AnyBulkWriteOperation, Db } from 'mongodb';
import { ignoreCode, serverCodes } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { type HistoryWriter, replacement } from '../history/history.ts';
import type { Turn } from '../history/turn.ts';
import { sendRecords } from '../history/without-run.ts';
import type { HistoryRecord, MigrationFile } from '../types.ts';
import { type Changelog, type ChangelogMirror, type ChangelogSettings, readChangelog } from './changelog.ts';
import { type Differences, differ, differences } from './differences.ts';

/** Names of migrations whose record, or whose entry, was written. */
export interface Reconciled {
  readonly adopted: readonly string[];
  readonly rolledBack: readonly string[];
  readonly written: readonly string[];
}

/**
 * Makes history and migrate-mongo's changelog say the same, after migrate-mongo may have run: its entries that history
 * does not have become records, entries that are gone make theirs `rolled-back` (both with origin `migrate-mongo`), and
 * what only history has is written to the changelog. To be called under the lease, before anything else reads history.
 *
 * All or nothing on a replica set. May be repeated. Throws `CHANGELOG_MISSING`, and as `HistoryTurns.take` does.
 */
export async function reconcile(
  writer: HistoryWriter,
  mirror: ChangelogMirror,
  at: { readonly db: Db; readonly settings: ChangelogSettings; readonly files: readonly MigrationFile[] },
  records: readonly HistoryRecord[],
): Promise<Reconciled> {
  const { db, settings, files } = at;
  const changelog = await readChangelog(db, settings);
  assertChangelog(changelog, records, settings, db.databaseName);
  // Before the first transaction: MongoDB 4.2 makes no collections inside one.
  if (!changelog.exists) await db.createCollection(settings.collection).catch(ignoreCode(serverCodes.NamespaceExists));
  if (!differ(differences(records, changelog, files, settings))) return { adopted: [], rolledBack: [], written: [] };
  return writer.change('adopting the changelog', async (turn, run, fence) => {
    const now = await turn.records.find({}, { session: turn.session }).toArray();
    const found = differences(now, await readChangelog(db, settings, turn.session), files, settings);
    const before = new Map(now.map((record) => [record._id, record]));
    const unwritten = await writeEntries(found, mirror, turn, files);
    let sequence = await turn.sequence(found.adopted.length + found.gone.length);
    const common = { ...run, fence, origin: { kind: 'migrate-mongo' } };
    const writes: AnyBulkWriteOperation<HistoryRecord>[] = [];
    for (const { _id, checksum, fileName, phase, description } of found.gone) {
      const kept = { checksum, fileName, phase, description };
      const record = { ...common, ...kept, state: 'rolled-back', direction: 'down', sequence: sequence++ };
      writes.push(put(_id, before.get(_id), record, { startedAt: '$$NOW', finishedAt: '$$NOW' }));
    }
    for (const { name, fileName, checksum, appliedAt } of found.adopted) {
      const phase = before.get(name)?.phase ?? 'before-deploy';
      const kept = { checksum, fileName, phase, startedAt: appliedAt, appliedAt, changelog: settings.collection };
      const record = { ...common, ...kept, state: 'applied', direction: 'up', sequence: sequence++ };
      writes.push(put(name, before.get(name), record, { finishedAt: '$$NOW' }));
    }
    for (const { _id, sequence, fence } of [...found.unmarked, ...unwritten]) {
      const update = { $set: { changelog: settings.collection } };
      writes.push({ updateOne: { filter: { _id, sequence, fence }, update } });
    }
    await sendRecords(turn, writes);
    return {
      adopted: found.adopted.map(({ name }) => name),
      rolledBack: found.gone.map((record) => record._id),
      written: unwritten.map((record) => record._id),
    };
  });
}

/**
 * Throws `CHANGELOG_MISSING` where history says that the changelog had entries and the whole collection is gone: to take
 * that for "nothing is applied" would run everything again.
 */
export function assertChangelog(
  changelog: Changelog,
  records: readonly HistoryRecord[],
  { collection }: ChangelogSettings,
  database: string,
): void {
  const had = records.filter((record) => record.state === 'applied' && record.changelog === collection);
  if (changelog.exists || had.length === 0) return;
  throw new ReleaseError(
    'CHANGELOG_MISSING',
    `The changelog ${collection} of database ${database} is gone, and history has ${had.length} applied migrations that stood in it.`,
    {
      hint: `Bring the collection back (mongo-release restore BACKUP --only ${collection}), or correct changelogCollectionName. Only where everything is to run again, make it empty: db.createCollection(${JSON.stringify(collection)})`,
    },
  );
}

async function writeEntries(
  { unwritten }: Differences,
  mirror: ChangelogMirror,
  { session }: Turn,
  files: readonly MigrationFile[],
): Promise<readonly HistoryRecord[]> {
  const names = new Map(files.map((file) => [file.name, file.fileName]));
  const oldestFirst = [...unwritten].sort((a, b) => a.sequence - b.sequence);
  for (const { _id, fileName, checksum, appliedAt, startedAt } of oldestFirst)
    await mirror.applied({ fileName: names.get(_id) ?? fileName, checksum }, session, appliedAt ?? startedAt);
  return oldestFirst;
}

function put(
  name: string,
  prior: HistoryRecord | undefined,
  record: Record<string, unknown>,
  times: Parameters<typeof replacement>[1],
): AnyBulkWriteOperation<HistoryRecord> {
  const filter = prior
    ? { _id: name, sequence: prior.sequence, fence: prior.fence }
    : { _id: name, sequence: { $exists: false } };
  return { updateOne: { filter, update: replacement(record, times), upsert: prior === undefined } };
}
