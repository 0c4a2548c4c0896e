import { listed } from '../../migration/files/find.ts';
import { sandboxFence } from '../../migration/journal/prepare.ts';
import { describeConflict } from '../../migration/undo/result.ts';
import { undoAttempt } from '../../migration/undo/undo.ts';
import {
  compareStates,
  type DatabaseState,
  type Difference,
  describeDifference,
  sortedFieldsOf,
  tellFieldOrder,
  withSortedFields,
} from '../../mongo/compare.ts';
import type { Connection } from '../../mongo/connect.ts';
import { operationTime } from '../../mongo/writes-since.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Turn } from '../applying/turns.ts';
import { undoInTheWay } from '../half-done/blocked.ts';
import { journalFor, runInSandbox } from '../in-sandbox.ts';
import { namesOf, type Run, stopIfCancelled } from '../run.ts';
import { askDownDocument } from './ask-down.ts';
import { type NewDates, newDates, onlyNewDates } from './new-dates.ts';
import type { RehearsedMigration, RehearsedWay, WayBackRehearsal } from './result.ts';
import { type DownRun, describeWith } from './which-differ.ts';

/** A sandbox in which these migrations were applied, in this order, each with a journal of its own number. */
export interface AppliedInSandbox {
  readonly connection: Connection;
  readonly uri: string;
  readonly turns: readonly Turn[];
  /** Of the database before the first of them. */
  readonly start: DatabaseState;
  /** `sortedFieldsOf` it, where no undo will lead there again. */
  readonly sorted?: ReadonlyMap<string, string>;
  /** Of the database as it is. */
  readonly state: () => Promise<DatabaseState>;
  /** What each did. */
  readonly migrations: readonly RehearsedMigration[];
  /** Whether the journal holds what an undo needs. */
  readonly journal: boolean;
}

export interface RehearsedBack {
  readonly result: WayBackRehearsal;
  /** There when a way back does not lead where it says. */
  readonly error?: ReleaseError;
}

/**
 * Rehearses both ways back: the undo of everything by its journal, and each `down`, the last applied first, as far as
 * there are any. After each the database has to be what it was before; a `down` may leave the fields of a document in
 * another order, and a new date where its up left one, too.
 *
 * Throws what a sandbox's failures become, and `CANCELLED`.
 */
export async function rehearseWayBack(run: Run, on: AppliedInSandbox): Promise<RehearsedBack> {
  const back = new Back(run, on);
  const { part: undo, error: refused } = await back.undo();
  if (refused !== undefined) return { result: { undo }, error: refused };
  if (undo.state === 'differs') return { result: { undo }, error: differs('The undo', undo) };
  const { part: down, error: failed } = await back.down();
  const result = { undo, down };
  const names = down.migrations.map(({ name }) => name);
  const error = failed ?? (down.state === 'differs' ? differs(`The down of ${listed(names)}`, down) : undefined);
  // A file in migrate-mongo's form cannot declare that it is irreversible, and is to run here as it does there.
  if (error === undefined || run.invocation.migrateMongo === undefined) return { result, error };
  run.log.warn(error.message);
  return { result };
}

class Back {
  readonly #run: Run;
  readonly #on: AppliedInSandbox;
  /** How many of the migrations, from the first on, are applied at the moment. */
  #applied: number;
  /** The numbers from 0 on are those of the first time. */
  #attempts: number;
  /** Of those before all migrations, the ones that they changed, where the undo has led there. */
  #sortedAtStart: ReadonlyMap<string, string> | undefined;

  constructor(run: Run, on: AppliedInSandbox) {
    this.#run = run;
    this.#on = on;
    this.#applied = on.turns.length;
    this.#attempts = on.turns.length;
  }

  /** How many of the migrations are left once each `down` was gone that there is, the last applied first. */
  get #lowest(): number {
    return this.#on.turns.findLastIndex(({ facts }) => !facts.hasDown || facts.irreversible !== undefined) + 1;
  }

  async undo(): Promise<Gone> {
    const { connection, turns, start, journal } = this.#on;
    const way = new Way();
    if (!journal) return { part: way.end('impossible', { why: 'the journal keeps no images' }) };
    const notes: string[] = [];
    try {
      for (const [index, turn] of [...turns.entries()].reverse()) {
        stopIfCancelled(this.#run);
        const begun = performance.now();
        const { name } = turn.file;
        const attempt = { migration: name, number: index };
        if (turn.facts.hasDownDocument) notes.push(...(await askDownDocument(this.#run, connection, turn, attempt)));
        const undone = await undoAttempt(connection, namesOf(this.#run), attempt, {
          ...{ fence: sandboxFence, mode: 'strict', alone: true, signal: this.#run.signal },
        });
        if (undone.state === 'impossible' || undone.state === 'busy')
          return { part: way.end('impossible', { why: `${name}: ${undoInTheWay(undone)}`, notes }) };
        if (undone.state === 'conflicts')
          return { part: way.end('differs', { differences: undone.conflicts.map(describeConflict), notes }) };
        this.#applied = index;
        way.went(name, performance.now() - begun);
      }
    } catch (error) {
      return { part: way.end('failed', { notes }), error: rehearsalFailed(error) };
    }
    // Nothing writes now. The down is compared with this; reading it is our work, and the state's is the server's.
    const [state, sorted] = await Promise.all([
      this.#on.state(),
      this.#lowest === 0 ? this.#sortedFields(0, start) : undefined,
    ]);
    this.#sortedAtStart = sorted;
    const differences = await this.#told(0, compareStates(start, state));
    return { part: way.end(differences.length === 0 ? 'equal' : 'differs', { differences, notes }) };
  }

  async down(): Promise<Gone> {
    const { turns, connection } = this.#on;
    const way = new Way();
    const lowest = this.#lowest;
    const last = turns[lowest - 1];
    const why =
      last && `${last.file.name} ${last.facts.irreversible === undefined ? 'has no down' : 'is irreversible'}`;
    if (lowest === turns.length) return { part: way.end('impossible', { why }) };
    try {
      const before = await this.#before(lowest);
      await this.#upTo(turns.length);
      const downs: DownRun[] = [];
      for (const turn of turns.slice(lowest).reverse()) {
        const { name } = turn.file;
        const since = await operationTime(connection.db);
        if (since !== undefined) downs.push({ name, since });
        way.went(name, await this.#go(turn, 'down'));
      }
      this.#applied = lowest;
      if (before === undefined) return { part: way.end('not-compared', { why }) };
      const after = await this.#on.state();
      const found = await tellFieldOrder(
        compareStates(before.state, after),
        async (collection) => before.sorted?.get(collection),
        (collection) => withSortedFields(connection.db, collection, this.#run.signal),
      );
      const notes: string[] = [];
      const differences: Difference[] = [];
      for (const difference of found) {
        const note = isAsGood(difference, after)
          ? describeDifference(difference)
          : await onlyNewDates(connection, before.dates, difference, this.#run.signal);
        if (note === undefined) differences.push(difference);
        else notes.push(note);
      }
      // Whether it is the order of their fields alone, nothing tells any more.
      const unknown = before.sorted === undefined && differences.every(({ kind }) => kind === 'documents');
      const state = differences.length === 0 ? 'equal' : unknown ? 'not-compared' : 'differs';
      const told = { notes, differences: await this.#told(lowest, differences, downs) };
      return { part: way.end(state, { why, ...told }) };
    } catch (error) {
      return { part: way.end('failed', { why }), error: rehearsalFailed(error) };
    }
  }

  /**
   * The database with so many migrations applied, before any further one; undefined where the undo could not come that far,
   * so that nothing tells any more what was there.
   */
  async #before(count: number): Promise<Before | undefined> {
    const { start, sorted, migrations, connection } = this.#on;
    if (this.#applied > count) return count === 0 ? { state: start, sorted } : undefined;
    await this.#upTo(count);
    const state = count === 0 ? start : await this.#on.state();
    return {
      state,
      sorted: (count === 0 ? this.#sortedAtStart : undefined) ?? (await this.#sortedFields(count, state)),
      dates: await newDates(connection, state, migrations.slice(count), this.#run.signal),
    };
  }

  /** Of the collections that those after so many migrations changed, as they are in this state, which has to be that of now. */
  #sortedFields(count: number, state: DatabaseState): Promise<ReadonlyMap<string, string>> {
    const { migrations, connection } = this.#on;
    const changed = migrations.slice(count).flatMap(({ effects }) => Object.keys(effects.byCollection));
    return sortedFieldsOf(connection.db, state, changed, this.#run.signal);
  }

  /** With the documents that these migrations, from that one on, should have left as they were. */
  async #told(from: number, differences: readonly Difference[], downs?: readonly DownRun[]): Promise<string[]> {
    const { connection, turns, journal } = this.#on;
    if (!journal) return differences.map(describeDifference);
    const attempts = turns.map(({ file }, number) => ({ migration: file.name, number })).slice(from);
    return describeWith(connection, namesOf(this.#run), attempts, differences, downs);
  }

  async #upTo(count: number): Promise<void> {
    for (const turn of this.#on.turns.slice(this.#applied, count)) await this.#go(turn, 'up');
    this.#applied = Math.max(this.#applied, count);
  }

  /** With a journal of its operations alone: what images cost, the first time has shown. The milliseconds it took. */
  async #go({ file }: Turn, direction: 'up' | 'down'): Promise<number> {
    stopIfCancelled(this.#run);
    const { uri, connection } = this.#on;
    if (direction === 'up') this.#run.log.info(`Applying ${file.name} once more, for the rehearsal of its down.`);
    this.#attempts += 1;
    const journal = await journalFor(this.#run, connection, file.name, this.#attempts, false);
    const database = connection.db.databaseName;
    const end = await runInSandbox(this.#run, { uri }, { file, direction, database, journal });
    stopIfCancelled(this.#run);
    if (end.state === 'done') return end.durationMs;
    const what = direction === 'down' ? `the down of ${file.name}` : `the second up of ${file.name}, after its undo`;
    throw new ReleaseError(
      'REHEARSAL_FAILED',
      `The rehearsal failed in ${what}: ${end.error.message} [${end.error.code}] The rehearsal did not touch the target.`,
      { hint: 'Correct the migration and rehearse again: mongo-release migrate.', cause: end.error },
    );
  }
}

interface Gone {
  readonly part: RehearsedWay;
  readonly error?: ReleaseError;
}

/** What is the migration's; anything else is thrown on. */
function rehearsalFailed(error: unknown): ReleaseError {
  if (error instanceof ReleaseError && error.code === 'REHEARSAL_FAILED') return error;
  throw error;
}

interface Before {
  readonly state: DatabaseState;
  readonly sorted: ReadonlyMap<string, string> | undefined;
  readonly dates?: NewDates;
}

/** What a `down` may leave otherwise: the order of fields, and a collection that the first insert made, empty again. */
function isAsGood(difference: Difference, after: DatabaseState): boolean {
  if (difference.kind !== 'added') return difference.kind === 'field-order';
  const { info, digest } = after.get(difference.collection) ?? {};
  const plain = info?.type === 'collection' && Object.keys(info.options).length === 0 && info.indexes.length <= 1;
  return plain && digest?.documents === 0;
}

/** One way back while it is gone. */
class Way {
  readonly #started = performance.now();
  readonly #migrations: { name: string; durationMs: number }[] = [];

  went(name: string, durationMs: number): void {
    this.#migrations.push({ name, durationMs: Math.round(durationMs) });
  }

  end(state: RehearsedWay['state'], more: Partial<Pick<RehearsedWay, 'why' | 'differences' | 'notes'>>): RehearsedWay {
    const durationMs = Math.round(performance.now() - this.#started);
    return { state, migrations: this.#migrations, durationMs, differences: [], notes: [], ...more };
  }
}

function differs(way: string, { differences }: RehearsedWay): ReleaseError {
  const [first, ...more] = differences;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return new ReleaseError(
    'REHEARSAL_FAILED',
    `${way} does not lead back to what was there before: ${first}${others}. The rehearsal did not touch the target.`,
    {
      hint: 'Correct the migration so that its down restores what its up changed, or declare it irreversible with the reason, and rehearse again: mongo-release migrate.',
    },
  );
}
