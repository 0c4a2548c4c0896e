import { listMigrations } from '../migration/files/files.ts';
import { type HistoryWriter, readHistory } from '../migration/history/history.ts';
import {
  type Changelog,
  type ChangelogMirror,
  type ChangelogSettings,
  readChangelog,
} from '../migration/migrate-mongo/changelog.ts';
import { differ, differences, settled } from '../migration/migrate-mongo/differences.ts';
import { assertChangelog, reconcile } from '../migration/migrate-mongo/reconcile.ts';
import type { HistoryRecord, MigrationFile } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { namesOf, type Run } from './run.ts';

/** Where a project of migrate-mongo's keeps what is applied; undefined for a project of our own. */
export function changelogOf({ invocation }: Run): ChangelogSettings | undefined {
  const { migrateMongo } = invocation;
  if (migrateMongo === undefined) return undefined;
  return { collection: migrateMongo.changelog, useFileHash: migrateMongo.useFileHash };
}

/** The project's migration files. Throws as `listMigrations` does. */
export function listFiles({ invocation }: Run): Promise<MigrationFile[]> {
  const { migrationsDir, migrateMongo } = invocation;
  return listMigrations(migrationsDir, migrateMongo === undefined ? {} : { extensions: [migrateMongo.extension] });
}

/** What the target's history says. */
export interface Recorded {
  /** With what migrate-mongo did since the last run of ours, as the next one is going to put it on record. */
  readonly records: readonly HistoryRecord[];
  readonly changelog?: Changelog;
  /** Whether something of the changelog is to be put on record, or the other way round. */
  readonly differs: boolean;
}

/**
 * Reads history, and the changelog of a migrate-mongo project. Only reads; `brief` is `readHistory`'s. Throws
 * `CHANGELOG_MISSING`.
 */
export async function readRecords(
  run: Run,
  { db }: Connection,
  files: readonly MigrationFile[],
  options: { readonly brief?: boolean } = {},
): Promise<Recorded> {
  // In this order: what another run applies between the two is then running or applied, and never gone.
  const records = await readHistory(db, namesOf(run), options);
  const settings = changelogOf(run);
  if (settings === undefined) return { records, differs: false };
  const changelog = await readChangelog(db, settings);
  assertChangelog(changelog, records, settings, db.databaseName);
  const found = differences(records, changelog, files, settings);
  return { records: settled(records, found), changelog, differs: differ(found) };
}

/** Puts on record what migrate-mongo did since the last run of ours, under the lease, and says so. */
export async function adoptChangelog(
  run: Run,
  { db }: Connection,
  history: HistoryWriter,
  mirror: ChangelogMirror,
): Promise<void> {
  const settings = changelogOf(run);
  if (settings === undefined) return;
  const files = await listFiles(run);
  const records = await readHistory(db, namesOf(run));
  const { adopted, rolledBack, written } = await reconcile(history, mirror, { db, settings, files }, records);
  for (const [names, what] of [
    [adopted, 'adopted from the changelog of migrate-mongo, which applied it'],
    [rolledBack, 'recorded as rolled back: migrate-mongo took it back'],
    [written, 'written to the changelog of migrate-mongo'],
  ] as const) {
    if (names.length > 3) run.log.info(`${names.length} migrations: each ${what}.`, { migrations: names.length });
    else for (const name of names) run.log.info(`Migration ${name} is ${what}.`, { migration: name });
  }
}
