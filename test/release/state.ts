import type { Db } from 'mongodb';

/**
 * Everything that can be seen of a database: catalog with UUIDs, indexes, and a hash of each collection's bytes. Equal
 * before and after only if nothing was written in between, not even something that was taken back.
 */
export async function stateOf(db: Db, { own = true, uuids = true } = {}): Promise<unknown> {
  const infos = (await db.listCollections({}, { nameOnly: false }).toArray()).filter(
    ({ name }) => own || !name.startsWith('_mongo_release.'),
  );
  const { collections } = await db.command({ dbHash: 1 });
  const state: Record<string, unknown> = {};
  for (const { name, type, options, info } of infos.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const indexes = type === 'view' ? [] : await db.collection(name).listIndexes().toArray();
    state[name] = { type, options, uuid: uuids && info?.uuid?.toString(), indexes, hash: collections[name] };
  }
  return state;
}
