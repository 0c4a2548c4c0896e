import type { Hash } from 'node:crypto';
import type { StoredRead } from '../../journal/documents.ts';
import { fingerprintOf, valueDigest } from '../../journal/fingerprint.ts';
import type { Namespace } from '../call.ts';
import { insideEach } from '../journal/backfill/inside-each.ts';
import { restoreError, storeError } from '../journal/stored.ts';
import type { Driver, RawSession } from '../raw.ts';
import { plainCopy } from './plain.ts';
import type { Progress } from './progress.ts';
import { type CursorLog, ReadLog } from './read-log.ts';
import type { Again, Rechecks } from './recheck.ts';
import { readKey, type Stored, type StoredCursor } from './stored-reads.ts';

/** One read of user code, as it was asked for. */
export interface ReadCall {
  readonly method: string;
  readonly namespace: Namespace;
  readonly args: readonly unknown[];
  readonly session: RawSession | undefined;
  /** How documents that it gives can be read once more; absent where they cannot. */
  readonly again?: Again;
}

/** What one cursor of user code works with. */
export interface CursorTrack {
  readonly stored: StoredCursor | undefined;
  /** Begins to keep what is given out beyond what is stored. */
  log(hash?: Hash): CursorLog;
  /** What is stored was given out, and what had to be compared was equal. */
  claimed(): void;
}

/**
 * Every read of user code: it is answered as in the run before, or sent and kept.
 *
 * A stored answer takes no server. Where only a digest is stored the read is sent, and has to give the same. A read that
 * the earlier run did not store is sent: nothing that was kept came after its answer.
 */
export class Reads {
  readonly log: ReadLog;
  readonly #stored: Map<string, Stored>;
  readonly #driver: Driver;
  readonly #progress: Progress;
  readonly #rechecks: Rechecks;

  constructor(stored: Map<string, Stored>, driver: Driver, progress: Progress, rechecks: Rechecks) {
    this.#stored = stored;
    this.#driver = driver;
    this.#progress = progress;
    this.#rechecks = rechecks;
    this.log = new ReadLog(sizeOf(stored));
  }

  /** Whether reads need not come here any more: nothing is stored, and nothing is kept. */
  get idle(): boolean {
    return this.log.closed && this.#stored.size === 0;
  }

  async read<T>(call: ReadCall, send: () => Promise<T>): Promise<T> {
    if (this.idle || insideEach()) return send();
    const { fingerprint, occurrence, session, stored } = this.#claim(call);
    if (stored?.form === 'value') {
      this.#rechecks.add(call.again, [stored.value]);
      this.#claimed(fingerprint, occurrence);
      if (stored.error !== undefined) throw restoreError(stored.error, this.#driver);
      return stored.value as T;
    }
    if (stored !== undefined && session !== undefined) {
      throw this.#progress.diverge(`a read in a transaction (${call.method}) was too large to be kept`);
    }
    let value: T;
    try {
      value = await this.#progress.follow(send);
    } catch (error) {
      if (stored === undefined) this.log.failed(fingerprint, occurrence, storeError(error), session);
      throw error;
    }
    if (stored === undefined) {
      this.log.answered(fingerprint, occurrence, withoutTimes(value), session);
      return value;
    }
    if (stored.form !== 'digest' || stored.digest !== valueDigest(withoutTimes(value))) {
      throw this.#progress.diverge(`${call.method} gave something else`);
    }
    this.#claimed(fingerprint, occurrence);
    return value;
  }

  /** To be called at a cursor's first fetch; undefined where nothing of it is to be kept. */
  cursor(call: ReadCall): CursorTrack | undefined {
    if (this.idle || insideEach()) return undefined;
    const { fingerprint, occurrence, session, stored } = this.#claim(call);
    if (stored !== undefined && stored.form !== 'cursor') {
      throw this.#progress.diverge(`${call.method} was another kind of read before`);
    }
    if (stored?.digest !== undefined && session !== undefined) {
      throw this.#progress.diverge(`a read in a transaction (${call.method}) was too large to be kept`);
    }
    if (stored !== undefined) this.#rechecks.add(call.again, stored.documents);
    return {
      stored,
      log: (hash) => this.log.cursor(fingerprint, occurrence, session, stored?.count, hash),
      claimed: () => this.#claimed(fingerprint, occurrence),
    };
  }

  /** All reads that no entry is known to have. */
  take(session?: RawSession): readonly StoredRead[] {
    return this.log.take(session);
  }

  #claim({ method, namespace, args, session }: ReadCall) {
    this.#progress.refuseWhenDiverged();
    const within = session?.inTransaction() ? session : undefined;
    const fingerprint = fingerprintOf(within === undefined ? method : `in transaction ${method}`, namespace, args);
    const occurrence = this.log.occurrence(fingerprint, within);
    const stored = this.#stored.size === 0 ? undefined : this.#stored.get(readKey(fingerprint, occurrence));
    return { fingerprint, occurrence, session: within, stored };
  }

  #claimed(fingerprint: string, occurrence: number): void {
    if (this.#stored.delete(readKey(fingerprint, occurrence))) this.#progress.claimed();
  }
}

/** The server's times in the reply to a command: they differ with each, and their names do not fit into older servers. */
function withoutTimes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$clusterTime' in value)) return value;
  const { $clusterTime: _time, operationTime: _operation, ...reply } = value as Readonly<Record<string, unknown>>;
  return reply;
}

/** What the stored values cost, roughly as `ReadLog` counts it. */
function sizeOf(stored: Map<string, Stored>): number {
  let size = 0;
  for (const read of stored.values()) {
    const values = read.form === 'value' ? [read.value] : read.form === 'cursor' ? read.documents : [];
    for (const value of values) size += (plainCopy(value, Number.POSITIVE_INFINITY)?.size ?? 0) + 100;
  }
  return size;
}
