import type { OwnNames } from '../../mongo/own.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Effects } from '../types.ts';
import type { Call, Change, Operation, Stage } from './call.ts';
import { Catalog } from './catalog.ts';
import { countsOf } from './counts.ts';
import { failureKind, labelled } from './failure.ts';
import { Lane } from './lane.ts';
import { shownName } from './names.ts';
import { type OperationRun, Operations } from './operations.ts';
import type { RawClient, RawCursor, RawSession } from './raw.ts';
import { type NamedChange, Tally } from './tally.ts';
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
  readonly #beforeWrite: () => Promise<void> | undefined;
  readonly #run = new Tally();
  readonly #operations = new Operations();
  /** Writes under way, and whether they change the target at once: inside a transaction its commit does. */
  readonly #writing = new Map<Call, boolean>();
  readonly #failed = new WeakMap<object, Call>();
  readonly #lane = new Lane();
  readonly #stages: readonly Stage[];
  readonly #cursors = new Set<RawCursor>();
  #reading = 0;
  #begun = 0;
  #closed: ReleaseError | undefined;
  #enclosing: RawSession | undefined;

  constructor(options: GateOptions) {
    this.database = options.database;
    this.own = options.own;
    this.warn = options.warn;
    this.#beforeWrite = options.beforeWrite;
    this.catalog = new Catalog(options.client, options.own, options.database);
    this.transactions = new Transactions(this.#run, this.catalog, {
      commit: (send) => this.#commit(send),
      begun: (session) => options.transactionBegun?.(session),
    });
    this.#stages = [this.#whileOpen, this.#notOurs, this.#inEnclosing, this.#recorded];
  }

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

  /** Writes without an answer, as `method namespace`. */
  writing(): string[] {
    return [...this.#writing.keys()].map((call) => `${call.method} on ${this.shown(call)}`);
  }

  /** How many writes may be changing the target right now. */
  get exposed(): number {
    return [...this.#writing.values()].filter((atOnce) => atOnce).length;
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

  /** How many writes were begun. */
  get begun(): number {
    return this.#begun;
  }

  effects(): Effects {
    return this.#run.effects();
  }

  operations(): OperationRun[] {
    return this.#operations.runs();
  }

  /** What was sent last, as `method on namespace`. */
  last(): string {
    const run = this.#operations.runs().at(-1);
    return run === undefined ? 'a write' : `${run.method} on ${run.namespace}`;
  }

  /** The call that an error of the driver came from. */
  callOf(error: unknown): string | undefined {
    const call = typeof error === 'object' && error !== null ? this.#failed.get(error) : undefined;
    return call === undefined ? undefined : `${call.method} on ${this.shown(call)}`;
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

  #recorded: Stage = async <T>(operation: Operation<T>, next: () => Promise<T>): Promise<T> => {
    const { call, session } = operation;
    const tally = this.transactions.tallyOf(session);
    this.#writing.set(call, tally === this.#run);
    this.#begun += 1;
    let ended: ReturnType<Operations['begin']> | undefined;
    try {
      const missing = await this.catalog.missing(call);
      // Inside a transaction nothing changes before its commit, which comes through here by itself.
      if (tally === this.#run) await this.#beforeWrite();
      this.#refuseWhenClosed();
      ended = this.#operations.begin(call, this.shown(call));
      try {
        const result = await next();
        tally.operations += 1;
        this.#note(tally, operation, result);
        for (const namespace of missing)
          if (this.catalog.appeared(namespace)) tally.add(this.#named({ collectionsCreated: [namespace] }));
        ended('done');
        return result;
      } catch (error) {
        ended(await this.#noteFailure(tally, call, error, missing));
        throw error;
      }
    } finally {
      this.#writing.delete(call);
    }
  };

  #note<T>(tally: Tally, operation: Operation<T>, result: T): void {
    let change: Change;
    try {
      change = operation.change(result);
    } catch {
      change = { unknown: 1 };
    }
    // Write concern 0: the server was told, and did not answer.
    if ((result as { acknowledged?: unknown } | null | undefined)?.acknowledged === false) change = { unknown: 1 };
    tally.unknown += change.unknown ?? 0;
    tally.add({ collection: this.shown(operation.call), ...this.#named(change) });
    for (const namespace of change.collectionsDropped ?? []) this.catalog.forget(shownName(namespace, this.database));
    for (const namespace of change.collectionsCreated ?? []) this.catalog.appeared(namespace);
  }

  async #noteFailure(tally: Tally, call: Call, error: unknown, missing: Change['collectionsCreated'] = []) {
    if (typeof error === 'object' && error !== null) this.#failed.set(error, call);
    const kind = failureKind(error, call);
    if (kind === 'not-sent') return 'refused' as const;
    tally.operations += 1;
    const partial = (error as { result?: unknown }).result;
    if (partial !== undefined) tally.add({ collection: this.shown(call), counts: countsOf(partial) });
    if (kind === 'unknown') tally.unknown += 1;
    // A refused insert may have left the empty collection behind.
    for (const namespace of missing) {
      if (tally === this.#run && (await this.catalog.emerged(namespace)))
        tally.add(this.#named({ collectionsCreated: [namespace] }));
    }
    return kind;
  }

  #named(change: Change): NamedChange {
    const { collectionsCreated, collectionsDropped, ...rest } = change;
    const names = (list: Change['collectionsCreated']) => list?.map((namespace) => shownName(namespace, this.database));
    return { ...rest, collectionsCreated: names(collectionsCreated), collectionsDropped: names(collectionsDropped) };
  }

  async #commit(send: () => Promise<unknown>): Promise<unknown> {
    const call: Call = {
      kind: 'commit',
      method: 'commitTransaction',
      namespace: { database: this.database },
      multi: true,
      mayCreate: false,
    };
    this.#refuseWhenClosed();
    this.#writing.set(call, true);
    const ended = this.#operations.begin(call, this.database);
    try {
      await this.#beforeWrite();
      const result = await send();
      ended('done');
      return result;
    } catch (error) {
      this.#failed.set(error as object, call);
      ended(labelled(error, 'UnknownTransactionCommitResult') ? 'unknown' : 'refused');
      throw error;
    } finally {
      this.#writing.delete(call);
    }
  }
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
