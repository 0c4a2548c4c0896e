import { setTimeout as sleep } from 'node:timers/promises';
import { halfRestored } from '../../backup/restore/left.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';
import { clusterOf } from '../backup/atlas.ts';
import { storeOf } from '../backup/take-backup.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import { namesOf, type Run } from '../run.ts';
import { typed } from '../typed.ts';
import { earlierRollback } from './earlier.ts';
import { agreeToRestore, type Consent } from './restoring.ts';
import { stateIn, trafficInWords } from './traffic.ts';
import { findWayBack, type WayBack } from './way-back.ts';

/** Milliseconds: whoever asks where things stand does not wait for a store that does not answer. */
const patienceMs = 3000;

/**
 * How somebody goes on with `open`, a rollback by restore that has replaced nothing: what it loses may have grown, and has
 * to be agreed to. Undefined of any other. Only reads.
 */
export async function restoreGoesOn(
  run: Run,
  connection: Connection,
  open: ReleaseRecord,
): Promise<string | undefined> {
  const { of = '', strategy, steps = [], traffic } = open;
  if (strategy !== 'restore' || stateIn(steps, 'data') === 'skipped') return undefined;
  const earlier = await earlierRollback(run, connection, of);
  if (earlier.state !== 'unfinished' || earlier.dataBack) return undefined;
  const release = await new ReleaseRecords(connection.db, run).find(of);
  if (release === null || (await halfRestored(connection.db, namesOf(run))) !== undefined) return undefined;
  const lossless = await withoutLoss(run, connection, release);
  const erases = open.erases ?? (await clusterOfBackup(run, open));
  const restore =
    erases !== undefined
      ? `mongo-release rollback ${of} --strategy restore --erase-cluster ${erases} goes on with the restore, which erases the whole cluster, with all databases in it.`
      : `mongo-release rollback ${of} --accept-loss N goes on with the restore; with --dry-run it says how many writes N are.`;
  const only = 'With --start-traffic it only lets users in, and leaves the rest.';
  return [...lossless, restore, ...(traffic === undefined ? [] : [only])].join(' ');
}

/** The cluster that its snapshot is of: a record of an older version does not say it. Undefined where the store does not, in good time. */
async function clusterOfBackup(run: Run, { backupId }: ReleaseRecord): Promise<string | undefined> {
  if (backupId === undefined) return undefined;
  const silence = sleep(patienceMs, undefined, { ref: false });
  try {
    const manifest = await Promise.race([storeOf(run).readManifest(backupId), silence]);
    return manifest?.engine === 'atlas' ? clusterOf(run, manifest).name : undefined;
  } catch {
    return undefined;
  }
}

/** What another command mends: one that names what goes, or another way. */
const mendable: ReadonlySet<ErrorCode> = new Set(['CONFIRMATION_NEEDED', 'CONFIRMATION_REFUSED', 'NO_WAY_BACK']);

/**
 * As `agreeToRestore`, for a restore that `begun` has not come to: comes back with the error where nobody agrees, since
 * users may be out meanwhile, and another way may lose nothing.
 */
export async function agreeToGoOn(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Extract<WayBack, { strategy: 'restore' }>,
  begun: ReleaseRecord,
): Promise<Consent | ReleaseError> {
  const lossless = await withoutLoss(run, connection, release);
  if (run.confirm !== undefined) for (const one of lossless) run.log.warn(typed(run, one));
  try {
    return await agreeToRestore(run, connection, release, way);
  } catch (thrown) {
    const { code, message, hint, details } = asReleaseError(thrown);
    if (!mendable.has(code)) throw thrown;
    const { traffic } = (await new RollbackRecords(connection.db, run).trafficStopped()) ?? {};
    const shut = traffic === undefined ? [] : [trafficInWords(traffic)];
    const only = `mongo-release rollback ${release._id} --start-traffic only lets users in.`;
    const stands = `Rollback ${begun._id} of release ${release._id} is not complete.`;
    return new ReleaseError('ROLLBACK_FAILED', [stands, ...shut, message].join(' '), {
      hint: [...lossless, hint, ...(traffic === undefined ? [] : [only])].join(' '),
      details,
      cause: thrown,
    });
  }
}

/** The way that loses nothing, a sentence, where the records show that it is there; `auto` would take it. Half of a restore is in its way. */
export async function withoutLoss(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
): Promise<readonly string[]> {
  if ((await halfRestored(connection.db, namesOf(run))) !== undefined) return [];
  const found = await findWayBack(run, connection, release, 'auto').catch(() => undefined);
  return found?.way.strategy === 'undo'
    ? [`mongo-release rollback ${release._id} --strategy undo takes it back as well, and loses nothing.`]
    : [];
}
