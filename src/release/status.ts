import { listMigrations } from '../migration/files.ts';
import { readHistory } from '../migration/history.ts';
import type { LeaseHolder } from '../migration/lease-record.ts';
import { inspectLease } from '../migration/lease-state.ts';
import type { HistoryRecord, MigrationFile } from '../migration/types.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Ended, MigrationStatus } from './result.ts';
import { namesOf, openTarget, type Run, targetOf } from './run.ts';

/** `status`: reads files, history and lease. With `--check` pending migrations are an error. */
export async function status(run: Run): Promise<Ended<'status'>> {
  const target = targetOf(run);
  await using connection = await openTarget(run, 'read');
  const [files, records, lease] = await Promise.all([
    listMigrations(run.invocation.migrationsDir),
    readHistory(connection.db, namesOf(run)),
    inspectLease(connection.db, namesOf(run)),
  ]);
  const migrations = statusOf(files, records);
  const pending = migrations.filter(({ state, appliedAt }) => state !== 'applied' && appliedAt === null).length;
  const result = {
    target: target.name,
    database: connection.db.databaseName,
    migrations,
    pending,
    lease: lease.held
      ? {
          owner: ownerOf(lease.holder),
          fence: lease.fence,
          expiresAt: lease.expiresAt,
          releaseId: lease.holder?.releaseId,
        }
      : null,
  };
  const about = { name: target.name, database: connection.db.databaseName, environment: target.environment };
  if (run.invocation.flags.check && pending > 0) {
    const error = new ReleaseError('MIGRATIONS_PENDING', `${pending} of ${migrations.length} migrations are pending.`, {
      hint: 'Type mongo-release migrate for a dry run, and mongo-release migrate --apply to apply them.',
    });
    return { command: 'status', outcome: 'blocked', result, target: about, error };
  }
  return { command: 'status', outcome: 'nothing-to-do', result, target: about };
}

/** Files in their order, then the records whose file is gone. */
export function statusOf(files: readonly MigrationFile[], records: readonly HistoryRecord[]): MigrationStatus[] {
  const byName = new Map(records.map((record) => [record._id, record]));
  const rows = files.map((file): MigrationStatus => {
    const record = byName.get(file.name);
    byName.delete(file.name);
    const edited = record?.state === 'applied' && record.checksum !== file.checksum;
    return {
      name: file.name,
      state: record?.state ?? 'pending',
      appliedAt: record?.appliedAt ?? null,
      checksum: file.checksum,
      ...(edited && { note: 'edited-since-applied' as const }),
    };
  });
  const orphans = [...byName.values()].map(
    (record): MigrationStatus => ({
      name: record._id,
      state: record.state,
      appliedAt: record.appliedAt ?? null,
      checksum: record.checksum,
      note: 'file-missing',
    }),
  );
  return [...rows, ...orphans];
}

function ownerOf(holder: LeaseHolder | undefined): string {
  if (holder === undefined) return 'unknown';
  const { actor, host, pid, command } = holder;
  return `${actor === undefined ? '' : `${actor} on `}${host}, process ${pid}, ${command}`;
}
