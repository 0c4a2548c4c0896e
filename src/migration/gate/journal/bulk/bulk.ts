import { bytesOf } from '../../../../mongo/raw-bson.ts';
import type { Operation } from '../../call.ts';
import { divergence } from '../../replay/divergence.ts';
import type { Handler, JournalContext, Turn } from '../context.ts';
import { bsonSize } from '../size.ts';
import { unfenced } from '../unfenced.ts';
import type { StoredFailing } from './failing.ts';
import { findAndModify } from './find-and-modify.ts';
import { CountedIds } from './ids.ts';
import { type GivenId, isList, type Parsed, parse } from './parse.ts';
import { progressFrom } from './progress.ts';
import { ListRun } from './run-list.ts';
import { whole } from './whole.ts';

/**
 * Lists of statements: `insertMany`, `bulkWrite`, the older builders, raw `insert`, `update` and `delete` commands; and
 * what else writes documents by one call: raw `findAndModify`, the client's `bulkWrite`.
 *
 * Rejects with the driver's own errors. Throws `REPLAY_DIVERGED` where an earlier run has inserted documents under ids
 * that this one cannot give again, or was answered more than is kept; and `STATEMENT_TOO_LARGE`.
 */
export const bulk: Handler = <T>(context: JournalContext, operation: Operation<T>, turn: Turn): Promise<T> => {
  const { method } = operation.call;
  // A cursor of a raw command sends it by itself, at its first fetch.
  if (operation.on instanceof context.driver.classes.AbstractCursor) return unfenced(context, operation, turn);
  if (isList(operation)) return list(context, operation, turn);
  // No array: the driver refuses it.
  if (method === 'insertMany' || method === 'bulkWrite') return operation.send(operation.session);
  if (method.toLowerCase() === 'command findandmodify') return findAndModify(context, operation, turn);
  return whole(context, operation, turn);
};

async function list<T>(context: JournalContext, operation: Operation<T>, turn: Turn): Promise<T> {
  const { begun, fingerprint } = turn;
  const { first, given } = (begun?.checkpoint?.constants ?? {}) as { first?: unknown; given?: readonly GivenId[] };
  const counted = new CountedIds(context.driver, first === undefined ? undefined : bytesOf(first));
  const parsed = parse(context, operation, { counted, given: given ?? [] });
  if (parsed === undefined) return whole(context, operation, turn);
  // The driver refuses an empty list, and sends nothing.
  if (parsed.list.statements.length === 0) return operation.send(operation.session);
  const constants = { first: counted.first, ...keptIds(parsed) };
  if (begun?.checkpoint === undefined) {
    const run = new ListRun(context, operation.call, parsed, { fingerprint, reads: turn.takeReads() }, constants);
    return taken<T>(await run.run());
  }
  if (parsed.foreignIds || (parsed.given.length > 0 && given === undefined)) {
    throw divergence('documents that were inserted have got other ids by now');
  }
  if (begun.checkpoint.constants?.omitted === true) {
    throw divergence('what a list answered so far was too large to keep');
  }
  const { statements, insertedIds } = parsed.list;
  const byIndex = new Map(statements.map(({ index, given }) => [index, given]));
  const progress = progressFrom(begun.checkpoint, insertedIds, (index) => byIndex.get(index));
  const { failing } = (begun.checkpoint.constants ?? {}) as { failing?: StoredFailing };
  const earlier = { entry: begun._id, progress, failing };
  const run = new ListRun(context, operation.call, parsed, { fingerprint }, constants, earlier);
  return taken<T>(await run.run());
}

/** They stand in each checkpoint, of at most 16 MB with all else: up to this many bytes of BSON, about 20,000 ObjectIds. */
const givenBytes = 1_000_000;

function keptIds({ given }: Parsed): { readonly given?: readonly GivenId[] } {
  return given.length === 0 || bsonSize(given, givenBytes) > givenBytes ? {} : { given };
}

function taken<T>(answer: { readonly value: unknown } | { readonly error: unknown }): T {
  if ('error' in answer) throw answer.error;
  return answer.value as T;
}
