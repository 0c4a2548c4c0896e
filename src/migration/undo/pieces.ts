import { idKey } from '../../mongo/raw-bson.ts';
import type { Put } from './put-back.ts';
import type { Backward } from './read.ts';
import { shownNamespace } from './result.ts';

/**
 * The way back in pieces, the newest first: any number of them from the front may share a transaction.
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
  const { id, namespace, images, done } = step.pack;
  return images
    .map((image, index): Piece => {
      const bytes = (image.before?.length ?? 0) + (image.after?.length ?? 0);
      return { kind: 'put', entry: entry._id, pack: id, done: images.length - index, bytes, namespace, stretch, image };
    })
    .reverse()
    .slice(done);
}

/** By pack, how many of its images are done once these pieces are. */
export function donePacks(pieces: readonly Piece[]): Map<string, number> {
  const done = new Map<string, number>();
  for (const piece of pieces) if (piece.kind === 'put') done.set(piece.pack, piece.done);
  return done;
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

/** As many of so many pieces, from this one on, as end with a pack; 0 where none of them does. */
export function wholePacks(pieces: readonly Piece[], from: number, count: number): number {
  for (let end = from + count; end > from; end--) {
    const [last, next] = [pieces[end - 1], pieces[end]];
    if (last?.kind !== 'put' || next?.kind !== 'put' || last.pack !== next.pack) return end - from;
  }
  return 0;
}

/** Whether a document is in both: then the second ones have to see what becomes of the first. */
export function shareDocuments(first: readonly Piece[], second: readonly Piece[]): boolean {
  const known = new Set(first.flatMap(keyOf));
  return second.some((piece) => keyOf(piece).some((key) => known.has(key)));
}

function keyOf(piece: Piece): string[] {
  const document = piece.kind === 'put' ? (piece.image.after ?? piece.image.before) : undefined;
  return piece.kind === 'put' && document !== undefined
    ? [`${shownNamespace(piece.namespace)}\n${idKey(document)}`]
    : [];
}
