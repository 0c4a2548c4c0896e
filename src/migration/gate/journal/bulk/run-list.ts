import type { Document } from 'mongodb';
import type { Image } from '../../../journal/images.ts';
import type { Call } from '../../call.ts';
import type { EntryDraft, JournalContext, Tx } from '../context.ts';
import { storeError, storeResult } from '../stored.ts';
import { passing } from '../transactor.ts';
import { type Answer, answerOf } from './answer.ts';
import { applyStatements, CommandRefused, nothingApplied, StatementRefused, TooMany } from './apply.ts';
import type { Statement } from './list.ts';
import type { Parsed } from './parse.ts';
import { advanced, atBeginning, checkpointOf, type Progress, progressFrom } from './progress.ts';
import type { WriteErrorFields } from './result.ts';

/** What one transaction takes: statements, bytes of them, and documents that they may find. */
const most = { statements: 1000, bytes: 8_000_000, documents: 5000, documentBytes: 16_000_000 };
/** A transaction that takes longer is felt by users: the next one is made smaller. */
const longestMs = 250;
/** Conflicts with users' writes after which a part of the list is halved. */
const conflictsBeforeHalving = 2;

/** What the next transaction is to do. */
interface Goal {
  /** Statements up to here, in the order of sending. */
  readonly to: number;
  /** The one at `to` is refused. */
  readonly refused?: WriteErrorFields;
  /** A whole command was refused: the list ends there. */
  readonly command?: { readonly error: unknown };
}

/** What a list's entry says of the call. */
export type About = Pick<EntryDraft, 'fingerprint' | 'reads'>;

/**
 * Carries a list of statements out: in one transaction where it fits, else in several, the entry then in progress from
 * the first to the last.
 *
 * What the server refuses aborts a transaction. It is made again without that statement: an ordered list then ends
 * before it, as it does without us; an unordered one goes on behind it.
 */
export class ListRun {
  readonly #context: JournalContext;
  readonly #call: Call;
  readonly #parsed: Parsed;
  readonly #about: About;
  /** Kept with each checkpoint. */
  readonly #constants: Document;
  #progress: Progress;
  #entry: string | undefined;
  #size = most.statements;

  constructor(
    context: JournalContext,
    call: Call,
    parsed: Parsed,
    about: About,
    constants: Document,
    begun?: { readonly entry: string; readonly progress: Progress },
  ) {
    this.#context = context;
    this.#call = call;
    this.#parsed = parsed;
    this.#about = about;
    this.#constants = constants;
    this.#progress = begun?.progress ?? atBeginning(parsed.list.insertedIds);
    this.#entry = begun?.entry;
  }

  async run(): Promise<Answer> {
    for (;;) {
      const answer = await this.#step(this.#nextGoal());
      if (answer !== undefined) return answer;
      await this.#context.throttle.pause();
      this.#context.refuseWhenClosed();
    }
  }

  /** Reaches a goal, or a nearer one where the server refuses it. The answer where the list is over then. */
  async #step(goal: Goal): Promise<Answer | undefined> {
    for (let next = goal; ; ) {
      try {
        return await this.#reach(next);
      } catch (error) {
        const from = this.#progress.done;
        if (error instanceof StatementRefused) {
          const to = from + error.at;
          const { index, given } = this.#statement(to);
          const { code, errmsg, errInfo } = error.answer;
          // Fewer at once from here on: what comes before each refusal is sent twice.
          this.#size = Math.max(20, Math.min(this.#size, 2 * error.at));
          next = { to, refused: { ...this.#extra(error.answer), index, code, errmsg, errInfo, op: given } };
        } else if (error instanceof CommandRefused) {
          next = { to: from + error.at, command: { error: error.cause } };
        } else if ((error instanceof TooMany || passing(error) !== undefined) && next.to - from > 1) {
          this.#size = Math.ceil((next.to - from) / 2);
          next = { to: from + this.#size };
        } else {
          throw error;
        }
      }
    }
  }

  /** A raw command's reply says more of a refusal than the driver's errors do. */
  #extra(answer: object): object {
    return this.#parsed.form === 'reply' ? answer : {};
  }

  async #reach(goal: Goal): Promise<Answer | undefined> {
    const { list } = this.#parsed;
    const from = this.#progress.done;
    const { refused, command, to } = goal;
    const done = refused === undefined ? to : to + 1;
    const over = command !== undefined || (refused !== undefined && list.ordered) || done >= list.statements.length;
    const nothing = advanced(this.#progress, done, nothingApplied, refused);
    if (to === from) {
      if (!over) {
        // Nothing to write down: after a crash it is refused again.
        this.#progress = nothing;
        return undefined;
      }
      const answer = this.#answer(nothing, command);
      await this.#transact(1, (tx) => this.#write(tx, nothing, answer, []));
      return answer;
    }
    const statements = list.statements.slice(from, to);
    const began = performance.now();
    const { answer, progress, entry } = await this.#transact(statements.length, async (tx) => {
      const bound = { documents: most.documents, bytes: most.documentBytes };
      const applied = await applyStatements(this.#context, list, statements, tx.session, bound);
      const progress = advanced(this.#progress, done, applied, refused);
      const answer = over ? this.#answer(progress, command) : undefined;
      return { answer, progress, entry: await this.#write(tx, progress, answer, applied.images) };
    });
    this.#progress = progress;
    this.#entry = entry;
    this.#adapt(statements.length, performance.now() - began);
    return answer;
  }

  async #transact<T>(size: number, work: (tx: Tx) => Promise<T>): Promise<T> {
    let conflicts = 0;
    return this.#context.transactor.transact(work, {
      onConflict: (error) => {
        conflicts += 1;
        // Thrown from here it ends the repetitions: a smaller part is tried.
        if (size > 1 && conflicts > conflictsBeforeHalving && passing(error) === 'conflict') throw error;
      },
    });
  }

  async #write(tx: Tx, progress: Progress, answer: Answer | undefined, images: readonly Image[]): Promise<string> {
    const state = this.#state(progress, answer);
    if (this.#entry !== undefined) {
      await tx.amend(this.#entry, state, images);
      return this.#entry;
    }
    const { method, namespace } = this.#call;
    const about = { kind: 'write', method, namespace, ...this.#about, images: this.#context.images } as const;
    return tx.record({ ...about, ...state }, images);
  }

  #state(
    progress: Progress,
    answer: Answer | undefined,
  ): Pick<EntryDraft, 'state' | 'result' | 'error' | 'checkpoint'> {
    if (answer === undefined) {
      return { state: 'progress', checkpoint: checkpointOf(progress, this.#constants) };
    }
    if ('value' in answer) return { state: 'done', result: storeResult(answer.value) };
    const { nInserted, nUpserted, nMatched, nRemoved } = progress.raw;
    const clean = this.#entry === undefined && nInserted + nUpserted + nMatched + nRemoved === 0;
    return { state: clean ? 'refused' : 'done', error: storeError(answer.error) };
  }

  #answer({ raw }: Progress, command: Goal['command']): Answer {
    const { form, list } = this.#parsed;
    const kind = list.statements[0]?.kind ?? 'insert';
    return answerOf(this.#context.driver, form, list.ordered, raw, kind, command);
  }

  #nextGoal(): Goal {
    const { statements } = this.#parsed.list;
    const from = this.#progress.done;
    let to = from;
    let bytes = 0;
    while (to < statements.length && to - from < this.#size) {
      bytes += this.#statement(to).bytes;
      if (bytes > most.bytes && to > from) break;
      to += 1;
    }
    return { to };
  }

  #adapt(statements: number, ms: number): void {
    if (ms > longestMs) this.#size = Math.max(20, Math.ceil((statements * longestMs) / ms));
    else if (statements >= this.#size) this.#size = Math.min(most.statements, this.#size * 2);
  }

  #statement(at: number): Statement {
    return this.#parsed.list.statements[at] as Statement;
  }
}

export { progressFrom };
