import type { Image } from '../../../journal/images.ts';
import type { Counts } from '../../../types.ts';
import { countsOf } from '../../counts.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { deletedImages, mostBytes, readImages } from './images.ts';
import { pairsInOrder } from './pairs.ts';
import type { Selection } from './selection.ts';
import { type Statement, sendPart, writing } from './statement.ts';

/** What a part of a statement did within its transaction. */
export interface Part<T> {
  readonly answer: T;
  readonly counts: Counts;
  readonly images: readonly Image[];
  /** Of the documents before; undefined where they were not read. */
  readonly bytes?: number;
}

const byId = { _id: 1 };
/** Both reads give the documents in the same order. */
const ordered = { hint: byId, sort: byId };

/**
 * Changes the documents of one selection in a session's transaction, with their images where they are kept. Its snapshot
 * makes the documents that are read, found by the statement and read again the same ones.
 */
export async function changePart<T>(
  context: JournalContext,
  statement: Statement<T>,
  session: RawSession,
  { ids, filter }: Selection,
): Promise<Part<T>> {
  const send = () => sendPart(statement, session, filter, byId);
  if (!context.images) {
    const answer = await send();
    return { answer, counts: countsOf(answer), images: [] };
  }
  const finding = { ...writing(statement.options), ...ordered };
  const limit = { bytes: mostBytes, documents: Number.POSITIVE_INFINITY };
  const before = await readImages(statement, session, filter, finding, limit);
  const answer = await send();
  const counts = countsOf(answer);
  const part = { answer, counts, bytes: before.bytes };
  if (statement.removes) return { ...part, images: deletedImages(before.documents) };
  if (counts.modified === 0) return { ...part, images: [] };
  const after = await readImages(statement, session, ids, ordered, { ...limit, bytes: 2 * mostBytes });
  return { ...part, images: pairsInOrder(before.documents, after.documents) };
}
