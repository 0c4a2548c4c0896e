import type { Document } from 'mongodb';
import { serverCode } from '../../../../mongo/server-code.ts';
import { unsent } from '../../../../mongo/unsent.ts';
import type { Image } from '../../../journal/images.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Call } from '../../call.ts';
import { tooManyAtOnce } from '../batches/failure.ts';
import type { EntryDraft, JournalContext, Tx } from '../context.ts';
import { storeError, storeResult } from '../stored.ts';
import { type Answer, answerOf } from './answer.ts';
import {
  type Applied,
  applyStatements,
  CommandRefused,
  countsOfApplied,
  nothingApplied,
  type StatementError,
  StatementRefused,
  send,
  TooMany,
  Unreadable,
} from './apply.ts';
import { appliedBy, divided, isDividable, type Stage } from './divided.ts';
import { type Failing, failingFrom, type StoredFailing, storedFailing } from './failing.ts';
import { isMany, type Statement, type StatementList } from './list.ts';
import type { Parsed } from './parse.ts';
import { advanced, atBeginning, checkpointOf, countsOfProgress, type Progress, silently } from './progress.ts';
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
  /** The one at `to` is passed over: the command it is in failed as a whole, and says nothing of it. */
  readonly passesOver?: boolean;
  /** The list ends there. */
  readonly ends?: boolean;
}

/** UnknownField (`src/mongo/base/error_codes.yml`): of the command itself, before any of its statements. */
const unknownField = 40415;

/** What a transaction has written down, once it is committed. */
interface Reached {
  readonly answer: Answer | undefined;
  readonly progress: Progress;
  readonly entry: string;
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
  /** A statement for many documents that the server refused: it is carried out as far as it gets. */
  #toDivide: number | undefined;
  /** A command of the list that was refused as a whole. */
  #failing: Failing | undefined;
  /** A statement whose documents the server refuses to find: it is sent for the server to refuse. */
  #unreadable: { readonly at: number; readonly cause: unknown } | undefined;

  constructor(
    context: JournalContext,
    call: Call,
    parsed: Parsed,
    about: About,
    constants: Document,
    begun?: { readonly entry: string; readonly progress: Progress; readonly failing?: StoredFailing },
  ) {
    this.#context = context;
    this.#call = call;
    this.#parsed = parsed;
    this.#about = about;
    this.#constants = constants;
    this.#progress = begun?.progress ?? atBeginning(parsed.list.insertedIds);
    this.#entry = begun?.entry;
    if (begun?.failing !== undefined) this.#failing = failingFrom(begun.failing, context.driver);
  }

  async run(): Promise<Answer> {
    for (;;) {
      const { done, within } = this.#progress;
      const divides = within !== undefined || done === this.#toDivide;
      const answer = await (divides ? this.#divide() : this.#step(this.#nextGoal()));
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
        const nearer = this.#nearer(next, error);
        if (nearer === undefined) throw error instanceof Unreadable ? error.cause : error;
        if (nearer.to === this.#progress.done && nearer.to === this.#toDivide) return this.#divide();
        next = nearer;
      }
    }
  }

  /** What can be reached in spite of an error; undefined where that is for user code to see as it is. */
  #nearer({ to }: Goal, error: unknown): Goal | undefined {
    const from = this.#progress.done;
    if (error instanceof StatementRefused) {
      const at = from + error.at;
      const statement = this.#statement(at);
      // Fewer at once from here on: what comes before a refusal is sent twice.
      this.#size = Math.max(20, Math.min(this.#size, 2 * error.at));
      if (isDividable(statement)) {
        this.#toDivide = at;
        return { to: at };
      }
      return { to: at, refused: this.#refused(statement, error.answer) };
    }
    const several = to - from > 1;
    const cause = error instanceof CommandRefused ? error.cause : error;
    if (error instanceof Unreadable && !several) {
      if (this.#unreadable?.at === from) return undefined;
      this.#unreadable = { at: from, cause: error.cause };
      return { to };
    }
    if (error instanceof TooMany || error instanceof Unreadable || tooManyAtOnce(cause)) {
      if (several) {
        this.#size = Math.ceil((to - from) / 2);
        return { to: from + this.#size };
      }
      if (isDividable(this.#statement(from))) {
        this.#toDivide = from;
        return { to: from };
      }
    }
    return error instanceof CommandRefused ? this.#nearerThanCommand(from + error.at, error.cause) : undefined;
  }

  /**
   * A command failed as a whole, which has two reasons. Nothing of it was begun; or one of its statements is such that
   * the server forgets what it has to say of the others. They are done all the same: before that one in an ordered list,
   * around it in an unordered one, and counted nowhere.
   */
  #nearerThanCommand(at: number, error: unknown): Goal {
    const { statements, ordered } = this.#parsed.list;
    const { batch, kind } = this.#statement(at);
    let until = at;
    while (statements[until]?.batch === batch) until += 1;
    const known = this.#failing;
    if (known === undefined) {
      this.#failing = { from: at, until, error };
      const notBegun = kind === 'insert' || serverCode(error) === unknownField || unsent(error);
      if (notBegun) return { to: at, ends: true };
      if (until - at > 1) return { to: at };
    }
    return ordered ? { to: at, ends: true } : { to: at, passesOver: true };
  }

  /** As user code sees it: of a raw command's reply all that the server says, of the driver's errors what those hold. */
  #refused({ index, given }: Statement, answer: StatementError): WriteErrorFields {
    const { code, errmsg, errInfo } = answer;
    const more = this.#parsed.form === 'reply' ? answer : {};
    return { ...more, index, code, errmsg, errInfo, op: given };
  }

  async #reach({ to, refused, passesOver, ends }: Goal): Promise<Answer | undefined> {
    const { list } = this.#parsed;
    const from = this.#progress.done;
    const silent = this.#failing !== undefined && from >= this.#failing.from;
    const done = refused === undefined && passesOver !== true ? to : to + 1;
    const over = ends === true || this.#isOver(done, refused);
    const further = (applied: Applied) =>
      silent
        ? silently(this.#progress, done, countsOfApplied(applied))
        : advanced(this.#progress, done, applied, refused);
    if (to === from && !over) {
      // Nothing to write down: after a crash it is refused again.
      this.#progress = further(nothingApplied);
      return undefined;
    }
    const statements = list.statements.slice(from, to);
    const began = performance.now();
    const reached = await this.#transact(statements.length, async (tx) => {
      const applied = await this.#apply(tx, statements);
      const progress = further(applied);
      const answer = over ? this.#answer(progress) : undefined;
      return { answer, progress, entry: await this.#write(tx, progress, answer, applied.images) };
    });
    this.#committed(reached);
    this.#adapt(statements.length, performance.now() - began);
    return reached.answer;
  }

  async #apply(tx: Tx, statements: readonly Statement[]): Promise<Applied> {
    if (statements.length === 0) return nothingApplied;
    const [first] = statements;
    if (this.#progress.done === this.#unreadable?.at) {
      await send(this.#context, this.#sent(), statements, tx.session);
      // Without an image it may not go through: what the reading met is what user code is told.
      throw new Unreadable('', { cause: this.#unreadable.cause });
    }
    // What cannot be done in parts is done whole, however much it is.
    const whole = statements.length === 1 && first !== undefined && isMany(first) && !isDividable(first);
    const bound = whole ? undefined : { documents: most.documents, bytes: most.documentBytes };
    return applyStatements(this.#context, this.#sent(), statements, tx.session, bound);
  }

  /** In a command that failed as a whole each statement is sent by itself, to find the one. */
  #sent(): StatementList {
    const silent = this.#failing !== undefined && this.#progress.done >= this.#failing.from;
    return { ...this.#parsed.list, singly: silent };
  }

  /** Carries the next statement out by itself, in batches. */
  async #divide(): Promise<Answer | undefined> {
    const before = this.#progress;
    const statement = this.#statement(before.done);
    let written: Reached | undefined;
    let over: Reached | undefined;
    const write = async (tx: Tx, { checkpoint, result, error, done }: Stage, images: readonly Image[]) => {
      const refused =
        error === undefined
          ? undefined
          : this.#refused(statement, { ...error.response, index: 0, code: error.code ?? 0, errmsg: error.message });
      const applied = refused === undefined ? appliedBy(statement, result?.value) : nothingApplied;
      const known = done === undefined ? before : silently(before, before.done, done);
      const progress =
        checkpoint === undefined
          ? advanced(known, before.done + 1, applied, refused)
          : { ...before, within: checkpoint };
      const ends = checkpoint === undefined && this.#isOver(progress.done, refused);
      const answer = ends ? this.#answer(progress) : undefined;
      written = { answer, progress, entry: await this.#write(tx, progress, answer, images) };
    };
    const committed = () => {
      if (written === undefined) return;
      this.#committed(written);
      if (written.progress.within === undefined) over = written;
    };
    try {
      await divided(this.#context, this.#parsed.list, statement, before.within, write, committed);
    } catch (error) {
      // It was refused, which stands in the entry by now: user code gets the list's error, not the statement's.
      if (over === undefined) throw error;
    }
    return over?.answer;
  }

  #isOver(done: number, refused: WriteErrorFields | undefined): boolean {
    const { ordered, statements } = this.#parsed.list;
    return (refused !== undefined && ordered) || done >= (this.#failing?.until ?? statements.length);
  }

  #committed({ progress, entry }: Reached): void {
    this.#progress = progress;
    this.#entry = entry;
    this.#context.progress?.(this.#call, countsOfProgress(progress));
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
    const { method, namespace } = this.#call;
    if (this.#entry !== undefined) {
      await tx.amend(this.#entry, state, { namespace, images });
      return this.#entry;
    }
    const about = { kind: 'write', method, namespace, ...this.#about, images: this.#context.images } as const;
    return tx.record({ ...about, ...state }, images);
  }

  #state(
    progress: Progress,
    answer: Answer | undefined,
  ): Pick<EntryDraft, 'state' | 'result' | 'error' | 'checkpoint'> {
    if (answer === undefined) {
      const failing = this.#failing === undefined ? {} : { failing: storedFailing(this.#failing) };
      return { state: 'progress', checkpoint: checkpointOf(progress, { ...this.#constants, ...failing }) };
    }
    // An answer does not count all that was done, or is too large to keep.
    const counts = countsOfProgress(progress);
    const checkpoint = { through: progress.done - 1, counts, last: true } as const;
    if ('value' in answer) return { state: 'done', result: storeResult(answer.value), checkpoint };
    const clean = this.#entry === undefined && counts.matched + counts.inserted + counts.deleted === 0;
    return { state: clean ? 'refused' : 'done', error: storeError(answer.error), checkpoint };
  }

  #answer({ raw, done }: Progress): Answer {
    const { form, list } = this.#parsed;
    const kind = list.statements[0]?.kind ?? 'insert';
    const failing = this.#failing;
    if (failing === undefined || done < failing.from)
      return answerOf(this.#context.driver, form, list.ordered, raw, kind);
    // Its command says nothing of them.
    const { batch } = this.#statement(failing.from);
    const silent = new Set(list.statements.filter((statement) => statement.batch === batch).map(({ index }) => index));
    const writeErrors = raw.writeErrors.filter(({ index }) => !silent.has(index));
    return answerOf(this.#context.driver, form, list.ordered, { ...raw, writeErrors }, kind, failing);
  }

  #nextGoal(): Goal {
    const { statements } = this.#parsed.list;
    const from = this.#progress.done;
    const failing = this.#failing;
    const end = failing === undefined ? statements.length : from < failing.from ? failing.from : failing.until;
    let to = from;
    let bytes = 0;
    while (to < end && to - from < this.#size) {
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
