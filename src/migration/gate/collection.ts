import { answering, invoke, invokeAsync, readArguments, withSession } from './arguments.ts';
import type { Call, CallKind, Change } from './call.ts';
import { dropCollection, renameCollection } from './collections.ts';
import { countsOf, countsOfFindAndModify } from './counts.ts';
import { indexOverrides } from './indexes.ts';
import { readsOfCollection } from './listed.ts';
import type { Override, Wrapping } from './membrane.ts';
import { otherChange } from './other.ts';
import { namespaceOf, type RawCollection, type RawDb } from './raw.ts';
import { cursorOf, followingChanges, reading } from './reading.ts';
import { lookOf } from './replay/cursor-plan.ts';
import type { Wrappers } from './wrappers.ts';

interface Write {
  readonly kind: CallKind;
  /** Index of the options among the arguments. */
  readonly options: number;
  readonly multi?: boolean;
  /** Whether a missing collection comes into being; `upsert` only with that option, `models` by those of a list. */
  readonly creates?: 'always' | 'upsert' | 'models';
}

const writes: Readonly<Record<string, Write>> = {
  insertOne: { kind: 'insert', options: 1, creates: 'always' },
  insertMany: { kind: 'insert', options: 1, creates: 'always' },
  insert: { kind: 'insert', options: 1, creates: 'always' },
  updateOne: { kind: 'update', options: 2, creates: 'upsert' },
  updateMany: { kind: 'update', options: 2, multi: true, creates: 'upsert' },
  update: { kind: 'update', options: 2, multi: true, creates: 'upsert' },
  replaceOne: { kind: 'update', options: 2, creates: 'upsert' },
  deleteOne: { kind: 'delete', options: 1 },
  deleteMany: { kind: 'delete', options: 1, multi: true },
  remove: { kind: 'delete', options: 1, multi: true },
  bulkWrite: { kind: 'bulk', options: 1, multi: true, creates: 'models' },
};

const findAndModify: Readonly<Record<string, Write>> = {
  findOneAndUpdate: { kind: 'update', options: 2, creates: 'upsert' },
  findOneAndReplace: { kind: 'update', options: 2, creates: 'upsert' },
  findOneAndDelete: { kind: 'delete', options: 1 },
};

/** Reads that can be part of a transaction, with the index of their options. */
const reads: Readonly<Record<string, number>> = { findOne: 1, countDocuments: 1, count: 1, distinct: 2 };
const cursors: Readonly<Record<string, number>> = { find: 1, aggregate: 1 };
/** Cursors over the catalog, which the server refuses inside a transaction. */
const cursorsOutside: Readonly<Record<string, number>> = { listIndexes: 0, listSearchIndexes: 1 };
/** Reads that the server refuses inside a transaction: they see the state outside of it. */
const readsOutside = [
  'estimatedDocumentCount',
  'indexes',
  'indexExists',
  'indexInformation',
  'isCapped',
  'options',
  'stats',
];

/** The gate's part of a Collection: every method that writes. */
export function collectionWrapping(wrappers: Wrappers): Wrapping {
  const { gate, driver, membrane } = wrappers;
  const overrides: Record<PropertyKey, Override> = {};
  for (const [name, write] of Object.entries(writes)) {
    overrides[name] = (raw, args) =>
      answering(driver.major, args, (args) =>
        perform(wrappers, raw, name, args, write, (result) => ({ counts: countsOf(result) })),
      );
  }
  for (const [name, write] of Object.entries(findAndModify)) {
    overrides[name] = (raw, args) =>
      answering(driver.major, args, (args) => findAndModifyWithCounts(wrappers, raw, name, args, write));
  }
  for (const [name, at] of Object.entries(reads)) {
    overrides[name] = (raw, args) =>
      answering(driver.major, args, (args) => {
        const collection = raw as RawCollection;
        const session = membrane.sessionOf(args[at]) ?? gate.enclosing;
        const again = name === 'findOne' ? { collection, options: lookOf(args[1]) } : undefined;
        return reading(wrappers, { method: name, namespace: namespaceOf(collection), args, session, again }, () =>
          gate.read(() => invokeAsync(raw, name, readArguments(gate, args, at))),
        );
      });
  }
  for (const [name, at] of Object.entries(cursors)) {
    overrides[name] = (raw, args) => {
      const collection = raw as RawCollection;
      const origin = { method: name, namespace: namespaceOf(collection), args, options: at, collection };
      return cursorOf(wrappers, invoke(raw, name, readArguments(gate, args, at)), origin);
    };
  }
  for (const [name, at] of Object.entries(cursorsOutside)) {
    overrides[name] = (raw, args) => {
      const origin = { method: name, namespace: namespaceOf(raw as RawCollection), args, options: at };
      return cursorOf(wrappers, invoke(raw, name, args), origin);
    };
  }
  overrides.watch = (raw, args) => {
    followingChanges(wrappers);
    return invoke(raw, 'watch', args);
  };
  for (const name of readsOutside) {
    overrides[name] = (raw, args) =>
      answering(driver.major, args, (args) => {
        const call = { method: name, namespace: namespaceOf(raw as RawCollection), args, session: undefined };
        return gate.followRead(reading(wrappers, call, () => invokeAsync(raw, name, args)));
      });
  }
  Object.assign(overrides, indexOverrides(wrappers), collectionCatalogOverrides(wrappers));
  return {
    overrides,
    unlisted: (name) =>
      readsOfCollection.has(name) ? undefined : otherChange(wrappers, name, (raw) => namespaceOf(raw as RawCollection)),
  };
}

function mayCreate({ creates, options }: Write, args: readonly unknown[]): boolean {
  if (creates !== 'models') {
    return creates === 'always' || (creates === 'upsert' && (args[options] as Upserts | undefined)?.upsert === true);
  }
  const models = Array.isArray(args[0]) ? args[0] : [];
  return models.some((model: Readonly<Record<string, Upserts>> | null) =>
    Object.entries(model ?? {}).some(([name, { upsert } = {}]) => name === 'insertOne' || upsert === true),
  );
}

interface Upserts {
  readonly upsert?: unknown;
}

function perform(
  { gate, membrane }: Wrappers,
  raw: object,
  name: string,
  args: unknown[],
  write: Write,
  change: (result: unknown) => Change,
): Promise<unknown> {
  const options = args[write.options];
  const call: Call = {
    kind: write.kind,
    method: name,
    namespace: namespaceOf(raw as RawCollection),
    multi: write.multi === true,
    mayCreate: mayCreate(write, args),
  };
  return gate.perform({
    call,
    args,
    on: raw,
    session: membrane.sessionOf(options),
    send: (session, sent = args) => invokeAsync(raw, name, withSession(sent, write.options, session)),
    change,
  });
}

/**
 * From driver 6 on these methods answer with the document alone, which does not tell whether one was inserted: the
 * gate always asks for the whole answer, and gives user code what it asked for.
 */
async function findAndModifyWithCounts(wrappers: Wrappers, raw: object, name: string, args: unknown[], write: Write) {
  const options = (args[write.options] ?? {}) as { includeResultMetadata?: boolean };
  const shortened = wrappers.driver.major >= 6 && options.includeResultMetadata !== true;
  const asked = [...args];
  if (shortened) {
    while (asked.length < write.options) asked.push(undefined);
    asked[write.options] = { ...options, includeResultMetadata: true };
  }
  const removes = name === 'findOneAndDelete';
  const result = await perform(wrappers, raw, name, asked, write, (answer) => ({
    counts: countsOfFindAndModify(answer, removes),
  }));
  return shortened ? ((result as { value?: unknown } | null)?.value ?? null) : result;
}

function collectionCatalogOverrides({ gate, driver, membrane }: Wrappers): Record<string, Override> {
  return {
    drop: (raw, args) =>
      answering(driver.major, args, (args) =>
        dropCollection(gate, {
          method: 'drop',
          namespace: namespaceOf(raw as RawCollection),
          args,
          session: membrane.sessionOf(args[0]),
          send: (session, sent) => invokeAsync(raw, 'drop', withSession(sent, 0, session)),
        }),
      ),
    rename: (raw, args) =>
      answering(driver.major, args, (args) => {
        const from = namespaceOf(raw as RawCollection);
        const name = String(args[0]);
        return renameCollection(
          gate,
          { database: from.database, collection: name },
          {
            method: 'rename',
            namespace: from,
            args,
            session: membrane.sessionOf(args[1]),
            send: (session, sent) => invokeAsync(raw, 'rename', withSession(sent, 1, session)),
            object: () => siblingOf(raw as RawCollection, name),
          },
        );
      }),
  };
}

interface CollectionParts {
  /** Drivers 4 to 6 keep the database in `s`. */
  readonly s?: { readonly db?: RawDb; readonly options?: object };
  readonly db?: RawDb;
}

/** What `rename` gives back: the collection of the new name, with the options of the old. */
function siblingOf(raw: RawCollection, name: string): RawCollection | undefined {
  const { s, db = s?.db } = raw as unknown as CollectionParts;
  return db?.collection(name, s?.options);
}
