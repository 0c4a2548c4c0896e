import type { Db, Document } from 'mongodb';
import type { Connection } from '../../src/mongo/connect.ts';

const changing = ['create', 'drop', 'renameCollection', 'createIndexes', 'collMod'];
const isChange = (command: Document) => changing.some((name) => name in command);

/** The same connection, whose n-th change of the catalog, or of `these`, fails before it, or after it as if the answer got lost. */
export function breaking(
  connection: Connection,
  at: number,
  when: 'before' | 'after',
  these: (command: Document) => boolean = isChange,
): { connection: Connection; count(): number } {
  let changes = 0;
  const commandOf = (db: Db) => async (command: Document) => {
    const breaks = these(command) && ++changes === at;
    if (!breaks) return db.command(command);
    // Nobody hears either how it went.
    if (when === 'after') await db.command(command).catch(() => {});
    throw new Error('the network is gone');
  };
  const wrap = <T extends object>(target: T, own: Partial<T>): T =>
    new Proxy(target, {
      get(_, key) {
        const value = key in own ? own[key as keyof T] : Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const admin = connection.client.db('admin');
  return {
    connection: {
      ...connection,
      db: wrap(connection.db, { command: commandOf(connection.db) }),
      client: wrap(connection.client, { db: () => wrap(admin, { command: commandOf(admin) }) }),
    },
    count: () => changes,
  };
}
