import { createHash, type Hash } from 'node:crypto';
import type { StoredError, StoredRead } from '../../journal/documents.ts';
import { canonicalText } from '../../journal/fingerprint.ts';
import { plainCopy } from './plain.ts';
import { keptNoLonger } from './stored-reads.ts';

/** Values are kept up to this many bytes a migration, so that entries stay small. */
const valueBytes = 1024 * 1024;

/**
 * Beyond that only digests are kept, up to this many bytes of text: digests cost time and never serve where the migration
 * changes what it reads, as a long loop mostly does. What comes later is not kept, and a run that was killed behind it
 * cannot be taken up. Errors, cursors and each digest itself count as well for as long as they wait for an entry: all of
 * it may stand in one, of at most 16 MB.
 */
const digestBytes = 8 * 1024 * 1024;

/**
 * Where more than this many bytes wait for an entry, one call takes them along and the next ones wait for it, so that a
 * thousand calls at once after a large read do not store it a thousand times. They wait so long at most, milliseconds.
 */
const heavyBytes = 32 * 1024;
const carriedMs = 500;

/** What a read costs beside its value: fingerprint, number, names of fields; in the entry, and in memory. */
const overheadBytes = 130;

/** A read, or a cursor, that no entry has yet, or not all of it. */
interface Item {
  snapshot(): Snapshot;
}

interface Carrier extends PromiseWithResolvers<void> {
  readonly timer: NodeJS.Timeout;
}

interface Snapshot {
  readonly reads: readonly StoredRead[];
  /** An entry with these reads was committed. True when nothing is left. */
  stored(): boolean;
}

/** With the bytes that each is charged for while it waits. */
type Items = Map<Item, number>;

/**
 * What the reads of user code were answered with, until an entry takes it along: whatever depended on it comes later.
 *
 * A read is handed out again and again until an entry with it is known to be committed: of two operations under way at
 * once the second may be committed, and the first, which was begun earlier, not.
 */
export class ReadLog {
  readonly #items: Items = new Map();
  readonly #within = new Map<object, { readonly items: Items; readonly counted: string[] }>();
  readonly #occurrences = new Map<string, number>();
  readonly #taken = new WeakMap<readonly StoredRead[], readonly [Items, Item, Snapshot][]>();
  #values: number;
  #digests = 0;
  #closed = false;
  /** Bytes of values that no entry is known to have, roughly. */
  #waiting = 0;
  #carrier: Carrier | undefined;

  /** `spent`: bytes of values that earlier runs of the attempt have kept already. */
  constructor(spent = 0) {
    this.#values = spent;
  }

  /** Whether reads are not kept any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Numbers a read among its equals. Of a session in a transaction: until that is aborted. */
  occurrence(fingerprint: string, session: object | undefined): number {
    if (this.#closed) return 0;
    const occurrence = this.#occurrences.get(fingerprint) ?? 0;
    this.#occurrences.set(fingerprint, occurrence + 1);
    if (session !== undefined) this.#of(session).counted.push(fingerprint);
    return occurrence;
  }

  answered(fingerprint: string, occurrence: number, value: unknown, session: object | undefined): void {
    if (this.#closed) return;
    const copy = this.keep(value);
    if (copy !== undefined) {
      this.#add({ fingerprint, occurrence, form: 'value', value: copy.value }, session);
      return;
    }
    const text = canonicalText(value);
    if (this.affords(text)) {
      const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
      this.#add({ fingerprint, occurrence, form: 'digest', value: digest }, session, overheadBytes);
    }
  }

  /** `error` is undefined where no entry can hold it. */
  failed(fingerprint: string, occurrence: number, error: StoredError | undefined, session: object | undefined): void {
    if (this.#closed) return;
    if (error === undefined) this.close();
    else {
      const text = canonicalText(error);
      const charge = overheadBytes + text.length;
      if (this.affords(text)) this.#add({ fingerprint, occurrence, form: 'value', error }, session, charge);
    }
  }

  /** A cursor that has given out `count` documents already, in an earlier run. */
  cursor(fingerprint: string, occurrence: number, session: object | undefined, count = 0, hash?: Hash): CursorLog {
    const items = session === undefined ? this.#items : this.#of(session).items;
    const dirty = (log: Item) => {
      // It may give nothing, and its end is kept all the same.
      if (!items.has(log) && this.affords('')) items.set(log, overheadBytes);
    };
    return new CursorLog({ log: this, fingerprint, occurrence, dirty }, count, hash);
  }

  /** A copy that an entry can hold; undefined where it would not come back as it is, or is too large. */
  keep(value: unknown): { readonly value: unknown } | undefined {
    const copy = plainCopy(value, valueBytes - this.#values - overheadBytes);
    if (copy === undefined) return undefined;
    this.#values += copy.size + overheadBytes;
    this.#waiting += copy.size + overheadBytes;
    return copy;
  }

  /** Whether a text of that size may still be digested, or kept; where not, nothing is kept from here on. */
  affords(text: string): boolean {
    this.#digests += text.length + overheadBytes;
    if (this.#digests > digestBytes) this.close();
    return !this.#closed;
  }

  /** Puts on record that from here on reads are not kept. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#occurrences.clear();
    this.#items.clear();
    this.#within.clear();
    this.#add({ fingerprint: keptNoLonger, occurrence: 0, form: 'digest' }, undefined);
  }

  /** To be awaited before a new call is begun: see `heavyBytes`. Undefined where nothing is to be waited for. */
  carried(): Promise<void> | undefined {
    return this.#waiting <= heavyBytes ? undefined : this.#carry();
  }

  async #carry(): Promise<void> {
    while (this.#waiting > heavyBytes) {
      if (this.#carrier === undefined) {
        const timer = setTimeout(() => this.#release(), carriedMs);
        this.#carrier = { ...Promise.withResolvers<void>(), timer };
        return;
      }
      await this.#carrier.promise;
    }
  }

  #release(): void {
    const carrier = this.#carrier;
    this.#carrier = undefined;
    clearTimeout(carrier?.timer);
    carrier?.resolve();
  }

  /** All that no entry is known to have, with what was read in this session's open transaction. */
  take(session?: object): readonly StoredRead[] {
    const own = session === undefined ? undefined : this.#within.get(session)?.items;
    const taken: [Items, Item, Snapshot][] = [];
    for (const items of own === undefined ? [this.#items] : [this.#items, own]) {
      for (const item of items.keys()) taken.push([items, item, item.snapshot()]);
    }
    const reads = taken.flatMap(([, , snapshot]) => snapshot.reads);
    this.#taken.set(reads, taken);
    return reads;
  }

  /** An entry with what `take` gave was committed. */
  stored(reads: readonly StoredRead[]): void {
    const taken = this.#taken.get(reads);
    if (taken === undefined) return;
    this.#taken.delete(reads);
    for (const [items, item, snapshot] of taken) if (snapshot.stored()) this.#discharge(items, item);
    // What was read meanwhile is forgotten here: it is little, or counts again with the next large read.
    this.#waiting = 0;
    this.#release();
  }

  /**
   * A session's transaction is over. `given-back`: user code will make it again from its top, so that its reads never
   * happened; `kept`: what was read in it counts.
   */
  ended(session: object, how: 'kept' | 'given-back'): void {
    const within = this.#within.get(session);
    if (within === undefined) return;
    this.#within.delete(session);
    if (how === 'kept') {
      for (const [item, charge] of within.items) this.#items.set(item, charge);
      return;
    }
    for (const item of within.items.keys()) this.#discharge(within.items, item);
    for (const fingerprint of within.counted) {
      this.#occurrences.set(fingerprint, (this.#occurrences.get(fingerprint) ?? 1) - 1);
    }
  }

  #of(session: object) {
    let within = this.#within.get(session);
    if (within === undefined) {
      within = { items: new Map(), counted: [] };
      this.#within.set(session, within);
    }
    return within;
  }

  #discharge(items: Items, item: Item): void {
    this.#digests -= items.get(item) ?? 0;
    items.delete(item);
  }

  #add(read: StoredRead, session: object | undefined, charge = 0): void {
    const items = session === undefined ? this.#items : this.#of(session).items;
    const snapshot: Snapshot = { reads: [read], stored: () => true };
    items.set({ snapshot: () => snapshot }, charge);
  }
}

interface Place {
  readonly log: ReadLog;
  readonly fingerprint: string;
  readonly occurrence: number;
  /** Says that something was given out that no entry has. */
  dirty(log: Item): void;
}

/** What one cursor has given out: the first documents as they were, the others as one digest. */
export class CursorLog implements Item {
  readonly #place: Place;
  /** Documents that no entry is known to have; the last of them is number `#kept`. */
  #documents: unknown[] = [];
  #kept: number;
  #count: number;
  #hash: Hash | undefined;
  #ended = false;
  #error: StoredError | undefined;

  constructor(place: Place, count: number, hash: Hash | undefined) {
    this.#place = place;
    this.#count = count;
    this.#kept = count;
    this.#hash = hash;
  }

  gave(document: unknown): void {
    const { log } = this.#place;
    if (log.closed) return;
    if (this.#hash === undefined) {
      const copy = log.keep(document);
      if (copy !== undefined) {
        this.#documents.push(copy.value);
        this.#kept += 1;
      } else {
        this.#hash = createHash('sha256');
      }
    }
    if (this.#hash !== undefined) {
      const text = canonicalText(document);
      if (!log.affords(text)) return;
      this.#hash.update(text);
    }
    this.#count += 1;
    this.#place.dirty(this);
  }

  ended(): void {
    if (this.#place.log.closed || this.#ended) return;
    this.#ended = true;
    this.#place.dirty(this);
  }

  /** `error` is undefined where no entry can hold it. */
  failed(error: StoredError | undefined): void {
    const { log } = this.#place;
    if (log.closed) return;
    if (error === undefined) log.close();
    else log.affords(canonicalText(error));
    if (log.closed) return;
    this.#error = error;
    this.#place.dirty(this);
  }

  snapshot(): Snapshot {
    const { fingerprint, occurrence } = this.#place;
    const kept = this.#kept;
    const state = {
      fingerprint,
      occurrence,
      ended: this.#ended,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
    const count = this.#count;
    const reads: StoredRead[] = [];
    if (this.#documents.length > 0 || this.#hash === undefined) {
      reads.push({ ...state, form: 'documents', value: [...this.#documents], count: kept });
    }
    if (this.#hash !== undefined) {
      reads.push({ ...state, form: 'digest', value: digestOf(this.#hash), count });
    }
    const { ended } = state;
    const error = this.#error;
    return {
      reads,
      stored: () => {
        this.#documents.splice(0, Math.max(0, this.#documents.length - (this.#kept - kept)));
        return this.#count === count && this.#ended === ended && this.#error === error;
      },
    };
  }
}

/** The digest of what went into it so far; more may follow. */
export function digestOf(hash: Hash): string {
  return hash.copy().digest('base64url').slice(0, 22);
}
