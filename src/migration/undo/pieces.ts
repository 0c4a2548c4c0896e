import type { Put } from './put-back.ts';
import type { Backward } from './read.ts';

/**
 * The way back in pieces, the newest first: any number of them from the front may share a transaction, and the last
 * one says how to put on record where it stopped.
 */
export type Piece =
  | (Put & {
      readonly kind: 'put';
      readonly entry: string;
      /** The pack of images, and how many of it are done once this one is. */
      readonly pack: string;
      readonly done: number;
      readonly bytes: number;
    })
  | { readonly kind: 'end'; readonly entry: string };

/** The pieces of one pack, or the end of an entry. What an earlier undo has done of an entry is left out. */
export function piecesOf(step: Backward, stretch: number): Piece[] {
  const { entry } = step;
  if (step.kind === 'entry') return [{ kind: 'end', entry: entry._id }];
  const { id, namespace, images } = step.pack;
  const done = imagesDone(step);
  return images
    .map((image, index): Piece => {
      const bytes = (image.before?.length ?? 0) + (image.after?.length ?? 0);
      return { kind: 'put', entry: entry._id, pack: id, done: images.length - index, bytes, namespace, stretch, image };
    })
    .reverse()
    .slice(done);
}

/** How many images of a pack, from its end, an earlier undo has put back. */
export function imagesDone({ entry: { undoing }, pack }: Extract<Backward, { kind: 'pack' }>): number {
  if (undoing === undefined || pack.id < undoing.pack) return 0;
  return pack.id === undoing.pack ? undoing.done : pack.images.length;
}

/** The last put of each entry that these pieces do not come to the end of: parallel calls have theirs in turn. */
export function lastOfOpenEntries(pieces: readonly Piece[]): Extract<Piece, { kind: 'put' }>[] {
  const last = new Map<string, Extract<Piece, { kind: 'put' }>>();
  for (const piece of pieces) {
    if (piece.kind === 'put') last.set(piece.entry, piece);
    else last.delete(piece.entry);
  }
  return [...last.values()];
}

/** How many pieces, from this one on, make a transaction of at most so many documents and bytes; one at least. */
export function takeable(pieces: readonly Piece[], from: number, documents: number, bytes: number): number {
  let puts = 0;
  let size = 0;
  for (let at = from; at < pieces.length; at++) {
    const piece = pieces[at];
    if (piece?.kind !== 'put') continue;
    puts += 1;
    size += piece.bytes;
    if (puts > 1 && (puts > documents || size > bytes)) return at - from;
  }
  return pieces.length - from;
}

/** How many pieces, from this one on, reach to the end of the pack that the last of so many is of. */
export function toEndOfPack(pieces: readonly Piece[], from: number, count: number): number {
  const last = pieces[from + count - 1];
  if (last?.kind !== 'put') return count;
  let end = from + count;
  for (;;) {
    const next = pieces[end];
    if (next?.kind !== 'put' || next.pack !== last.pack) return end - from;
    end += 1;
  }
}
