import type { Checkpoint } from '../../../journal/documents.ts';
import type { JournalContext } from '../context.ts';
import { filterWithNow, mentionsNow, withNow } from './now.ts';
import type { Statement } from './statement.ts';

/** The statement for batches: `$$NOW` is one date in all of them, kept with the checkpoint. */
export async function withOneNow<T>(
  context: JournalContext,
  statement: Statement<T>,
  kept: Checkpoint['constants'],
): Promise<{ readonly statement: Statement<T>; readonly constants: Checkpoint['constants'] }> {
  const { filter, update, options, finding } = statement;
  // An update document holds data; only pipelines hold expressions.
  const pipeline = Array.isArray(update) ? update : undefined;
  if (!mentionsNow([filter, pipeline, options.let])) return { statement, constants: kept };
  const now: Date = kept?.now ?? (await serversNow(context));
  const variables = options.let === undefined ? {} : { let: withNow(options.let, now) };
  return {
    constants: { ...kept, now },
    statement: {
      ...statement,
      filter: filterWithNow(filter, now),
      update: pipeline === undefined ? update : withNow(pipeline, now),
      options: { ...options, ...variables },
      finding: { ...finding, ...variables },
    },
  };
}

async function serversNow({ client }: JournalContext): Promise<Date> {
  const { localTime } = await client.db('admin').command({ hello: 1 });
  return localTime instanceof Date ? localTime : new Date();
}
