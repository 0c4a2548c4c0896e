import { sameBytes } from '../../mongo/raw-bson.ts';
import type { Image } from '../journal/images.ts';
import { changedFields, type Merged, mergeBack } from './merge.ts';
import { type IsRename, neverRenames } from './renames.ts';
import type { UndoMode } from './store.ts';
import type { WhyLeft } from './why-left.ts';

/** A document whose way back was begun and is not at its end: nothing of it is written before that. */
export interface Open {
  /** What it was when it was first met. */
  readonly start: Uint8Array | undefined;
  /** What it has to become, as far as the images that were met tell. */
  readonly back: Uint8Array | undefined;
  /** What the newest of them made of it. */
  readonly after: Uint8Array | undefined;
  /** A user has deleted it: what is older does not come back. */
  readonly gone: boolean;
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
  | { readonly state: 'blocked'; readonly image: Image; readonly why: WhyLeft };

/** Some images of one document, and what is known of it. */
export interface OnTheWay {
  /** The newest first; one at least. */
  readonly images: readonly Image[];
  readonly now: Uint8Array | undefined;
  /** The oldest of its images is among these; else more are to come. */
  readonly isLast: boolean;
  /** Whether somebody else wrote to it between two of all its images. */
  readonly between: boolean;
  readonly open: Open | undefined;
  /** Of the migration, in this collection. */
  readonly isRename: IsRename;
}

/** Back to before the images, if nobody has written to the document since; else blocked. */
export function stepBackStrictly(images: readonly Image[], now: Uint8Array | undefined): Step {
  // A user has put it back, whatever it was in between.
  const { before } = spanOf(images, undefined);
  if (sameBytes(now, before)) return { state: 'back', document: before, merged: false };
  return chain(images, { document: now, gone: false }, undefined);
}

/** Of a document that is left as it is: blocked, unless it is as it was already. */
export function stay({ images, now, open }: Pick<OnTheWay, 'images' | 'now' | 'open'>, why: WhyLeft): Step {
  const { before, after } = spanOf(images, open);
  if (sameBytes(now, before)) return { state: 'back', document: now, merged: false };
  return { state: 'blocked', image: { before, after }, why };
}

/**
 * Of a document that the server refuses as it was before these images: where older ones are to come, what it was before
 * all of them may find its place.
 */
export function wait(way: OnTheWay, why: WhyLeft): Step {
  const { images, now, isLast, open } = way;
  if (isLast) return stay(way, why);
  const step = stepBack(way);
  if (step.state !== 'back') return step;
  return opened({ start: now, back: step.document, after: spanOf(images, open).after, gone: false }) ?? stay(way, why);
}

/**
 * Back over some images by themselves, of a document that has older ones and waits: with what users wrote to fields that
 * these images left alone. Undefined where it stays: then it goes back as a whole or not at all.
 */
export function stepOver(
  images: readonly Image[],
  now: Uint8Array | undefined,
  mode: UndoMode,
): { readonly document: Uint8Array | undefined } | undefined {
  let document = now;
  for (const { before, after } of images) {
    if (sameBytes(document, after)) {
      document = before;
      continue;
    }
    if (mode !== 'tolerant' || before === undefined || after === undefined || document === undefined) return undefined;
    const byUsers = new Set(changedFields(after, document));
    if (changedFields(before, after).some((name) => byUsers.has(name))) return undefined;
    const merged = mergeBack(before, after, document, neverRenames);
    if (merged.state === 'conflict') return undefined;
    document = merged.document;
  }
  return { document };
}

/** Whether a document gets all its way back where it goes over each image by itself. `images`: the newest first. */
export function hasClearWay(
  images: readonly Image[],
  { now, mode, isRename }: Pick<OnTheWay, 'now' | 'isRename'> & { readonly mode: UndoMode },
): boolean {
  const last = images.slice(-1);
  const step = stepOver(images.slice(0, -1), now, mode);
  if (step === undefined) return false;
  const { document } = step;
  if (mode !== 'tolerant') return stepBackStrictly(last, document).state === 'back';
  const rest = { images: last, now: document, isLast: true, between: false, open: undefined, isRename };
  return stepBack(rest).state === 'back';
}

/**
 * Back to before the images, with what users have written since. A document of which only a part of the images could be
 * taken back would be of neither shape: whether it goes back is decided at its oldest one.
 */
export function stepBack({ images: met, now, isLast, between, open, isRename }: OnTheWay): Step {
  // What the migration changed and changed again is one change, where no name of a field is lost by that.
  const images = between || isRename !== neverRenames ? met : [spanOf(met, undefined)];
  const { before, after } = spanOf(met, open);
  if (now === undefined && after !== undefined) {
    // On record until the oldest of its images: else that would be one of a document that the migration had deleted.
    return isLast
      ? { state: 'gone' }
      : { state: 'open', open: { start: undefined, back: undefined, after, gone: true } };
  }
  const merged = mergeWith(isRename);
  const unmet = open === undefined && !between ? stepBackStrictly(images, now) : undefined;
  if (unmet?.state === 'back') return unmet;
  const start = open === undefined ? now : open.start;
  const blocked = (why: WhyLeft): Step => ({ state: 'blocked', image: { before, after }, why });
  const from = open === undefined ? { document: now, gone: false } : { document: open.back, gone: open.gone };
  const step = chain(images, from, merged);
  if (step.state !== 'back') return blocked(step.why);
  if (!isLast) {
    return opened({ start, back: step.document, after, gone: step.gone }) ?? blocked({ reason: 'too-large' });
  }
  if (sameBytes(now, start)) {
    return { state: 'back', document: step.document, merged: step.merged || between || !sameBytes(start, after) };
  }
  // Written to again since it was first met: that stays too.
  const both = merged(step.document, start, now);
  return both.state === 'merged' ? { state: 'back', document: both.document, merged: true } : blocked(both.why);
}

/** From before the oldest image to after the newest one of all that were met. */
export function spanOf(images: readonly Image[], open: Open | undefined): Image {
  return { before: images.at(-1)?.before, after: open === undefined ? images[0]?.after : open.after };
}

/** Undefined where it is too large to be kept. */
function opened({ start, back, after, gone }: Open): Step | undefined {
  const open = { start: copyOf(start), back: copyOf(back), after: copyOf(after), gone };
  return sizeOf(open) > mostBytes ? undefined : { state: 'open', open };
}

/** They are views into what was read together with many others. */
function copyOf(document: Uint8Array | undefined): Uint8Array | undefined {
  return document && Buffer.from(document);
}

export function sizeOf({ start, back, after }: Open): number {
  return (start?.length ?? 0) + (back?.length ?? 0) + (after?.length ?? 0);
}

type Merge = (before: Uint8Array | undefined, after: Uint8Array | undefined, now: Uint8Array | undefined) => Merged;

type Chained = (Extract<Step, { state: 'back' }> & { readonly gone: boolean }) | Extract<Step, { state: 'blocked' }>;

/** `merge`: without, what others wrote is in the way. */
function chain(
  images: readonly Image[],
  from: { readonly document: Uint8Array | undefined; readonly gone: boolean },
  merge: Merge | undefined,
): Chained {
  let { document, gone } = from;
  let merged = false;
  for (const image of images) {
    const { before, after } = image;
    if (gone) break;
    if (sameBytes(document, after)) document = before;
    // It was deleted before the migration made it anew: that stays, and nothing that is older comes back.
    else if (document === undefined && merge !== undefined) gone = merged = true;
    else if (!sameBytes(document, before)) {
      if (merge === undefined) return { state: 'blocked', image, why: { reason: 'unknown' } };
      const both = merge(before, after, document);
      if (both.state === 'conflict') return { state: 'blocked', image, why: both.why };
      document = both.document;
      merged = true;
    }
  }
  return { state: 'back', document, merged, gone };
}

function mergeWith(isRename: IsRename): Merge {
  return (before, after, now) => {
    if (now === undefined) return { state: 'conflict', why: { reason: 'gone' } };
    if (after === undefined) return { state: 'conflict', why: { reason: 'made-again' } };
    if (before !== undefined) return mergeBack(before, after, now, isRename);
    return { state: 'conflict', why: { reason: 'inserted', fields: changedFields(after, now) } };
  };
}
