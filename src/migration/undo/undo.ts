import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { asServerFailure, serverCode } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { type Attempt, laneCount } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { Busy } from './commits.ts';
import { nothingCounted, type SoFar } from './counted.ts';
import { DatabaseStore } from './database-store.ts';
import type { AskDown } from './down-documents.ts';
import { foreseeConflicts } from './forecast.ts';
import { damaged, inspectAttempt, isDamage } from './inspect.ts';
import { ConflictList, type UndoExtent, type UndoResult } from './result.ts';
import type { CommitSizes } from './sizes.ts';
import { UndoTransactions } from './transactions.ts';
import { Stopped, Walk } from './walk.ts';

export type { UndoConflict, UndoResult } from './result.ts';

export interface UndoOptions {
  /** Of the lease under which it is undone; it must stand in the lane, as a takeover has written it. */
  readonly fence: number;
  /** Default 0. */
  readonly lane?: number;
  /**
   * `strict`: any write of others since stops it before it has changed anything. `tolerant`: fields that only others
   * changed stay, fields that only the migration changed go back, and a document where both meet is left to its user,
   * with all its versions in quarantine.
   */
  readonly mode: 'strict' | 'tolerant';
  /** Of a tolerant undo, where the migration has a `downDocument`: asked about what is left to users. */
  readonly ask?: AskDown;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UndoProgress) => void;
  /** How many entries the lanes counted; where the journal has fewer, a part of it is lost. */
  readonly expectedEntries?: number;
  /** Of a strict undo where nobody else writes: it does not read everything first, and may stop on its way. */
  readonly alone?: boolean;
  /** Of its transactions; as usual where there are none. */
  readonly sizes?: Partial<CommitSizes>;
  /** How long one of them is tried while others are in its way, in milliseconds; as usual where that is not said. */
  readonly patienceMs?: number;
}

export interface UndoProgress {
  /** Documents put back so far. */
  readonly documents: number;
  readonly entriesUndone: number;
  readonly entries: number;
}

/** What can be told of an undo before it begins. */
export interface ForeseenUndo {
  readonly entries: number;
  readonly soFar: SoFar;
  /** How it would end, where it cannot begin. */
  readonly blocked?: Exclude<UndoResult, { state: 'undone' }>;
}

/** A walk that was cut off by a change of the primary goes on where it stopped, this often without getting on. */
const mostRestarts = 5;

/**
 * Undoes what an attempt did by its journal, the newest first: documents byte for byte, collections, indexes, options
 * and names. Each step is committed with its mark in the journal, so it may be repeated after any interruption and goes
 * on where it stopped.
 *
 * Throws `LEASE_LOST`, the signal's reason, and what `asServerFailure` makes of a server's errors; in all these cases
 * it may be called again.
 */
export async function undoAttempt(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  options: UndoOptions,
): Promise<UndoResult> {
  const { fence, lane = 0, mode, patienceMs, signal } = options;
  const ask = mode === 'tolerant' ? options.ask : undefined;
  await using transactions = new UndoTransactions({ connection, own, fence, lane, patienceMs, signal });
  await using second = new UndoTransactions({ connection, own, fence, lane: (lane + 1) % laneCount, signal });
  const conflicts = new ConflictList();
  let walk: Walk | undefined;
  try {
    signal?.throwIfAborted();
    const { entries, soFar, blocked } = await foreseeUndo(connection, own, attempt, options);
    if (blocked !== undefined) return blocked;
    const store = new DatabaseStore({ connection, own, attempt, transactions, second, alone: options.alone });
    walk = new Walk({
      ...{ connection, own, attempt, mode, store, soFar, ask, sizes: options.sizes, signal },
      // Nothing stops a tolerant one.
      conflicts: mode === 'strict' ? conflicts : undefined,
    });
    walk.onProgress = ({ documents, entriesUndone }) => options.onProgress?.({ documents, entriesUndone, entries });
    const current = walk;
    await insistently(
      signal,
      () => current.run(),
      () => current.committed,
    );
    await insistently(signal, () => withoutCopies(connection, own, attempt));
    const numbers = await insistently(signal, () => current.numbers());
    return { state: 'undone', ...current.extent, ...numbers };
  } catch (error) {
    if (error instanceof Stopped && walk !== undefined) {
      return { state: 'conflicts', conflicts: conflicts.first, conflictsTotal: conflicts.total, ...walk.extent };
    }
    if (isDamage(error)) {
      const extent = walk?.extent ?? { ...nothingCounted, entriesUndone: 0, begun: false };
      return { state: 'impossible', reason: damaged, ...extent };
    }
    if (signal?.aborted || error instanceof ReleaseError) throw error;
    if (walk !== undefined && (error instanceof Busy || passing(error) === 'conflict')) {
      return { state: 'busy', ...(error instanceof Busy && { namespace: error.namespace }), ...walk.extent };
    }
    throw asServerFailure(error, `undoing ${attempt.migration} in database ${connection.db.databaseName}`);
  }
}

/** A batch that was undone has left nothing out: the documents stand where they always stood. */
async function withoutCopies({ db }: Connection, own: OwnNames, { migration, number }: Attempt): Promise<void> {
  await db
    .collection(own.quarantine)
    .deleteMany({ why: 'batch', migration, attempt: number }, { writeConcern: { w: 'majority' } });
}

/** Whether an undo could begin as things stand. Only reads. Throws the driver's errors, the signal's reason. */
export async function foreseeUndo(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { mode, expectedEntries, alone, signal }: Pick<UndoOptions, 'mode' | 'expectedEntries' | 'alone' | 'signal'>,
): Promise<ForeseenUndo> {
  const { reason, entries, soFar } = await insistently(signal, () =>
    inspectAttempt(connection.db, own, attempt, { expectedEntries, signal }),
  );
  const { counted, ...others } = soFar;
  const before: UndoExtent = { ...counted, ...others };
  if (reason !== undefined) return { entries, soFar, blocked: { state: 'impossible', reason, ...before } };
  if (mode === 'tolerant' || alone === true) return { entries, soFar };
  try {
    const { first, total } = await insistently(signal, () => foreseeConflicts(connection, own, attempt, { signal }));
    if (total === 0) return { entries, soFar };
    return { entries, soFar, blocked: { state: 'conflicts', conflicts: first, conflictsTotal: total, ...before } };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { entries, soFar, blocked: { state: 'impossible', reason: damaged, ...before } };
  }
}

/** Repeats what can be repeated from its top, when the server went away in between; as long as it gets on by that. */
async function insistently<T>(
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let reached = progress();
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (progress() > reached) attempt = 1;
      reached = progress();
      if (signal?.aborted || !isInterrupted(error) || attempt === mostRestarts) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}

function isInterrupted(error: unknown): boolean {
  const code = serverCode(error);
  return (code !== undefined && interrupted.has(code)) || passing(error) === 'outage';
}

/**
 * What a read and its cursor meet when the primary changes: the codes of the driver specification's retryable reads, and
 * those of a cursor that is gone.
 * https://github.com/mongodb/specifications/blob/master/source/retryable-reads/retryable-reads.md#retryable-error
 */
const interrupted: ReadonlySet<number> = new Set([
  6, 7, 43, 89, 91, 134, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);
