import type { OwnNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Effects } from '../types.ts';
import type { Call, Namespace, Operation, Stage } from './call.ts';
import { Catalog, inTransaction } from './catalog.ts';
import type { Journal } from './journal/journal.ts';
import { Lane } from './lane.ts';
import { shownName } from './names.ts';
import type { RawClient, RawCursor, RawSession } from './raw.ts';
import { Recorder } from './recorder.ts';
import type { Replay } from './replay/replay.ts';
import { noCounts } from './tally.ts';
import { Transactions } from './transactions.ts';

export interface GateOptions {
  /** Connected. */
  readonly client: RawClient;
  /** The target's database: its collections are named without it. */
  readonly database: string;
  readonly own: OwnNames;
  /** Awaited before a write is sent that may change the target at once. Must be cheap. */
  readonly beforeWrite: () => Promise<void> | undefined;
  readonly warn: (message: string) => void;
  /** Know of every document that a loop over a cursor is given: costs a little on each. Default false. */
  readonly followsReads?: boolean;
  /** Called once for each session that begins a transaction, before anything is sent in it. */
  readonly transactionBegun?: (session: RawSession) => void;
}

/**
 * What every write of a migration passes. It refuses, records and counts; the wrappers around the driver's objects
 * (`client.ts` and its neighbours) bring each write here as an `Operation`.
 */
export class Gate {
  readonly database: string;
  readonly own: OwnNames;
  readonly catalog: Catalog;
  readonly transactions: Transactions;
  readonly warn: (message: string) => void;
  /** What is under way, was sent, and did. */
  readonly books: Recorder;
  readonly #lane = new Lane();
  readonly #stages: Stage[];
  #journal: Journal | undefined;
  #replay: Replay | undefined;
  /** The document that a cursor gave to user code last: most often the one that its loop is at. */
  lastRead: { readonly namespace: Namespace; readonly document: unknown } | undefined;
  /** Whether every cursor that is looped over passes here, also where nothing of it is kept. */
  readonly followsReads: boolean;
  readonly #cursors = new Set<RawCursor>();
  #reading = 0;
  #closed: ReleaseError | undefined;
  #enclosing: RawSession | undefined;

  constructor(options: GateOptions) {
    this.database = options.database;
    this.followsReads = options.followsReads ?? false;
    this.own = options.own;
    this.warn = options.warn;
    this.catalog = new Catalog(options.client, options.own, options.database);
    this.books = new Recorder({
      database: options.database,
      catalog: this.catalog,
      beforeWrite: options.beforeWrite,
      transactionTally: (session) => this.transactions.tallyOf(session),
      refuseWhenClosed: () => this.#refuseWhenClosed(),
    });
    this.transactions = new Transactions(this.books.run, this.catalog, {
      commit: (send) => this.books.commit(send),
      begun: (session) => options.transactionBegun?.(session),
      committing: (session, send) => (this.#journal === undefined ? send() : this.#journal.commit(session, send)),
      reset: (session) => this.#journal?.reset(session),
    });
    this.#stages = [this.#whileOpen, this.#notOurs, this.#inEnclosing, this.books.stage];
  }

  /** From here on the journal is the last stage: it sends what passes, and keeps it. */
  keepJournal(journal: Journal): void {
    this.#journal = journal;
    this.#stages.push(journal.stage);
  }

  /** Undefined where nothing can be kept: on a standalone server. */
  get journal(): Journal | undefined {
    return this.#journal;
  }

  /** From here on reads are kept, and answered as in the run that this one takes up. */
  keepReads(replay: Replay): void {
    this.#replay = replay;
  }

  get replay(): Replay | undefined {
    return this.#replay;
  }

  /**
   * Whether what a change of the catalog does has to be looked up around it. The journal looks before it writes its
   * intent down: nothing may come between that and the change, since the change itself cannot be fenced.
   */
  looksAround(session: RawSession | undefined): boolean {
    return this.#journal === undefined || inTransaction(session);
  }

  /** What throws when nothing may be sent any more. */
  readonly refuseWhenClosed = (): void => this.#refuseWhenClosed();

  /** Sends one write through all stages. Rejects with the driver's own error, or a ReleaseError of a stage. */
  perform<T>(operation: Operation<T>): Promise<T> {
    const step = (index: number): Promise<T> => {
      const stage = this.#stages[index];
      return stage === undefined ? operation.send(operation.session) : stage(operation, () => step(index + 1));
    };
    return step(0);
  }

  /** Sends one read. With an enclosing transaction it takes its turn with all other calls. */
  async read<T>(send: () => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    this.#reading += 1;
    try {
      return await (this.#enclosing === undefined ? send() : this.#lane.pass(send));
    } finally {
      this.#reading -= 1;
    }
  }

  /** Follows a read that the driver has already begun, so that the end of the migration can wait for it. */
  followRead<T>(promise: Promise<T>): Promise<T> {
    this.#reading += 1;
    return promise.finally(() => {
      this.#reading -= 1;
    });
  }

  /** From here on every call without a session of its own joins this session's transaction, one after the other. */
  enclose(session: RawSession | undefined): void {
    this.#enclosing = session;
  }

  get enclosing(): RawSession | undefined {
    return this.#enclosing;
  }

  /** Every later call is refused with this error. */
  close(reason: ReleaseError): void {
    this.#closed ??= reason;
  }

  /** Follows a cursor until it is closed. */
  followCursor(cursor: RawCursor): void {
    this.#cursors.add(cursor);
    cursor.once('close', () => this.#cursors.delete(cursor));
  }

  /** Whether a cursor was begun and is neither exhausted nor closed. */
  cursorOpen(): boolean {
    // The server gives an exhausted cursor the id 0.
    return [...this.#cursors].some(({ id, closed, killed }) => id != null && !id.isZero() && !closed && !killed);
  }

  get reading(): number {
    return this.#reading;
  }

  effects(): Effects {
    return this.books.run.effects();
  }

  /** Counts documents that were put aside by a write of ours, which passes no stage. */
  noteQuarantined(namespace: Namespace, quarantined: number, session: RawSession | undefined): void {
    const tally = this.transactions.tallyOf(session) ?? this.books.run;
    tally.add({ collection: shownName(namespace, this.database), counts: { ...noCounts, quarantined } });
  }

  shown(call: Call): string {
    return shownName(call.namespace, this.database);
  }

  #refuseWhenClosed(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  #whileOpen: Stage = async (_operation, next) => {
    this.#refuseWhenClosed();
    return next();
  };

  #notOurs: Stage = async ({ call }, next) => {
    for (const namespace of [call.namespace, call.also]) {
      if (namespace?.collection === undefined || !this.own.owns(namespace.collection)) continue;
      throw new ReleaseError(
        'GATE_OWN_COLLECTION',
        `A migration may not change ${namespace.collection}: mongo-release keeps its records there.`,
        { hint: `Leave out collections whose name begins with ${this.own.prefix}. in the migration.` },
      );
    }
    return next();
  };

  #inEnclosing: Stage = async (operation, next) => {
    const session = this.#enclosing;
    if (session === undefined) return next();
    operation.session ??= session;
    if (operation.session !== session) return next();
    return this.#lane.pass(async () => {
      try {
        return await next();
      } catch (error) {
        throw catalogInTransaction(error, operation.call, this.shown(operation.call));
      }
    });
  };
}

/** The server's number for a catalog change that transactions do not take (OperationNotSupportedInTransaction). */
const notInTransaction = 263;

function catalogInTransaction(error: unknown, call: Call, shown: string): unknown {
  if (call.kind !== 'catalog' || (error as { code?: unknown }).code !== notInTransaction) return error;
  return new ReleaseError('TRANSACTION_CATALOG', `${call.method} on ${shown} cannot run inside a transaction.`, {
    hint: 'Move it to a migration of its own without transaction: true.',
    cause: error,
  });
}
