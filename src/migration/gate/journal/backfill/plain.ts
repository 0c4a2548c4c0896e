import { idKey, sameBytes } from '../../../../mongo/raw-bson.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import { filterOfId } from '../imaging.ts';
import { type Answer, type Asking, ask } from './answers.ts';
import { sum } from './checkpoint.ts';
import { countLeft } from './count-left.ts';
import { decodedExactly } from './decode.ts';
import { noTallies, type Tallies } from './description.ts';
import { documentFailed, type Failed, isOutage, tooManyFailed, Unusable } from './failure.ts';
import type { Place } from './order.ts';
import { Pace } from './pace.ts';
import { pages } from './pages.ts';
import { Progress } from './progress.ts';
import { LeftOut } from './quarantine.ts';
import type { Row } from './rows.ts';

export interface PlainOptions extends Asking {
  /** Puts documents that failed aside. */
  readonly putAside: (failed: readonly Failed[]) => Promise<void>;
}

/** How often user code is asked about one document that others keep changing. */
const attempts = 20;

/**
 * A batch without a journal: document by document, each written only as long as it is what user code was asked about.
 * It begins at the top when it is run again. For a standalone server, and inside a transaction of the migration's own.
 */
export async function runPlain(options: PlainOptions): Promise<Tallies> {
  const run = new PlainRun(options);
  await run.all();
  return run.tallies;
}

class PlainRun {
  readonly #options: PlainOptions;
  readonly #progress: Progress;
  readonly #leftOut: LeftOut;
  #last: Place | undefined;
  tallies: Tallies = noTallies;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#leftOut = new LeftOut(options.backfill);
    this.#progress = new Progress(options.backfill, 0, () => countLeft(options, this.#last));
  }

  async all(): Promise<void> {
    const { backfill } = this.#options;
    const pace = new Pace(backfill, undefined);
    for await (const { rows, more } of pages(this.#options, undefined, 0)) {
      for (const answer of await ask(rows, this.#options)) {
        this.#options.refuseWhenClosed();
        await this.#one(answer, 1);
        this.#last = answer.row.place;
      }
      this.#progress.advance(this.tallies.matched);
      if (more) await pace.pause(rows.length);
    }
    this.#progress.end(this.tallies.matched);
  }

  async #one(answer: Answer, attempt: number, guarded = true): Promise<void> {
    if (answer.write === undefined) return this.#failed(answer);
    const { row } = answer;
    const sent = await this.#send(answer, guarded);
    if (sent instanceof Error) return this.#failed({ row, write: undefined, failure: sent, by: 'server' });
    if (sent !== undefined) return this.#add(sent);
    const now = await this.#again(row);
    if (now === undefined) return;
    // As it was, and yet not found by its own content: some documents no driver can write down as they are.
    if (sameBytes(row.bytes, now.bytes)) return this.#one(answer, attempt, false);
    const failure = new Unusable('others change it all the time');
    if (attempt > attempts) return this.#failed({ row: now, write: undefined, failure, by: 'server' });
    const [next] = await ask([now], this.#options);
    if (next !== undefined) await this.#one(next, attempt + 1);
  }

  /** What was done; the error where the server refused it; undefined where the document is not any more what it was. */
  async #send(answer: Answer, guarded: boolean): Promise<Partial<Tallies> | Error | undefined> {
    const { collection } = this.#options;
    const { row, write } = answer;
    const filter = { ...this.#guard(row, guarded), ...filterOfId(row.id) };
    try {
      switch (write?.kind) {
        case 'update': {
          const { matchedCount, modifiedCount } = await collection.updateOne(filter, write.update as object);
          return matchedCount === 0 ? undefined : { modified: modifiedCount };
        }
        case 'replace': {
          const { matchedCount, modifiedCount } = await collection.replaceOne(filter, write.document);
          return matchedCount === 0 ? undefined : { modified: modifiedCount };
        }
        case 'delete': {
          const { deletedCount } = await collection.deleteOne(filter);
          return deletedCount === 0 ? undefined : { deleted: deletedCount };
        }
        default:
          return { skipped: 1 };
      }
    } catch (error) {
      if (error instanceof Error && wasRefused(error)) return error;
      throw error;
    }
  }

  /** The comparison does not tell 1 from 1.0. */
  #guard(row: Row, guarded: boolean): object {
    const { backfill, driver } = this.#options;
    if (backfill.work.kind === 'update') return { $and: [backfill.filter] };
    return guarded ? { $expr: { $eq: ['$$ROOT', { $literal: decodedExactly(row.bytes, driver) }] } } : {};
  }

  async #failed(answer: Failed): Promise<void> {
    const { backfill, putAside } = this.#options;
    if (backfill.onError === 'stop' || isOutage(answer)) throw documentFailed(backfill, answer);
    if (this.tallies.quarantined >= backfill.maxErrors) throw tooManyFailed(backfill, answer);
    await putAside([answer]);
    this.#leftOut.tell([answer]);
    this.#add({ quarantined: 1 });
  }

  #add(change: Partial<Tallies>): void {
    this.tallies = sum(this.tallies, { ...noTallies, ...change, matched: 1 });
  }

  /** The document as it is now; undefined when it is gone, or does not fit the filter any more. */
  async #again(row: Row): Promise<Row | undefined> {
    const { collection, backfill } = this.#options;
    const this_ = { $and: [backfill.filter, { _id: { $eq: row.id } }] } as object;
    const [bytes] = (await collection.find(this_, { raw: true } as object).toArray()) as unknown as Uint8Array[];
    return bytes !== undefined && idKey(bytes) === row.key ? { ...row, bytes } : undefined;
  }
}
