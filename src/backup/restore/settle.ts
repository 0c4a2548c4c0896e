import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { readCatalog } from '../../mongo/catalog.ts';
import { dropCollection } from '../../mongo/catalog-changes.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Log } from '../../observe/log.ts';
import { during } from './failure.ts';
import {
  asidePrefix,
  type Displaced,
  defaultGoneAfterMs,
  inProgress,
  RestoreTenure,
  readRecord,
  type SwapStep,
} from './record.ts';
import { runStep, tombstonesOf } from './swap.ts';

export interface SettleOptions {
  readonly own: OwnNames;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** How long an owner must have been silent to count as gone, in milliseconds. Default 10,000. */
  readonly goneAfterMs?: number;
}

/** `finished`: its collections are in place. `undone`: it had touched nothing, and what it had built is removed. */
export type Settled =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'finished' | 'undone'; readonly backupId: string; readonly displaced: readonly Displaced[] };

/**
 * Brings an interrupted restore of this database to an end: back, if it had not begun to swap collections in, else
 * forward, for which everything is in the database itself. Waits until it is sure that nobody works on it any more.
 *
 * Throws `RESTORE_IN_PROGRESS` while somebody does, `RESTORE_INCOMPLETE` when a step fails again, server failures; the
 * signal's reason when aborted while waiting. May be retried.
 */
export async function settleRestore(connection: Connection, options: SettleOptions): Promise<Settled> {
  return during('RESTORE_FAILED', 'settling an earlier restore', () => settle(connection, options));
}

async function settle(connection: Connection, options: SettleOptions): Promise<Settled> {
  const { own, log, signal, goneAfterMs = defaultGoneAfterMs } = options;
  const { db } = connection;
  const found = await readRecord(db, own);
  if (found === undefined) return { kind: 'nothing' };
  if (found.silentMs < goneAfterMs) {
    log.info('A restore of this database was interrupted or is running; looking whether somebody works on it.');
    // An abort ends the pause early; what is thrown is its reason.
    await sleep(goneAfterMs - found.silentMs, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
  const again = await readRecord(db, own);
  if (again === undefined) return { kind: 'nothing' };
  const { record } = again;
  if (again.silentMs < goneAfterMs) throw inProgress(db);
  using tenure = await RestoreTenure.takeOver(db, own, record.owner);
  log.warn(
    record.state === 'building'
      ? 'Removing what an interrupted restore had built.'
      : 'Finishing a restore that was interrupted while it swapped collections in.',
    { backup: record.backupId, since: record.startedAt.toISOString() },
  );
  if (record.state === 'building') {
    await undoBuild(connection, own, tenure, record.direct);
    return { kind: 'undone', backupId: record.backupId, displaced: [] };
  }
  const displaced = await finishSwap(connection, own, tenure, record.steps, record.displaced);
  return { kind: 'finished', backupId: record.backupId, displaced };
}

/** Removes what a restore built, and its record. The user's collections are as they were. */
export async function undoBuild(
  connection: Connection,
  own: OwnNames,
  tenure: RestoreTenure,
  direct: readonly string[],
): Promise<void> {
  // First: whether the last change of state arrived may be unknown.
  await tenure.update({ state: 'building', steps: [] });
  for (const name of direct) await dropCollection(connection, name);
  await dropAsides(connection, own);
  await tenure.end();
}

/** Runs all steps, drops the tombstones of what was replaced, and ends the record. Gives back what was displaced. */
export async function finishSwap(
  connection: Connection,
  own: OwnNames,
  tenure: RestoreTenure,
  steps: readonly SwapStep[],
  before: readonly Displaced[] = [],
): Promise<readonly Displaced[]> {
  const displaced = [...before];
  for (const [index, step] of steps.entries()) {
    const what = `putting ${step.name} in place (${index} of ${steps.length} collections are done)`;
    await during('RESTORE_INCOMPLETE', what, () =>
      runStep(connection, own, step, async (moved) => {
        if (displaced.some(({ tombstone }) => tombstone === moved.tombstone)) return;
        displaced.push(moved);
        await tenure.update({ displaced });
      }),
    );
  }
  await during('RESTORE_INCOMPLETE', 'removing what was replaced (all collections are in place)', async () => {
    await tenure.update({ state: 'clearing' });
    for (const tombstone of tombstonesOf(own, steps)) await dropCollection(connection, tombstone);
    await dropAsides(connection, own);
    await tenure.end();
  });
  return displaced;
}

/** Only the holder of the record may: aside collections belong to the one restore under way, or to none. */
export async function dropAsides(connection: Connection, own: OwnNames): Promise<void> {
  for (const { name } of await readCatalog(connection.db)) {
    if (name.startsWith(asidePrefix(own))) await dropCollection(connection, name);
  }
}

/**
 * Throws `RESTORE_INCOMPLETE` where a restore of this database was cut off after it had begun to swap collections in:
 * until it is finished the database holds some collections of the backup and some of before. Only reads.
 */
export async function refuseHalfRestored(db: Db, own: OwnNames): Promise<void> {
  const found = await readRecord(db, own);
  if (found === undefined || found.record.state === 'building') return;
  const { backupId } = found.record;
  throw new ReleaseError('RESTORE_INCOMPLETE', `A restore of backup ${backupId} into this database is not finished.`, {
    hint: `Finish it: mongo-release restore ${backupId}. Until then some collections are those of before.`,
  });
}
