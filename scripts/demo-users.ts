import { setTimeout as pause } from 'node:timers/promises';
import type { Collection, ObjectId } from 'mongodb';

export interface City {
  _id: ObjectId;
  name: string;
  country: string;
  slug?: string;
  location?: { type: 'Point'; coordinates: number[] };
  exactLocation?: unknown;
  visits?: number;
}

/** What users were told is written. */
export interface Acknowledged {
  /** By city. */
  readonly visits: ReadonlyMap<string, number>;
  readonly founded: readonly string[];
  /** Cities whose place a user set while the migration's value was there. */
  readonly moved: readonly ObjectId[];
  readonly writes: number;
  readonly seconds: number;
}

/**
 * Users of the example at work until `stop`: several hundred writes a second, on the cities that the migration changes.
 * They count visits, found cities, and move three of those whose location the migration has rewritten.
 */
export async function usersAtWork(cities: Collection<City>, country: string) {
  const known = await cities
    .find({ country }, { projection: { slug: 1 } })
    .limit(400)
    .toArray();
  const visits = new Map<string, number>();
  const founded: string[] = [];
  const moved: ObjectId[] = [];
  const begun = performance.now();
  let writes = 0;
  let over = false;
  const visit = async (at: number) => {
    const city = known[at % known.length] as City;
    await cities.updateOne({ _id: city._id }, { $inc: { visits: 1 } });
    visits.set(String(city._id), (visits.get(String(city._id)) ?? 0) + 1);
  };
  const settle = async (at: number) => {
    const slug = `demo-town-${at}`;
    const location = { type: 'Point' as const, coordinates: [1.5 + (at % 100) / 1000, 42.5] };
    await cities.insertOne({ name: `Demo town ${at}`, country, slug, location } as City);
    founded.push(slug);
  };
  const move = async (at: number) => {
    const city = known[at % known.length] as City;
    const location = { type: 'Point' as const, coordinates: [2.1, 41.4] };
    const { modifiedCount } = await cities.updateOne(
      { _id: city._id, exactLocation: { $exists: true } },
      { $set: { location } },
    );
    if (modifiedCount === 1) moved.push(city._id);
  };
  const users = Array.from({ length: 4 }, async (_, user) => {
    for (let at = user; !over; at += 4) {
      await visit(at);
      if (at % 40 === 0) await settle(at);
      if (at % 10 === 0 && moved.length < 3) await move(at);
      writes++;
      await pause(3);
    }
  });
  return {
    async stop(): Promise<Acknowledged> {
      over = true;
      await Promise.all(users);
      return {
        visits,
        founded,
        moved,
        writes: writes + founded.length + moved.length,
        seconds: (performance.now() - begun) / 1000,
      };
    },
  };
}
