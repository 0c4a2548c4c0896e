import { expiriesOf, stopExpiry } from '../../../../mongo/expiry.ts';
import type { Namespace } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { type Along, only, rename, run } from './commands.ts';
import type { SeenState } from './look.ts';

/**
 * Puts a collection out of sight in place of dropping it: nothing in it expires any more, and its name is the
 * tombstone's. Can be repeated where it was interrupted. Rejects with the server's error.
 */
export async function bury(...at: Parameters<typeof toBury>): Promise<void> {
  const move = await toBury(...at);
  await move();
}

/** All of that but the rename itself, which comes back. */
export async function toBury(
  context: JournalContext,
  { database, collection }: Namespace,
  { uuid, options, indexes }: SeenState & { readonly uuid: string },
  tombstone: string,
  along: Along,
): Promise<(w?: 1) => Promise<void>> {
  const stopped = await stopExpiry(expiriesOf(options, indexes), async (change) => {
    const command = { collMod: collection, ...change, ...(await only(context, uuid)) };
    await run(context, database, command, { session: undefined, ready: along.ready });
  });
  if (stopped === 'not-authorized')
    context.note(
      `The expiry of ${collection} could not be stopped without the right to collMod: its documents expire in the tombstone as well.`,
    );
  return (w) => rename(context, { database, collection }, { database, collection: tombstone }, uuid, along, w);
}
