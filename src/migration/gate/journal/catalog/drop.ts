import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { alongOf } from './along.ts';
import type { Otherwise, Step } from './carry-out.ts';
import { isSharded, only, run } from './commands.ts';
import { inDoubt, named } from './doubt.ts';
import { lookAt, type SeenState } from './look.ts';
import { bury } from './tombstone.ts';

/** `drop`, `dropCollection`: the collection becomes a tombstone, where it can. */
export async function dropStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const change = begun ?? (await intended(context, operation));
  const { before, tombstone } = change;
  if (before === undefined) return dropOfNothing(operation, change);
  const answer = answerOf(operation, before.indexes.length, before.type === 'view');
  if (tombstone !== undefined) return dropToTombstone(context, operation, change, answer);
  return {
    change,
    note:
      before.type === 'view' ? undefined : `The collection ${named(operation.call.namespace)} was dropped for good.`,
    act: ({ ready }) =>
      dropForGood(context, operation, before.type === 'collection' ? before.uuid : undefined, answer, ready),
    done: async ({ here }) => {
      const still = before.uuid === undefined ? here?.type === before.type : here?.uuid === before.uuid;
      return still ? undefined : { result: answer };
    },
  };
}

async function intended(context: JournalContext, operation: Operation<unknown>): Promise<CatalogChange> {
  const { namespace } = operation.call;
  const before = await lookAt(context, namespace);
  const type = 'drop-collection';
  if (before?.uuid === undefined || !(await renamable(context, operation, before))) return { type, before };
  return { type, before, tombstone: context.own.dropped(before.uuid) };
}

async function renamable(context: JournalContext, { call, args }: Operation<unknown>, { type }: SeenState) {
  if (!context.images || type !== 'collection' || call.namespace.collection?.startsWith('system.')) return false;
  // With these the driver drops further collections.
  const { encryptedFields } = (alongOf(call.method, args).options ?? {}) as { encryptedFields?: unknown };
  return encryptedFields === undefined && !(await isSharded(context, call.namespace));
}

/** The driver and the server agree on what that is: true, false or an error, by their versions. */
function dropOfNothing<T>(operation: Operation<T>, change: CatalogChange): Step<T> {
  return {
    change,
    act: () => operation.send(operation.session),
    done: async ({ here }) => {
      if (here === undefined) return undefined;
      throw inDoubt(operation.call, 'there was nothing to drop, and now there is');
    },
  };
}

function dropToTombstone<T>(
  context: JournalContext,
  operation: Operation<T>,
  change: CatalogChange,
  answer: T,
): Step<T> {
  const { call, args, session } = operation;
  const { namespace } = call;
  const { uuid = '' } = change.before ?? {};
  const tombstone = change.tombstone ?? '';
  let otherwise: Otherwise = {};
  return {
    change,
    act: async ({ ready }) => {
      const state = await lookAt(context, namespace);
      if (state === undefined) {
        await ready();
        return operation.send(session);
      }
      if (state.uuid !== uuid) throw inDoubt(call, 'another collection has its name by now');
      try {
        const along = { ...alongOf(call.method, args), session, ready };
        await bury(context, namespace, { ...state, uuid }, tombstone, along);
      } catch (error) {
        if (serverCode(error) !== serverCodes.Unauthorized) throw error;
        const note = `The collection ${named(namespace)} was dropped for good: the user has no right to rename it.`;
        otherwise = { tombstone: undefined, note };
        return dropForGood(context, operation, uuid, answer, ready);
      }
      return answer;
    },
    done: async ({ here }) => {
      const { database } = namespace;
      if ((await lookAt(context, { database, collection: tombstone }))?.uuid === uuid) return { result: answer };
      if (here?.uuid === uuid) return undefined;
      if (here !== undefined) throw inDoubt(call, 'another collection has its name by now');
      const note = `The collection ${named(namespace)} is gone, and so is its tombstone.`;
      otherwise = { tombstone: undefined, note };
      return { result: answer };
    },
    otherwise: () => otherwise,
  };
}

async function dropForGood<T>(
  context: JournalContext,
  operation: Operation<T>,
  uuid: string | undefined,
  answer: T,
  ready: () => Promise<void>,
): Promise<T> {
  const { call, args, session } = operation;
  const { database, collection } = call.namespace;
  const along = alongOf(call.method, args);
  const guard = await only(context, uuid);
  const plain = guard.collectionUUID === undefined || encrypted(along.options);
  if (plain) {
    await ready();
    return operation.send(session);
  }
  await run(context, database, { drop: collection, ...guard }, { ...along, session, ready });
  return answer;
}

function encrypted(options: unknown): boolean {
  return (options as { encryptedFields?: unknown } | undefined)?.encryptedFields !== undefined;
}

function answerOf<T>({ call }: Operation<T>, nIndexesWas: number, view: boolean): T {
  if (!call.method.startsWith('command ')) return true as T;
  return { ...(view ? {} : { nIndexesWas }), ns: named(call.namespace), ok: 1 } as T;
}
