import { halfRestored } from '../../backup/restore/left.ts';
import { hasEnded } from '../../migration/lease/owner-process.ts';
import { inspectLease, type LeaseState, ownerText } from '../../migration/lease/state.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatTime } from '../../report/format.ts';
import { latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import { namesOf, type Run } from '../run.ts';
import { earlierRollback, stepsBefore } from './earlier.ts';
import { stateIn, stoppedAt, trafficInWords } from './traffic.ts';

/**
 * The rollback of the target that has left something which nobody should be without word of: users who are shut out, or
 * data on their way, or else what comes after them. Only reads.
 */
export async function openRollback(run: Run, connection: Connection): Promise<ReleaseRecord | undefined> {
  return (await findOpen(run, connection))?.record;
}

interface Open {
  /** Its steps as the next run goes on with them. */
  readonly record: ReleaseRecord;
  /** Whether its run is at it now: whoever has the lease is. */
  readonly here: boolean;
  /** Nobody builds on what it does or has left. */
  readonly inTheWay: boolean;
}

/** `data`: whether it looks for data on their way, which a restore of the whole database ends. */
async function findOpen(run: Run, connection: Connection, { data: looks = true } = {}): Promise<Open | undefined> {
  const { db } = connection;
  const records = new RollbackRecords(db, run);
  const [shut, left, lease] = await Promise.all([
    records.trafficStopped(),
    records.left().catch(failed),
    inspectLease(db, namesOf(run)),
  ]);
  const holder = lease.held ? lease.holder?.releaseId : undefined;
  if (shut !== null) {
    const here = shut._id === holder;
    return { record: here ? shut : await asItStands(run, connection, shut), here, inTheWay: true };
  }
  const held = holder === undefined ? null : await new ReleaseRecords(db, run).find(holder).catch(failed);
  if (held?.kind === 'rollback' && held.state === 'running') return { record: held, here: true, inTheWay: true };
  if (!looks) return undefined;
  let open: Open | undefined;
  for (const record of left) {
    // What was applied or deployed since is no rollback's any more.
    const earlier = await earlierRollback(run, connection, record.of ?? record._id);
    if (earlier.state !== 'unfinished' || earlier.record._id !== record._id) continue;
    const data = earlier.dataBack ? 'back' : await dataOf(run, connection, record);
    if (data === 'untouched') continue;
    // A job that is run again must not put back what is being taken away.
    const inTheWay = data === 'on-their-way' || record.of === run.releaseId;
    const found = { record: { ...record, steps: stepsBefore(earlier) }, here: false, inTheWay };
    if (inTheWay) return found;
    open ??= found;
  }
  return open;
}

/** Another command may have taken the data back since it stopped. */
async function asItStands(run: Run, connection: Connection, record: ReleaseRecord): Promise<ReleaseRecord> {
  const earlier = await earlierRollback(run, connection, record.of ?? record._id);
  const isIt = earlier.state === 'unfinished' && earlier.record._id === record._id;
  return isIt ? { ...record, steps: stepsBefore(earlier) } : record;
}

/** Of one that has not put them all back, as far as it could say. Only reads. */
export async function dataOf(
  run: Run,
  { db }: Connection,
  { steps = [], strategy, backupId, data }: ReleaseRecord,
): Promise<'untouched' | 'on-their-way' | 'back'> {
  const state = stateIn(steps, 'data');
  if (state === undefined) return 'untouched';
  if (state === 'skipped') return 'back';
  const touched = state !== 'failed' || data?.failed !== undefined || (data?.reverted.length ?? 0) > 0;
  if (touched || strategy !== 'restore') return 'on-their-way';
  // One that fails while it builds has replaced nothing.
  const half = await halfRestored(db, namesOf(run)).catch(failedToLook);
  return half?.details.backup === backupId ? 'on-their-way' : 'untouched';
}

/** Where it stands, and what goes on with it, or only lets users in. */
function openError(code: 'ROLLBACK_FAILED' | 'HISTORY_CONFLICT', open: ReleaseRecord, here: boolean): ReleaseError {
  if (!here) return new ReleaseError(code, whereItStands(open), { hint: waysOn(open) });
  const { _id, of, steps = [], traffic } = open;
  const message = `Rollback ${_id} of release ${of} is under way, at ${stoppedAt(steps)}.`;
  return new ReleaseError(code, traffic === undefined ? message : `${message} ${trafficInWords(traffic)}`, {
    hint: waitForIt,
  });
}

const waitForIt = 'It goes on by itself: wait for its end.';

function whereItStands(open: ReleaseRecord): string {
  const { _id, of, state, process, steps = [], traffic } = open;
  const gone = state === 'running' && process !== undefined && hasEnded(process) ? ', and its process is gone' : '';
  const stands = `Rollback ${_id} of release ${of} is not complete: it is at ${stoppedAt(steps)}${gone}.`;
  const since = traffic === undefined ? `It began at ${formatTime(latestBegan(open))}.` : trafficInWords(traffic);
  return `${stands} ${since}`;
}

function waysOn({ of, traffic }: ReleaseRecord): string {
  const only = traffic === undefined ? '' : ' With --start-traffic it only lets users in, and leaves the rest.';
  return `${goesOn(of)} with it.${only}`;
}

/** The same where somebody may have the lease: the rollback itself, which goes on by itself, or another run, which users wait for. */
export function openBeside(open: ReleaseRecord, lease: LeaseState): ReleaseError | undefined {
  if (lease.held && open.traffic === undefined) return undefined;
  return openError('ROLLBACK_FAILED', open, lease.held && lease.holder?.releaseId === open._id);
}

/** The same as a warning, for whoever builds on the target as it is; none about a rollback of `release`, which tells of itself. */
export async function openRollbackWarnings(run: Run, connection: Connection, release?: string): Promise<string[]> {
  const open = await findOpen(run, connection);
  if (open === undefined || open.record.of === release) return [];
  const { message, hint } = openError('ROLLBACK_FAILED', open.record, open.here);
  return [`${message} ${hint}`];
}

/**
 * Throws `HISTORY_CONFLICT` where a rollback is under way, users are shut out, or data are on their way back: nobody builds
 * on that. Once all of it is over a release may go forward where the rest of a rollback, a hook that fails, say, never
 * comes to its end: another one than that which is taken back.
 */
export async function refuseOpenRollback(run: Run, connection: Connection): Promise<void> {
  const open = await findOpen(run, connection);
  if (open?.inTheWay) throw openError('HISTORY_CONFLICT', open.record, open.here);
  await refuseBeginning(run, connection);
}

/** One that has the lease puts itself on record only then; a release that takes itself back as well, which is on record under its own id. */
async function refuseBeginning(run: Run, { db }: Connection): Promise<void> {
  const lease = await inspectLease(db, namesOf(run));
  if (!lease.held || lease.holder === undefined) return;
  const { command, releaseId } = lease.holder;
  const takesBack =
    command === 'rollback' ||
    (command === 'release' && (await new ReleaseRecords(db, run).find(releaseId).catch(failed)) === null);
  if (!takesBack) return;
  throw new ReleaseError('HISTORY_CONFLICT', `A rollback is about to begin: ${ownerText(lease)}.`, { hint: waitForIt });
}

/** The same beside a restore of the whole database, which ends what a rollback has left half-way in the data. */
export async function refuseOpenBesideRestore(run: Run, connection: Connection): Promise<void> {
  const open = await findOpen(run, connection, { data: false });
  if (open !== undefined) throw openError('HISTORY_CONFLICT', open.record, open.here);
}

/** What goes on with a rollback that has left a migration half-way; undefined where none has. */
export async function rollbackGoesOn(run: Run, { db }: Connection, releaseId: string): Promise<string | undefined> {
  const record = await new ReleaseRecords(db, run).find(releaseId).catch(failed);
  return record?.kind === 'rollback' && record.state !== 'rolled-back' ? goesOn(record.of) : undefined;
}

function failed(error: unknown): never {
  throw asServerFailure(error, 'looking for a rollback that is not complete');
}

function failedToLook(error: unknown): never {
  throw asServerFailure(error, 'looking for a restore that is not complete');
}

function goesOn(of: string | undefined): string {
  return `mongo-release rollback ${of} goes on`;
}

/** As `halfRestored` of the room of backups; what a rollback has begun, that goes on with. */
export async function halfRestoredIn(run: Run, connection: Connection): Promise<ReleaseError | undefined> {
  const error = await halfRestored(connection.db, namesOf(run)).catch(failedToLook);
  if (error === undefined) return undefined;
  const open = await openRollback(run, connection);
  if (open?.strategy !== 'restore' || open.backupId !== error.details.backup) return error;
  return new ReleaseError(error.code, error.message, {
    hint: `${goesOn(open.of)} with it. Until then collections or history are in part those of before.`,
    details: error.details,
  });
}

/** Throws it. */
export async function refuseHalfRestored(run: Run, connection: Connection): Promise<void> {
  const error = await halfRestoredIn(run, connection);
  if (error !== undefined) throw error;
}
