import type { Image } from '../../../journal/images.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import type { Counts } from '../../../types.ts';
import { noCounts, sum } from '../../tally.ts';
import type { JournalContext } from '../context.ts';
import { changePart } from './batch.ts';
import type { StatementEntry } from './entry.ts';
import { readImages, TooLarge } from './images.ts';
import { selectionOf } from './selection.ts';
import { resultOf, type Statement } from './statement.ts';

/** A document that the server refuses, and which one it was. */
class RefusedAt extends Error {
  readonly index: number;
  readonly error: unknown;

  constructor(index: number, error: unknown) {
    super();
    this.index = index;
    this.error = error;
  }
}

/** How many documents are sent one by one at most. */
const mostDocuments = 2000;

/**
 * Outside of a transaction a statement that is refused leaves the documents before the refused one changed. This does
 * the same in one transaction: one document after the other, in the order in which the statement finds them.
 *
 * Resolves where none is refused any more. Rejects with the driver's error once the entry is written, and with
 * `TooLarge`, nothing being done, where it is about too many documents for this way.
 */
export async function changeUpToRefused<T>(
  context: JournalContext,
  statement: Statement<T>,
  entry: StatementEntry,
): Promise<T | undefined> {
  let upTo = mostDocuments;
  let refusal: { readonly error: unknown } | undefined;
  for (;;) {
    try {
      const { written, answer } = await context.transactor.transact(async (tx) => {
        const limit = { documents: mostDocuments, bytes: Number.POSITIVE_INFINITY };
        const only = { ...statement.finding, projection: { _id: 1 } };
        const found = await readImages(statement, tx.session, statement.filter, only, limit);
        if (found.documents.length > mostDocuments) throw new TooLarge();
        let counts: Counts = noCounts;
        let answer: T | undefined;
        const images: Image[] = [];
        for (const [index, document] of found.documents.slice(0, upTo).entries()) {
          const selection = selectionOf(statement.filter, [document], context.driver);
          const part = await changePart(context, statement, tx.session, selection).catch((error: unknown) => {
            throw wasRefused(error) ? new RefusedAt(index, error) : error;
          });
          answer = part.answer;
          counts = sum(counts, part.counts);
          images.push(...part.images);
        }
        const result = answer === undefined ? undefined : resultOf(answer, counts, statement.removes);
        const written = await entry.write(tx, counts, refusal ?? { result }, images);
        return { written, answer: result };
      });
      entry.committed(written);
      if (refusal !== undefined) throw refusal.error;
      return answer;
    } catch (error) {
      if (!(error instanceof RefusedAt)) throw error;
      upTo = error.index;
      refusal = { error: error.error };
    }
  }
}
