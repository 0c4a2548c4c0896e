import { sameBytes, textNamed } from '../../../../mongo/raw-bson.ts';
import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import type { Step } from './carry-out.ts';
import { maybeSeen } from './found.ts';
import { onlyThis } from './indexes.ts';
import { documentField, lookAt, type SeenState } from './look.ts';

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
  let tries = 0;
  return {
    change,
    act: async ({ ready }) => {
      tries += 1;
      const guarded = await onlyThis(context, operation, change);
      await ready();
      const reply = await operation.send(session, guarded);
      if (tries === 1 && begun === undefined) return reply;
      // An earlier try may have made the change, and this one has nothing to tell of what was before.
      const here = maybeSeen(await lookAt(context, call.namespace));
      if (before === undefined || here === undefined || index === undefined) return reply;
      const [was, is] = [indexOf(context, before, index), indexOf(context, here, index)];
      return { ...(reply as object), ...difference(context, was, is) } as T;
    },
    // Sent again in any case: twice is as good as once, and what differs may be somebody else's change.
    done: async () => undefined,
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
  const [before = {}, after = {}] = [was, is].map((spec) => BSON.deserialize(spec, { bsonRegExp: true }));
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
