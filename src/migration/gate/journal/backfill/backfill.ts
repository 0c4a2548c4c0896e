import { idKey } from '../../../../mongo/raw-bson.ts';
import type { ReleaseError } from '../../../../observe/error.ts';
import type { Image } from '../../../journal/images.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Call } from '../../call.ts';
import type { EntryDraft, Handler, JournalContext, Turn, Tx } from '../context.ts';
import { type Answer, type Asking, ask } from './answers.ts';
import { checkpointOf, type Position, positionOf, sum } from './checkpoint.ts';
import { countLeft } from './count-left.ts';
import type { Backfill, BackfillOperation, Tallies } from './description.ts';
import { documentFailed, type Failed, isOutage, tooManyFailed } from './failure.ts';
import { Pace } from './pace.ts';
import { pages } from './pages.ts';
import { grouped, Progress } from './progress.ts';
import { LeftOut } from './quarantine.ts';
import type { Row } from './rows.ts';
import { carryOut, type PageDone, Refused } from './stored-page.ts';
import { survey } from './survey.ts';

/**
 * The `batch` of a migration: reads a page of documents, asks user code about each, and carries out the answers with
 * images and checkpoint in one transaction. One that was interrupted goes on after its checkpoint.
 */
export const backfill: Handler = async <T>(context: JournalContext, operation: object, turn: Turn): Promise<T> => {
  const run = new BackfillRun(context, operation as BackfillOperation, turn);
  return (await run.all()) as T;
};

class BackfillRun {
  readonly #context: JournalContext;
  readonly #call: Call;
  readonly #backfill: Backfill;
  readonly #turn: Turn;
  readonly #asking: Asking;
  readonly #pace: Pace;
  readonly #progress: Progress;
  readonly #leftOut: LeftOut;
  #entry: string | undefined;
  #position: Position;
  #reads: EntryDraft['reads'];
  /** Answers in one transaction: halved on a conflict, doubled again after each that went well. */
  #limit: number;

  constructor(context: JournalContext, { call, backfill }: BackfillOperation, turn: Turn) {
    const { client, driver, refuseWhenClosed } = context;
    const { database, collection = '' } = backfill.namespace;
    this.#context = context;
    this.#call = call;
    this.#backfill = backfill;
    this.#turn = turn;
    this.#asking = { collection: client.db(database).collection(collection), driver, backfill, refuseWhenClosed };
    this.#entry = turn.begun?._id;
    this.#position = positionOf(turn.begun);
    this.#limit = backfill.size;
    this.#leftOut = new LeftOut(backfill);
    this.#pace = new Pace(backfill, context.throttle);
    this.#progress = new Progress(backfill, this.#done, () => countLeft(this.#asking, this.#position.place));
  }

  async all(): Promise<Tallies> {
    const { tell, title } = this.#backfill;
    if (this.#turn.begun !== undefined) {
      this.#context.progress?.(this.#call, this.#position.tallies);
      tell('info', `${title}: goes on after ${grouped(this.#done)} documents.`, { done: this.#done });
    }
    const finished = await this.#pages();
    if (!finished) await this.#context.transactor.transact((tx) => this.#keep(tx, this.#position, true));
    this.#progress.end(this.#done);
    return this.#position.tallies;
  }

  get #done(): number {
    return this.#position.tallies.matched;
  }

  /** Whether the last transaction has put on record that it was the last. */
  async #pages(): Promise<boolean> {
    let finished = false;
    for await (const { rows, more } of pages(this.#asking, this.#position.place, this.#done)) {
      finished = await this.#page(rows, more);
      this.#progress.advance(this.#done);
      if (!more) continue;
      await this.#pace.pause(rows.length);
      this.#context.refuseWhenClosed();
    }
    return finished;
  }

  async #page(rows: readonly Row[], more: boolean): Promise<boolean> {
    let queue = await ask(rows, this.#asking);
    let oneByOne = false;
    let finished = false;
    while (queue.length > 0) {
      this.#context.refuseWhenClosed();
      const allowed = this.#allowed(queue);
      if (typeof allowed === 'object') throw await this.#endingAt(allowed);
      const part = queue.slice(0, Math.min(this.#limit, allowed));
      const last = !more && part.length === queue.length;
      const done = await this.#store(part, last, oneByOne);
      if (done === 'conflict') continue;
      if (done instanceof Refused) {
        const { key, cause } = done;
        queue = queue.map((answer) =>
          answer.row.key === key ? { row: answer.row, write: undefined, failure: cause, by: 'server' } : answer,
        );
        oneByOne = true;
        continue;
      }
      finished = last && done.stale.size === 0;
      queue = await this.#askedAgain(queue.slice(done.count), done.stale);
    }
    return finished;
  }

  /** How many of these may be carried out before one fails that may not; that one where it is the first. */
  #allowed(queue: readonly Answer[]): number | Failed {
    const { onError, maxErrors } = this.#backfill;
    let left = onError === 'stop' ? 0 : maxErrors - this.#position.tallies.quarantined;
    for (const [index, answer] of queue.entries()) {
      if (answer.write !== undefined) continue;
      left -= 1;
      if (left >= 0 && !isOutage(answer)) continue;
      return index > 0 ? index : answer;
    }
    return queue.length;
  }

  async #endingAt(failed: Failed): Promise<ReleaseError> {
    const { onError, surveys } = this.#backfill;
    if (isOutage(failed)) return documentFailed(this.#backfill, failed);
    if (onError === 'quarantine') return tooManyFailed(this.#backfill, failed);
    const surveyed = surveys && failed.by === 'each';
    const { place } = this.#position;
    return documentFailed(this.#backfill, failed, surveyed ? await survey(this.#asking, place, this.#done) : undefined);
  }

  async #store(part: readonly Answer[], last: boolean, oneByOne: boolean): Promise<PageDone | Refused | 'conflict'> {
    try {
      const { done, position, entry } = await this.#context.transactor.transact(
        async (tx) => {
          const done = await carryOut(this.#context, this.#backfill, tx, part, oneByOne);
          const through = part[done.count - 1];
          if (through === undefined) return { done, position: this.#position, entry: this.#entry };
          const position = { tallies: sum(this.#position.tallies, done.change), place: through.row.place };
          const finished = last && done.stale.size === 0;
          return { done, position, entry: await this.#keep(tx, position, finished, done.images) };
        },
        // A batch of several gives way to users; a single document is tried for as long as there is patience.
        part.length > 1 ? { conflicts: 0 } : {},
      );
      this.#position = position;
      this.#entry = entry;
      this.#leftOut.tell(part.slice(0, done.count).filter((answer) => answer.write === undefined));
      if (entry !== undefined) this.#context.progress?.(this.#call, position.tallies);
      if (done.stale.size === 0) this.#limit = Math.min(this.#backfill.size, this.#limit * 2);
      return done;
    } catch (error) {
      if (error instanceof Refused) return error;
      if (part.length === 1 || passing(error) !== 'conflict') throw error;
      this.#limit = Math.ceil(part.length / 2);
      return 'conflict';
    }
  }

  async #keep(tx: Tx, position: Position, finished: boolean, images: readonly Image[] = []): Promise<string> {
    const fields: Pick<EntryDraft, 'state' | 'checkpoint' | 'result'> = {
      state: finished ? 'done' : 'progress',
      checkpoint: checkpointOf(position),
      result: finished ? { form: 'plain', value: position.tallies } : undefined,
    };
    const { namespace } = this.#backfill;
    if (this.#entry !== undefined) {
      await tx.amend(this.#entry, fields, { namespace, images });
      return this.#entry;
    }
    this.#reads ??= this.#turn.takeReads();
    const about = { kind: 'write', method: 'batch', namespace, fingerprint: this.#turn.fingerprint } as const;
    return tx.record({ ...about, ...fields, reads: this.#reads, images: this.#context.images }, images);
  }

  /** The rest of a page, where user code has been asked again about what others changed since; what is gone is left out. */
  async #askedAgain(queue: readonly Answer[], stale: ReadonlySet<string>): Promise<Answer[]> {
    if (stale.size === 0) return [...queue];
    const rows = queue.map(({ row }) => row).filter(({ key }) => stale.has(key));
    const found = await this.#read(rows);
    const fresh = rows.flatMap((row) => {
      const bytes = found.get(row.key);
      return bytes === undefined ? [] : [{ ...row, bytes }];
    });
    const answers = new Map((await ask(fresh, this.#asking)).map((answer) => [answer.row.key, answer]));
    return queue.flatMap((answer) => {
      const { key } = answer.row;
      if (!stale.has(key)) return [answer];
      if (!found.has(key)) return [];
      return [answers.get(key) ?? answer];
    });
  }

  /** Those of the documents that fit the filter still, or again. */
  async #read(rows: readonly Row[]): Promise<Map<string, Uint8Array>> {
    const { collection, backfill } = this.#asking;
    const these = { $and: [backfill.filter, { _id: { $in: rows.map(({ id }) => id) } }] } as object;
    const found = (await collection.find(these, { raw: true } as object).toArray()) as unknown as Uint8Array[];
    return new Map(found.map((bytes) => [idKey(bytes), bytes]));
  }
}
