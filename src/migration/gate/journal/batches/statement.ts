import type { ClientSession } from 'mongodb';
import type { Counts } from '../../../types.ts';
import type { Operation } from '../../call.ts';
import type { RawCollection } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { defined, type Finding, withoutConcerns } from '../imaging.ts';

/** An `updateMany` or `deleteMany` of user code (or their older names), and the ways to send it in whole and in part. */
export interface Statement<T> {
  readonly operation: Operation<T>;
  readonly removes: boolean;
  readonly upsert: boolean;
  readonly filter: object;
  /** Undefined for a delete. */
  readonly update: unknown;
  /** Without what the transaction decides by itself. */
  readonly options: Readonly<Record<string, unknown>>;
  /** For reads of the collection, with the options that user code gave it. */
  readonly collection: RawCollection;
  /** What finds the same documents as the statement. */
  readonly finding: Finding;
}

export function statementOf<T>(context: JournalContext, operation: Operation<T>): Statement<T> {
  const { call, args } = operation;
  const removes = call.kind === 'delete';
  const options = withoutConcerns(args[removes ? 1 : 2]);
  const { database, collection = '' } = call.namespace;
  return {
    operation,
    removes,
    upsert: !removes && options.upsert === true,
    filter: (args[0] ?? {}) as object,
    update: removes ? undefined : args[1],
    options,
    collection: (operation.on as RawCollection | undefined) ?? context.client.db(database).collection(collection),
    finding: defined({ collation: options.collation, hint: options.hint, ...writing(options) }),
  };
}

/** What decides what a filter means, beside collation and index: how it becomes BSON, and its variables. */
export function writing({ let: variables, ignoreUndefined, serializeFunctions }: Statement<unknown>['options']) {
  return defined({ let: variables, ignoreUndefined, serializeFunctions });
}

/** Sends it as user code wrote it. */
export function sendWhole<T>(statement: Statement<T>, session: ClientSession): Promise<T> {
  const { operation, removes, options } = statement;
  const [filter, update] = operation.args;
  return operation.send(session, removes ? [filter, options] : [filter, update, options]);
}

/** Sends it for some of its documents: `filter` says which, and whether they still fit. It inserts nothing. */
export function sendPart<T>(
  { operation, removes, update, options }: Statement<T>,
  session: ClientSession,
  filter: object,
  hint: object | undefined,
): Promise<T> {
  const { upsert: _upsert, hint: _hint, ...rest } = options;
  const narrowed = hint === undefined ? rest : { ...rest, hint };
  return operation.send(session, removes ? [filter, narrowed] : [filter, update, narrowed]);
}

/** The driver's answer to a part, with the counts of all parts put in. */
export function resultOf<T>(answer: T, counts: Counts, removes: boolean): T {
  const sums = removes
    ? { deletedCount: counts.deleted }
    : { matchedCount: counts.matched, modifiedCount: counts.modified };
  return { ...answer, ...sums };
}
