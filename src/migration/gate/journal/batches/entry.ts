import type { Checkpoint } from '../../../journal/documents.ts';
import type { Image } from '../../../journal/images.ts';
import type { Counts } from '../../../types.ts';
import type { Operation } from '../../call.ts';
import { noCounts } from '../../tally.ts';
import type { EntryDraft, JournalContext, Turn, Tx } from '../context.ts';
import { storeError, storeResult } from '../stored.ts';

/** The one entry of a statement: written by its first transaction, amended by each later one. */
export class StatementEntry {
  /** What is committed. */
  counts: Counts = noCounts;
  readonly #context: JournalContext;
  readonly #operation: Operation<unknown>;
  readonly #draft: Omit<EntryDraft, 'state'>;
  readonly #constants: Checkpoint['constants'];
  #id: string | undefined;
  #through: unknown;

  constructor(context: JournalContext, operation: Operation<unknown>, turn: Turn, constants: Checkpoint['constants']) {
    const { method, namespace } = operation.call;
    const { fingerprint, begun } = turn;
    this.#context = context;
    this.#operation = operation;
    this.#constants = constants;
    const reads = begun === undefined ? turn.takeReads() : begun.reads;
    this.#draft = { kind: 'write', method, namespace, fingerprint, reads, images: context.images };
    if (begun?.checkpoint === undefined) return;
    this.#id = begun._id;
    this.#through = begun.checkpoint.through;
    this.counts = begun.checkpoint.counts;
    this.#report();
  }

  /** Whether some of it is committed already. */
  get begun(): boolean {
    return this.#id !== undefined;
  }

  /** Writes into the transaction that this much is done, which counts once `committed` is called with what comes back. */
  async write(
    tx: Tx,
    counts: Counts,
    how: { readonly through: Uint8Array } | { readonly result: unknown } | { readonly error: unknown },
    images: readonly Image[],
  ): Promise<Written> {
    const id = this.#id ?? (await tx.record({ ...this.#draft, ...this.#fields(counts, how) }, images));
    if (this.#id !== undefined) {
      await tx.amend(id, this.#fields(counts, how), { namespace: this.#draft.namespace, images });
    }
    return { id, counts, through: 'through' in how ? how.through : undefined };
  }

  committed({ id, counts, through }: Written): void {
    this.#id = id;
    this.counts = counts;
    this.#through = through ?? this.#through;
    this.#report();
  }

  /** The statement was refused, and this is where it ended. */
  async refused(error: unknown): Promise<void> {
    this.#report();
    if (storeError(error) === undefined) return;
    await this.#context.transactor.transact((tx) => this.write(tx, this.counts, { error }, []));
  }

  #fields(
    counts: Counts,
    how: { readonly through: Uint8Array } | { readonly result: unknown } | { readonly error: unknown },
  ): Pick<EntryDraft, 'state' | 'result' | 'error' | 'checkpoint'> {
    if ('result' in how) return { state: 'done', result: storeResult(how.result) };
    if ('through' in how) {
      return { state: 'progress', checkpoint: { through: how.through, counts, constants: this.#constants } };
    }
    const nothing = counts.modified + counts.inserted + counts.deleted === 0;
    const checkpoint = { through: this.#through ?? null, counts, constants: this.#constants };
    return { state: nothing ? 'refused' : 'done', error: storeError(how.error), checkpoint };
  }

  #report(): void {
    this.#context.progress?.(this.#operation.call, this.counts);
  }
}

export interface Written {
  readonly id: string;
  readonly counts: Counts;
  readonly through: Uint8Array | undefined;
}
