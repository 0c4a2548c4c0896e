import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { countImages } from './count-images.ts';
import { digest, stateOf } from './digest.ts';
import { imagesDone } from './pieces.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import { shownNamespace } from './result.ts';

/** A document that an attempt changed more than once. It goes back as a whole, or not at all. */
export interface Several {
  /** How many of its images are left, up to where its collection got its name. */
  remaining: number;
  /** Whether it was there after the newest of them. */
  readonly existed: boolean;
  /** Whether somebody else wrote to it between two of them: that stays. */
  readonly between: boolean;
}

/** By `documentKey`. */
export type SeveralTimes = ReadonlyMap<string, Several>;

/**
 * A stretch of the way back on which a name stands for the same collection; counted from the newest. Behind a rename a
 * document is another one.
 */
export class Stretches {
  #number = 0;

  get number(): number {
    return this.#number;
  }

  /** To be told of every entry on the way back. */
  pass({ catalog, state }: UndoEntry): void {
    if (catalog !== undefined && state !== 'refused' && moving.has(catalog.type)) this.#number += 1;
  }
}

const moving: ReadonlySet<string> = new Set(['rename-collection', 'replace-collection', 'drop-collection']);

export function documentKey(stretch: number, namespace: EntryNamespace, id: string): string {
  return digest(`${stretch}\n${shownNamespace(namespace)}\n${id}`);
}

/** Documents whose state is held in memory at a time: about 100 MB. More of them take further passes over the journal. */
const mostDocuments = 400_000;

/**
 * Finds the documents that what is left of an attempt changed more than once. Only reads. Throws the driver's errors,
 * the signal's reason, and `RangeError` for images that are damaged.
 */
export async function changedSeveralTimes(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  {
    signal,
    documentsInMemory = mostDocuments,
  }: { readonly signal?: AbortSignal; readonly documentsInMemory?: number } = {},
): Promise<SeveralTimes> {
  const several = new Map<string, Several>();
  const passes = Math.max(1, Math.ceil((await countImages(connection, own, attempt)) / documentsInMemory));
  for (let pass = 0; pass < passes; pass++) {
    const seen = new Map<string, Seen>();
    const stretches = new Stretches();
    for await (const step of readBackwards(connection.db, own, attempt)) {
      signal?.throwIfAborted();
      if (step.kind === 'entry') {
        stretches.pass(step.entry);
        continue;
      }
      const { namespace, images } = step.pack;
      for (const image of images.slice(0, images.length - imagesDone(step)).reverse()) {
        const document = image.after ?? image.before;
        if (document === undefined) continue;
        const key = documentKey(stretches.number, namespace, idKey(document));
        if (key.charCodeAt(0) % passes === pass) look(seen, key, image);
      }
    }
    for (const [key, { count, existed, between }] of seen) {
      if (count > 1) several.set(key, { remaining: count, existed, between });
    }
  }
  return several;
}

interface Seen {
  count: number;
  /** What it was before the oldest image so far. */
  state: string;
  readonly existed: boolean;
  between: boolean;
}

function look(seen: Map<string, Seen>, key: string, { before, after }: Image): void {
  const known = seen.get(key);
  if (known === undefined) {
    seen.set(key, { count: 1, state: stateOf(before), existed: after !== undefined, between: false });
    return;
  }
  known.count += 1;
  known.between ||= known.state !== stateOf(after);
  known.state = stateOf(before);
}
