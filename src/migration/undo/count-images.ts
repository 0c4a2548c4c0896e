import { type Document, ReadPreference } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { type Attempt, ofAttempt } from '../journal/documents.ts';

/** How many documents an attempt has changed, each counted as often as it was. Throws the driver's errors. */
export async function countImages(
  { db }: Connection,
  own: OwnNames,
  attempt: Attempt,
  options: { readonly maxTimeMS?: number } = {},
): Promise<number> {
  const [sum] = await db
    .collection(own.journal, { readPreference: ReadPreference.primary })
    .aggregate<{ images: number }>(
      [
        { $match: { ...ofAttempt(attempt), kind: 'images', part: 0 } },
        { $group: { _id: null, images: { $sum: '$count' } } },
      ] as Document[],
      options,
    )
    .toArray();
  return Number(sum?.images ?? 0);
}
