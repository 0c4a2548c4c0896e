import { textNamed } from '../../../../mongo/raw-bson.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import { alongOf } from './along.ts';
import { askedIndexes } from './asked.ts';
import type { Step } from './carry-out.ts';
import { only, run } from './commands.ts';
import { maybeSeen } from './found.ts';
import { documentField, indexNames, lookAt, type SeenState } from './look.ts';

/**
 * `createIndex`, `createIndexes`, `ensureIndex`: sent again after an interruption, since the server does not make an
 * index twice, and waits for one that is being built.
 */
export async function createIndexesStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const change = begun ?? {
    ...(await intended(context, operation, 'create-indexes')),
    asked: askedIndexes(operation),
  };
  return {
    change,
    act: async ({ ready }) => {
      const { session } = operation;
      if (!isCommand(operation)) return operation.send(session);
      const guarded = await onlyThis(context, operation, change);
      await ready();
      const reply = await operation.send(session, guarded);
      return asAtFirst(reply as CreateReply, change, operation) as T;
    },
    done: async () => undefined,
  };
}

interface CreateReply {
  readonly numIndexesBefore?: number;
  readonly numIndexesAfter?: number;
  readonly note?: string;
}

/** What the server answered, or would have, when the indexes were not there yet. */
function asAtFirst(reply: CreateReply, { before }: CatalogChange, { args }: Operation<unknown>): CreateReply {
  // A collection that is made by it has the index of `_id` before the others.
  const numIndexesBefore = before?.indexes.length ?? 1;
  if (reply.numIndexesBefore === undefined || reply.numIndexesBefore <= numIndexesBefore) return reply;
  const { note: _allThere, numIndexesBefore: _now, numIndexesAfter, ...rest } = reply;
  const { commitQuorum = 'votingMembers' } = args[0] as { commitQuorum?: unknown };
  const made = { createdCollectionAutomatically: before === undefined };
  return { numIndexesBefore, numIndexesAfter, ...made, ...{ commitQuorum }, ...rest };
}

/** `dropIndex`, `dropIndexes`: done where all that it names is gone. */
export async function dropIndexesStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const change = begun ?? (await intended(context, operation, 'drop-indexes'));
  const { call, args, session } = operation;
  const before = maybeSeen(change.before);
  const which = named(operation);
  const gone = before === undefined ? [] : meant(context, before, which);
  // Where one of them was not there, the server refused the whole.
  const possible = gone.length > 0 && gone.every((name) => indexNames(before).includes(name));
  return {
    change,
    act: async ({ ready }) => {
      const uuid = change.before?.uuid;
      if (isCommand(operation)) {
        const guarded = await onlyThis(context, operation, change);
        await ready();
        return operation.send(session, guarded);
      }
      // The others swallow errors, each version of the driver in its way.
      if (call.method !== 'dropIndex' || typeof which !== 'string') return operation.send(session);
      const guard = await only(context, uuid);
      if (guard.collectionUUID === undefined) {
        await ready();
        return operation.send(session);
      }
      const { database, collection } = call.namespace;
      const command = { dropIndexes: collection, index: which, ...guard };
      return (await run(context, database, command, { ...alongOf(call.method, args), session, ready })) as T;
    },
    done: async ({ here }) => {
      if (before === undefined || !possible || here?.uuid !== before.uuid) return undefined;
      const now = indexNames(here);
      if (gone.some((name) => now.includes(name))) return undefined;
      if (call.method === 'dropIndexes' || call.method === 'dropAllIndexes') return { result: true as T };
      const msg = which === '*' ? { msg: 'non-_id indexes dropped for collection' } : {};
      return { result: { nIndexesWas: before.indexes.length, ...msg, ok: 1 } as T };
    },
  };
}

/** What stands for the indexes: a name, `*`, several names, or a key. */
function named({ call, args }: Operation<unknown>): unknown {
  if (call.method === 'dropIndex') return args[0];
  return call.method.startsWith('command ') ? (args[0] as { index?: unknown }).index : '*';
}

function meant(context: JournalContext, state: SeenState, which: unknown): string[] {
  if (which === '*') return indexNames(state).filter((name) => name !== '_id_');
  if (typeof which === 'string') return [which];
  if (Array.isArray(which)) return which.map(String);
  if (typeof which !== 'object' || which === null) return [];
  const { BSON } = classesOf(context.driver);
  const key = Buffer.from(BSON.serialize(which, { ignoreUndefined: true }));
  return state.indexes
    .filter((index) => key.equals(documentField(index, 'key') ?? Buffer.alloc(0)))
    .map((index) => textNamed(index, 'name') ?? '');
}

async function intended(
  context: JournalContext,
  { call }: Operation<unknown>,
  type: 'create-indexes' | 'drop-indexes',
): Promise<CatalogChange> {
  return { type, before: await lookAt(context, call.namespace) };
}

function isCommand({ call }: Operation<unknown>): boolean {
  return call.method.startsWith('command ');
}

/** The arguments of a command that fails where another collection has the name by now. */
export async function onlyThis(
  context: JournalContext,
  { args }: Operation<unknown>,
  { before }: CatalogChange,
): Promise<readonly unknown[]> {
  const [command, ...rest] = args;
  const guard = before?.type === 'collection' ? await only(context, before.uuid) : {};
  // First the command itself: its name is the first field.
  return [{ ...(command as object), ...guard, ...(command as object) }, ...rest];
}
