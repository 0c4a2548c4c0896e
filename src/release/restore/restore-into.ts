import type { Manifest } from '../../backup/manifest.ts';
import { keptInWords } from '../../backup/restore/late.ts';
import { isUnfinished } from '../../backup/restore/left.ts';
import type { SetHistory } from '../../backup/restore/record.ts';
import { type Settled, type SettleOptions, settleRestore } from '../../backup/restore/settle.ts';
import type { RestoreOptions } from '../../backup/restore.ts';
import { listed } from '../../migration/files/find.ts';
import { setPosition } from '../../migration/history/without-run.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { identitiesOf } from '../backup/keys.ts';
import { restoreProgress } from '../progress.ts';
import { OwnRecord } from '../record/own-record.ts';
import type { RecordStart } from '../record/record.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { RestoreResult } from '../result.ts';
import { lossIn } from '../rollback/loss.ts';
import { namesOf, type Run } from '../run.ts';
import { type Tenure, underLease } from '../under-lease.ts';
import { addedSince, keepsAdded } from './added.ts';
import { restoreManaged } from './restore-managed.ts';
import { fromStore, type RestoredFrom, type Source } from './restored-from.ts';

/** What whoever restores has a say in, and is told, on the way. */
export type Asked = Pick<RestoreOptions, 'mayReplace' | 'onLost'>;

/** Restores a backup of the store under the lease, once `mayReplace` does not throw; see `restoreFrom`. An earlier restore is ended before. */
export function restoreOf(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  manifest: Manifest,
  asked: Asked,
): Promise<RestoreResult> {
  return restoreFrom(
    run,
    connection,
    tenure,
    manifest.engine === 'atlas' ? { kind: 'managed', manifest } : { kind: 'archive', from: fromStore(run, manifest) },
    asked,
  );
}

export interface Finishing {
  /** What is asked for. */
  readonly from?: RestoredFrom;
  /** Whether one that had come to its end before counts, too. */
  readonly ended?: boolean;
  readonly onLost?: Asked['onLost'];
}

/**
 * Ends under the lease what an earlier restore left. Comes back with its result where it was of this archive, of all that is
 * asked for of it, and has come to its end by that.
 */
export async function finishEarlier(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  { from, ended = false, onLost }: Finishing = {},
): Promise<RestoreResult | undefined> {
  const settled = await settleKeeping(run, connection, tenure, onLost);
  if (!isOver(settled)) return undefined;
  const counts = ended || settled.kind === 'finished';
  const result = counts && from !== undefined ? await resultOf(run, connection, settled, from) : undefined;
  if (result === undefined)
    for (const one of settled.displaced) if (one.writes === undefined) run.log.warn(movedAs(one));
  return result;
}

async function resultOf(
  run: Run,
  connection: Connection,
  { kind, backupId, restored, removed, displaced, placed }: Over,
  from: RestoredFrom,
): Promise<RestoreResult | undefined> {
  const { only } = run.invocation.flags;
  const wanted = from.selected(only);
  if (backupId !== from.id || !wanted.every(({ collection }) => restored.includes(collection))) return undefined;
  if (only === undefined && !placed && from.placement !== undefined) return undefined;
  return {
    backupId,
    database: connection.db.databaseName,
    restored: wanted,
    removed,
    // What is there beside it by now may have been made since.
    kept: only === undefined && kind === 'finished' ? await addedSince(run, connection, from) : [],
    ...(displaced.length > 0 && { displaced }),
    history: placed ? 'set' : 'unchanged',
  };
}

/** What an earlier restore left, ended; this one is on record by then. */
export interface Earlier {
  /** What that was, in sentences, where it has changed anything. */
  readonly said: readonly string[];
  /** Where it was what is asked for now. */
  readonly result?: RestoreResult;
}

/**
 * What an earlier restore left is ended first: all that it needs is in the database, whatever became of the store. It is on
 * record as part of this one by then: what it has changed is told also where this one goes no further.
 */
export async function settleEarlier(
  run: Run,
  connection: Connection,
  records: OwnRecord,
  start: RecordStart,
  from?: RestoredFrom,
): Promise<Earlier | undefined> {
  if (!(await isUnfinished(connection.db, namesOf(run)))) return undefined;
  return underLease(run, connection, async (tenure) => {
    await records.start(start);
    return records.around(async () => {
      const settled = await settleKeeping(run, connection, tenure);
      const ended = await earlierOf(run, connection, settled, from);
      if (ended.result !== undefined) await tellEnd(run, connection, ended.result);
      return ended;
    });
  });
}

/**
 * As `settleRestore`. What users have lost by it, and what was kept, is put on record: of the rollback that has begun it, before
 * anything is dropped, and of this run.
 */
async function settleKeeping(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  onLost?: Asked['onLost'],
): Promise<Settled> {
  const settled = await settleRestore(connection, {
    ...settlingOf(run, tenure),
    onLost: async (lost, backupId) => {
      await new RollbackRecords(connection.db, run).tell(backupId, { loss: lossIn(lost) });
      await onLost?.(lost);
    },
  });
  if (isOver(settled)) await new OwnRecord(connection, run).keepAside(settled.displaced);
  return settled;
}

/** Best effort: it is in place, and whoever tried again would restore anew. */
async function tellEnd(run: Run, { db }: Connection, { backupId, ...result }: RestoreResult): Promise<void> {
  if (backupId === undefined) return;
  const telling = new RollbackRecords(db, run).tell(backupId, { restore: { backupId, ...result } });
  await telling.catch((error: unknown) => {
    const { code } = asReleaseError(error);
    run.log.warn('The rollback that began this restore could not be told of its end.', { error: code });
  });
}

/** What a restore does after it has ended an earlier one: where it fails, the error and the record tell of that one, too. */
export async function tellingOf<T>(
  records: OwnRecord,
  earlier: Earlier | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (earlier === undefined) return work();
  return records.around(() =>
    work().catch((thrown: unknown) => {
      const { code, message, hint, details } = asReleaseError(thrown);
      throw new ReleaseError(code, [...earlier.said, message].join(' '), { hint, details, cause: thrown });
    }),
  );
}

async function earlierOf(run: Run, connection: Connection, settled: Settled, from?: RestoredFrom): Promise<Earlier> {
  if (!isOver(settled)) return { said: [] };
  const { backupId, displaced } = settled;
  const moved = displaced.map((one) => ` ${movedAs(one)}`).join('');
  if (settled.kind === 'cleared') {
    const what = `An earlier restore, of backup ${backupId}, had come to its end, and what it had put aside was removed before.`;
    return { said: [`${what}${moved}`] };
  }
  const { restored, removed } = settled;
  const result = from && (await resultOf(run, connection, settled, from));
  const gone = removed.length === 0 ? '' : ` Removed: ${listed(removed, 20)}.`;
  const what =
    result === undefined
      ? `An earlier restore, of backup ${backupId}, had been interrupted and was finished before`
      : 'This restore had been interrupted and was only finished: what was written since it began stays. Typed again, it restores anew. In place are';
  return { said: [`${what}: ${listed(restored, 20)}.${gone}${moved}`], result };
}

type Over = Extract<Settled, { kind: 'finished' | 'cleared' }>;

function isOver(settled: Settled): settled is Over {
  return settled.kind === 'finished' || settled.kind === 'cleared';
}

function movedAs({ writes, ...one }: Over['displaced'][number]): string {
  if (writes !== undefined) return keptInWords({ ...one, writes });
  return `What others had made as ${one.name} is in ${one.tombstone}.`;
}

function settlingOf(run: Run, tenure: Tenure): SettleOptions {
  return { own: namesOf(run), log: run.log, signal: tenure.signal, setHistory: historyOf(tenure) };
}

function historyOf(tenure: Tenure): SetHistory {
  return async (backupId, placement) => {
    if (placement !== 'changelog') await setPosition(tenure.history, placement, { kind: 'restore', backupId });
    await tenure.adopt();
  };
}

/**
 * Restores under the lease and sets the history to where it stood when the backup was taken. What Atlas restores takes
 * history, records and the lease with it.
 */
export async function restoreFrom(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  source: Source,
  asked: Asked = {},
): Promise<RestoreResult> {
  if (source.kind === 'managed') return restoreManaged(run, connection, source.manifest);
  const { flags } = run.invocation;
  const { from } = source;
  // Only a whole restore takes the history with it: some collections alone are at no position.
  const placement = flags.only === undefined ? from.placement : undefined;
  const restored = await from.restore(connection, {
    own: namesOf(run),
    history: placement && { placement, set: historyOf(tenure) },
    only: flags.only,
    keepAdded: keepsAdded(run, from),
    log: run.log,
    signal: tenure.signal,
    identities: await identitiesOf(run),
    onProgress: restoreProgress(run.log),
    ...asked,
  });
  await new OwnRecord(connection, run).keepAside(restored.displaced);
  const counts = new Map(restored.contents.namespaces.map((entry) => [entry.name, entry.count]));
  return {
    backupId: from.id,
    database: connection.db.databaseName,
    restored: restored.restored.map((collection) => ({ collection, documents: counts.get(collection) ?? 0 })),
    removed: restored.removed,
    kept: restored.kept,
    ...(restored.displaced.length > 0 && { displaced: restored.displaced }),
    history: placement === undefined ? 'unchanged' : 'set',
  };
}
