import { bytesOf } from '../../../../mongo/raw-bson.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import type { Operation } from '../../call.ts';
import { countsOf } from '../../counts.ts';
import { shownName } from '../../names.ts';
import { sum } from '../../tally.ts';
import type { Handler, JournalContext, Turn } from '../context.ts';
import { changePart, type Part } from './batch.ts';
import { StatementEntry, type Written } from './entry.ts';
import { asIdUnusable, asTooLarge, tooManyAtOnce } from './failure.ts';
import { IdReader } from './id-reader.ts';
import { UnnameableId } from './ids.ts';
import { TooLarge } from './images.ts';
import { withOneNow } from './one-now.ts';
import { openIds } from './open-ids.ts';
import { type BatchSizes, Pace, usualSizes } from './pace.ts';
import { changeUpToRefused } from './prefix.ts';
import { selectionOf } from './selection.ts';
import { resultOf, type Statement, sendWhole, statementOf } from './statement.ts';
import { mayMoveUniqueValues } from './unique.ts';
import { changeWhole, ReadRefused, whyWhole } from './whole.ts';

/** How often a small statement is tried again as one transaction after conflicts, before it is cut nevertheless. */
const patience = 8;

/**
 * `updateMany` and `deleteMany`: in one transaction where they are about few documents, else in batches in the order of
 * `_id`, each a transaction with its images and the checkpoint.
 *
 * Answers as the driver does, with the counts of all batches. Rejects with the driver's own error where the server
 * refuses a document: those before it are changed then, as without the gate. Throws `STATEMENT_TOO_LARGE`.
 */
export const batches: Handler = (context, operation, turn) => inBatches(usualSizes, context, operation, turn);

/** The same with other sizes. */
export async function inBatches<T>(
  sizes: BatchSizes,
  context: JournalContext,
  operation: Operation<T>,
  turn: Turn,
): Promise<T> {
  const written = statementOf(context, operation);
  const why = whyWhole(written);
  const { statement, constants } = await withOneNow(context, written, turn.begun?.checkpoint?.constants);
  const entry = new StatementEntry(context, operation, turn, constants);
  const pass = new Pass(sizes, context, written, statement, entry);
  if (why !== undefined && !entry.begun) return pass.whole(why);
  try {
    return await pass.run(turn);
  } catch (error) {
    if (!(error instanceof UnnameableId)) throw error;
    // Sent whole it would change again what is done already.
    if (entry.begun) throw asIdUnusable(error, operation.call, context.database);
    return pass.whole('the _id of one of them cannot be named');
  }
}

/** The whole statement turned out to match nothing, and would insert. */
class NothingMatched extends Error {}

class Pass<T> {
  readonly #sizes: BatchSizes;
  readonly #context: JournalContext;
  /** As user code wrote it. */
  readonly #written: Statement<T>;
  /** With the values put in that are the same in all batches. */
  readonly #statement: Statement<T>;
  readonly #entry: StatementEntry;

  constructor(
    sizes: BatchSizes,
    context: JournalContext,
    written: Statement<T>,
    statement: Statement<T>,
    entry: StatementEntry,
  ) {
    this.#sizes = sizes;
    this.#context = context;
    this.#written = written;
    this.#statement = statement;
    this.#entry = entry;
  }

  async run({ begun }: Turn): Promise<T> {
    const statement = this.#statement;
    const open = openIds(statement, this.#context.driver, statement.filter);
    const reader = new IdReader(open, bytesOf(begun?.checkpoint?.through));
    try {
      return await (this.#entry.begun ? this.#inBatches(reader) : this.#fromTop(reader));
    } catch (error) {
      if (error instanceof NothingMatched) return this.whole('it inserts where nothing is found');
      throw error;
    } finally {
      await reader.close();
    }
  }

  /** In one transaction, as it is written. */
  async whole(why: string): Promise<T> {
    const { call } = this.#written.operation;
    try {
      return await this.#whole();
    } catch (error) {
      if (wasRefused(error)) await this.#entry.refused(error);
      if (error instanceof UnnameableId) throw asIdUnusable(error, call, this.#context.database);
      throw asTooLarge(error, call, this.#context.database, why);
    }
  }

  async #whole(conflicts?: number): Promise<T> {
    const { transactor } = this.#context;
    const changing = transactor.transact(
      async (tx) => {
        const { answer, images } = await changeWhole(this.#context, this.#written, tx.session);
        const counts = sum(this.#entry.counts, countsOf(answer));
        const written = await this.#entry.write(tx, counts, { result: answer }, images);
        return { written, answer };
      },
      { conflicts },
    );
    const { written, answer } = await changing.catch((error: unknown) => {
      if (!(error instanceof ReadRefused)) throw error;
      return transactor.transact(async (tx) => {
        await sendWhole(this.#written, tx.session);
        // It was not refused; without images it must not be committed.
        throw error.cause;
      });
    });
    this.#entry.committed(written);
    return answer;
  }

  async #fromTop(reader: IdReader): Promise<T> {
    let ids: readonly Uint8Array[];
    try {
      ids = await reader.peek(this.#sizes.whole + 1);
    } catch (error) {
      // What is wrong with its filter is to be said of the statement itself.
      if (wasRefused(error)) return this.whole('its documents cannot be found beforehand');
      throw error;
    }
    if (ids.length === 0) return this.whole('it finds no documents');
    if (ids.length <= this.#sizes.whole) return this.#small(reader, ids);
    if (await this.#fitsAndMovesUniqueValues(reader)) {
      try {
        return await this.#whole(patience);
      } catch (error) {
        if (!tooManyAtOnce(error) && serverCode(error) !== serverCodes.DuplicateKey) throw error;
      }
    }
    return this.#inBatches(reader);
  }

  async #fitsAndMovesUniqueValues(reader: IdReader): Promise<boolean> {
    if (!(await mayMoveUniqueValues(this.#statement))) return false;
    const { atOnce } = this.#sizes;
    return (await reader.peek(atOnce + 1)).length <= atOnce;
  }

  async #small(reader: IdReader, ids: readonly Uint8Array[]): Promise<T> {
    try {
      const { answer } = await this.#batch(ids, true, patience);
      return answer;
    } catch (error) {
      if (tooManyAtOnce(error)) return this.#inBatches(reader);
      if (!wasRefused(error)) throw error;
      return this.#asPlainRefuses(reader, error);
    }
  }

  /** In the order of `_id` it was refused. In its own order it may go through; else it gets as far as it does there. */
  async #asPlainRefuses(reader: IdReader, refused: unknown): Promise<T> {
    try {
      if (serverCode(refused) === serverCodes.DuplicateKey && !this.#written.removes)
        return await this.#whole(patience);
    } catch (error) {
      if (!wasRefused(error) && !tooManyAtOnce(error)) throw error;
    }
    try {
      const answer = await changeUpToRefused(this.#context, this.#statement, this.#entry);
      return answer ?? (await this.whole('it finds no documents'));
    } catch (error) {
      if (error instanceof TooLarge) return this.#inBatches(reader);
      throw error;
    }
  }

  async #inBatches(reader: IdReader): Promise<T> {
    const { throttle, refuseWhenClosed } = this.#context;
    const pace = new Pace(this.#sizes, await this.#averageBytes());
    for (;;) {
      refuseWhenClosed();
      await throttle.pause();
      refuseWhenClosed();
      const { size } = pace;
      const ids = await reader.peek(size + 1);
      const last = ids.length <= size;
      const batch = last ? ids : ids.slice(0, size);
      reader.readAhead(2 * size);
      const since = performance.now();
      try {
        const { answer, part } = await this.#batch(batch, last, batch.length > 1 ? 0 : undefined);
        if (last) return answer;
        reader.drop(batch.length);
        pace.committed(batch.length, performance.now() - since, part.bytes);
      } catch (error) {
        if (batch.length <= 1) return this.#refuse(error);
        // The documents before the refused one are found by halving, too.
        if (!tooManyAtOnce(error) && !wasRefused(error)) throw error;
        pace.failed(batch.length);
      }
    }
  }

  /** One transaction; none of its documents may be left when it is the last. */
  async #batch(ids: readonly Uint8Array[], last: boolean, conflicts: number | undefined) {
    const { transactor, driver } = this.#context;
    const statement = this.#statement;
    const through = ids.at(-1);
    const selection = selectionOf(statement.filter, ids, driver);
    const done = await transactor.transact<{ written: Written; answer: T; part: Part<T> }>(
      async (tx) => {
        const part = await changePart(this.#context, statement, tx.session, selection);
        const counts = sum(this.#entry.counts, part.counts);
        if (last && statement.upsert && counts.matched === 0) throw new NothingMatched();
        const answer = resultOf(part.answer, counts, statement.removes);
        const how = last || through === undefined ? { result: answer } : { through };
        return { written: await this.#entry.write(tx, counts, how, part.images), answer, part };
      },
      { conflicts },
    );
    this.#entry.committed(done.written);
    return done;
  }

  async #refuse(error: unknown): Promise<never> {
    if (!wasRefused(error)) throw error;
    const { call } = this.#written.operation;
    const { modified, deleted } = this.#entry.counts;
    await this.#entry.refused(error);
    const shown = shownName(call.namespace, this.#context.database);
    this.#context.note(`${call.method} on ${shown} was refused after ${modified + deleted} documents were changed.`);
    throw error;
  }

  /** 0 where it cannot be known beforehand. */
  async #averageBytes(): Promise<number> {
    try {
      const stats = [{ $collStats: { storageStats: {} } }];
      const [found] = await this.#statement.collection.aggregate(stats).toArray();
      return Number(found?.storageStats?.avgObjSize ?? 0);
    } catch {
      return 0;
    }
  }
}
