import { randomUUID } from 'node:crypto';
import { sameBytes } from '../../../../mongo/raw-bson.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { unheard } from '../unheard.ts';
import type { Step } from './carry-out.ts';
import { run } from './commands.ts';
import { inDoubt } from './doubt.ts';
import { lookAt, type SeenState } from './look.ts';

/** `createCollection`, `create`: collections, views, time series. */
export async function createStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const { call } = operation;
  const change = begun ?? {
    type: 'create-collection',
    before: await lookAt(context, call.namespace),
  };
  return {
    change,
    act: () => operation.send(operation.session),
    done: async ({ here }) => {
      // Where it was there before, the server's answer is the same again.
      if (change.before !== undefined || here === undefined) return undefined;
      // Who made what is as it was asked for makes no difference: others may write to it from its first moment on.
      if (!(await isAsAsked(context, operation, here))) {
        throw inDoubt(call, 'what has that name by now is not what the call makes');
      }
      return { result: operation.catalog?.object?.() ?? ({ ok: 1 } as T) };
    },
    // Asked only where no earlier try may have made it.
    madeByOthers: (error) => serverCode(error) === serverCodes.NamespaceExists,
  };
}

/**
 * The same call is made under a name of ours: what the server makes of its options only the server knows. Where the
 * process dies before it is dropped again, the next run's `prepareJournal` drops it.
 */
async function isAsAsked(context: JournalContext, operation: Operation<unknown>, here: SeenState): Promise<boolean> {
  const { database } = operation.call.namespace;
  const [first, second] = operation.args;
  // With these the driver makes further collections.
  const { encryptedFields } = (second ?? {}) as { encryptedFields?: unknown };
  if (encryptedFields !== undefined) return here.type === 'collection';
  const collection = context.own.compared(randomUUID());
  const name = typeof first === 'string' ? collection : { ...(first as object), create: collection };
  try {
    await operation.send(undefined, [name, ...operation.args.slice(1)]);
    const made = await lookAt(context, { database, collection });
    return made?.type === here.type && sameBytes(made.options, here.options);
  } catch (error) {
    if (serverCode(error) === undefined || unheard(error)) throw error;
    return false;
  } finally {
    await run(context, database, { drop: collection }, { session: undefined }).catch(() => {});
  }
}
