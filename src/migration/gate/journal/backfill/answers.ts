import { ReleaseError } from '../../../../observe/error.ts';
import type { Driver, RawCollection } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';
import type { Backfill, Write } from './description.ts';
import { Unusable } from './failure.ts';
import { runEach } from './inside-each.ts';
import { decoded, type Row } from './rows.ts';

/** What is to be done with one document that was read; or why nothing can be, and who says so. */
export type Answer =
  | { readonly row: Row; readonly write: Write }
  | { readonly row: Row; readonly write: undefined; readonly failure: unknown; readonly by: 'each' | 'server' };

export interface Asking {
  readonly collection: RawCollection;
  readonly driver: Driver;
  readonly backfill: Backfill;
  /** Throws when nothing may be sent any more. */
  readonly refuseWhenClosed: () => void;
}

/**
 * Asks user code what to do with each of these documents. With `onError: 'stop'` the last answer is the first failure:
 * what comes after it is not asked, or its answers are forgotten where several are asked at a time.
 */
export async function ask(rows: readonly Row[], asking: Asking): Promise<Answer[]> {
  const { backfill } = asking;
  if (backfill.work.kind === 'update') {
    const write: Write = { kind: 'update', update: backfill.work.update };
    return rows.map((row) => ({ row, write }));
  }
  const answers: Answer[] = [];
  let next = 0;
  let failed = false;
  const turns = async () => {
    while (next < rows.length && !(failed && backfill.onError === 'stop')) {
      const position = next;
      next += 1;
      asking.refuseWhenClosed();
      const answer = await askOne(rows[position] as Row, asking);
      failed ||= answer.write === undefined;
      answers[position] = answer;
    }
  };
  await Promise.all(Array.from({ length: backfill.concurrency }, turns));
  const first = backfill.onError === 'stop' ? answers.findIndex((answer) => answer?.write === undefined) : -1;
  return first < 0 ? answers : answers.slice(0, first + 1);
}

async function askOne(row: Row, { collection, driver, backfill }: Asking): Promise<Answer> {
  const { work } = backfill;
  if (work.kind !== 'each') return { row, write: { kind: 'keep' } };
  try {
    const document = decoded(row, collection, driver);
    const answer = await runEach(() => work.each(document, { index: row.index }));
    return { row, write: writeOf(answer, row, collection, driver) };
  } catch (failure) {
    // Ours: the run was stopped, or its lease is lost. That is not about the document.
    if (failure instanceof ReleaseError) throw failure;
    return { row, write: undefined, failure, by: 'each' };
  }
}

/** Throws `Unusable` for an answer that means nothing. */
function writeOf(answer: unknown, row: Row, collection: RawCollection, driver: Driver): Write {
  if (answer === undefined || answer === null) return { kind: 'keep' };
  if (answer === 'delete') return { kind: 'delete' };
  if (Array.isArray(answer)) return { kind: 'update', update: answer };
  if (typeof answer !== 'object') throw unusable(`a ${typeof answer}`);
  const { toBSON } = answer as { toBSON?: () => object };
  const document = (typeof toBSON === 'function' ? toBSON.call(answer) : answer) as Record<string, unknown>;
  const names = Object.keys(document);
  if (names.length === 0) throw unusable('an empty object');
  const operators = names.filter((name) => name.startsWith('$')).length;
  if (operators === names.length) return { kind: 'update', update: document };
  if (operators > 0) throw unusable('an object of both operators and fields');
  return { kind: 'replace', document: withoutSameId(document, row, collection, driver) };
}

function unusable(what: string): Unusable {
  return new Unusable(
    `each returned ${what}`,
    "Let each return an update ({ $set: { … } } or a pipeline), the whole document to replace it by, 'delete', or nothing to leave the document as it is",
  );
}

/** An `_id` that was only handed back is left out: decoding it may have changed its type of number. */
function withoutSameId(document: Record<string, unknown>, row: Row, collection: RawCollection, driver: Driver): object {
  const { BSON } = classesOf(driver);
  const { _id, ...rest } = document;
  if (_id === undefined) return rest;
  const was = (decoded(row, collection, driver) as { _id?: unknown })._id;
  return Buffer.from(BSON.serialize({ _id })).equals(BSON.serialize({ _id: was })) ? rest : document;
}
