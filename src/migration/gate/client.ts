import { ReleaseError } from '../../observe/error.ts';
import { invoke, invokeAsync, withSession } from './arguments.ts';
import { bulkWrapping } from './bulk.ts';
import type { Call, Change } from './call.ts';
import { collectionWrapping } from './collection.ts';
import { countsOf } from './counts.ts';
import { cursorWrapping } from './cursor.ts';
import { adminWrapping, databaseWrapping } from './database.ts';
import type { Gate } from './gate.ts';
import { type Chooser, Membrane, type Override, type Wrapping } from './membrane.ts';
import { parseNamespace } from './names.ts';
import type { Driver, RawClient, RawSession } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

/** A client through which every write passes the gate; what it hands out (databases, sessions, cursors) does too. */
export function wrapClient(raw: RawClient, gate: Gate, driver: Driver): { client: RawClient; membrane: Membrane } {
  const { classes } = driver;
  const choose: Chooser = (object) => {
    if (object instanceof classes.Collection) return collection;
    if (object instanceof classes.AbstractCursor) return cursor;
    if (object instanceof classes.Db) return database;
    if (object instanceof classes.ClientSession) return session;
    if (object instanceof classes.OrderedBulkOperation || object instanceof classes.UnorderedBulkOperation) return bulk;
    if (object instanceof classes.Admin) return admin;
    if (object instanceof classes.MongoClient) return object === raw ? client : undefined;
    // Not exported as a class by all drivers: the half-built statement of a bulk operation.
    if (object.constructor?.name === 'FindOperators') return passive;
    if (object instanceof classes.ChangeStream) return passive;
    return undefined;
  };
  const membrane = new Membrane(driver, choose);
  const wrappers: Wrappers = { gate, driver, membrane, writingCursors: new WeakMap() };
  const client = clientWrapping(wrappers);
  const database = databaseWrapping(wrappers);
  const admin = adminWrapping(wrappers);
  const collection = collectionWrapping(wrappers);
  const cursor = cursorWrapping(wrappers);
  const bulk = bulkWrapping(wrappers);
  const session = sessionWrapping(wrappers);
  const passive: Wrapping = { overrides: {} };
  return { client: membrane.out(raw), membrane };
}

function clientWrapping(wrappers: Wrappers): Wrapping {
  const { gate, membrane } = wrappers;
  let told = false;
  const ignoreClose: Override = async () => {
    if (!told) gate.warn('The migration closed its client: ignored, since the connection belongs to the runner.');
    told = true;
  };
  return {
    overrides: {
      db: (raw, args) => invoke(raw, 'db', [args[0] ?? gate.database, ...args.slice(1)]),
      connect: async (raw) => raw,
      close: ignoreClose,
      [Symbol.asyncDispose]: ignoreClose,
      withSession: async (raw, args) => {
        const use = args.at(-1) as (session: unknown) => unknown;
        const session = membrane.out(invoke(raw, 'startSession', args.length > 1 ? [args[0]] : []) as RawSession);
        try {
          return await use(session);
        } finally {
          await session.endSession();
        }
      },
      bulkWrite: (raw, args) => clientBulkWrite(wrappers, raw, args),
    },
  };
}

interface Model {
  readonly namespace?: unknown;
}

/** Writes to several collections in one command (server 8.0). */
function clientBulkWrite({ gate, membrane }: Wrappers, raw: object, args: unknown[]): Promise<unknown> {
  const models = (Array.isArray(args[0]) ? args[0] : []) as readonly Model[];
  const names = new Set(models.map(({ namespace }) => String(namespace)));
  const namespaces = [...names].map(parseNamespace);
  const [only] = namespaces;
  const ours = namespaces.find(({ collection }) => collection !== undefined && gate.own.owns(collection));
  const call: Call = {
    kind: 'bulk',
    method: 'client bulkWrite',
    namespace: only ?? { database: gate.database },
    also: ours,
    multi: true,
    mayCreate: namespaces.length === 1,
  };
  return gate.perform({
    call,
    args,
    session: membrane.sessionOf(args[1]),
    send: (session, sent = args) => invokeAsync(raw, 'bulkWrite', withSession(sent, 1, session)),
    // The totals of several collections cannot be told apart: counted under the first, and named as one change.
    change: (result): Change => ({
      counts: countsOf(result),
      other: namespaces.length > 1 ? `bulkWrite over ${namespaces.length} collections` : undefined,
    }),
  });
}

/** Methods of a session that end or begin transactions. */
const ofTransactions = ['startTransaction', 'commitTransaction', 'abortTransaction', 'endSession', 'withTransaction'];

function sessionWrapping({ gate, membrane }: Wrappers): Wrapping {
  const overrides: Record<PropertyKey, Override> = {};
  for (const name of [...ofTransactions, Symbol.asyncDispose]) {
    overrides[name] = (raw, args) => {
      if (raw === gate.enclosing) throw enclosed(String(name));
      if (name !== 'withTransaction') return invoke(raw, name, args);
      const [run, ...options] = args as [(...given: unknown[]) => unknown, ...unknown[]];
      return invoke(raw, name, [() => run(membrane.out(raw)), ...options]);
    };
  }
  return { overrides, first: (raw) => gate.transactions.follow(raw as RawSession) };
}

function enclosed(method: string): ReleaseError {
  return new ReleaseError('TRANSACTION_ENCLOSED', `The migration called ${method} on the session it was given.`, {
    hint: 'The runner commits or aborts it: leave the call out, or leave transaction: true out.',
  });
}
