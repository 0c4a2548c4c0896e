import type { Driver, RawCollection } from '../../raw.ts';
import type { Backfill } from './description.ts';
import { after, type Place } from './order.ts';

interface Counting {
  readonly collection: RawCollection;
  readonly backfill: Backfill;
  readonly driver: Driver;
}

/** Counting may not take longer than what it is good for, in milliseconds. */
export const countMs = 60_000;

/** How many documents a batch has to do after this place; all of them without one. */
export function countLeft({ collection, backfill, driver }: Counting, place: Place | undefined): Promise<number> {
  const { filter, order } = backfill;
  const left = place === undefined ? filter : { $and: [filter, after(place, order, driver)] };
  return collection.countDocuments(left as object, { maxTimeMS: countMs });
}
