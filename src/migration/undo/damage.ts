import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { BsonError, idKey } from '../../mongo/raw-bson.ts';
import type { Attempt } from '../journal/documents.ts';
import { documentOf, JournalDamage } from '../journal/images.ts';
import { readForwards } from './read.ts';

export const damaged = 'images of the journal are damaged';

/** Whether an error says that images are not what was packed. */
export function isDamage(error: unknown): boolean {
  return error instanceof JournalDamage || error instanceof BsonError;
}

/** Whether images of an attempt cannot be read: an undo needs all of them, also those that it has put back. Throws the driver's errors, the signal's reason. */
export async function hasDamage(
  { db }: Pick<Connection, 'db'>,
  own: OwnNames,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    for await (const step of readForwards(db, own, attempt)) {
      signal?.throwIfAborted();
      if (step.kind === 'entry') continue;
      for (const image of step.images) {
        const document = documentOf(image);
        if (document !== undefined) idKey(document);
      }
    }
    return false;
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}
