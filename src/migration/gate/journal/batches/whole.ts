import type { StoredResult } from '../../../journal/documents.ts';
import type { Image } from '../../../journal/images.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { pairImages, readDocuments } from '../imaging.ts';
import { idOf } from './ids.ts';
import { deletedImages, mostBytes, readImages } from './images.ts';
import { mentions } from './now.ts';
import { type Statement, sendPart, sendWhole } from './statement.ts';

/** What a statement may touch in one transaction before it counts as too large for that. */
export const wholeLimit = { documents: 20_000, bytes: mostBytes };

export interface Whole<T> {
  readonly answer: T;
  readonly images: readonly Image[];
  readonly result?: StoredResult;
}

/**
 * Why a statement is not cut into batches; undefined where it may be. With a collation other `_id`s than the named ones
 * would be found; what a text or place index finds depends on that index; random choices would be made twice.
 */
export function whyWhole({ filter, options, upsert }: Statement<unknown>): string | undefined {
  if (options.collation !== undefined && options.collation !== null) return 'it has a collation';
  if (choosesAtRandom(filter)) return 'its filter chooses at random';
  if (mentions(filter, (inner) => inner === '$text')) return 'its filter has $text';
  if (mentions(filter, (inner) => inner === '$near' || inner === '$nearSphere')) return 'its filter has $near';
  // The server refuses the two together, also where something is found; the parts of a statement insert nothing.
  if (upsert && mentions(filter, (inner) => inner === '$expr')) return 'it inserts, and its filter has $expr';
  // One value for the whole statement, which nobody but the server can give.
  if (mentions([filter, options.let], (inner) => inner === '$$CLUSTER_TIME')) return 'it has $$CLUSTER_TIME';
  return undefined;
}

export function choosesAtRandom(filter: object): boolean {
  return mentions(filter, (inner) => inner === '$rand' || inner === '$sampleRate');
}

/** The statement's documents cannot be read: what is wrong with it is to be said of the statement itself. */
export class ReadRefused extends Error {
  override readonly name = 'ReadRefused';
}

/** Sends a statement as it is in a session's transaction, with its images. Throws `TooLarge` and `ReadRefused`. */
export async function changeWhole<T>(
  context: JournalContext,
  statement: Statement<T>,
  session: RawSession,
): Promise<Whole<T>> {
  const random = choosesAtRandom(statement.filter);
  if (!context.images && !random) return { answer: await sendWhole(statement, session), images: [] };
  const before = await readImages(statement, session, statement.filter, statement.finding, wholeLimit).catch(
    (error: unknown) => {
      throw wasRefused(error) ? new ReadRefused(undefined, { cause: error }) : error;
    },
  );
  const ids = before.documents.map((document) => idOf(document, context.driver));
  // Chosen once, here: the statement would choose others.
  const answer = await (random
    ? sendPart(statement, session, { _id: { $in: ids } }, undefined)
    : sendWhole(statement, session));
  if (!context.images) return { answer, images: [] };
  if (statement.removes) return { answer, images: deletedImages(before.documents) };
  const limit = { ...wholeLimit, bytes: 2 * wholeLimit.bytes };
  const after =
    ids.length === 0 ? [] : (await readImages(statement, session, { _id: { $in: ids } }, {}, limit)).documents;
  const upserted = (answer as { upsertedId?: unknown }).upsertedId ?? undefined;
  const made =
    upserted === undefined
      ? []
      : await readDocuments(context, statement.operation.call.namespace, session, { _id: { $eq: upserted } });
  return { answer, images: [...pairImages(before.documents, after), ...pairImages([], made)] };
}
