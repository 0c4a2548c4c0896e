import { sameBytes } from '../../mongo/raw-bson.ts';
import type { Image } from '../journal/images.ts';
import { mergeBack } from './merge.ts';
import type { IsRename } from './renames.ts';
import type { Several } from './several.ts';

/** A document whose way back was begun and is not at its end: nothing of it is written before that. */
export interface Open {
  /** What it was when it was first met. */
  readonly start: Uint8Array | undefined;
  /** What it has to become, as far as the images that were met tell. */
  readonly back: Uint8Array | undefined;
  /** What the newest of them made of it. */
  readonly after: Uint8Array | undefined;
}

/** What is open is kept in one document, which takes 16 MB. */
const mostBytes = 15 * 1024 * 1024;

export type Step =
  | { readonly state: 'back'; readonly document: Uint8Array | undefined; readonly merged: boolean }
  /** A user has deleted it since: that stays, and there is nothing to put back. */
  | { readonly state: 'gone' }
  /** More of its images are to come. */
  | { readonly state: 'open'; readonly open: Open }
  /** The migration and a user have changed the same: it is the user's. `image`: from before the oldest met to after the newest. */
  | { readonly state: 'blocked'; readonly image: Image };

/** Some images of one document, and what is known of it. */
export interface OnTheWay {
  /** The newest first; one at least. */
  readonly images: readonly Image[];
  readonly now: Uint8Array | undefined;
  /** Of one that was changed several times; these images still count. */
  readonly several: Several | undefined;
  readonly open: Open | undefined;
  /** Of the migration, in this collection. */
  readonly isRename: IsRename;
}

/** Back to before the images, if nobody has written to the document since; else blocked. */
export function stepBackStrictly(images: readonly Image[], now: Uint8Array | undefined): Step {
  return chain(images, now, () => undefined);
}

/**
 * Back to before the images, with what users have written since. A document of which only a part of the images could be
 * taken back would be of neither shape: whether it goes back is decided at its oldest one.
 */
export function stepBack({ images, now, several, open, isRename }: OnTheWay): Step {
  const after = open === undefined ? images[0]?.after : open.after;
  if (now === undefined && after !== undefined) {
    // On record until the oldest of its images: else that would be one of a document that the migration had deleted.
    const more = several !== undefined && several.remaining > images.length;
    return more ? { state: 'open', open: { start: undefined, back: undefined, after } } : { state: 'gone' };
  }
  const merged = mergeWith(isRename);
  const unmet = open === undefined && several?.between !== true ? stepBackStrictly(images, now) : undefined;
  if (unmet?.state === 'back') return unmet;
  const start = open === undefined ? now : open.start;
  const blocked: Step = { state: 'blocked', image: { before: images.at(-1)?.before, after } };
  const step = chain(images, open === undefined ? now : open.back, merged);
  if (step.state !== 'back') return blocked;
  if (several !== undefined && several.remaining > images.length) {
    // It is a view into what was read together with many others.
    const held = { start: start && Buffer.from(start), back: step.document, after };
    return sizeOf(held) > mostBytes ? blocked : { state: 'open', open: held };
  }
  if (sameBytes(now, start)) return { ...step, merged: true };
  // Written to again since it was first met: that stays too.
  const both = merged(step.document, start, now);
  return both === undefined ? blocked : { state: 'back', document: both, merged: true };
}

function sizeOf({ start, back, after }: Open): number {
  return (start?.length ?? 0) + (back?.length ?? 0) + (after?.length ?? 0);
}

type Merge = (
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
  now: Uint8Array | undefined,
) => Uint8Array | undefined;

function chain(images: readonly Image[], now: Uint8Array | undefined, merge: Merge): Step {
  let document = now;
  let merged = false;
  for (const image of images) {
    const { before, after } = image;
    if (sameBytes(document, after)) document = before;
    else if (!sameBytes(document, before)) {
      const both = merge(before, after, document);
      if (both === undefined) return { state: 'blocked', image };
      document = both;
      merged = true;
    }
  }
  return { state: 'back', document, merged };
}

function mergeWith(isRename: IsRename): Merge {
  return (before, after, now) => {
    if (before === undefined || after === undefined || now === undefined) return undefined;
    const both = mergeBack(before, after, now, isRename);
    return both.state === 'merged' ? both.document : undefined;
  };
}
