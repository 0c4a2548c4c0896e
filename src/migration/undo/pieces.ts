import { idKey } from '../../mongo/raw-bson.ts';
import { placeOfImages } from '../journal/documents.ts';
import { documentOf } from '../journal/images.ts';
import { isApart } from './apart.ts';
import type { Deferred } from './deferred.ts';
import type { Met } from './met.ts';
import type { Put } from './put-back.ts';
import type { Pack } from './read.ts';
import { documentKey } from './survey.ts';

/**
 * The way back in pieces, the newest first: any number of them from the front may share a transaction.
 */
export type Piece =
  | (Put & {
      readonly kind: 'put';
      /** How many of its pack, from the last one, are done once this one is. */
      readonly done: number;
      readonly bytes: number;
    })
  | { readonly kind: 'end'; readonly entry: string };

export interface PackOptions {
  readonly stretch: number;
  readonly met: Met;
  /** Where images of documents go that have older ones in the same segment; absent where they are there already. */
  readonly deferred?: Deferred;
}

/** The pieces of one pack. What an earlier undo has done is left out. */
export function piecesOf(pack: Pack, { stretch, met, deferred }: PackOptions): Piece[] {
  const { id, namespace, images } = pack;
  const pieces: Piece[] = [];
  let done = 0;
  for (let index = images.length - 1; index >= 0; index--) {
    const image = images[index] ?? {};
    const document = documentOf(image);
    const place = met.placeOf(id, index);
    const isDone = isApart(pack.apart, index);
    if (place === 'again') {
      const key = document && documentKey(stretch, namespace, idKey(document));
      if (key !== undefined) deferred?.add(key, image, { pack: id, index, isDone });
      continue;
    }
    done += 1;
    if (document === undefined || isDone || done <= pack.undone) continue;
    const bytes = (image.before?.length ?? 0) + (image.after?.length ?? 0);
    pieces.push({ kind: 'put', pack: id, index, done, bytes, namespace, stretch, image, isLast: place === 'back' });
  }
  return pieces;
}

/**
 * What packs that go back by themselves, the newest first, take along: their images of documents that wait, and that have
 * older ones in the segment. Those with one in the same packs go back with that.
 */
export function stepsOf(packs: readonly Pack[], { stretch, met }: PackOptions, waits: (key: string) => boolean): Put[] {
  const steps = new Map<Put, string>();
  const here = new Set<string>();
  for (const { id: pack, namespace, images, apart } of packs) {
    for (let index = images.length - 1; index >= 0; index--) {
      const image = images[index] ?? {};
      const document = documentOf(image);
      if (document === undefined || isApart(apart, index)) continue;
      const key = documentKey(stretch, namespace, idKey(document));
      if (met.placeOf(pack, index) !== 'again') here.add(key);
      else if (waits(key)) steps.set({ namespace, stretch, pack, index, image, isLast: false, isStep: true }, key);
    }
  }
  return [...steps].flatMap(([step, key]) => (here.has(key) ? [] : [step]));
}

/** By pack, how many of its images are done once these pieces are. */
export function donePacks(pieces: readonly Piece[]): Map<string, number> {
  const done = new Map<string, number>();
  for (const piece of pieces) if (piece.kind === 'put') done.set(piece.pack, piece.done);
  return done;
}

/** Entries that are marked in one transaction at most: they come with the documents, and take little time beside these. */
const mostEnds = 1000;

/** How many pieces, from this one on, make a transaction of at most so many documents and bytes; one at least. */
export function takeable(pieces: readonly Piece[], from: number, documents: number, bytes: number): number {
  let puts = 0;
  let ends = 0;
  let size = 0;
  for (let at = from; at < pieces.length; at++) {
    const piece = pieces[at];
    if (piece?.kind === 'put') {
      puts += 1;
      size += piece.bytes;
    } else ends += 1;
    if (ends > mostEnds || (puts > 1 && (puts > documents || size > bytes))) return at - from;
  }
  return pieces.length - from;
}

/** How many pieces, from this one on, reach to the end of what was changed together with the last of so many. */
export function toEndOfTurn(pieces: readonly Piece[], from: number, count: number): number {
  const last = pieces[from + count - 1];
  if (last?.kind !== 'put') return count;
  let end = from + count;
  for (;;) {
    const next = pieces[end];
    if (next?.kind !== 'put' || placeOfImages(next.pack) !== placeOfImages(last.pack)) return end - from;
    end += 1;
  }
}

/** As many of so many pieces, from this one on, as end with a pack; 0 where none of them does. */
export function wholePacks(pieces: readonly Piece[], from: number, count: number): number {
  for (let end = from + count; end > from; end--) {
    const [last, next] = [pieces[end - 1], pieces[end]];
    if (last?.kind !== 'put' || next?.kind !== 'put' || last.pack !== next.pack) return end - from;
  }
  return 0;
}
