import { bsonTypes, elementsOf } from '../../../../mongo/raw-bson.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { Namespace } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { type Along, only, rename, run } from './commands.ts';
import { type SeenState, textNamed } from './look.ts';

/** The longest that a TTL index takes (`expireAfterSeconds` is an int32): 68 years. */
const never = 2_147_483_647;

const numbers: ReadonlySet<number> = new Set([bsonTypes.double, bsonTypes.int32, bsonTypes.int64]);

/**
 * Puts a collection out of sight in place of dropping it: nothing in it expires any more, and its name is the
 * tombstone's. Can be repeated where it was interrupted. Rejects with the server's error.
 */
export async function bury(
  context: JournalContext,
  namespace: Namespace,
  state: SeenState & { readonly uuid: string },
  tombstone: string,
  along: Along,
): Promise<void> {
  await stopExpiry(context, namespace, state, along);
  await rename(context, namespace, { database: namespace.database, collection: tombstone }, state.uuid, along);
}

async function stopExpiry(
  context: JournalContext,
  { database, collection }: Namespace,
  { uuid, options, indexes }: SeenState,
  { ready }: Along,
): Promise<void> {
  const changes: object[] = indexes
    .filter((index) => expires(index))
    .map((index) => ({ index: { name: textNamed(index, 'name'), expireAfterSeconds: never } }));
  // Of a clustered collection.
  if (expires(options)) changes.push({ expireAfterSeconds: 'off' });
  for (const change of changes) {
    try {
      const command = { collMod: collection, ...change, ...(await only(context, uuid)) };
      await run(context, database, command, { session: undefined, ready });
    } catch (error) {
      const code = serverCode(error);
      // An index that is still being built: it has nothing expire before it is there, and is gone with the rename.
      if (code === serverCodes.IndexNotFound) continue;
      if (code !== serverCodes.Unauthorized) throw error;
      context.note(
        `The expiry of ${collection} could not be stopped without the right to collMod: its documents expire in the tombstone as well.`,
      );
      return;
    }
  }
}

/** Only a number counts: the server passes any other value over. */
function expires(document: Uint8Array): boolean {
  for (const { name, type } of elementsOf(document)) {
    if (name === 'expireAfterSeconds') return numbers.has(type);
  }
  return false;
}
