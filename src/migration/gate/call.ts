import type { ClientSession } from 'mongodb';
import type { Counts } from '../types.ts';

/** What a call does, as far as decisions depend on it. */
export type CallKind = 'insert' | 'update' | 'delete' | 'bulk' | 'pipeline' | 'catalog' | 'command' | 'commit';

export interface Namespace {
  readonly database: string;
  /** Undefined where a call is about the whole database. */
  readonly collection?: string;
}

/** One write on its way to the server: names and numbers only, never a document's value. */
export interface Call {
  readonly kind: CallKind;
  /** The driver's method, or `command NAME`. */
  readonly method: string;
  readonly namespace: Namespace;
  /** A second namespace that is written: where a rename, `$out` or `$merge` goes. */
  readonly also?: Namespace;
  /** Whether one statement may touch several documents, so that a refusal can leave a part of it done. */
  readonly multi: boolean;
  /** Whether a missing collection comes into being by it. */
  readonly mayCreate: boolean;
}

/** What an answered call did. */
export interface Change {
  readonly counts?: Counts;
  readonly indexesCreated?: readonly string[];
  readonly indexesDropped?: readonly string[];
  readonly collectionsCreated?: readonly Namespace[];
  readonly collectionsDropped?: readonly Namespace[];
  /** A change without a list of its own, such as `collMod places`. */
  readonly other?: string;
  /** Statements whose effect the answer does not tell. */
  readonly unknown?: number;
}

/** A call with the way to send it. Stages of the gate may replace session and arguments before it is sent. */
export interface Operation<T> {
  readonly call: Call;
  /** What user code passed, with the driver's own objects. Never changed: a stage sends a changed copy. */
  readonly args: readonly unknown[];
  /** The driver's object whose method was called, where a stage may need its settings: a collection, a bulk builder, a cursor. */
  readonly on?: object;
  /** The session that user code passed, or the one a stage put in. The driver's own, never a wrapped one. */
  session: ClientSession | undefined;
  /** Without arguments of its own it sends those of user code. May be called again: a transaction may have to be repeated. */
  send(session: ClientSession | undefined, args?: readonly unknown[]): Promise<T>;
  change(result: T): Change;
  /** Of changes of the catalog. */
  readonly catalog?: CatalogAnswer<T>;
}

/** How a change of the catalog is answered and counted by a stage that does not call `send`. */
export interface CatalogAnswer<T> {
  /** What the driver gives back, where that is an object of its own; undefined where it is data. */
  readonly object?: () => T;
  /** What was found around the change: `change` counts by it, in place of what `send` looks up. */
  seen(look: CatalogLook): void;
}

export interface CatalogLook {
  /** Whether the namespace was there before. */
  readonly existed: boolean;
  /** Whether a second namespace was there before, and is replaced. */
  readonly replaced: boolean;
  /** Names of the indexes. */
  readonly indexesBefore: readonly string[];
  readonly indexesAfter: readonly string[];
}

/**
 * One stage of the gate. Every write passes all of them in order; the last sends it.
 * A stage refuses by rejecting, delays by awaiting, and sees result or error on the way back.
 */
export type Stage = <T>(operation: Operation<T>, next: () => Promise<T>) => Promise<T>;
