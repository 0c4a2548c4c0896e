import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { type Attempt, placeOfImages } from '../journal/documents.ts';
import { type PackOptions, type Piece, piecesOf } from './pieces.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import { mostBytes } from './sizes.ts';

/** What is read of the journal before it is committed, in bytes of images: enough for two transactions. */
const mostLotBytes = 4 * mostBytes;

/** Images that are unpacked before what goes on meanwhile has its turn. */
const mostAtOnce = 1000;

export type Lot =
  /** `ends`: of entries all of whose documents are in this lot and in those before it. */
  | { readonly kind: 'documents'; readonly pieces: readonly Piece[]; readonly ends: readonly Piece[] }
  | { readonly kind: 'catalog'; readonly entry: UndoEntry };

export interface LotOptions extends Omit<PackOptions, 'stretch'> {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  /** How many documents make a lot, or entries that have no more to put back. */
  readonly size: number;
  /** On which stretch the way back is by now: it changes with the catalog. */
  readonly stretch: () => number;
  readonly signal?: AbortSignal;
}

/**
 * The way back of an attempt in lots. While one is committed the next one is read, but for what depends on that: see
 * `isAlone`. Throws as `readBackwards` does, and the signal's reason.
 */
export function readLots(options: LotOptions): AsyncGenerator<Lot> {
  return ahead(lotsOf(options), (lot) => isAlone(lot, options));
}

/**
 * Beyond a change of the catalog begins another stretch. And what documents wait for with their newer images grows by what
 * is read.
 */
function isAlone(lot: Lot, { met }: LotOptions): boolean {
  return lot.kind === 'catalog' || met.repeats.again;
}

async function* lotsOf({
  connection,
  own,
  attempt,
  size,
  stretch,
  signal,
  ...options
}: LotOptions): AsyncGenerator<Lot> {
  let pieces: Piece[] = [];
  let ends: Piece[] = [];
  let bytes = 0;
  let images = 0;
  let place = '';
  const lot = (): Lot => {
    const full: Lot = { kind: 'documents', pieces, ends };
    [pieces, ends, bytes] = [[], [], 0];
    return full;
  };
  for await (const step of readBackwards(connection.db, own, attempt)) {
    signal?.throwIfAborted();
    if (step.kind === 'entry') {
      if (step.entry.catalog === undefined) {
        ends.push({ kind: 'end', entry: step.entry._id });
        if (ends.length >= size) yield lot();
        continue;
      }
      yield lot();
      yield { kind: 'catalog', entry: step.entry };
      continue;
    }
    const { id } = step.pack;
    // What was changed together may have to go back together.
    const mayEnd = placeOfImages(id) !== place;
    place = placeOfImages(id);
    if (mayEnd && (pieces.length >= size || bytes >= mostLotBytes)) yield lot();
    const some = piecesOf(step.pack, { ...options, stretch: stretch() });
    for (const piece of some) pieces.push(piece);
    if (some.length > 0) bytes += step.pack.bytes;
    images += step.pack.images.length;
    if (images < mostAtOnce) continue;
    images = 0;
    await turn();
  }
  yield lot();
}

/**
 * The same, where the next item is asked for before one is handed on, unless that is alone. What went wrong with it is told
 * when it is its turn; nothing of it goes on behind the end.
 */
export async function* ahead<T>(items: AsyncGenerator<T>, isAlone: (item: T) => boolean): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      const alone = isAlone(value);
      if (!alone) {
        next = items.next();
        next.catch(() => {});
      }
      yield value;
      if (alone) next = items.next();
    }
  } finally {
    // It comes behind what was asked for.
    await items.return(undefined);
  }
}
