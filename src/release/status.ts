import type { LeftByRestore } from '../backup/restore/left.ts';
import { isHalfDone } from '../migration/beginning.ts';
import { inspectLease } from '../migration/lease/state.ts';
import type { Changelog } from '../migration/migrate-mongo/changelog.ts';
import { isEdited } from '../migration/plan/findings.ts';
import type { HistoryRecord, MigrationFile, RecordState } from '../migration/types.ts';
import type { LeftDocuments } from '../migration/undo/why-left.ts';
import { ReleaseError } from '../observe/error.ts';
import { statusSentence } from '../report/status.ts';
import { type Unsettled, unsettled } from './half-done/half-done.ts';
import { leftOpen, leftOpenError } from './half-done/left-open.ts';
import { keptAsideWarnings, readKeptAside } from './kept-aside.ts';
import { leaseStatus } from './lease-status.ts';
import { leftByRestoreWarning, readLeftByRestore } from './left-by-restore.ts';
import { changelogOf, listFiles, readRecords } from './migrate-mongo.ts';
import { quarantineWarning, readQuarantine } from './quarantine.ts';
import type { KeptAside } from './record/rollback-records.ts';
import { failedOfLate } from './rehearsal/rely.ts';
import type { Ended } from './result.ts';
import { leftDeployed } from './rollback/application.ts';
import { halfRestoredIn, openBeside, openRollback } from './rollback/open.ts';
import { restoreGoesOn } from './rollback/restore-goes-on.ts';
import { unendedWarnings } from './rollback/still-running.ts';
import type { StoppedTraffic } from './rollback/traffic.ts';
import { aboutTarget, namesOf, openTarget, type Run } from './run.ts';

/** `pending` has no record yet; `missing` has a record and no file. */
export interface MigrationStatus {
  readonly name: string;
  readonly state: RecordState | 'pending';
  /** Null while it does not count as applied. */
  readonly appliedAt: Date | null;
  /** How it came to be applied where no migration ran: `appliedAt` is of that. */
  readonly origin?: NonNullable<HistoryRecord['origin']>['kind'];
  /** Of the file; of the record where the file is gone. */
  readonly checksum: string;
  /** What does not fit between file and record. */
  readonly note?: 'edited-since-applied' | 'file-missing';
  /** What it failed of, or was interrupted by, and on which way. */
  readonly error?: { readonly code: string; readonly message: string; readonly direction: 'up' | 'down' };
}

export interface LeaseStatus {
  /** Host, process and run that hold it. */
  readonly owner: string;
  readonly fence: number;
  readonly expiresAt: Date;
  readonly releaseId?: string;
}

export interface StatusResult {
  readonly target: string;
  readonly database: string;
  readonly migrations: readonly MigrationStatus[];
  /** How many. */
  readonly pending: number;
  /** Null while nobody holds it. */
  readonly lease: LeaseStatus | null;
  /** Only while users are shut out, or may be: by which rollback, of which release. */
  readonly traffic?: StoppedTraffic & { readonly rollbackId: string; readonly releaseId?: string };
  /** Only where somebody has to do something beside applying what is pending: the warnings say what. */
  readonly attention?: true;
  /** Documents that wait for somebody to look after them; only migrations that have some. */
  readonly quarantine?: readonly InQuarantine[];
  /** Collections that restores, and rollbacks by one, have kept for what users wrote to them; only where there are some. */
  readonly keptAside?: readonly KeptAside[];
  /** What a restore that is over has not removed; only while nobody has the lease. */
  readonly leftByRestore?: LeftByRestore;
  /** Of a migrate-mongo project: what migrate-mongo itself says of each file. */
  readonly changelog?: readonly ChangelogRow[];
}

export interface InQuarantine {
  readonly migration: string;
  readonly documents: number;
  /** Those of an undo, by collection and reason. */
  readonly conflicts?: readonly LeftDocuments[];
  /** The rollback that has left them, where it is one and has left all. */
  readonly rollbackId?: string;
}

export interface ChangelogRow {
  readonly fileName: string;
  /** With `useFileHash`: of the file. An entry with another hash does not count there. */
  readonly fileHash?: string;
  /** Null while it is pending. */
  readonly appliedAt: Date | null;
  readonly migrationBlock?: number;
}

/**
 * `status`: reads files, history and lease. With `--check` pending migrations are an error: what is not applied and has a
 * file that could be, and what is half done, with or without its file; and so is a restore that is, a rollback that is not
 * complete, and a release that did not come to a good end.
 */
export async function status(run: Run): Promise<Ended<'status'>> {
  // Files are read while the server is being reached.
  const listing = listFiles(run);
  listing.catch(() => {});
  await using connection = await openTarget(run, 'read');
  const names = namesOf(run);
  const [files, lease, half] = await Promise.all([
    listing,
    inspectLease(connection.db, names),
    halfRestoredIn(run, connection),
  ]);
  const { records, changelog } = await readRecords(run, connection, files, { brief: true });
  const quarantine = await readQuarantine(run, connection, records);
  const keptAside = await readKeptAside(run, connection);
  const leftByRestore = lease.held ? undefined : await readLeftByRestore(run, connection);
  const migrations = statusOf(files, records);
  const halfDone = new Set(records.filter(isHalfDone).map(({ _id }) => _id));
  const isMissing = ({ note }: MigrationStatus) => note === 'file-missing';
  const open = migrations.filter((one) => one.state !== 'applied' && (halfDone.has(one.name) || !isMissing(one)));
  const pending = open.length;
  const target = aboutTarget(run, connection);
  const rollback = await openRollback(run, connection);
  const holder = lease.held ? lease.holder?.releaseId : undefined;
  const beside = rollback && openBeside(rollback, lease);
  const goesOn = beside && rollback._id !== holder ? await restoreGoesOn(run, connection, rollback) : undefined;
  const whatIsOpen =
    beside && goesOn !== undefined ? new ReleaseError(beside.code, beside.message, { hint: goesOn }) : beside;
  const about = {
    target: target.name,
    database: target.database,
    migrations,
    pending,
    lease: lease.held ? leaseStatus(lease) : null,
    ...(rollback?.traffic && { traffic: { ...rollback.traffic, rollbackId: rollback._id, releaseId: rollback.of } }),
    ...(quarantine.length > 0 && { quarantine }),
    ...(keptAside.length > 0 && { keptAside }),
    ...(leftByRestore && { leftByRestore }),
    ...(changelog && { changelog: changelogRows(files, changelog, changelogOf(run)?.useFileHash === true) }),
  };
  // What goes on with it removes that.
  const itsOwn = rollback?.strategy === 'restore' && rollback.backupId === leftByRestore?.backupId;
  // A rollback that is open tells of its release.
  const released = rollback === undefined ? await leftOpen(run, connection, records) : undefined;
  const left = released?.here || released?.record._id === holder ? undefined : released;
  const notEnded = await unsettled(run, connection, files, records, lease.held);
  const unended = await unendedWarnings(run, connection, holder);
  const rehearsed = pending === 0 ? [] : await failedOfLate(run, connection);
  const warnings = [
    ...(whatIsOpen === undefined ? [] : [`${whatIsOpen.message} ${whatIsOpen.hint}`]),
    ...unended,
    ...(left === undefined || left.half || unended.length > 0 ? [] : [`${left.stopped} ${left.next}`]),
    ...(await leftDeployed(run, connection)),
    ...(half === undefined ? [] : [`${half.message} ${half.hint}`]),
    ...notEnded.map(({ far, next }) => (next === undefined ? far : `${far} ${next}`)),
    ...rehearsed,
    ...quarantine.map((one) => quarantineWarning(one, names.quarantine)),
    ...keptAsideWarnings(keptAside),
    ...(leftByRestore === undefined || itsOwn ? [] : [leftByRestoreWarning(leftByRestore, names)]),
  ];
  const failed = half ?? whatIsOpen ?? (left === undefined || left.half ? undefined : leftOpenError(left));
  const attention = failed !== undefined || left !== undefined || notEnded.some(({ next }) => next !== undefined);
  const result: StatusResult = { ...about, ...(attention && { attention }) };
  if (run.invocation.flags.check && (pending > 0 || failed !== undefined || left !== undefined)) {
    const error = failed ?? pendingError(result, notEnded, open.filter(isMissing));
    return { command: 'status', outcome: 'blocked', result, target, warnings, error };
  }
  return { command: 'status', outcome: 'nothing-to-do', result, target, warnings };
}

/** What is half done comes before all else; what has no file cannot be applied either. */
function pendingError(
  result: StatusResult,
  notEnded: readonly Unsettled[],
  [missing]: readonly MigrationStatus[],
): ReleaseError {
  const found = notEnded.find(({ name }) => name === missing?.name) ?? notEnded.find(({ next }) => next !== undefined);
  const hint =
    found?.next ?? 'Type mongo-release migrate for a dry run, and mongo-release migrate --apply to apply them.';
  const message = [statusSentence(result), ...(found === undefined ? [] : [found.far])].join(' ');
  return new ReleaseError('MIGRATIONS_PENDING', message, { hint });
}

/** The files as migrate-mongo's own `status` has them. */
function changelogRows(files: readonly MigrationFile[], { entries }: Changelog, useFileHash: boolean): ChangelogRow[] {
  const byFile = Map.groupBy(entries, ({ fileName }) => fileName);
  return files.map(({ fileName, checksum }) => {
    const entry = byFile.get(fileName)?.find(({ fileHash }) => !useFileHash || fileHash === checksum);
    return {
      fileName,
      ...(useFileHash && { fileHash: checksum }),
      appliedAt: entry?.appliedAt ?? null,
      ...(entry?.migrationBlock !== undefined && { migrationBlock: entry.migrationBlock }),
    };
  });
}

/** Files in their order, then the records whose file is gone. */
export function statusOf(files: readonly MigrationFile[], records: readonly HistoryRecord[]): MigrationStatus[] {
  const byName = new Map(records.map((record) => [record._id, record]));
  const rows = files.map((file): MigrationStatus => {
    const record = byName.get(file.name);
    byName.delete(file.name);
    const edited = record?.state === 'applied' && isEdited(record, file);
    return {
      name: file.name,
      state: record?.state ?? 'pending',
      appliedAt: record?.appliedAt ?? null,
      checksum: file.checksum,
      ...originOf(record),
      ...(edited && { note: 'edited-since-applied' as const }),
      ...errorOf(record),
    };
  });
  const orphans = [...byName.values()].map(
    (record): MigrationStatus => ({
      name: record._id,
      state: record.state,
      appliedAt: record.appliedAt ?? null,
      checksum: record.checksum,
      ...originOf(record),
      note: 'file-missing',
      ...errorOf(record),
    }),
  );
  return [...rows, ...orphans];
}

function originOf(record: HistoryRecord | undefined): Pick<MigrationStatus, 'origin'> {
  return record?.state === 'applied' && record.origin !== undefined ? { origin: record.origin.kind } : {};
}

function errorOf(record: HistoryRecord | undefined): Pick<MigrationStatus, 'error'> {
  if (record?.error === undefined || (record.state !== 'failed' && record.state !== 'interrupted')) return {};
  return { error: { ...record.error, direction: record.direction } };
}
