import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import type { Step } from './carry-out.ts';
import { maybeSeen } from './found.ts';
import { onlyThis } from './indexes.ts';
import { documentField, lookAt, type SeenState, sameBytes, textNamed } from './look.ts';

interface CollMod {
  readonly index?: { readonly name?: unknown; readonly keyPattern?: unknown };
}

/** `collMod`: validators, expiry, hidden indexes, definitions of views. */
export async function modifyStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const { call, args, session } = operation;
  const change = begun ?? { type: 'modify-collection', before: await lookAt(context, call.namespace) };
  const { index } = args[0] as CollMod;
  const before = maybeSeen(change.before);
  return {
    change,
    act: async () => operation.send(session, await onlyThis(context, operation, change)),
    // Where nothing differs, sending it again answers the same.
    done: async ({ here }) => {
      if (before === undefined || here === undefined || here.uuid !== before.uuid) return undefined;
      const was = index === undefined ? undefined : indexOf(context, before, index);
      const is = index === undefined ? undefined : indexOf(context, here, index);
      if (sameBytes(was, is) && sameBytes(before.options, here.options)) return undefined;
      return { result: { ...difference(context, was, is), ok: 1 } as T };
    },
  };
}

function indexOf(context: JournalContext, state: SeenState, index: NonNullable<CollMod['index']>) {
  const { BSON } = classesOf(context.driver);
  if (index.name !== undefined) return state.indexes.find((spec) => textNamed(spec, 'name') === index.name);
  const key = BSON.serialize((index.keyPattern ?? {}) as object, { ignoreUndefined: true });
  return state.indexes.find((spec) => sameBytes(documentField(spec, 'key'), key));
}

/** The server names the old and the new value of what it changed in an index. */
function difference(context: JournalContext, was: Uint8Array | undefined, is: Uint8Array | undefined): object {
  if (was === undefined || is === undefined) return {};
  const { BSON } = classesOf(context.driver);
  const before = BSON.deserialize(was);
  const after = BSON.deserialize(is);
  const reply: Record<string, unknown> = {};
  if (before.expireAfterSeconds !== after.expireAfterSeconds) {
    if (before.expireAfterSeconds !== undefined) reply.expireAfterSeconds_old = before.expireAfterSeconds;
    reply.expireAfterSeconds_new = after.expireAfterSeconds;
  }
  if ((before.hidden ?? false) !== (after.hidden ?? false)) {
    reply.hidden_old = before.hidden ?? false;
    reply.hidden_new = after.hidden ?? false;
  }
  return reply;
}
