import { setTimeout as sleep } from 'node:timers/promises';
import { dropCollection } from '../../mongo/catalog-changes.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { Log } from '../../observe/log.ts';
import { during, restoreHints } from './failure.ts';
import { keptInWords, type Lost, lookForLate } from './late.ts';
import { asidesIn, toDrop } from './left.ts';
import { asSeen, expiryInWords } from './put-aside.ts';
import {
  type Displaced,
  defaultGoneAfterMs,
  inProgress,
  type RestoreRecord,
  RestoreTenure,
  readRecord,
  type SetHistory,
} from './record.ts';
import { runStep } from './swap.ts';

export interface SettleOptions {
  readonly own: OwnNames;
  readonly log: Log;
  readonly setHistory: SetHistory;
  /** Awaited before anything that was replaced is dropped, where it was counted before; may be called again after an interruption. */
  readonly onLost?: (lost: Lost, backupId: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /** How long an owner must have been silent to count as gone, in milliseconds. Default 10,000. */
  readonly goneAfterMs?: number;
}

/**
 * `finished`: data and history are in place now. `undone`: it had touched nothing, and what it had built is removed.
 * `cleared`: it had been in place before, and in use since, so nothing says what is there by now; what it had put aside is removed.
 */
export type Settled =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'undone' }
  /** Names of collections, of the whole restore: what of it an earlier run had done already is among them. */
  | {
      readonly kind: 'finished' | 'cleared';
      readonly backupId: string;
      readonly restored: readonly string[];
      readonly removed: readonly string[];
      readonly displaced: readonly Displaced[];
      /** Whether it has set the history. */
      readonly placed: boolean;
    };

/**
 * Brings an interrupted restore of this database to an end: back, if it had not begun to swap collections in, else
 * forward, for which everything is in the database itself; `setHistory` runs where history is not right yet. Waits until it is sure that nobody works on it any more.
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
  log.warn(inWords[record.state], { backup: record.backupId, since: record.startedAt.toISOString() });
  if (record.state === 'building') {
    await undoBuild(connection, own, tenure);
    return { kind: 'undone' };
  }
  const displaced = await finishRestore(connection, tenure, record, options);
  const { backupId, placement, state } = record;
  const named = (removes: boolean) =>
    record.steps.filter(({ kind }) => (kind === 'remove') === removes).map(({ name }) => name);
  const placed = placement !== undefined;
  const kind = state === 'clearing' ? 'cleared' : 'finished';
  return { kind, backupId, restored: named(false), removed: named(true), displaced, placed };
}

const finishing = 'Finishing a restore that was interrupted after it had begun to swap collections in.';
const inWords: Readonly<Record<RestoreRecord['state'], string>> = {
  building: 'Removing what an interrupted restore had built.',
  swapping: finishing,
  placing: finishing,
  clearing: 'Removing what an earlier restore, which had come to its end, had put aside.',
};

/** Removes what a restore built, and its record. The user's collections are as they were. */
export async function undoBuild(connection: Connection, own: OwnNames, tenure: RestoreTenure): Promise<void> {
  // First: whether the last change of state arrived may be unknown.
  await tenure.update({ state: 'building', steps: [] });
  await dropAsides(connection, own);
  await tenure.end();
}

/** Brings a restore to its end from where its record says that it is, and ends the record. Comes back with what it displaced. */
export async function finishRestore(
  connection: Connection,
  tenure: RestoreTenure,
  {
    state,
    backupId,
    steps,
    displaced,
    counted,
    placement,
  }: Omit<RestoreRecord, '_id' | 'owner' | 'startedAt' | 'aliveAt'>,
  { own, log, setHistory, onLost }: Pick<SettleOptions, 'own' | 'log' | 'setHistory' | 'onLost'>,
): Promise<readonly Displaced[]> {
  let moved = [...displaced];
  const beforeMove = async (one: Displaced) => {
    if (moved.some(({ tombstone }) => tombstone === one.tombstone)) return;
    moved.push(one);
    await tenure.update({ displaced: moved });
    log.warn(`Somebody made ${one.name} while it was being replaced; those documents go to ${one.tombstone}.`);
  };
  if (state === 'swapping') {
    for (const [index, step] of steps.entries()) {
      const what = `putting ${step.name} in place (${index} of ${steps.length} collections are done)`;
      await during('RESTORE_INCOMPLETE', what, () => runStep(connection, own, step, beforeMove));
    }
  }
  if (state !== 'clearing' && placement !== undefined) {
    await during('RESTORE_INCOMPLETE', 'setting the history (all collections are in place)', async () => {
      await tenure.update({ state: 'placing' });
      await setHistory(backupId, placement);
    });
  }
  if (state !== 'clearing' && counted !== undefined) {
    const counting = 'counting what users wrote until they were replaced (all collections are in place)';
    const lost = await during('RESTORE_INCOMPLETE', counting, () => lookForLate(connection, own, counted, steps));
    const telling = 'putting what it lost on record (all collections are in place)';
    await during('RESTORE_INCOMPLETE', telling, async () => onLost?.(lost, backupId));
    moved.push(...lost.kept);
  }
  const atEnd = 'putting its end on record (all collections are in place)';
  await during('RESTORE_INCOMPLETE', atEnd, async () => {
    if (state !== 'clearing') moved = await Promise.all(moved.map((one) => asSeen(connection.db, one)));
    await tenure.update({ state: 'clearing', displaced: moved });
  });
  for (const one of moved) sayKept(one, log);
  const removing = 'removing what was replaced (data and history are in place)';
  const clear = async () => {
    for (const tombstone of toDrop(own, { steps, displaced: moved })) await dropCollection(connection, tombstone);
    await dropAsides(connection, own);
    await tenure.end();
  };
  await during('RESTORE_INCOMPLETE', removing, clear, restoreHints.inUse);
  return moved;
}

function sayKept({ writes, ...one }: Displaced, log: Log): void {
  const expiry = expiryInWords(one);
  if (writes !== undefined) log.warn(keptInWords({ ...one, writes }));
  else if (expiry !== '') log.warn(`What somebody made as ${one.name} is in ${one.tombstone}.${expiry}`);
}

/** Only the holder of the record may: aside collections belong to the one restore under way, or to none. */
export async function dropAsides(connection: Connection, own: OwnNames): Promise<void> {
  for (const name of await asidesIn(connection.db, own)) await dropCollection(connection, name);
}
