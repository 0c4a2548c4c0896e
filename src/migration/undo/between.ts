import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt } from '../journal/documents.ts';
import { documentOf } from '../journal/images.ts';
import { digestWords, KeyTable, stateOf } from './key-table.ts';
import { readForwards } from './read.ts';
import { documentKey, Stretches, type Survey } from './survey.ts';

/**
 * The documents, by `documentKey`, that somebody else wrote to between two images of them. Only reads. Throws the
 * driver's errors, the signal's reason, and `JournalDamage` for images that are damaged.
 */
export async function writtenBetween(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { met }: Survey,
  signal?: AbortSignal,
): Promise<KeyTable> {
  const between = new KeyTable();
  /** Of each that was changed several times, what the last image made of it. */
  const states = new KeyTable(digestWords);
  const stretches = new Stretches(0, 'forwards');
  for await (const step of readForwards(connection.db, own, attempt)) {
    signal?.throwIfAborted();
    if (step.kind === 'entry') {
      stretches.pass(step.entry);
      continue;
    }
    for (const image of step.images) {
      const document = documentOf(image);
      if (document === undefined) continue;
      const key = documentKey(stretches.number, step.namespace, idKey(document));
      if (met.existed(key) === undefined) continue;
      const known = states.size;
      const at = states.add(key);
      if (states.size === known && !states.isDigest(at, stateOf(image.before))) between.add(key);
      states.setDigest(at, stateOf(image.after));
    }
  }
  return between;
}
