import { isUnsettled } from '../../migration/history/position.ts';
import { noEffects } from '../../migration/runner.ts';
import type { Effects, HistoryRecord, RunJournal } from '../../migration/types.ts';
import type { AskDown } from '../../migration/undo/down-documents.ts';
import { forecastUndo } from '../../migration/undo/forecast.ts';
import { damaged, isDamage } from '../../migration/undo/inspect.ts';
import { nothingUndone, sumOfUndos, type UndoNumbers } from '../../migration/undo/result.ts';
import { type UndoResult, undoAttempt } from '../../migration/undo/undo.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { plural } from '../../report/format.ts';
import { undoInTheWay } from '../half-done/blocked.ts';
import { progressLog } from '../progress.ts';
import type { AppliedMigration, CollectionCount, FailedMigration } from '../result.ts';
import { namesOf, type Run } from '../run.ts';
import type { Tenure } from '../under-lease.ts';
import { DownDocuments, withDownDocument } from './down-documents.ts';
import { whatCameOf } from './found-back.ts';
import { inAll, type UndoneMigration } from './result.ts';
import { journalsOf } from './undoable.ts';

/** How far an undo got. */
export interface UndoProgress {
  readonly done: readonly AppliedMigration[];
  readonly failed?: FailedMigration;
  readonly undone: readonly UndoneMigration[];
  /** Documents that were left to users, of what is done: the others are counted by the run that ends them. */
  readonly conflicts: readonly CollectionCount[];
  readonly error?: ReleaseError;
}

/**
 * Takes migrations back by the journals of their ups, the last applied first: what users have written since stays. Each
 * is on record before and after; after an interruption the same call goes on where it stopped.
 *
 * Throws what kept it from beginning; a failure after that is in the result.
 */
export async function undoInTarget(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  release: string,
  names: readonly string[],
): Promise<UndoProgress> {
  const files = await withDownDocument(run, names);
  const done: AppliedMigration[] = [];
  const undone: UndoneMigration[] = [];
  const conflicts: CollectionCount[] = [];
  for (const name of names) {
    await using down = new DownDocuments(run, files.get(name), tenure.signal);
    const one = new Undoing(run, connection, tenure, { release, name, ask: down.ask });
    try {
      tenure.signal.throwIfAborted();
      await one.run();
      done.push(one.applied);
      undone.push(one.numbers);
      conflicts.push(...one.conflicts);
    } catch (thrown) {
      const error = asReleaseError(thrown);
      if (!one.begun && done.length === 0) throw error;
      const failed = one.begun ? one.applied : undefined;
      return { done, undone, failed, conflicts: inAll(conflicts), error };
    }
  }
  return { done, undone, conflicts: inAll(conflicts) };
}

interface Undo {
  /** Its id. */
  readonly release: string;
  readonly name: string;
  readonly ask: AskDown | undefined;
}

/** One migration on its way back. */
class Undoing {
  readonly #run: Run;
  readonly #connection: Connection;
  readonly #tenure: Tenure;
  readonly #release: string;
  readonly #name: string;
  readonly #ask: AskDown | undefined;
  readonly #started = performance.now();
  /** What was put on record as its end, which is told too. */
  #tookMs: number | undefined;
  #sum: UndoNumbers = nothingUndone;
  readonly #attempts: number[] = [];
  /** What its record says of it, as long as that is about its up. */
  #did: Effects | undefined;
  /** Documents that were left to users, by each of its journals. */
  readonly conflicts: CollectionCount[] = [];
  /** Whether anything of it may have been undone. */
  begun = false;

  constructor(run: Run, connection: Connection, tenure: Tenure, { release, name, ask }: Undo) {
    this.#run = run;
    this.#connection = connection;
    this.#tenure = tenure;
    this.#release = release;
    this.#name = name;
    this.#ask = ask;
  }

  get numbers(): UndoneMigration {
    return { name: this.#name, attempts: this.#attempts, ...this.#sum };
  }

  get applied(): AppliedMigration {
    const { documents, inserted, deleted, downDocuments, catalogOperations } = this.#sum;
    const modified = documents - inserted - deleted + downDocuments;
    const effects: Effects = {
      ...noEffects,
      matched: modified + deleted,
      modified,
      inserted,
      deleted,
      operations: documents + downDocuments + catalogOperations,
      ...catalogBack(this.#sum, this.#did),
    };
    return { name: this.#name, durationMs: this.#durationMs, effects };
  }

  get #durationMs(): number {
    return this.#tookMs ?? Math.round(performance.now() - this.#started);
  }

  async run(): Promise<void> {
    const { history } = this.#tenure;
    let record = await history.find(this.#name);
    if (record === undefined) throw changedMeanwhile(this.#name);
    if (record.state !== 'rolled-back' && record.direction === 'up') this.#did = record.effects;
    if (isUnsettled(record) && record.way !== 'undo') record = await this.#half(record);
    else if (record.releaseId === this.#run.releaseId) await this.#found(record.undoneDown);
    if (record.state === 'rolled-back') {
      this.#tookMs = record.durationMs;
      return;
    }
    record = await history.beginUndo(this.#name);
    this.begun = true;
    try {
      await this.#journal(record.journal);
    } catch (thrown) {
      const { code, message } = asReleaseError(thrown);
      const ending = { state: 'interrupted', durationMs: this.#durationMs, error: { code, message } } as const;
      // Where that cannot be put on record either, the next run finds it running without a lease.
      await history.finish(this.#name, ending).catch(() => {});
      throw thrown;
    }
    this.#tookMs = this.#durationMs;
    const { durationMs, effects } = this.applied;
    await history.finish(this.#name, { state: 'rolled-back', durationMs, effects });
    const { createdSince: _, left: __, conflicts: ___, ...counts } = this.#sum;
    this.#run.log.info(`Migration ${this.#name} is undone.`, { migration: this.#name, ...counts });
  }

  /** One that did not reach its end: up, that is all of it; down, it is applied again after that. */
  async #half({ journal }: HistoryRecord): Promise<HistoryRecord> {
    this.begun = true;
    if (journal?.entries !== 0) await this.#journal(journal);
    const { durationMs, effects } = this.applied;
    return this.#tenure.history.undone(this.#name, { durationMs, effects });
  }

  /** What a run that was killed behind that has undone of a half-done down. */
  async #found(journal: RunJournal | undefined): Promise<void> {
    if (journal === undefined) return;
    const { numbers = nothingUndone, conflicts } = await whatCameOf(this.#run, this.#connection, this.#name, [journal]);
    this.#sum = sumOfUndos(this.#sum, numbers);
    this.#attempts.push(journal.attempt);
    this.conflicts.push(...conflicts);
  }

  async #journal(journal: RunJournal | undefined): Promise<void> {
    if (journal === undefined) throw changedMeanwhile(this.#name);
    const run = this.#run;
    const name = this.#name;
    const say = progressLog(run.log);
    const attempt = { migration: name, number: journal.attempt };
    this.#attempts.push(journal.attempt);
    const result = await undoAttempt(this.#connection, namesOf(run), attempt, {
      ...{ fence: this.#tenure.lease.fence, mode: 'tolerant', ask: this.#ask, signal: this.#tenure.signal },
      expectedEntries: journal.entries,
      onProgress: (progress) => say('Undoing.', { migration: name, ...progress }),
    });
    this.#count(result);
    if (result.state === 'undone') return;
    const again = `Type mongo-release rollback ${this.#release} once they write less there: it goes on where it was. `;
    throw new ReleaseError('NO_WAY_BACK', `Migration ${name} cannot be undone any further: ${undoInTheWay(result)}.`, {
      hint: `${result.state === 'busy' ? again : ''}The backup of the release may lead back: mongo-release rollback ${this.#release} --strategy restore.`,
    });
  }

  #count(result: UndoResult): void {
    if (result.state !== 'undone') {
      const { documents, inserted, deleted } = result;
      this.#sum = sumOfUndos(this.#sum, { ...nothingUndone, documents, inserted, deleted });
      return;
    }
    this.#sum = sumOfUndos(this.#sum, result);
    for (const { why } of result.left) this.#run.log.warn(`${why}. That stays as it is.`);
    this.conflicts.push(...result.conflicts);
  }
}

/** By the names of what is gone or there again; by number where that is not known, or something was left as it is. */
function catalogBack({ catalogOperations, left }: UndoNumbers, did: Effects | undefined): Partial<Effects> {
  if (catalogOperations === 0) return {};
  const { indexesCreated = [], indexesDropped = [], collectionsCreated = [], collectionsDropped = [] } = did ?? {};
  const others = did?.otherChanges ?? [];
  const named = [...indexesCreated, ...indexesDropped, ...collectionsCreated, ...collectionsDropped, ...others];
  if (left.length > 0 || named.length === 0)
    return { otherChanges: [`${plural(catalogOperations, 'operation')} on the catalog undone`] };
  return {
    ...{ indexesCreated: indexesDropped, indexesDropped: indexesCreated },
    ...{ collectionsCreated: collectionsDropped, collectionsDropped: collectionsCreated },
    otherChanges: others.map((change) => `undone: ${change}`),
  };
}

/** What an undo of these migrations would do as things stand. Only reads. Throws as `forecastUndo` does. */
export async function forecastOf(
  run: Run,
  connection: Connection,
  release: string,
  records: readonly HistoryRecord[],
  names: readonly string[],
): Promise<UndoneMigration[]> {
  const files = await withDownDocument(run, names);
  await using asked = new AsyncDisposableStack();
  const attempts = names.flatMap((migration) => {
    const record = records.find(({ _id }) => _id === migration);
    const journals = record === undefined ? [] : journalsOf(record);
    const { ask } = asked.use(new DownDocuments(run, files.get(migration)));
    return journals.flatMap((journal) => (journal === undefined ? [] : [{ migration, number: journal.attempt, ask }]));
  });
  try {
    const forecasts = await forecastUndo(connection, namesOf(run), attempts, { signal: run.signal });
    return names.map((name) => {
      const of = forecasts.filter((_, at) => attempts[at]?.migration === name);
      const undone = attempts.filter(({ migration }) => migration === name).map(({ number }) => number);
      return { name, attempts: undone, ...of.reduce(sumOfUndos, nothingUndone) };
    });
  } catch (error) {
    if (run.signal.aborted) throw error;
    if (isDamage(error)) {
      throw new ReleaseError('NO_WAY_BACK', `The release cannot be undone: ${damaged}.`, {
        hint: `Type mongo-release rollback ${release} without --strategy, which takes the next best way, or name it: --strategy down, --strategy restore.`,
      });
    }
    throw asServerFailure(error, 'looking at what an undo would do');
  }
}

function changedMeanwhile(name: string): ReleaseError {
  return new ReleaseError('HISTORY_CONFLICT', `The record of ${name} was changed while its way back was chosen.`, {
    hint: 'Look at mongo-release status, then run the command again.',
  });
}
