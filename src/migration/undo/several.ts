import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { stateOf } from './digest.ts';
import { readBackwards } from './read.ts';
import { documentKey, Stretches, type Survey } from './survey.ts';

/** A document that an attempt changed more than once. It goes back as a whole, or not at all. */
export interface Several {
  /** How many of its images are left, up to where its collection got its name. */
  remaining: number;
  /** Whether it was there after the newest image of all, also where that is undone. */
  readonly existed: boolean;
  /** Whether somebody else wrote to it between two of them: that stays. */
  readonly between: boolean;
}

/** By `documentKey`. */
export type SeveralTimes = ReadonlyMap<string, Several>;

/**
 * Finds what is left of an attempt of the documents that it changed more than once. Only reads. Throws the driver's errors,
 * the signal's reason, and `JournalDamage` for images that are damaged.
 */
export async function changedSeveralTimes(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { repeated, moves }: Survey,
  signal?: AbortSignal,
): Promise<SeveralTimes> {
  const seen = new Map<string, Seen>();
  if (repeated.size === 0) return seen;
  const stretches = new Stretches(moves, 'backwards');
  for await (const step of readBackwards(connection.db, own, attempt)) {
    signal?.throwIfAborted();
    if (step.kind === 'entry') {
      stretches.pass(step.entry);
      continue;
    }
    const { namespace, images, done } = step.pack;
    for (const image of images.slice(0, images.length - done).reverse()) {
      const document = image.after ?? image.before;
      if (document === undefined) continue;
      const key = documentKey(stretches.number, namespace, idKey(document));
      const existed = repeated.get(key);
      if (existed !== undefined) look(seen, key, image, existed);
    }
  }
  return seen;
}

interface Seen extends Several {
  /** What it was before the oldest image so far. */
  state: string;
  between: boolean;
}

function look(seen: Map<string, Seen>, key: string, { before, after }: Image, existed: boolean): void {
  const known = seen.get(key);
  if (known === undefined) {
    seen.set(key, { remaining: 1, state: stateOf(before), existed, between: false });
    return;
  }
  known.remaining += 1;
  known.between ||= known.state !== stateOf(after);
  known.state = stateOf(before);
}
