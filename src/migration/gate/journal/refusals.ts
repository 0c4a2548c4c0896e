import { type JournalEntry, ofAttempt } from '../../journal/documents.ts';
import type { JournalContext } from './context.ts';
import { storeError } from './stored.ts';

/**
 * Refusals that ended a run. Whoever corrects what the server refused types the same command and is to hear from the
 * server, not from the journal; whereas one that the code caught and went on from has to be answered as it was.
 *
 * Which is which only the end of the run tells: then the entries of those that were thrown to its end, and of those
 * after which nothing was begun any more, are marked. A run that was killed marks none, and all are answered as they were.
 */
export class Refusals {
  readonly #context: JournalContext;
  readonly #fingerprints = new WeakMap<object, string>();
  /** Those after which nothing was begun. */
  readonly #last = new Set<object>();

  constructor(context: JournalContext) {
    this.#context = context;
  }

  /** User code goes on with a call of its own. */
  begun(): void {
    this.#last.clear();
  }

  /** User code is about to be given this error, whether from the server or from an entry. */
  told(error: unknown, fingerprint: string): void {
    if (storeError(error) === undefined) return;
    this.#fingerprints.set(error as object, fingerprint);
    this.#last.add(error as object);
  }

  /** To be called when all calls are settled, with what user code threw. Rejects where the marks could not be written. */
  async endRun(thrown: unknown): Promise<void> {
    const ended = new Set([...this.#last, ...causesOf(thrown)]);
    const fingerprints = [...ended].flatMap((error) => this.#fingerprints.get(error) ?? []);
    if (fingerprints.length === 0) return;
    const marked = await this.#entriesOf(fingerprints);
    const last = await this.#lastBut(marked);
    await this.#context.transactor.transact(async (tx) => {
      // Where nothing came after it, it is as if it had never been sent: what was read for it is read anew as well.
      for (const id of marked) await tx.amend(id, { endedRun: true, ...(id > last ? { reads: [] } : {}) });
    });
  }

  /** The newest of these fingerprints, as many of each as there are. */
  async #entriesOf(fingerprints: readonly string[]): Promise<string[]> {
    const left = new Map<string, number>();
    for (const fingerprint of fingerprints) left.set(fingerprint, (left.get(fingerprint) ?? 0) + 1);
    const found = await this.#find({
      ...ofAttempt(this.#context.attempt),
      ...{ fingerprint: { $in: [...left.keys()] }, error: { $exists: true }, endedRun: { $exists: false } },
    }).toArray();
    return found.flatMap(({ _id, fingerprint }) => {
      const more = left.get(fingerprint) ?? 0;
      left.set(fingerprint, more - 1);
      return more > 0 ? [_id] : [];
    });
  }

  /** The last entry that is still expected; an empty text where there is none. */
  async #lastBut(marked: readonly string[]): Promise<string> {
    const { _id } = ofAttempt(this.#context.attempt);
    const filter = { _id: { ..._id, $nin: marked }, kind: { $ne: 'images' }, endedRun: { $exists: false } };
    const [last] = await this.#find(filter).limit(1).toArray();
    return last?._id ?? '';
  }

  #find(filter: object) {
    const { client, database, own } = this.#context;
    return client
      .db(database)
      .collection<JournalEntry>(own.journal)
      .find(filter, {
        ...{ readConcern: { level: 'majority' }, readPreference: 'primary', projection: { fingerprint: 1 } },
      })
      .sort({ _id: -1 });
  }
}

/** The error itself, and all that it was made from. */
function causesOf(thrown: unknown, found = new Set<object>()): Set<object> {
  if (typeof thrown !== 'object' || thrown === null || found.has(thrown)) return found;
  found.add(thrown);
  const { cause, errors } = thrown as { cause?: unknown; errors?: unknown };
  for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])]) causesOf(inner, found);
  return found;
}
