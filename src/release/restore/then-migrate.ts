import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { refuseUnguarded } from '../guards.ts';
import { migrateOn } from '../migrate.ts';
import { outcomeOfError } from '../outcome.ts';
import { onRecord } from '../record/on-record.ts';
import { newReleaseId } from '../record/release-id.ts';
import { refuseUnproven } from '../rehearsal/rely.ts';
import type { Ended } from '../result.ts';
import { refuseOpenBesideRestore } from '../rollback/open.ts';
import { refuseHookLeft } from '../rollback/still-running.ts';
import { type Run, targetOf } from '../run.ts';
import { readSituation } from '../situation/situation.ts';

/** The run that brings restored data to today's schema: a release of its own, in the database that was restored into. */
export function runThatFollows(run: Run, connection: Connection): Run {
  const { databaseName: database } = connection.db;
  const target = { ...targetOf(run), database };
  const own = { releaseId: newReleaseId(), startedAt: new Date() };
  return { ...run, ...own, invocation: { ...run.invocation, command: 'migrate', target } };
}

/**
 * What would keep the migrations from beginning, found out before anything is restored: no backup that stands behind them
 * in production (`BACKUP_MISSING`), or no rehearsal (`PROOF_MISSING`), guards, a rollback that is not complete or a deploy
 * hook that has outlived its run (`HISTORY_CONFLICT`), and files that do not load.
 */
export async function checkBeforehand(
  follows: Run,
  connection: Connection,
  behind: StoredBackup | undefined,
): Promise<void> {
  if (behind === undefined && targetOf(follows).environment === 'production') {
    throw new ReleaseError(
      'BACKUP_MISSING',
      'Production is migrated with a backup of the store behind it only, and what is to be restored is in none.',
      {
        hint: 'Restore it without --then-migrate; mongo-release release --apply then takes a backup and applies what is pending.',
      },
    );
  }
  refuseUnproven(follows, 'what is pending after the restore');
  await refuseUnguarded(follows, connection);
  await refuseOpenBesideRestore(follows, connection);
  await refuseHookLeft(follows, connection);
  await readSituation(follows, connection, {});
}

/**
 * Applies what is pending after a restore, as `migrate --apply` does: rehearsed on the very backup that was restored, which
 * stands behind it, or on a temporary one of the restored data. How it ended is in what comes back; nothing is thrown.
 */
export async function thenMigrate(
  follows: Run,
  connection: Connection,
  restored: string,
  behind: StoredBackup | undefined,
): Promise<Ended<'migrate' | 'up'>> {
  const about = { command: 'migrate', releaseId: follows.releaseId } as const;
  const ended = await onRecord(follows, connection, 'migrate', (recording) =>
    migrateOn(follows, connection, recording, { chosen: { behind } }),
  ).catch(
    (thrown: unknown): Ended<'migrate' | 'up'> => ({ ...about, outcome: 'blocked', error: asReleaseError(thrown) }),
  );
  if (ended.error === undefined) return ended;
  const error = notMigrated(follows, restored, ended.error);
  return { ...ended, outcome: outcomeOfError(error, true), error };
}

function notMigrated({ invocation }: Run, restored: string, cause: ReleaseError): ReleaseError {
  const { into } = invocation.flags;
  const where = into === undefined ? '' : ` --database ${into}`;
  return new ReleaseError(
    cause.code === 'CANCELLED' ? 'CANCELLED' : 'RESTORED_NOT_MIGRATED',
    `Backup ${restored} is restored, data and history, and need not be again. The migrations after it are not all applied: ${cause.message} [${cause.code}]`,
    { hint: `${cause.hint} Then go on: mongo-release migrate --apply${where}.`, cause },
  );
}
