import type { Db, Document } from 'mongodb';
import type { Connection } from '../../src/mongo/connect.ts';

/** The same connection, whose n-th change of the catalog fails before it, or after it as if the answer got lost. */
export function breaking(
  connection: Connection,
  at: number,
  when: 'before' | 'after',
): { connection: Connection; count(): number } {
  let changes = 0;
  const commandOf = (db: Db) => async (command: Document) => {
    const counted = ['create', 'drop', 'renameCollection', 'createIndexes', 'collMod'].some((name) => name in command);
    const breaks = counted && ++changes === at;
    if (breaks && when === 'before') throw new Error('the network is gone');
    const answer = await db.command(command);
    if (breaks) throw new Error('the network is gone');
    return answer;
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
