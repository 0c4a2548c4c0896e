import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import type { Random } from './random.ts';

/** Users who go on writing while migrations run: they count up `hits` of what is there, and add documents of their own. */
export interface Users {
  /** Ends their writing, and comes back with what of it is not in the database exactly as it was answered. */
  stop(): Promise<string[]>;
}

type Id = number | string;

/** About `rate` writes a second. */
export function startUsers(db: Db, collections: readonly string[], rate: number, random: Random): Users {
  const hits = new Map<string, Map<Id, number>>(collections.map((name) => [name, new Map()]));
  const added: { readonly collection: string; readonly _id: string }[] = [];
  let going = true;

  const write = async () => {
    for (let n = 0; going; n += 1) {
      await sleep((1000 / rate) * (0.5 + random.next()));
      const name = random.of(collections);
      const collection = db.collection<{ _id: Id }>(name);
      if (n % 8 === 0) {
        const _id = `user-${n}`;
        await collection.insertOne({ _id, byUser: true } as never);
        added.push({ collection: name, _id });
        continue;
      }
      const _id = random.between(0, 59);
      const { matchedCount } = await collection.updateOne({ _id }, { $inc: { hits: 1 } });
      const counts = hits.get(name) as Map<Id, number>;
      if (matchedCount === 1) counts.set(_id, (counts.get(_id) ?? 0) + 1);
    }
  };
  const written = write();
  written.catch(() => {});

  return {
    async stop() {
      going = false;
      const lost: string[] = [];
      await written.catch((error: unknown) => lost.push(`a user's write failed: ${String(error)}`));
      for (const [name, counts] of hits) {
        for (const [_id, count] of counts) {
          const document = await db.collection<{ _id: Id; hits?: number }>(name).findOne({ _id });
          // What a migration deletes takes its hits along.
          if (document !== null && document.hits !== count) {
            lost.push(`${name} ${_id} has ${document.hits} hits of ${count}`);
          }
        }
      }
      for (const { collection, _id } of added) {
        if ((await db.collection<{ _id: Id }>(collection).countDocuments({ _id, byUser: true })) !== 1) {
          lost.push(`${collection}: ${_id}, which a user added, is not there`);
        }
      }
      return lost;
    },
  };
}
