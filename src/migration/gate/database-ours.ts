import { ReleaseError } from '../../observe/error.ts';
import type { Change } from './call.ts';
import type { RawDb } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

/** A filter for listCollections that leaves our collections out. An equality on `name` stays on top: it is fast there. */
export function hideOurs({ gate }: Wrappers, filter: unknown): object {
  const ours = { name: { $regex: `^${gate.own.prefix.replaceAll(/[^\w]/g, '\\$&')}\\.` } };
  const asked = (filter ?? {}) as { readonly $nor?: readonly unknown[] };
  return { ...asked, $nor: [...(asked.$nor ?? []), ours] };
}

/**
 * Drops collection by collection: `dropDatabase` itself would take our history and lease along. The database is gone
 * afterwards where nothing of ours was in it.
 */
export async function dropDatabase(
  { gate }: Wrappers,
  raw: RawDb,
  method: string,
  args: readonly unknown[],
): Promise<boolean> {
  if (gate.enclosing !== undefined) {
    throw new ReleaseError('TRANSACTION_CATALOG', 'dropDatabase cannot run inside a transaction.', {
      hint: 'Move it to a migration of its own without transaction: true.',
    });
  }
  const database = raw.databaseName;
  await gate.perform<readonly string[]>({
    call: { kind: 'catalog', method, namespace: { database }, multi: true, mayCreate: false },
    args,
    // It is several commands: no session would hold them together.
    session: undefined,
    send: async () => {
      const { mine } = await gate.catalog.collections(database);
      for (const name of mine) await raw.dropCollection(name);
      return mine;
    },
    change: (dropped): Change => ({ collectionsDropped: dropped.map((collection) => ({ database, collection })) }),
  });
  return true;
}
