import type { Operation } from '../../call.ts';
import type { Handler, JournalContext, Turn } from '../context.ts';
import type { Answer } from './answer.ts';
import { CountedIds } from './ids.ts';
import { parse } from './parse.ts';
import { ListRun, progressFrom } from './run-list.ts';

/** Lists of statements: `insertMany`, `bulkWrite`, the older builders, raw `insert`, `update` and `delete` commands. */
export const bulk: Handler = async <T>(context: JournalContext, operation: Operation<T>, turn: Turn): Promise<T> => {
  const { begun, fingerprint } = turn;
  const first = begun?.checkpoint?.constants?.first as { readonly buffer: Uint8Array } | undefined;
  const ids = new CountedIds(context.driver, first?.buffer);
  const parsed = parse(context, operation, ids);
  if (parsed === undefined) return operation.send(operation.session);
  const reads = begun === undefined ? turn.takeReads() : [];
  const { list } = parsed;
  const constants = { first: ids.first };
  const byIndex = new Map(list.statements.map(({ index, given }) => [index, given]));
  const run = new ListRun(
    context,
    operation.call,
    parsed,
    { fingerprint, reads },
    constants,
    begun?.checkpoint === undefined
      ? undefined
      : {
          entry: begun._id,
          progress: progressFrom(begun.checkpoint, list.insertedIds, (index) => byIndex.get(index)),
        },
  );
  return given<T>(await run.run());
};

function given<T>(answer: Answer): T {
  if ('error' in answer) throw answer.error;
  return answer.value as T;
}
